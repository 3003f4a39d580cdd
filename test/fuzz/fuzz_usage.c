/* Usage files: what was joined is in range, whatever stands in the file. */
#include <stdint.h>
#include <stdlib.h>

#include "core/plan/usage.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes) {
        static const char *const names[] = { "a", "asr", "asr" };
        static const char *const namespaces[] = { "", "prod", "test" };
        struct demand d = { 0 };
        struct usage_result result;
        struct err e = { 0 };

        for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
                struct workload *w;
                if (demand_add(&d, &w, &e) < 0)
                        abort();
                w->name = names[i];
                w->namespace = namespaces[i];
        }
        if (usage_read(&d, "fuzz", (const char *)data, bytes, &result, &e) == 0) {
                if (result.matched > result.rows)
                        abort();
                for (size_t i = 0; i < d.count; i++)
                        if (d.workloads[i].usage.present && !(d.workloads[i].usage.sm_p95 <= (float)result.rows))
                                abort();
        } else if (!e.text[0])
                abort();
        demand_done(&d);
        return 0;
}
