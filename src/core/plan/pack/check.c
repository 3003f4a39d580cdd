/* The recount shares no arithmetic with the engines: it reads the solution as a stranger would. */
#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "core/plan/pack/pack.h"

#define PRICE_TOLERANCE 1e-6 /* sums of up to 1e8 prices in another order */

struct recount {
        const struct pack_problem *problem;
        size_t node;       /* being counted; for messages */
        uint64_t *placed;  /* [item_count] over all nodes */
        uint32_t *on_node; /* [item_count] GPUs or slices of the item on this node; all 0 between nodes */
        double usd_per_hour;
};

static int fault(const struct recount *c, unsigned gpu, struct err *e, const char *what) {
        return err_set(e, ERR_BUG, "nodes[%zu] GPU %u: %s", c->node, gpu, what);
}

static int check_whole(const struct recount *c, const struct pack_gpu *gpu, unsigned g, struct err *e) {
        if (gpu->count > 1)
                return fault(c, g, e, "several pods on a whole GPU");
        return 0;
}

static int check_shares(const struct recount *c, const struct pack_gpu *gpu, unsigned g, struct err *e) {
        uint32_t milli = 0;

        for (unsigned s = 0; s < gpu->count; s++)
                milli += c->problem->items[gpu->slices[s].item].options[gpu->slices[s].option].milli;
        if (milli > 1000)
                return err_set(e, ERR_BUG, "nodes[%zu] GPU %u: shares of %u thousandths together", c->node, g, milli);
        if (gpu->count > PACK_SLICES_MAX)
                return fault(c, g, e, "too many shares");
        return 0;
}

static int check_mig(const struct recount *c, const struct pack_gpu *gpu, unsigned g, struct err *e) {
        struct layout layout = { 0 };

        for (unsigned s = 0; s < gpu->count; s++) {
                const struct pack_option *option = &c->problem->items[gpu->slices[s].item].options[gpu->slices[s].option];
                struct err why = { 0 };
                layout.model = option->gpu;
                if (layout_add(&layout, (struct slice){ .profile = option->profile, .start = gpu->slices[s].start }, &why) < 0)
                        return err_set(e, ERR_BUG, "nodes[%zu] GPU %u: %s", c->node, g, why.text);
        }
        return 0;
}

/* Each slice by itself: what it is, and that it may stand on a GPU of this mode. */
static int check_slice(const struct recount *c, const struct pack_node *node, const struct pack_gpu *gpu, const struct pack_slice *slice,
                       unsigned g, struct err *e) {
        if (slice->item >= c->problem->item_count)
                return fault(c, g, e, "no such item");
        const struct pack_item *item = &c->problem->items[slice->item];
        if (!(item->types[node->type / 64] >> node->type % 64 & 1))
                return err_set(e, ERR_BUG, "nodes[%zu] GPU %u: item %u may not run on type %u", c->node, g, slice->item, node->type);
        if ((item->gpus > 0) != (gpu->mode == GPU_WHOLE))
                return fault(c, g, e, item->gpus > 0 ? "a pod of whole GPUs on a GPU that is cut" : "a slice on a GPU that is not cut");
        if (item->gpus > 0)
                return 0;
        if (slice->option >= item->option_count)
                return fault(c, g, e, "no such option");
        if (item->options[slice->option].gpu != c->problem->types[node->type].gpu)
                return fault(c, g, e, "a slice of another GPU model");
        if (item->options[slice->option].mode != gpu->mode)
                return fault(c, g, e, "slices of two modes on one GPU");
        return 0;
}

static int check_gpu(const struct recount *c, const struct pack_node *node, unsigned g, struct err *e) {
        static int (*const rules[GPU_MODE_MAX])(const struct recount *, const struct pack_gpu *, unsigned, struct err *) = {
                [GPU_WHOLE] = check_whole,
                [GPU_MIG] = check_mig,
                [GPU_MPS] = check_shares,
                [GPU_TIME_SLICING] = check_shares,
        };
        const struct pack_gpu *gpu = &node->gpus[g];

        if ((unsigned)gpu->mode >= GPU_MODE_MAX)
                return fault(c, g, e, "no such mode");
        if (gpu->count == 0)
                return gpu->mode == GPU_WHOLE ? 0 : fault(c, g, e, "empty, yet cut");
        if (g >= c->problem->types[node->type].gpus)
                return fault(c, g, e, "the type has no such GPU");
        for (unsigned s = 0; s < gpu->count; s++) {
                int r = check_slice(c, node, gpu, &gpu->slices[s], g, e);
                if (r < 0)
                        return r;
                c->on_node[gpu->slices[s].item]++;
        }
        return rules[gpu->mode](c, gpu, g, e);
}

/* Sums of a node whose GPUs are counted in on_node; sets on_node back to 0 as it goes. */
static int check_sums(struct recount *c, const struct pack_node *node, struct err *e) {
        const struct pack_type *type = &c->problem->types[node->type];
        uint64_t cpu = 0, memory = 0, pods = 0;

        for (unsigned g = 0; g < PACK_GPUS_MAX; g++)
                for (unsigned s = 0; s < node->gpus[g].count; s++) {
                        uint32_t i = node->gpus[g].slices[s].item, here = c->on_node[i];
                        const struct pack_item *item = &c->problem->items[i];
                        c->on_node[i] = 0;
                        if (here == 0)
                                continue;
                        if (item->gpus > 0 && here % item->gpus != 0)
                                return err_set(e, ERR_BUG, "nodes[%zu]: pods of item %u need %u GPUs each, %u are given", c->node, i,
                                               item->gpus, here);
                        here /= item->gpus > 0 ? item->gpus : 1u;
                        if (item->max_per_node > 0 && here > item->max_per_node)
                                return err_set(e, ERR_BUG, "nodes[%zu]: %u pods of item %u, at most %u allowed", c->node, here, i,
                                               item->max_per_node);
                        cpu += (uint64_t)here * item->cpu_milli;
                        memory += (uint64_t)here * item->memory_mib;
                        pods += here;
                        c->placed[i] += (uint64_t)here * node->count;
                }
        if (cpu > type->cpu_milli || memory > type->memory_mib || pods > type->pods)
                return err_set(e, ERR_BUG, "nodes[%zu]: takes %llum CPU, %llu MiB, %llu pods; type %u has %um, %u, %u", c->node,
                               (unsigned long long)cpu, (unsigned long long)memory, (unsigned long long)pods, node->type, type->cpu_milli,
                               type->memory_mib, type->pods);
        return 0;
}

static int check_node(struct recount *c, const struct pack_node *node, struct err *e) {
        if (node->type >= c->problem->type_count)
                return err_set(e, ERR_BUG, "nodes[%zu]: no such type", c->node);
        if (node->count == 0)
                return err_set(e, ERR_BUG, "nodes[%zu]: no nodes", c->node);
        for (unsigned g = 0; g < PACK_GPUS_MAX; g++) {
                int r = check_gpu(c, node, g, e);
                if (r < 0)
                        return r;
        }
        c->usd_per_hour += node->count * c->problem->types[node->type].usd_per_hour;
        return check_sums(c, node, e);
}

/* ---- pools ---- */

/* Each slice in a slot of its own: a share in the smallest that is free and large enough, the largest share first. */
static bool stands_in(const struct pack_problem *problem, const struct pack_gpu *gpu, const struct pack_cut *cut) {
        bool taken[256] = { false }, placed[256] = { false };

        for (unsigned n = 0; n < gpu->count; n++) {
                int largest = -1, slot = -1;
                for (int s = 0; s < gpu->count; s++) {
                        const struct pack_option *o = &problem->items[gpu->slices[s].item].options[gpu->slices[s].option];
                        if (!placed[s] && (largest < 0 ||
                                           o->milli > problem->items[gpu->slices[largest].item].options[gpu->slices[largest].option].milli))
                                largest = s;
                }
                placed[largest] = true;
                const struct pack_slice *slice = &gpu->slices[largest];
                const struct pack_option *o = &problem->items[slice->item].options[slice->option];
                for (int k = 0; k < cut->count; k++) {
                        const struct pack_slot *have = &cut->slots[k];
                        bool fits =
                                o->mode == GPU_MIG ? have->profile == o->profile && have->start == slice->start : have->milli >= o->milli;
                        if (!taken[k] && fits && (slot < 0 || have->milli < cut->slots[slot].milli))
                                slot = k;
                }
                if (slot < 0)
                        return false;
                taken[slot] = true;
        }
        return true;
}

static int check_pool(const struct pack_problem *problem, const struct pack_pool *pool, size_t index, struct err *e) {
        if (pool->type >= problem->type_count)
                return err_set(e, ERR_BUG, "pools[%zu]: no such type", index);
        for (unsigned g = 0; g < PACK_GPUS_MAX; g++) {
                const struct pack_cut *cut = &pool->gpus[g];
                struct layout layout = { .model = problem->types[pool->type].gpu };
                unsigned milli = 0;
                struct err why;
                if ((cut->mode == GPU_WHOLE) != (cut->count == 0) || (cut->count > 0 && g >= problem->types[pool->type].gpus))
                        return err_set(e, ERR_BUG, "pools[%zu] GPU %u: %u slots", index, g, cut->count);
                for (unsigned s = 0; s < cut->count; s++) {
                        milli += cut->slots[s].milli;
                        if (cut->mode == GPU_MIG &&
                            layout_add(&layout, (struct slice){ .profile = cut->slots[s].profile, .start = cut->slots[s].start }, &why) < 0)
                                return err_set(e, ERR_BUG, "pools[%zu] GPU %u: %s", index, g, why.text);
                }
                if (milli > 1000 || cut->count > PACK_SLICES_MAX)
                        return err_set(e, ERR_BUG, "pools[%zu] GPU %u: %u slots of %u thousandths together", index, g, cut->count, milli);
        }
        return 0;
}

/* A solution without pools says nothing about them. */
static int check_pools(const struct pack_problem *problem, const struct pack_solution *solution, struct err *e) {
        int r = 0;

        for (size_t p = 0; p < solution->pool_count && r == 0; p++)
                r = check_pool(problem, &solution->pools[p], p, e);
        for (size_t n = 0; n < solution->node_count && solution->pool_count > 0 && r == 0; n++) {
                const struct pack_node *node = &solution->nodes[n];
                if (node->pool >= solution->pool_count || solution->pools[node->pool].type != node->type)
                        return err_set(e, ERR_BUG, "nodes[%zu]: not of its pool's type", n);
                for (unsigned g = 0; g < PACK_GPUS_MAX; g++) {
                        const struct pack_cut *cut = &solution->pools[node->pool].gpus[g];
                        const struct pack_gpu *gpu = &node->gpus[g];
                        if (gpu->count > 0 && (gpu->mode != cut->mode || (gpu->mode != GPU_WHOLE && !stands_in(problem, gpu, cut))))
                                return err_set(e, ERR_BUG, "nodes[%zu] GPU %u: not cut as pool %u is", n, g, node->pool);
                }
        }
        return r;
}

/* A type that could hold one pod of `item` on an empty node; -1 if there is none. */
static int type_for(const struct pack_problem *problem, const struct pack_item *item) {
        for (unsigned t = 0; t < problem->type_count; t++) {
                const struct pack_type *type = &problem->types[t];
                bool gpus = item->gpus > 0 && item->gpus <= type->gpus;
                for (unsigned o = 0; item->gpus == 0 && o < item->option_count; o++)
                        gpus = gpus || (item->options[o].gpu == type->gpu && type->gpus > 0);
                if (gpus && (item->types[t / 64] >> t % 64 & 1) && item->cpu_milli <= type->cpu_milli &&
                    item->memory_mib <= type->memory_mib && type->pods > 0)
                        return (int)t;
        }
        return -1;
}

static int check_items(const struct recount *c, const struct pack_solution *solution, struct err *e) {
        for (size_t i = 0; i < c->problem->item_count; i++) {
                const struct pack_item *item = &c->problem->items[i];
                if (c->placed[i] + solution->unplaced[i] != item->count)
                        return err_set(e, ERR_BUG, "item %zu has %u pods; %llu are placed, %u unplaced", i, item->count,
                                       (unsigned long long)c->placed[i], solution->unplaced[i]);
                int type = solution->unplaced[i] > 0 ? type_for(c->problem, item) : -1;
                if (type >= 0)
                        return err_set(e, ERR_BUG, "item %zu has %u pods unplaced, but type %d can hold one", i, solution->unplaced[i],
                                       type);
        }
        return 0;
}

int pack_check(const struct pack_problem *problem, const struct pack_solution *solution, struct err *e) {
        _cleanup_free_ uint64_t *placed = mem_zalloc(problem->item_count + 1, sizeof *placed);
        _cleanup_free_ uint32_t *on_node = mem_zalloc(problem->item_count + 1, sizeof *on_node);
        struct recount c = { .problem = problem, .placed = placed, .on_node = on_node };

        for (; c.node < solution->node_count; c.node++) {
                int r = check_node(&c, &solution->nodes[c.node], e);
                if (r < 0)
                        return r;
        }
        if (fabs(c.usd_per_hour - solution->usd_per_hour) > PRICE_TOLERANCE * MAX(c.usd_per_hour, 1))
                return err_set(e, ERR_BUG, "the nodes cost %.6f $/h, the solution says %.6f", c.usd_per_hour, solution->usd_per_hour);
        if (solution->bound_usd_per_hour > solution->usd_per_hour * (1 + PRICE_TOLERANCE))
                return err_set(e, ERR_BUG, "the bound %.6f $/h is above the price %.6f", solution->bound_usd_per_hour,
                               solution->usd_per_hour);
        int r = check_pools(problem, solution, e);
        return r < 0 ? r : check_items(&c, solution, e);
}
