/* exact: column generation, from a first greedy plan to an integer plan with a certified bound.
 *
 * 1. The best-fit plan's nodes are the first columns and the first answer.
 * 2. The master (master.h) says what each item is worth; pricing (pricing.h) finds nodes worth more than they cost. The values priced lie
 *    between the master's and the best so far (Wentges 1997), which keeps them from swinging. Each round gives a
 *    bound (Farley 1990): values / worst ratio is a feasible dual.
 * 3. The whole numbers of the LP's solution stay, CBC covers the rest with the columns of small reduced cost (integer.h).
 */
#pragma once

#include "core/plan/pack/column.h"
#include "core/plan/pack/master.h"
#include "core/plan/pack/pricing.h"

struct exact {
        const struct pack_problem *problem;
        const struct pack_limits *limits;
        const struct pack_env *env;
        const struct coin *coin;
        struct column_pool pool;
        struct pricing *pricing;
        struct master *master;
        double *demand; /* [item_count] pods to place; 0 for items that no type holds */
        double *duals;  /* [item_count] of the last master */
        double *x;      /* [pool.count] of the last master */
        size_t x_capacity;
        double lp, bound, started;
        uint32_t *best; /* [best_columns] nodes of each column in the best plan so far */
        size_t best_columns;
        double best_cost;
        uint32_t iterations;
        bool stopped;
        size_t point_count;
        struct pack_point points[PACK_POINTS_MAX];
};

int pack_exact(const struct pack_problem *problem, const struct coin *coin, const struct pack_limits *limits, const struct pack_env *env,
               struct pack_solution *ret_solution, struct err *e);

/* Seconds since the start; whether to end now (the caller's wish, or `share` of the time limit is over). */
double exact_seconds(const struct exact *x);
bool exact_must_end(struct exact *x, double share);

/* Take `counts` [pool.count] as the best plan if it is cheaper. */
void exact_offer(struct exact *x, const uint32_t *counts);
bool exact_gap_reached(const struct exact *x);
