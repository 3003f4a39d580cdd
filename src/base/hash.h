/* hash: uthash with one of its own other hash functions (Jenkins' one at a time): the default falls through switch labels, which clang
 * warns of in every file that uses it. Include this instead of <uthash.h>.
 */
#pragma once

#define HASH_FUNCTION HASH_OAT
#include <uthash.h>
