/* device_ecc: ECC counters, for their own calls and for the field values. */
#pragma once

#include "sim/nvml/call.h"

#define ECC_EVERYWHERE ((nvmlMemoryLocation_t)0xFF)

/* NOT_SUPPORTED: no ECC, or switched off, or a memory that this GPU does not count by itself. */
nvmlReturn_t ecc_count(const struct target *t, nvmlMemoryErrorType_t error, nvmlEccCounterType_t counter, nvmlMemoryLocation_t location,
                       unsigned long long *ret_count);
