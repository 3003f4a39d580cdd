/* Traces: a demand that was read keeps its promises: every shape has pods, a GPU and a share in 1..1000, and a name of its own. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/plan/demand_trace.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes) {
        struct demand d = { 0 };
        struct err e = { 0 };

        if (demand_read_trace(&d, "fuzz", (const char *)data, bytes, &e) == 0)
                for (size_t i = 0; i < d.count; i++) {
                        const struct workload *w = &d.workloads[i];
                        if (w->replicas == 0 || w->request.count == 0 || w->request.milli == 0 || w->request.milli > 1000)
                                abort();
                        for (size_t k = 0; k < i && i < 64; k++)
                                if (strcmp(d.workloads[k].name, w->name) == 0)
                                        abort();
                }
        else if (!e.text[0])
                abort();
        demand_done(&d);
        return 0;
}
