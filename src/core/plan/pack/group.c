#include "core/plan/pack/group.h"

#include <string.h>

#include "base/mem.h"
#include "core/plan/pack/mig_states.h"

static bool stands_on(const struct pack_item *item, const struct gpu_model *gpu) {
        if (item->gpus > 0)
                return true;
        for (unsigned o = 0; o < item->option_count; o++)
                if (item->options[o].gpu == gpu)
                        return true;
        return false;
}

bool item_fits_type(const struct pack_problem *problem, uint32_t item_index, uint32_t type_index) {
        const struct pack_item *item = &problem->items[item_index];
        const struct pack_type *type = &problem->types[type_index];

        return item->types[type_index / 64] >> type_index % 64 & 1 && stands_on(item, type->gpu) && item->gpus <= type->gpus &&
               item->cpu_milli <= type->cpu_milli && item->memory_mib <= type->memory_mib && type->pods > 0;
}

/* The items that may run on a type whatever its size: the same for all types of a group. */
static uint32_t items_of(const struct pack_problem *problem, uint32_t type, uint32_t *ret_items) {
        uint32_t n = 0;

        for (uint32_t i = 0; i < problem->item_count; i++)
                if (problem->items[i].types[type / 64] >> type % 64 & 1 && stands_on(&problem->items[i], problem->types[type].gpu))
                        ret_items[n++] = i;
        return n;
}

static struct content_group *find_group(struct groups *g, const struct gpu_model *gpu, const uint32_t *items, uint32_t count) {
        for (uint32_t i = 0; i < g->count; i++)
                if (g->list[i].gpu == gpu && g->list[i].item_count == count && memcmp(g->list[i].items, items, count * sizeof *items) == 0)
                        return &g->list[i];
        return NULL;
}

static const struct mig_states *mig_for(struct groups *g, const struct pack_problem *problem, const struct content_group *group) {
        bool needed = false;

        for (uint32_t i = 0; i < group->item_count; i++) {
                const struct pack_item *item = &problem->items[group->items[i]];
                for (unsigned o = 0; o < item->option_count; o++)
                        needed |= item->options[o].mode == GPU_MIG && item->options[o].gpu == group->gpu;
        }
        if (!needed)
                return NULL;
        for (uint32_t i = 0; i < g->mig_count; i++)
                if (g->mig[i]->model == group->gpu)
                        return g->mig[i];
        g->mig[g->mig_count] = mig_states_new(group->gpu);
        return g->mig[g->mig_count++];
}

void groups_make(const struct pack_problem *problem, struct groups *ret_groups) {
        _cleanup_free_ uint32_t *items = mem_alloc((problem->item_count + 1) * sizeof *items);
        struct groups *g = ret_groups;

        *g = (struct groups){ 0 };
        for (uint32_t t = 0; t < problem->type_count; t++) {
                const struct pack_type *type = &problem->types[t];
                uint32_t n = items_of(problem, t, items);
                if (n == 0)
                        continue;
                struct content_group *group = find_group(g, type->gpu, items, n);
                if (!group) {
                        group = &g->list[g->count++];
                        *group = (struct content_group){ .gpu = type->gpu, .item_count = n };
                        group->items = mem_alloc(n * sizeof *items);
                        memcpy(group->items, items, n * sizeof *items);
                        group->types = mem_alloc(problem->type_count * sizeof *group->types);
                        group->mig = mig_for(g, problem, group);
                }
                group->types[group->type_count++] = t;
                group->gpus_max = MAX(group->gpus_max, type->gpus);
                group->cpu_max = MAX(group->cpu_max, type->cpu_milli);
                group->memory_max = MAX(group->memory_max, type->memory_mib);
        }
}

void groups_done(struct groups *g) {
        for (uint32_t i = 0; i < g->count; i++) {
                free(g->list[i].items);
                free(g->list[i].types);
        }
        for (uint32_t i = 0; i < g->mig_count; i++)
                mig_states_free(g->mig[i]);
        g->count = g->mig_count = 0;
}
