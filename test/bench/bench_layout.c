/* How long it takes to visit every valid layout, every maximal one and every multiset of slices of all GPUs with MIG profiles.
 * Best of several rounds, in milliseconds; the budget for the layouts is 20 ms. */
#include <stdio.h>
#include <time.h>

#include "core/gpu/layout.h"

#define ROUNDS 20

static int count_layout(const struct layout *layout, void *context) {
        (void)layout;
        ++*(unsigned *)context;
        return 0;
}

static int count_counts(const uint8_t counts[GPU_PROFILES_MAX], void *context) {
        (void)counts;
        ++*(unsigned *)context;
        return 0;
}

static int layouts(const struct gpu_model *model, void *context) {
        return layout_each(model, count_layout, context);
}

static int maximal(const struct gpu_model *model, void *context) {
        return layout_each_maximal(model, count_layout, context);
}

static int multisets(const struct gpu_model *model, void *context) {
        return layout_each_multiset(model, count_counts, context);
}

static double now_ms(void) {
        struct timespec t;
        clock_gettime(CLOCK_MONOTONIC, &t);
        return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

int main(void) {
        static const struct {
                const char *name;
                int (*each)(const struct gpu_model *model, void *context);
                double budget_ms;
        } kinds[] = { { "layouts", layouts, 20 }, { "maximal layouts", maximal, 20 }, { "multisets", multisets, 20 } };
        int slow = 0;

        for (unsigned k = 0; k < sizeof kinds / sizeof *kinds; k++) {
                double best = 1e9;
                unsigned count = 0, gpus = 0;
                for (unsigned round = 0; round < ROUNDS; round++) {
                        double start = now_ms();
                        count = gpus = 0;
                        for (size_t i = 0; i < gpu_model_count(); i++)
                                if (gpu_model_at(i)->profile_count) {
                                        kinds[k].each(gpu_model_at(i), &count);
                                        gpus++;
                                }
                        double took = now_ms() - start;
                        best = took < best ? took : best;
                }
                printf("%-16s of %u GPUs: %6u in %6.2f ms (budget %.0f ms)\n", kinds[k].name, gpus, count, best, kinds[k].budget_ms);
                slow |= best > kinds[k].budget_ms;
        }
        return slow;
}
