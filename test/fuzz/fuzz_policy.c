/* Policies: applied whole or not at all. */
#include <stdint.h>
#include <stdlib.h>

#include "core/plan/policy.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes) {
        struct doc_reader *reader = doc_reader_new("fuzz", (const char *)data, bytes);
        const struct doc_node *root;
        struct demand d = { 0 };
        struct workload *w;
        struct err e = { 0 };

        if (demand_add(&d, &w, &e) < 0)
                abort();
        w->name = "notebook-ann";
        w->namespace = "research";
        w->kind = "StatefulSet";
        struct workload before = *w;
        if (doc_reader_next(reader, &root, &e) > 0 && policy_apply(&d, "fuzz", root, &e) < 0 &&
            (!e.text[0] || w->mode_forced != before.mode_forced || w->headroom_percent != before.headroom_percent ||
             w->gpus_allowed != before.gpus_allowed || w->capacity_allowed != before.capacity_allowed))
                abort();
        demand_done(&d);
        doc_reader_free(reader);
        return 0;
}
