/* demand_trace: a cluster trace -> demand; one workload per distinct request shape, named by it ("1x470m-8c-16384Mi").
 *
 * Columns: cpu_milli, memory_mib, num_gpu, gpu_milli and optionally count, gpu_spec (openb, Alibaba GPU v2023); others are ignored.
 */
#pragma once

#include <stddef.h>

#include "base/err.h"
#include "core/plan/demand.h"

/* Errors: ERR_INPUT with file, line, column name. */
int demand_read_trace(struct demand *d, const char *name, const char *text, size_t bytes, struct err *e);
