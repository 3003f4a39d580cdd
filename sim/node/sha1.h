/* sha1: the hash of FIPS 180-4, which version 5 UUIDs are made with. Not for secrets. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#define SHA1_BYTES 20
#define SHA1_INPUT_MAX 119 /* two blocks: enough for a UUID */

/* `bytes` is at most SHA1_INPUT_MAX. */
void sha1(const void *data, size_t bytes, uint8_t digest[SHA1_BYTES]);
