#include "core/plan/pack/finish.h"

#include <string.h>

#include "base/mem.h"
#include "core/plan/pack/group.h"

/* Nodes of equal content on the way to the plan; `column.pods` is its own copy. */
struct batch {
        struct column column;
        uint32_t count, cut; /* cut: where nodes stand in pools */
        bool stripped;
};

struct batches {
        struct batch *list;
        size_t count, capacity;
};

static void add(struct batches *b, struct column column, uint32_t count, uint32_t cut) {
        MEM_GROW(b->list, b->count, b->capacity);
        struct batch *batch = &b->list[b->count++];
        *batch = (struct batch){ .column = column, .count = count, .cut = cut };
        batch->column.pods = mem_alloc((column.pod_count + 1) * sizeof *column.pods);
        memcpy(batch->column.pods, column.pods, column.pod_count * sizeof *column.pods);
}

static void done(struct batches *b) {
        for (size_t i = 0; i < b->count; i++)
                free(b->list[i].column.pods);
        free(b->list);
}

static void strip(struct batch *batch, uint32_t pod) {
        batch->column.pod_count--;
        memmove(&batch->column.pods[pod], &batch->column.pods[pod + 1], (batch->column.pod_count - pod) * sizeof *batch->column.pods);
        batch->stripped = true;
}

static long find_pod(const struct batch *batch, uint32_t item) {
        for (uint32_t p = 0; p < batch->column.pod_count; p++)
                if (batch->column.pods[p].item == item)
                        return p;
        return -1;
}

/* Take `excess` pods of the item out of batch `i`; nodes that lose one more than others are split off. */
static void strip_item(struct batches *b, size_t i, uint32_t item, uint64_t *excess) {
        long pod;

        while (*excess > 0 && (pod = find_pod(&b->list[i], item)) >= 0) {
                if (*excess < b->list[i].count) {
                        uint32_t rest = b->list[i].count - (uint32_t)*excess;
                        add(b, b->list[i].column, rest, b->list[i].cut);
                        b->list[b->count - 1].stripped = b->list[i].stripped;
                        b->list[i].count = (uint32_t)*excess;
                }
                *excess -= b->list[i].count;
                strip(&b->list[i], (uint32_t)pod);
        }
}

static void strip_excess(const struct pack_problem *problem, struct batches *b, const double *demand) {
        for (uint32_t item = 0; item < problem->item_count; item++) {
                uint64_t held = 0, wanted = (uint64_t)demand[item];
                for (size_t i = 0; i < b->count; i++)
                        for (uint32_t p = 0; p < b->list[i].column.pod_count; p++)
                                held += b->list[i].column.pods[p].item == item ? b->list[i].count : 0;
                uint64_t excess = held - MIN(held, wanted);
                for (size_t i = 0; excess > 0 && i < b->count; i++)
                        strip_item(b, i, item, &excess);
        }
}

/* Close the gaps that stripped pods left among the GPUs; answers how many GPUs are used. */
static unsigned renumber_gpus(const struct pack_problem *problem, struct column *c) {
        unsigned next = 0, last = 0;
        bool first = true;

        for (uint32_t p = 0; p < c->pod_count; p++) {
                unsigned wide = MAX(problem->items[c->pods[p].item].gpus, 1u), old = c->pods[p].gpu;
                bool same = !first && old == last;
                c->pods[p].gpu = (uint8_t)(same ? next - 1 : next);
                next = same ? next : next + wide;
                last = old;
                first = false;
        }
        return next;
}

static bool holds(const struct pack_problem *problem, uint32_t type, const struct column *c, unsigned gpus) {
        const struct pack_type *t = &problem->types[type];
        uint64_t cpu = 0, memory = 0;

        if (t->gpu != problem->types[c->type].gpu || gpus > t->gpus || c->pod_count > t->pods)
                return false;
        for (uint32_t p = 0; p < c->pod_count; p++) {
                const struct pack_item *item = &problem->items[c->pods[p].item];
                if (!item_fits_type(problem, c->pods[p].item, type))
                        return false;
                cpu += item->cpu_milli;
                memory += item->memory_mib;
        }
        return cpu <= t->cpu_milli && memory <= t->memory_mib;
}

static void downsize(const struct pack_problem *problem, struct batch *batch) {
        unsigned gpus = renumber_gpus(problem, &batch->column);

        for (uint32_t t = 0; t < problem->type_count; t++)
                if (problem->types[t].usd_per_hour < problem->types[batch->column.type].usd_per_hour &&
                    holds(problem, t, &batch->column, gpus))
                        batch->column.type = t;
}

int finish_nodes(const struct column_pool *pool, const uint32_t *counts, const double *demand, struct pack_solution *solution,
                 struct err *e) {
        struct batches b = { 0 };
        int r = 0;

        for (size_t i = 0; i < pool->count; i++)
                if (counts[i] > 0)
                        add(&b, pool->columns[i], counts[i], 0);
        strip_excess(pool->problem, &b, demand);

        solution->nodes = mem_zalloc(b.count + 1, sizeof *solution->nodes);
        for (size_t i = 0; i < b.count && r == 0; i++) {
                struct batch *batch = &b.list[i];
                if (batch->stripped)
                        downsize(pool->problem, batch);
                if (batch->column.pod_count == 0)
                        continue;
                r = column_to_node(pool->problem, &batch->column, batch->count, &solution->nodes[solution->node_count], e);
                if (r == 0) {
                        solution->node_count++;
                        solution->usd_per_hour += batch->count * pool->problem->types[batch->column.type].usd_per_hour;
                }
        }
        done(&b);
        return r;
}

/* The pool of a cut, made when a node first stands in it. */
static int pool_of_cut(const struct pack_problem *problem, const struct cut *cut, int64_t *pool_of, struct pack_solution *solution,
                       struct err *e) {
        if (*pool_of >= 0)
                return 0;
        int r = cut_to_pool(problem, cut, &solution->pools[solution->pool_count], e);
        if (r == 0)
                *pool_of = (int64_t)solution->pool_count++;
        return r;
}

int finish_nodes_in_pools(const struct column_pool *pool, const uint32_t *counts, const double *demand, const struct cut *cuts,
                          uint32_t cut_count, const uint32_t *cut_of, struct pack_solution *solution, struct err *e) {
        _cleanup_free_ int64_t *pool_of = mem_alloc((cut_count + 1) * sizeof *pool_of);
        _cleanup_(done) struct batches b = { 0 };
        int r = 0;

        for (uint32_t k = 0; k < cut_count; k++)
                pool_of[k] = -1;
        for (size_t j = 0; j < pool->count; j++)
                if (counts[j] > 0)
                        add(&b, pool->columns[j], counts[j], cut_of[j]);
        strip_excess(pool->problem, &b, demand);

        solution->nodes = mem_zalloc(b.count + 1, sizeof *solution->nodes);
        solution->pools = mem_zalloc(cut_count + 1, sizeof *solution->pools);
        for (size_t i = 0; i < b.count && r == 0; i++) {
                const struct batch *batch = &b.list[i];
                if (batch->column.pod_count == 0)
                        continue;
                struct pack_node *node = &solution->nodes[solution->node_count];
                const struct cut *cut = &cuts[batch->cut];
                r = pool_of_cut(pool->problem, cut, &pool_of[batch->cut], solution, e);
                if (r == 0)
                        r = cut_to_node(pool->problem, cut, &solution->pools[pool_of[batch->cut]], &batch->column, batch->count, node, e);
                if (r == 0) {
                        node->pool = (uint32_t)pool_of[batch->cut];
                        solution->node_count++;
                        solution->usd_per_hour += batch->count * pool->problem->types[cut->type].usd_per_hour;
                }
        }
        return r;
}
