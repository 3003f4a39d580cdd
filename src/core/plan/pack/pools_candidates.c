#include "core/plan/pack/pools_candidates.h"

#include <string.h>

#include "base/mem.h"
#include "core/plan/pack/group.h"

#define CUTS_FROM_PLAN_MAX 300
#define CUTS_FIRST_MAX 600 /* the rest is for those found later */
#define PARTNERS_MAX 60    /* cuts joined in pairs */
#define PRICED_COLUMNS 20  /* per group */
#define COVER_STEPS 20000

/* ---- cuts of a plan, and joins ---- */

struct weighed {
        double cost;
        size_t column;
};

static int by_cost_down(const void *a, const void *b) {
        const struct weighed *x = a, *y = b;

        return x->cost != y->cost ? (x->cost < y->cost ? 1 : -1) : x->column < y->column ? -1 : x->column > y->column;
}

static void add_plan_cuts(struct pool_lp *lp) {
        _cleanup_free_ struct weighed *list = mem_alloc((lp->columns.count + 1) * sizeof *list);
        struct cut_slot slots[CUT_SLOTS_MAX];
        struct cut cut;
        size_t n = 0;

        for (size_t j = 0; j < lp->x_count; j++)
                if (lp->x[j] > 1e-6)
                        list[n++] = (struct weighed){ .cost = lp->x[j] * lp->columns.columns[j].price, .column = j };
        qsort(list, n, sizeof *list, by_cost_down);
        for (size_t i = 0; i < n && lp->cut_count < CUTS_FROM_PLAN_MAX; i++) {
                cut_of_column(lp->exact->problem, &lp->columns.columns[list[i].column], slots, &cut);
                pool_lp_add_cut(lp, &cut);
        }
}

static void add_join(struct pool_lp *lp, const struct cut *a, const struct cut *b) {
        struct cut_slot slots[CUT_SLOTS_MAX];
        struct cut join;

        if (a->type == b->type && cut_join(lp->exact->problem, a, b, slots, &join))
                pool_lp_add_cut(lp, &join);
}

/* Each cut with all the others it can be joined with, the dearest first: as much as one cut can be. */
static void add_chain(struct pool_lp *lp, uint32_t first, uint32_t count) {
        struct cut_slot slots[2][CUT_SLOTS_MAX];
        struct cut chain = lp->cuts[first], join;
        unsigned side = 0;

        for (uint32_t k = 0; k < count; k++)
                if (lp->cuts[k].type == chain.type && cut_join(lp->exact->problem, &chain, &lp->cuts[k], slots[side], &join)) {
                        chain = join;
                        side = 1 - side;
                }
        pool_lp_add_cut(lp, &chain);
}

static void add_joins(struct pool_lp *lp) {
        uint32_t count = lp->cut_count, partners = MIN(count, (uint32_t)PARTNERS_MAX);

        for (uint32_t k = 0; k < count; k++)
                add_chain(lp, k, count);
        for (uint32_t a = 0; a < partners; a++)
                for (uint32_t b = a + 1; b < partners && lp->cut_count < CUTS_FIRST_MAX; b++)
                        add_join(lp, &lp->cuts[a], &lp->cuts[b]);
}

/* ---- cuts for many items ---- */

/* Room for one of each item on the type, as far as its GPUs go: whole GPUs for the widest pod first or last, one GPU per share mode cut for
 * the largest share, MIG slots wherever they fit. */
struct mixture {
        const struct pack_problem *problem;
        uint32_t type, count;
        uint8_t gpus;
        uint16_t share[GPU_MODE_MAX]; /* the largest */
        uint8_t wide;
        struct cut_slot slots[CUT_SLOTS_MAX];
};

static void add_whole(struct mixture *m) {
        uint8_t free_gpus = (uint8_t)(m->problem->types[m->type].gpus - m->gpus);

        for (uint8_t g = 0; g < m->wide && m->wide <= free_gpus; g++)
                m->slots[m->count++] = (struct cut_slot){ .mode = GPU_WHOLE, .gpu = m->gpus++, .size = 1000 };
}

static void add_shares(struct mixture *m, enum gpu_mode mode, uint8_t gpus) {
        for (; gpus > 0 && m->share[mode] > 0 && m->gpus < m->problem->types[m->type].gpus; gpus--, m->gpus++)
                for (unsigned k = 0; k < MIN(1000u / m->share[mode], (unsigned)PACK_SLICES_MAX); k++)
                        m->slots[m->count++] = (struct cut_slot){ .mode = (uint8_t)mode, .gpu = m->gpus, .size = m->share[mode] };
}

/* Profiles not there yet, first fit. */
static void add_profiles(struct mixture *m, uint64_t profiles) {
        const struct pack_type *type = &m->problem->types[m->type];
        uint8_t counts[PACK_GPUS_MAX][GPU_PROFILES_MAX] = { 0 }, first = m->gpus;
        struct layout layout;
        struct err e;

        for (unsigned p = 0; p < GPU_PROFILES_MAX; p++) {
                for (uint8_t g = first; profiles >> p & 1 && g < type->gpus; g++) {
                        counts[g][p]++;
                        if (layout_place(type->gpu, counts[g], &layout, &e) == 0) {
                                m->slots[m->count++] = (struct cut_slot){ .mode = GPU_MIG, .gpu = g, .size = (uint16_t)p };
                                m->gpus = (uint8_t)MAX(m->gpus, g + 1);
                                break;
                        }
                        counts[g][p]--;
                }
        }
}

static void add_mixture(struct pool_lp *lp, uint32_t type, bool whole_first, uint8_t shared_gpus) {
        struct mixture m = { .problem = lp->exact->problem, .type = type };
        uint8_t order[PACK_GPUS_MAX];
        uint64_t profiles = 0;
        struct cut cut;

        for (uint32_t i = 0; i < m.problem->item_count; i++) {
                const struct pack_item *item = &m.problem->items[i];
                if (lp->exact->demand[i] < 1 || !item_fits_type(m.problem, i, type))
                        continue;
                m.wide = MAX(m.wide, item->gpus);
                for (uint16_t o = 0; o < item->option_count && item->gpus == 0; o++) {
                        const struct pack_option *option = &item->options[o];
                        if (option->gpu != m.problem->types[type].gpu)
                                continue;
                        if (option->mode == GPU_MIG)
                                profiles |= 1ull << option->profile->index;
                        else
                                m.share[option->mode] = MAX(m.share[option->mode], option->milli);
                }
        }
        if (whole_first)
                add_whole(&m);
        add_shares(&m, GPU_MPS, shared_gpus);
        add_shares(&m, GPU_TIME_SLICING, shared_gpus);
        add_profiles(&m, profiles);
        cut_make(m.problem, type, m.slots, m.count, &cut, order);
        pool_lp_add_cut(lp, &cut);
}

void pools_candidates(struct pool_lp *lp) {
        add_plan_cuts(lp);
        for (uint32_t t = 0; t < lp->exact->problem->type_count; t++)
                for (unsigned k = 0; k < 4; k++)
                        add_mixture(lp, t, k & 1, k & 2 ? lp->exact->problem->types[t].gpus : 1);
        add_joins(lp);
}

/* ---- cuts asked for by the prices ---- */

/* A quick look is short by itself. */
static bool never(void *context) {
        (void)context;
        return false;
}

void pools_candidates_priced(struct pool_lp *lp, const struct pool_set *set) {
        struct pricing_effort effort = { .level = PRICING_QUICK, .columns_max = PRICED_COLUMNS, .slack = 1e-3, .must_end = never };
        struct pricing_result result;
        struct column_pool scratch;
        struct cut_slot slots[CUT_SLOTS_MAX];
        struct cut cut;

        column_pool_init(&scratch, lp->exact->problem);
        pricing_round(lp->exact->pricing, lp->duals, &effort, &scratch, &result);
        for (size_t j = 0; j < scratch.count; j++) {
                cut_of_column(lp->exact->problem, &scratch.columns[j], slots, &cut);
                uint32_t before = lp->cut_count;
                pool_lp_add_cut(lp, &cut);
                for (uint32_t k = 0; k < before; k++)
                        if (pool_set_has(set, k))
                                add_join(lp, &lp->cuts[k], &cut);
        }
        column_pool_done(&scratch);
}

/* ---- cover ---- */

static bool covered(const struct pool_lp *lp, const struct pool_set *set, size_t item) {
        for (uint32_t k = 0; k < lp->cut_count; k++)
                if (pool_set_has(set, k) && lp->covers[k][item])
                        return true;
        return lp->exact->demand[item] < 1;
}

/* One by one the cut that holds most of what is not held yet. Every item has one: it stood in the plan. */
static void cover_greedily(const struct pool_lp *lp, struct pool_set *set) {
        size_t items = lp->exact->problem->item_count;
        _cleanup_free_ bool *open = mem_alloc((items + 1) * sizeof *open);

        for (;;) {
                uint32_t best = 0, most = 0;
                for (size_t i = 0; i < items; i++)
                        open[i] = !covered(lp, set, i);
                for (uint32_t k = 0; k < lp->cut_count; k++) {
                        uint32_t n = 0;
                        for (size_t i = 0; i < items; i++)
                                n += open[i] && lp->covers[k][i];
                        if (n > most) {
                                most = n;
                                best = k;
                        }
                }
                if (most == 0)
                        return;
                pool_set_flip(set, best);
        }
}

/* Depth first: some cut must hold the first item that none holds yet. */
static bool cover_within(const struct pool_lp *lp, uint32_t left, uint32_t *steps, struct pool_set *set) {
        size_t item = 0;

        while (item < lp->exact->problem->item_count && covered(lp, set, item))
                item++;
        if (item == lp->exact->problem->item_count)
                return true;
        if (left == 0)
                return false;
        for (uint32_t k = 0; k<lp->cut_count && * steps> 0; k++) {
                if (!lp->covers[k][item])
                        continue;
                --*steps;
                pool_set_flip(set, k);
                if (cover_within(lp, left - 1, steps, set))
                        return true;
                pool_set_flip(set, k);
        }
        return false;
}

void pools_cover(const struct pool_lp *lp, uint32_t most, struct pool_set *ret_set) {
        struct pool_set greedy = { 0 };

        cover_greedily(lp, &greedy);
        for (uint32_t size = 1; size < greedy.count && size <= most; size++) {
                struct pool_set set = { 0 };
                uint32_t steps = COVER_STEPS;
                if (cover_within(lp, size, &steps, &set)) {
                        *ret_set = set;
                        return;
                }
        }
        *ret_set = greedy;
}
