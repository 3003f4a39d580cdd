#include "core/plan/pack/pools.h"

#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "core/plan/pack/finish.h"
#include "core/plan/pack/integer.h"
#include "core/plan/pack/pools_candidates.h"

#define SECONDS_DEFAULT 10.0 /* for choosing pools, where no limit is given */
#define TIME_SHARE 0.7       /* of what is left of the time limit; the rest is for whole nodes */
#define DROPS_TRIED 5
#define DROPS_TRIED_SWAP 12
#define GAINS_MEASURED 60 /* per round */
#define SWAPS_TRIED 15
#define INTEGER_SECONDS 4.0 /* for whole nodes, where no limit is given */
#define ROUNDS_MAX 60
#define WORTH_IT 2e-5 /* of the cost: a swap must save more */
#define PRICING_DROP 2
#define PRICING_SWAP 1
#define PRICING_ROUND 6
#define PRICING_END 40

struct choosing {
        struct pool_lp lp;
        uint32_t max_pools;
        double ends;              /* exact_seconds() */
        struct pool_set set, all; /* all: the first candidates */
};

static bool time_is_over(const struct choosing *c) {
        const struct exact *x = c->lp.exact;

        return x->env->stop(x->env->context) || exact_seconds(x) > c->ends;
}

/* ---- what a pool is worth ---- */

struct share {
        uint32_t cut;
        double cost;
};

/* The cuts of a set by how much of the LP's cost needs them: one by one that which holds most of what those before leave. */
static uint32_t shares_of(const struct pool_lp *lp, const struct pool_set *set, struct share ret_shares[POOL_CUTS_MAX]) {
        _cleanup_free_ size_t *open = mem_alloc((lp->x_count + 1) * sizeof *open);
        struct pool_set left = *set;
        size_t n = 0;
        uint32_t count = 0;

        for (size_t j = 0; j < lp->x_count; j++)
                if (lp->x[j] > 1e-9 && pool_lp_column_in(lp, j, set))
                        open[n++] = j;
        while (left.count > 0) {
                _cleanup_free_ double *cost = mem_zalloc(lp->cut_count, sizeof *cost);
                long best = -1;
                for (size_t i = 0; i < n; i++)
                        for (uint32_t k = 0; k < lp->cut_count; k++)
                                if (lp->fits[open[i]][k / 64] >> k % 64 & 1)
                                        cost[k] += lp->x[open[i]] * lp->columns.columns[open[i]].price;
                for (uint32_t k = 0; k < lp->cut_count; k++)
                        if (pool_set_has(&left, k) && (best < 0 || cost[k] > cost[best]))
                                best = k;
                ret_shares[count++] = (struct share){ .cut = (uint32_t)best, .cost = cost[best] };
                pool_set_flip(&left, (uint32_t)best);
                size_t kept = 0;
                for (size_t i = 0; i < n; i++)
                        if (!(lp->fits[open[i]][best / 64] >> best % 64 & 1))
                                open[kept++] = open[i];
                n = kept;
        }
        return count;
}

/* ---- down to the number allowed ---- */

static int start(struct choosing *c, const struct pool_set *cover, uint32_t size, struct err *e) {
        struct share shares[POOL_CUTS_MAX];
        uint32_t n = shares_of(&c->lp, &c->all, shares);

        c->set = *cover;
        for (uint32_t i = 0; i < n && c->set.count < size; i++)
                if (!pool_set_has(&c->set, shares[i].cut))
                        pool_set_flip(&c->set, shares[i].cut);
        return pool_lp_solve(&c->lp, &c->set, time_is_over(c) ? 0 : PRICING_ROUND, e);
}

/* Drop the cut without which the LP costs least, of the `tried` with the least share. `lp` ends solved over the set. Without one that may
 * go the set stays. */
static int drop_one(struct choosing *c, unsigned tried, unsigned pricing, struct err *e) {
        struct share shares[POOL_CUTS_MAX];
        struct pool_set best = c->set;
        double least = INFINITY;
        int r = 0;

        uint32_t n = shares_of(&c->lp, &c->set, shares);
        for (uint32_t i = n; i-- > 0 && tried > 0 && r == 0;) {
                if (!pool_lp_covers(&c->lp, &c->set, shares[i].cut))
                        continue;
                struct pool_set without = c->set;
                pool_set_flip(&without, shares[i].cut);
                if (tried-- == 1 && least == INFINITY) { /* nothing to compare it with */
                        best = without;
                        break;
                }
                r = pool_lp_solve(&c->lp, &without, 0, e);
                if (r == 0 && c->lp.cost < least) {
                        least = c->lp.cost;
                        best = without;
                }
        }
        c->set = best;
        return r < 0 ? r : pool_lp_solve(&c->lp, &c->set, pricing, e);
}

static int reduce(struct choosing *c, const struct pool_set *cover, struct err *e) {
        int r = 0;

        while (c->set.count > c->max_pools && r == 0) {
                uint32_t before = c->set.count;
                bool near = before <= 2 * c->max_pools, late = time_is_over(c);
                r = drop_one(c, near && !late ? DROPS_TRIED : 1, late ? 0 : PRICING_DROP, e);
                if (r == 0 && c->set.count == before) { /* each of them is the only one for some item: begin with those that need not be */
                        c->set = *cover;
                        return pool_lp_solve(&c->lp, &c->set, 0, e);
                }
        }
        return r;
}

/* ---- swaps ---- */

static int by_cost_down(const void *a, const void *b) {
        const struct share *x = a, *y = b;

        return x->cost != y->cost ? (x->cost < y->cost ? 1 : -1) : x->cut < y->cut ? -1 : x->cut > y->cut;
}

/* Add the cut and drop the weakest, if that pays. `lp` ends solved over the set only if it did. */
static int try_swap(struct choosing *c, uint32_t cut, double cost, bool *ret_paid, struct err *e) {
        struct pool_set before = c->set;
        double enough = cost * (1 - WORTH_IT);

        *ret_paid = false;
        pool_set_flip(&c->set, cut);
        int r = pool_lp_solve(&c->lp, &c->set, PRICING_SWAP, e);
        if (r == 0 && c->set.count > c->max_pools && c->lp.cost < enough)
                r = drop_one(c, DROPS_TRIED_SWAP, PRICING_SWAP, e);
        *ret_paid = r == 0 && c->lp.cost < enough && c->set.count <= c->max_pools;
        if (!*ret_paid)
                c->set = before;
        return r;
}

/* The candidates by what the LP saves with each of them beside the set, most first. Only those that promise most by their nodes' worth are
 * measured. */
static int measure_gains(struct choosing *c, struct share ret_gains[POOL_CUTS_MAX], uint32_t *ret_count, struct err *e) {
        double cost = c->lp.cost;
        uint32_t n = 0, measured = 0;
        int r = 0;

        for (uint32_t k = 0; k < c->lp.cut_count && !time_is_over(c); k++) {
                double gain = pool_set_has(&c->set, k) ? 0 : pool_lp_price(&c->lp, k);
                if (gain > 0)
                        ret_gains[n++] = (struct share){ .cut = k, .cost = gain };
        }
        if (n > 0)
                qsort(ret_gains, n, sizeof *ret_gains, by_cost_down);
        for (; measured < MIN(n, (uint32_t)GAINS_MEASURED) && r == 0 && !time_is_over(c); measured++) {
                struct pool_set more = c->set;
                pool_set_flip(&more, ret_gains[measured].cut);
                r = pool_lp_solve(&c->lp, &more, 0, e);
                ret_gains[measured].cost = cost - c->lp.cost;
        }
        if (measured > 0)
                qsort(ret_gains, measured, sizeof *ret_gains, by_cost_down);
        *ret_count = measured;
        return r;
}

/* One round over the candidates; answers through `ret_paid` whether a swap paid. */
static int swap_round(struct choosing *c, bool *ret_paid, struct err *e) {
        struct share gains[POOL_CUTS_MAX];
        uint32_t n = 0;
        int r = pool_lp_solve(&c->lp, &c->set, PRICING_ROUND, e);
        double cost = c->lp.cost;

        *ret_paid = false;
        if (r < 0)
                return r;
        pools_candidates_priced(&c->lp, &c->set);
        r = measure_gains(c, gains, &n, e);
        for (uint32_t i = 0; i < MIN(n, (uint32_t)SWAPS_TRIED) && r == 0 && gains[i].cost > WORTH_IT * cost && !time_is_over(c); i++) {
                bool paid;
                r = try_swap(c, gains[i].cut, cost, &paid, e);
                if (r == 0 && paid) {
                        *ret_paid = true;
                        break;
                }
        }
        return r;
}

static int improve(struct choosing *c, struct err *e) {
        bool paid = true;
        int r = 0;

        for (unsigned round = 0; round < ROUNDS_MAX && paid && r == 0 && !time_is_over(c); round++) {
                r = swap_round(c, &paid, e);
        }
        return r;
}

/* From several numbers of pools at the start: which is best depends on how much the pools can do for one another. */
static int search(struct choosing *c, const struct pool_set *cover, struct err *e) {
        const uint32_t sizes[] = { 3 * c->max_pools, 24, 60, 2 * c->max_pools, 5 * c->max_pools, c->max_pools + 2 };
        struct pool_set best = { 0 };
        double least = INFINITY;
        int r = 0;

        for (size_t i = 0; i < ARRAY_SIZE(sizes) && r == 0 && (i == 0 || !time_is_over(c)); i++) {
                if (i > 0)
                        r = pool_lp_solve(&c->lp, &c->all, 0, e);
                if (r == 0)
                        r = start(c, cover, sizes[i], e);
                if (r == 0)
                        r = reduce(c, cover, e);
                if (r == 0)
                        r = improve(c, e);
                if (r == 0 && c->lp.cost < least) {
                        least = c->lp.cost;
                        best = c->set;
                }
        }
        c->set = best;
        return r < 0 ? r : pool_lp_solve(&c->lp, &c->set, time_is_over(c) ? 0 : PRICING_END, e);
}

static int choose(struct choosing *c, struct err *e) {
        const struct exact *x = c->lp.exact;
        struct pool_set cover;
        double limit = x->limits->seconds, now = exact_seconds(x);
        c->ends = now + (limit > 0 ? TIME_SHARE * MAX(limit - now, 0) : SECONDS_DEFAULT);
        pools_candidates(&c->lp);
        pools_cover(&c->lp, c->max_pools, &cover);
        if (cover.count > c->max_pools)
                return err_set(e, ERR_IMPOSSIBLE, "no %u pools can hold all pods; %u can", c->max_pools, cover.count);
        for (uint32_t k = 0; k < c->lp.cut_count; k++)
                pool_set_flip(&c->all, k);
        return search(c, &cover, e);
}

/* ---- whole nodes ---- */

/* The problem over the chosen pools as one for integer.c: its own columns, the LP's solution, and as a first plan that rounded up. */
static void round_up(const struct choosing *c, struct exact *ret_limited) {
        const struct pool_lp *lp = &c->lp;
        struct exact *x = ret_limited;

        x->pool.by_option = true;
        x->x = mem_zalloc(lp->columns.count + 1, sizeof *x->x);
        for (size_t j = 0; j < lp->columns.count; j++) {
                const struct column *column = &lp->columns.columns[j];
                if (!pool_lp_column_in(lp, j, &c->set))
                        continue;
                column_pool_add(&x->pool, column->type, column->pods, column->pod_count);
                x->x[x->pool.count - 1] = j < lp->x_count ? lp->x[j] : 0;
        }
        _cleanup_free_ uint32_t *counts = mem_alloc((x->pool.count + 1) * sizeof *counts);
        for (size_t j = 0; j < x->pool.count; j++)
                counts[j] = (uint32_t)ceil(x->x[j] - 1e-7);
        exact_offer(x, counts);
}

/* The cuts that the plan needs, dearest first, and which of them each column stands in. */
static void take_cuts(const struct choosing *c, const struct exact *limited, struct cut *ret_cuts, uint32_t *ret_count,
                      uint32_t *ret_cut_of) {
        struct share shares[POOL_CUTS_MAX];
        uint32_t n = shares_of(&c->lp, &c->set, shares), used = 0;
        _cleanup_free_ bool *needed = mem_zalloc(n + 1, sizeof *needed);

        for (size_t j = 0; j < limited->best_columns; j++) {
                const struct column *column = &limited->pool.columns[j];
                for (uint32_t i = 0; i < n && limited->best[j] > 0; i++) {
                        const struct cut *cut = &c->lp.cuts[shares[i].cut];
                        if (cut->type != column->type || !cut_holds(limited->problem, cut, column->pods, column->pod_count, NULL))
                                continue;
                        ret_cut_of[j] = i;
                        needed[i] = true;
                        break;
                }
        }
        for (uint32_t i = 0; i < n; i++) {
                if (!needed[i])
                        continue;
                for (size_t j = 0; j < limited->best_columns; j++)
                        if (limited->best[j] > 0 && ret_cut_of[j] == i)
                                ret_cut_of[j] = used;
                ret_cuts[used++] = c->lp.cuts[shares[i].cut];
        }
        *ret_count = used;
}

static int write_nodes(const struct choosing *c, const struct exact *limited, struct pack_solution *solution, struct err *e) {
        struct cut cuts[POOL_CUTS_MAX];
        _cleanup_free_ uint32_t *cut_of = mem_zalloc(limited->pool.count + 1, sizeof *cut_of);
        uint32_t count;

        take_cuts(c, limited, cuts, &count, cut_of);
        return finish_nodes_in_pools(&limited->pool, limited->best, limited->demand, cuts, count, cut_of, solution, e);
}

static int whole_nodes(const struct choosing *c, struct pack_solution *solution, struct err *e) {
        const struct exact *x = c->lp.exact;
        struct pack_limits limits = *x->limits;
        struct pack_env env = *x->env;
        struct exact limited = { .problem = x->problem,
                                 .limits = &limits,
                                 .env = &env,
                                 .coin = x->coin,
                                 .demand = x->demand,
                                 .duals = c->lp.duals,
                                 .lp = c->lp.cost,
                                 .bound = c->lp.cost,
                                 .best_cost = INFINITY,
                                 .started = x->started };

        env.progress = NULL; /* its bound is not that of the problem */
        if (limits.seconds <= 0)
                limits.seconds = exact_seconds(x) + INTEGER_SECONDS;
        column_pool_init(&limited.pool, x->problem);
        round_up(c, &limited);
        integer_improve(&limited);
        int r = write_nodes(c, &limited, solution, e);
        column_pool_done(&limited.pool);
        free(limited.x);
        free(limited.best);
        return r;
}

int pools_limit(const struct exact *x, uint32_t max_pools, struct pack_solution *solution, struct err *e) {
        struct choosing *c = mem_zalloc(1, sizeof *c);

        c->max_pools = max_pools;
        pool_lp_init(&c->lp, x);
        int r = choose(c, e);
        if (r == 0)
                r = whole_nodes(c, solution, e);
        pool_lp_done(&c->lp);
        free(c);
        return r;
}

static int by_cut(const void *a, const void *b) {
        return cut_compare(a, b);
}

uint32_t pools_of_lp(const struct exact *x) {
        _cleanup_free_ struct cut *cuts = mem_alloc((x->pool.count + 1) * sizeof *cuts);
        _cleanup_(arena_done) struct arena arena = { 0 };
        struct cut_slot slots[CUT_SLOTS_MAX];
        uint32_t n = 0, distinct = 0;

        for (size_t j = 0; j < x->pool.count; j++) {
                if (x->x[j] < 1e-6)
                        continue;
                cut_of_column(x->problem, &x->pool.columns[j], slots, &cuts[n]);
                cuts[n].slots = arena_alloc(&arena, cuts[n].count * sizeof *slots);
                memcpy(cuts[n].slots, slots, cuts[n].count * sizeof *slots);
                n++;
        }
        if (n > 0)
                qsort(cuts, n, sizeof *cuts, by_cut);
        for (uint32_t i = 0; i < n; i++)
                distinct += i == 0 || cut_compare(&cuts[i - 1], &cuts[i]) != 0;
        return distinct;
}
