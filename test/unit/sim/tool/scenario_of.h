/* scenario_of: a node out of the text of a scenario, at a fixed time. */
#pragma once

#include "../../unit.h"
#include "sim/tool/scenario.h"

#define NOW_US UINT64_C(1700000000000000)

/* Returns what reading or building says. `n` may be NULL. */
static inline int node_of_text(const char *text, struct node *n, struct err *e) {
        struct scenario *s = mem_alloc(sizeof *s);
        struct node *own = mem_zalloc(1, sizeof *own);
        struct doc_reader *reader = NULL;
        int r = scenario_read("s.yaml", text, strlen(text), &reader, s, e);

        if (r >= 0)
                r = scenario_build(s, NOW_US, n ? n : own, e);
        doc_reader_free(reader);
        free(own);
        free(s);
        return r;
}
