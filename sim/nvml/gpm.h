/* gpm: samples of a GPU's or slice's counters, whose difference is a metric. */
#pragma once

#include "sim/nvml/call.h"

/* nvmlShutdown: no sample is good any more. */
void gpm_samples_forget(void);
