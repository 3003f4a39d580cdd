#include "core/plan/pack/pricing.h"

#include <string.h>

#include "base/mem.h"
#include "core/plan/pack/combine.h"
#include "core/plan/pack/content.h"
#include "core/plan/pack/group.h"

#define ROUNDED_UNIT 10 /* thousandths that shares are rounded up to where no proof is needed */

static const struct level {
        bool rounded;
        size_t labels; /* per state of a GPU; exact: openb needs 400 */
        uint32_t beam; /* partial nodes per number of GPUs; exact: openb needs 8,000 */
} levels[] = {
        [PRICING_QUICK] = { .rounded = true, .labels = 24, .beam = 200 },
        [PRICING_THOROUGH] = { .rounded = true, .labels = 150, .beam = 3000 },
        [PRICING_EXACT] = { .rounded = false, .labels = 1500, .beam = 200000 },
};

/* A group with its candidates as they are and rounded up, and what the last pricing found. */
struct group_work {
        struct candidates exact, rounded;
        struct contents *exact_contents, *rounded_contents;
        const struct contents *contents; /* the one of the last pricing */
        const struct content *list;
        uint32_t count;
        bool complete; /* no content is missing or promises too little */
};

struct pricing {
        const struct pack_problem *problem;
        struct groups groups;
        struct group_work *work; /* [groups.count] */
        struct combine *combine;
        struct potential *potentials; /* [type_count] */
        struct multipliers *last;     /* per type: where the relaxation over contents was least in the last round */
        uint16_t *uses;               /* per item: columns of this round that hold it */
};

struct pricing *pricing_new(const struct pack_problem *problem) {
        struct pricing *p = mem_zalloc(1, sizeof *p);

        p->problem = problem;
        groups_make(problem, &p->groups);
        p->work = mem_zalloc(p->groups.count + 1, sizeof *p->work);
        for (uint32_t g = 0; g < p->groups.count; g++) {
                struct group_work *work = &p->work[g];
                candidates_init(&work->exact, problem, &p->groups.list[g], 1);
                candidates_init(&work->rounded, problem, &p->groups.list[g], ROUNDED_UNIT);
                work->exact_contents = contents_new(&work->exact);
                work->rounded_contents = contents_new(&work->rounded);
        }
        p->combine = combine_new();
        p->potentials = mem_zalloc(problem->type_count + 1, sizeof *p->potentials);
        p->last = mem_zalloc(problem->type_count + 1, sizeof *p->last);
        p->uses = mem_zalloc(problem->item_count + 1, sizeof *p->uses);
        return p;
}

struct pricing *pricing_free(struct pricing *p) {
        if (!p)
                return NULL;
        for (uint32_t g = 0; g < p->groups.count; g++) {
                contents_free(p->work[g].exact_contents);
                contents_free(p->work[g].rounded_contents);
                candidates_done(&p->work[g].exact);
                candidates_done(&p->work[g].rounded);
        }
        for (size_t t = 0; t < p->problem->type_count; t++)
                potential_done(&p->potentials[t]);
        groups_done(&p->groups);
        combine_free(p->combine);
        free(p->potentials);
        free(p->work);
        free(p->last);
        free(p->uses);
        free(p);
        return NULL;
}

/* How much an exact pricing has to look at, at worst: candidates x states, over the groups. */
double pricing_size(const struct pricing *p) {
        double size = 0;

        for (uint32_t g = 0; g < p->groups.count; g++) {
                const struct candidates *c = &p->work[g].exact;
                size += (double)c->reachable * (c->count[GPU_MIG] + c->count[GPU_MPS] + c->count[GPU_TIME_SLICING]);
        }
        return size;
}

/* ---- columns ---- */

/* Leave out what the node must not hold: pods beyond its number, CPU or memory (contents may promise too much, content.h), more of an
 * item than max_per_node. */
static uint32_t trim(const struct pack_problem *problem, uint32_t type_index, struct column_pod *pods, uint32_t count) {
        const struct pack_type *type = &problem->types[type_index];
        uint32_t kept = 0;
        uint64_t cpu = 0, memory = 0;

        for (uint32_t i = 0; i < count && kept < type->pods; i++) {
                const struct pack_item *item = &problem->items[pods[i].item];
                uint32_t same = 0;
                for (uint32_t j = 0; j < kept; j++)
                        same += pods[j].item == pods[i].item;
                if ((item->max_per_node > 0 && same >= item->max_per_node) || cpu + item->cpu_milli > type->cpu_milli ||
                    memory + item->memory_mib > type->memory_mib)
                        continue;
                cpu += item->cpu_milli;
                memory += item->memory_mib;
                pods[kept++] = pods[i];
        }
        return kept;
}

static bool add_column(struct pricing *p, const struct group_work *work, uint32_t type, const struct content *const *list, uint32_t count,
                       struct column_pool *pool) {
        struct column_pod pods[PACK_GPUS_MAX * PACK_SLICES_MAX];
        uint32_t n = 0, items[PACK_SLICES_MAX];
        uint16_t options[PACK_SLICES_MAX];
        uint8_t gpu = 0;

        for (uint32_t i = 0; i < count; i++) {
                uint32_t found = contents_pods(work->contents, list[i], items, options);
                for (uint32_t k = 0; k < found; k++)
                        pods[n++] = (struct column_pod){ .item = items[k], .option = options[k], .gpu = gpu };
                gpu = (uint8_t)(gpu + list[i]->gpus);
        }
        n = trim(p->problem, type, pods, n);
        size_t before = pool->count;
        column_pool_add(pool, type, pods, n);
        if (pool->count == before)
                return false;
        for (uint32_t i = 0; i < n; i++)
                p->uses[pods[i].item]++;
        return true;
}

/* The cheapest type of the group that holds one content, or -1. */
static long cheapest(const struct pricing *p, const struct content_group *group, const struct content *content) {
        long best = -1;

        for (uint32_t i = 0; i < group->type_count; i++) {
                const struct pack_type *type = &p->problem->types[group->types[i]];
                if (content_fits(content, type) && (best < 0 || type->usd_per_hour < p->problem->types[best].usd_per_hour))
                        best = group->types[i];
        }
        return best;
}

struct offer {
        double ratio; /* value / price */
        const struct content *content;
        uint32_t type;
};

static int by_ratio_down(const void *a, const void *b) {
        const struct offer *x = a, *y = b;

        return x->ratio != y->ratio ? (x->ratio < y->ratio ? 1 : -1) : x->type < y->type ? -1 : x->type > y->type;
}

static bool brings_news(const struct pricing *p, const struct group_work *work, const struct content *content, uint16_t uses_max) {
        uint32_t items[PACK_SLICES_MAX];
        uint16_t options[PACK_SLICES_MAX];
        uint32_t n = contents_pods(work->contents, content, items, options);

        for (uint32_t i = 0; i < n; i++)
                if (p->uses[items[i]] < uses_max)
                        return true;
        return false;
}

/* Columns of one content each on its cheapest type: the best ones first, and only while they bring items the round has not seen much. */
static uint32_t offer_singles(struct pricing *p, const struct content_group *group, const struct group_work *work,
                              const struct pricing_effort *effort, struct column_pool *pool) {
        _cleanup_free_ struct offer *offers = mem_alloc((work->count + 1) * sizeof *offers);
        uint32_t n = 0, added = 0;

        for (uint32_t i = 0; i < work->count; i++) {
                long type = cheapest(p, group, &work->list[i]);
                if (type < 0)
                        continue;
                double ratio = work->list[i].value / p->problem->types[type].usd_per_hour;
                if (ratio > 1 + effort->slack)
                        offers[n++] = (struct offer){ .ratio = ratio, .content = &work->list[i], .type = (uint32_t)type };
        }
        qsort(offers, n, sizeof *offers, by_ratio_down);
        for (uint32_t i = 0; i < n && added < effort->columns_max; i++)
                if (brings_news(p, work, offers[i].content, 4))
                        added += add_column(p, work, offers[i].type, &offers[i].content, 1, pool);
        return added;
}

/* ---- what a node of a type is worth at most ---- */

static double best_single(const struct pack_type *type, const struct group_work *work) {
        for (uint32_t i = 0; i < work->count; i++) {
                const struct content *content = &work->list[i];
                if (content->gpus == 1 && content_fits(content, type))
                        return content->value;
        }
        return 0;
}

/* The best nodes found join the pool if they are worth more than enough. */
static double price_several(struct pricing *p, uint32_t type_index, const struct group_work *work, double enough,
                            const struct pricing_effort *effort, struct column_pool *pool, uint32_t *added) {
        const struct pack_type *type = &p->problem->types[type_index];
        struct combine_effort combine = { .beam = levels[effort->level].beam, .must_end = effort->must_end, .context = effort->context };
        struct combine_result result;
        const struct content *best;

        double bound = relax(type, work->list, work->count, p->last[type_index], &best);
        if (bound > enough)
                bound = relax_best(type, work->list, work->count, &p->last[type_index]);
        if (bound <= enough)
                return bound;
        combine_best(p->combine, type, work->list, work->count, p->last[type_index], bound, enough, &combine, &result);
        for (uint32_t i = 0; i < result.found; i++)
                *added += add_column(p, work, type_index, result.nodes[i].contents, result.nodes[i].count, pool);
        return result.bound;
}

/* Contents left out by the potentials, and those rounded up, do not count for a bound: then the potential's own bound stands. */
static double price_type(struct pricing *p, uint32_t type_index, const struct group_work *work, const struct pricing_effort *effort,
                         struct column_pool *pool, uint32_t *added) {
        const struct pack_type *type = &p->problem->types[type_index];
        const struct potential *potential = &p->potentials[type_index];
        double worth;

        if (potential->bound <= potential->enough)
                return potential->bound;
        if (type->gpus == 1)
                worth = best_single(type, work);
        else
                worth = price_several(p, type_index, work, potential->enough, effort, pool, added);
        return work->complete ? MIN(potential->bound, MAX(worth, potential->enough)) : potential->bound;
}

static void price_contents(struct group_work *work, const double *values, const struct potential *const *active, uint32_t active_count,
                           const struct pricing_effort *effort) {
        const struct level *level = &levels[effort->level];
        struct content_effort content = {
                .labels_per_state = level->labels,
                .merges = !level->rounded,
                .must_end = effort->must_end,
                .context = effort->context,
        };
        struct contents *contents = level->rounded ? work->rounded_contents : work->exact_contents;

        work->complete = contents_price(contents, values, active, active_count, &content, &work->list, &work->count) && !level->rounded;
        work->contents = contents;
}

static void price_group(struct pricing *p, uint32_t g, const double *values, const struct pricing_effort *effort, struct column_pool *pool,
                        struct pricing_result *result) {
        const struct content_group *group = &p->groups.list[g];
        struct group_work *work = &p->work[g];
        const struct potential *active[PACK_TYPES_MAX];
        uint32_t active_count = 0;

        for (uint32_t i = 0; i < group->type_count; i++) {
                uint32_t t = group->types[i];
                const struct pack_type *type = &p->problem->types[t];
                potential_find(&p->potentials[t], &work->exact, type, values, type->usd_per_hour * (1 + effort->slack));
                if (p->potentials[t].bound > p->potentials[t].enough)
                        active[active_count++] = &p->potentials[t];
        }
        if (active_count > 0)
                price_contents(work, values, active, active_count, effort);
        for (uint32_t i = 0; i < group->type_count; i++) {
                double worth = price_type(p, group->types[i], work, effort, pool, &result->added);
                result->worst_ratio = MAX(result->worst_ratio, worth / p->problem->types[group->types[i]].usd_per_hour);
        }
        if (active_count > 0)
                result->added += offer_singles(p, group, work, effort, pool);
}

void pricing_round(struct pricing *p, const double *values, const struct pricing_effort *effort, struct column_pool *pool,
                   struct pricing_result *ret_result) {
        struct pricing_result result = { 0 };

        memset(p->uses, 0, p->problem->item_count * sizeof *p->uses);
        for (uint32_t g = 0; g < p->groups.count; g++)
                price_group(p, g, values, effort, pool, &result);
        *ret_result = result;
}
