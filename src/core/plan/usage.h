/* usage: what monitoring measured, joined to the workloads of a demand.
 *
 * CSV, one row per workload or container: columns `workload` (or `name`), optionally `namespace`, `kind`, `container`, `gpu`, `samples`,
 * memory_p50_mib, memory_p95_mib, memory_p99_mib, memory_max_mib, sm_p50, sm_p95, sm_max (0..1, or percent with a trailing %). Rows of
 * several containers of a workload add up.
 */
#pragma once

#include <stddef.h>

#include "base/err.h"
#include "core/plan/demand.h"

struct usage_result {
        size_t rows, matched;
        const char
                *unmatched; /* the names that match no workload, comma separated, cut at some length; in the demand's arena; "" if none */
};

/* Errors: ERR_INPUT. A row that matches no workload is counted, not an error. */
int usage_read(struct demand *d, const char *name, const char *text, size_t bytes, struct usage_result *ret_result, struct err *e);
