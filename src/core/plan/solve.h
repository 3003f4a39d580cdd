/* solve: the optimiser's runs of one plan, within one time limit.
 */
#pragma once

#include "core/plan/plan.h"
#include "core/plan/problem.h"

struct solve {
        const struct pack_env *env;
        const struct plan_options *options;
        double start_seconds;
        bool greedy;       /* best fit instead of the exact engine: for problems too large for that */
        struct plan *plan; /* collects iterations, columns, points, stopped */
};

struct solve solve_start(const struct pack_env *env, const struct plan_options *options, struct plan *plan);

double solve_seconds(const struct solve *s); /* since the start */

/* The exact engine, with `part` (0..1) of the time that is left. */
int solve_exact(struct solve *s, const struct problem *p, double part, uint32_t max_pools, struct pack_solution *ret_solution,
                struct err *e);

/* A baseline. */
int solve_greedy(struct solve *s, const struct problem *p, enum pack_engine engine, struct pack_solution *ret_solution, struct err *e);
