#include "core/plan/cost.h"

#include "base/mem.h"

/* The part of a node one entry on one of its GPUs takes; a pod of several whole GPUs has as many entries. */
static double dominant_share(const struct pack_type *type, const struct pack_item *item, const struct pack_slice *slice) {
        unsigned entries = item->gpus ?: 1;
        double cpu = (double)item->cpu_milli / type->cpu_milli / entries;
        double memory = (double)item->memory_mib / type->memory_mib / entries;
        double gpu = 1;

        if (item->gpus == 0) {
                const struct pack_option *o = &item->options[slice->option];
                gpu = o->mode == GPU_MIG ? (double)o->profile->memory_slices / o->gpu->memory_slices : o->milli / 1000.0;
        }
        gpu /= type->gpus;
        return MAX(gpu, MAX(cpu, memory));
}

void cost_add(const struct problem *p, const struct demand *d, const struct pack_solution *solution, double *usd_of) {
        double *usd = mem_zalloc(MAX(p->pack.item_count, 1u), sizeof *usd);

        for (size_t n = 0; n < solution->node_count; n++) {
                const struct pack_node *node = &solution->nodes[n];
                const struct pack_type *type = &p->pack.types[node->type];
                double all = 0;
                for (int pass = 0; pass < 2; pass++)
                        for (unsigned g = 0; g < type->gpus; g++)
                                for (unsigned s = 0; s < node->gpus[g].count; s++) {
                                        const struct pack_slice *slice = &node->gpus[g].slices[s];
                                        double share = dominant_share(type, &p->items[slice->item], slice);
                                        if (pass == 0)
                                                all += share;
                                        else
                                                usd[slice->item] += type->usd_per_hour * node->count * share / all;
                                }
        }
        for (size_t i = 0; i < p->pack.item_count; i++) {
                uint32_t placed = p->items[i].count - (solution->unplaced ? solution->unplaced[i] : 0);
                for (uint32_t m = p->first_member[i]; placed > 0 && m < p->first_member[i + 1]; m++)
                        usd_of[p->members[m]] += usd[i] * d->workloads[p->members[m]].replicas / placed;
        }
        free(usd);
}
