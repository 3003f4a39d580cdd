/* device_memory: what the field values need of it, too. */
#pragma once

#include "sim/nvml/call.h"

/* Are remapped rows told? Since Ampere, and not while instances hold parts of the memory: else NOT_SUPPORTED. */
nvmlReturn_t check_rows(const struct target *t);
