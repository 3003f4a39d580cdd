#include "core/plan/pack/mig_states.h"

#include <string.h>

#include "base/mem.h"

struct list {
        uint8_t (*counts)[GPU_PROFILES_MAX];
        size_t count, capacity;
};

static int collect(const uint8_t counts[GPU_PROFILES_MAX], void *context) {
        struct list *list = context;

        if (list->count >= MIG_STATES_MAX)
                return 1;
        MEM_GROW(list->counts, list->count, list->capacity);
        memcpy(list->counts[list->count++], counts, GPU_PROFILES_MAX);
        return 0;
}

static unsigned slices(const uint8_t *counts) {
        unsigned n = 0;

        for (unsigned p = 0; p < GPU_PROFILES_MAX; p++)
                n += counts[p];
        return n;
}

/* By number of slices, so that adding one leads to a higher number. */
static int by_slices(const void *a, const void *b) {
        int by_count = (int)slices(a) - (int)slices(b);

        return by_count ? by_count : memcmp(a, b, GPU_PROFILES_MAX);
}

static int16_t find(const struct list *list, const uint8_t *counts) {
        const uint8_t(*found)[GPU_PROFILES_MAX] = bsearch(counts, list->counts, list->count, sizeof *list->counts, by_slices);

        return found ? (int16_t)(found - (const uint8_t(*)[GPU_PROFILES_MAX])list->counts) : -1;
}

struct mig_states *mig_states_new(const struct gpu_model *model) {
        struct list list = { 0 };

        layout_each_multiset(model, collect, &list);
        qsort(list.counts, list.count, sizeof *list.counts, by_slices);

        struct mig_states *m = mem_zalloc(1, sizeof *m);
        m->model = model;
        m->count = (uint32_t)list.count;
        m->next = mem_zalloc(list.count, sizeof *m->next);
        for (size_t s = 0; s < list.count; s++)
                for (unsigned p = 0; p < GPU_PROFILES_MAX; p++) {
                        uint8_t more[GPU_PROFILES_MAX];
                        memcpy(more, list.counts[s], sizeof more);
                        more[p]++;
                        m->next[s][p] = p < model->profile_count ? find(&list, more) : -1;
                }
        free(list.counts);
        return m;
}

struct mig_states *mig_states_free(struct mig_states *m) {
        if (m) {
                free(m->next);
                free(m);
        }
        return NULL;
}
