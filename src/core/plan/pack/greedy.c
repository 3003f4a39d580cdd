#include "base/mem.h"
#include "core/plan/pack/engines.h"
#include "core/plan/pack/fleet.h"

/* Of a problem: the largest type's amount of each resource, per node. */
struct scale {
        double cpu, memory, gpu;
};

struct sized {
        uint32_t item;
        double size;
};

static struct scale scale_of(const struct pack_problem *problem) {
        struct scale s = { 1, 1, 1 };

        for (size_t t = 0; t < problem->type_count; t++) {
                s.cpu = MAX(s.cpu, problem->types[t].cpu_milli);
                s.memory = MAX(s.memory, problem->types[t].memory_mib);
                s.gpu = MAX(s.gpu, 1000.0 * problem->types[t].gpus);
        }
        return s;
}

static int by_size(const void *a, const void *b) {
        const struct sized *x = a, *y = b;

        if (x->size != y->size)
                return x->size > y->size ? -1 : 1;
        return (x->item > y->item) - (x->item < y->item);
}

/* Items by falling dominant size: the largest of their parts of the largest type. */
static struct sized *order_items(const struct node_rules *rules, const struct scale *scale) {
        const struct pack_problem *problem = rules->problem;
        struct sized *order = mem_zalloc(problem->item_count + 1, sizeof *order);

        for (uint32_t i = 0; i < problem->item_count; i++) {
                const struct pack_item *item = &problem->items[i];
                double milli = item->gpus > 0 ? 1000.0 * item->gpus : rules->milli_least[i];
                double part = MAX(item->cpu_milli / scale->cpu, item->memory_mib / scale->memory);
                order[i] = (struct sized){ .item = i, .size = MAX(part, milli / scale->gpu) };
        }
        qsort(order, problem->item_count, sizeof *order, by_size);
        return order;
}

static uint32_t first_fit(struct fleet *f, const struct scale *scale, uint32_t item, uint32_t want) {
        (void)scale;
        return fleet_first_fit(f, item, want);
}

struct candidate {
        struct fleet_group *group;
        size_t index;
        double left;
};

static bool before(const struct candidate *a, const struct candidate *b) {
        return a->left < b->left || (a->left == b->left && a->index < b->index);
}

/* Let heap[at] sink until no child comes before it. */
static void sink(struct candidate *heap, size_t count, size_t at) {
        for (size_t child = 2 * at + 1; child < count; at = child, child = 2 * at + 1) {
                if (child + 1 < count && before(&heap[child + 1], &heap[child]))
                        child++;
                if (!before(&heap[child], &heap[at]))
                        return;
                struct candidate up = heap[child];
                heap[child] = heap[at];
                heap[at] = up;
        }
}

static double left_of(const struct fleet *f, const struct node *n, const struct scale *scale) {
        return n->cpu_milli / scale->cpu + n->memory_mib / scale->memory + node_milli_left(n, f->rules) / scale->gpu;
}

/* The order by what is left does not change while one run is placed: a node that takes a pod has still less left. */
static uint32_t best_fit(struct fleet *f, const struct scale *scale, uint32_t item, uint32_t want) {
        _cleanup_free_ struct candidate *heap = NULL;
        size_t count = 0, capacity = 0, groups;

        for (size_t g = fleet_next(f, 0, item); g < f->count; g = fleet_next(f, g + 1, item)) {
                struct fleet_group *group = f->slots[g].group;
                MEM_GROW(heap, count, capacity);
                heap[count++] = (struct candidate){ .group = group, .index = g, .left = left_of(f, &group->node, scale) };
        }
        for (size_t at = count / 2; at-- > 0;)
                sink(heap, count, at);
        while (count > 0 && want > 0) {
                size_t at = heap[0].index;
                while (f->slots[at].group != heap[0].group)
                        at++; /* groups that split before it have pushed it on */
                want -= fleet_fill(f, at, item, want, &groups);
                heap[0] = heap[--count];
                sink(heap, count, 0);
        }
        return want;
}

typedef uint32_t (*placer)(struct fleet *f, const struct scale *scale, uint32_t item, uint32_t want);

static int fill(const struct pack_problem *problem, const struct pack_env *env, placer place, struct pack_solution *ret_solution,
                struct err *e) {
        double start = env->now_seconds(env->context);
        _cleanup_(node_rules_freep) struct node_rules *rules = node_rules_new(problem);
        _cleanup_(fleet_done) struct fleet fleet = { .rules = rules };
        _cleanup_free_ uint32_t *unplaced = mem_zalloc(problem->item_count + 1, sizeof *unplaced);
        struct scale scale = scale_of(problem);
        _cleanup_free_ struct sized *order = order_items(rules, &scale);

        for (size_t i = 0; i < problem->item_count; i++) {
                uint32_t left = place(&fleet, &scale, order[i].item, problem->items[order[i].item].count);
                unplaced[order[i].item] = fleet_buy(&fleet, order[i].item, left);
        }
        int r = fleet_finish(&fleet, unplaced, ret_solution, e);
        if (r < 0)
                return r;
        TAKE_PTR(unplaced);
        ret_solution->seconds = env->now_seconds(env->context) - start;
        return 0;
}

int pack_first_fit(const struct pack_problem *problem, const struct pack_env *env, struct pack_solution *ret_solution, struct err *e) {
        return fill(problem, env, first_fit, ret_solution, e);
}

int pack_best_fit(const struct pack_problem *problem, const struct pack_env *env, struct pack_solution *ret_solution, struct err *e) {
        return fill(problem, env, best_fit, ret_solution, e);
}
