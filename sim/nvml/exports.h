/* exports: the prototypes of the functions that the library implements, one for each symbol that has no row in stubs.def.
 *
 * They are NVIDIA's to the letter (type names included; parameter names are free): test/component/test_nvml_abi.py compares each one here
 * with the real nvml.h, and fails when a function is in neither or in both of this file and stubs.def.
 */
#pragma once

#include "io/nvml/abi.h"

const char *nvmlErrorString(nvmlReturn_t result);
