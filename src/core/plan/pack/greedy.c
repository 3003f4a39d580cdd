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

/* Thousandths of a GPU that a pod takes at least. */
static double item_milli(const struct pack_item *item) {
        uint32_t least = item->option_count > 0 ? 1000 : 0;

        for (unsigned o = 0; o < item->option_count; o++)
                least = MIN(least, node_option_milli(&item->options[o]));
        return item->gpus > 0 ? 1000.0 * item->gpus : least;
}

static int by_size(const void *a, const void *b) {
        const struct sized *x = a, *y = b;

        if (x->size != y->size)
                return x->size > y->size ? -1 : 1;
        return (x->item > y->item) - (x->item < y->item);
}

/* Items by falling dominant size: the largest of their parts of the largest type. */
static struct sized *order_items(const struct pack_problem *problem, const struct scale *scale) {
        struct sized *order = mem_zalloc(problem->item_count + 1, sizeof *order);

        for (uint32_t i = 0; i < problem->item_count; i++) {
                const struct pack_item *item = &problem->items[i];
                double part = MAX(item->cpu_milli / scale->cpu, item->memory_mib / scale->memory);
                order[i] = (struct sized){ .item = i, .size = MAX(part, item_milli(item) / scale->gpu) };
        }
        qsort(order, problem->item_count, sizeof *order, by_size);
        return order;
}

static uint32_t first_fit(struct fleet *f, const struct scale *scale, uint32_t item, uint32_t want) {
        size_t groups;

        (void)scale;
        for (size_t g = 0; g < f->count && want > 0; g += groups)
                want -= fleet_fill(f, g, item, want, &groups);
        return want;
}

struct candidate {
        struct fleet_group *group;
        size_t index;
        double left;
};

static int by_left(const void *a, const void *b) {
        const struct candidate *x = a, *y = b;

        if (x->left != y->left)
                return x->left < y->left ? -1 : 1;
        return (x->index > y->index) - (x->index < y->index);
}

/* The order by what is left does not change while one run is placed: a node that takes a pod has still less left. */
static uint32_t best_fit(struct fleet *f, const struct scale *scale, uint32_t item, uint32_t want) {
        _cleanup_free_ struct candidate *candidates = mem_alloc((f->count + 1) * sizeof *candidates);
        size_t count = 0;

        for (size_t g = 0; g < f->count; g++) {
                const struct node *n = &f->groups[g]->node;
                if (node_may_hold(n, &f->rules->problem->items[item]))
                        candidates[count++] = (struct candidate){
                                .group = f->groups[g],
                                .index = g,
                                .left = n->cpu_milli / scale->cpu + n->memory_mib / scale->memory +
                                        node_milli_left(n, f->rules) / scale->gpu,
                        };
        }
        qsort(candidates, count, sizeof *candidates, by_left);
        for (size_t c = 0, groups; c < count && want > 0; c++) {
                size_t at = candidates[c].index;
                while (f->groups[at] != candidates[c].group)
                        at++; /* groups that split before it have pushed it on */
                want -= fleet_fill(f, at, item, want, &groups);
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
        _cleanup_free_ struct sized *order = order_items(problem, &scale);

        for (size_t i = 0; i < problem->item_count; i++) {
                uint32_t left = place(&fleet, &scale, order[i].item, problem->items[order[i].item].count);
                unplaced[order[i].item] = fleet_buy(&fleet, order[i].item, left);
        }
        fleet_downsize(&fleet);
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
