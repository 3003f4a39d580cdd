/* report: a plan -> text for a terminal, JSON, YAML, HTML. Pure: writes into a buffer.
 *
 * Field names of the JSON are the interface (docs/reference); HTML is one self-contained file.
 */
#pragma once

#include <stdbool.h>

#include "base/buf.h"
#include "base/err.h"
#include "core/plan/plan.h"

#define REPORT_BYTES_MAX (512u << 20)

struct report_style {
        bool color;
        unsigned columns; /* 80 */
        bool verbose;     /* all workloads and nodes, else the largest */
};

void report_text(const struct plan *p, const struct report_style *style, struct buf *out);
void report_json(const struct plan *p, struct buf *out);
void report_yaml(const struct plan *p, struct buf *out);
void report_html(const struct plan *p, struct buf *out);

/* One decision walked through: what was asked, what was measured, which options there were, why this one, what it risks, where it runs. */
void report_explain(const struct plan *p, size_t workload, const struct report_style *style, struct buf *out);
