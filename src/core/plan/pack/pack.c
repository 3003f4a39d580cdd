#include "core/plan/pack/pack.h"

#include "base/mem.h"
#include "core/plan/pack/bound.h"
#include "core/plan/pack/coin.h"
#include "core/plan/pack/cut.h"
#include "core/plan/pack/engines.h"
#include "core/plan/pack/exact.h"

bool pack_solver_available(void) {
        return coin_load() != NULL;
}

static int solve(const struct pack_problem *problem, enum pack_engine engine, const struct pack_limits *limits, const struct pack_env *env,
                 struct pack_solution *ret_solution, struct err *e) {
        static int (*const greedy[])(const struct pack_problem *, const struct pack_env *, struct pack_solution *, struct err *) = {
                [PACK_EXACT] = pack_best_fit,
                [PACK_BEST_FIT] = pack_best_fit,
                [PACK_FIRST_FIT] = pack_first_fit,
                [PACK_KARPENTER] = pack_karpenter,
        };
        const struct coin *coin = engine == PACK_EXACT ? coin_load() : NULL;

        if (coin)
                return pack_exact(problem, coin, limits, env, ret_solution, e);
        return greedy[engine](problem, env, ret_solution, e);
}

int pack_solve(const struct pack_problem *problem, enum pack_engine engine, const struct pack_limits *limits, const struct pack_env *env,
               struct pack_solution *ret_solution, struct err *e) {
        struct pack_solution s = { 0 };
        int r = solve(problem, engine, limits, env, &s, e);

        if (r == 0 && engine == PACK_EXACT && !s.exact_engine) { /* the solver libraries are missing */
                s.bound_usd_per_hour = MIN(bound_without_solver(problem, s.unplaced, env, limits->seconds), s.usd_per_hour);
                s.proved = s.usd_per_hour <= s.bound_usd_per_hour * (1 + limits->gap);
        }
        if (r == 0 && s.pool_count == 0)
                r = cut_number_pools(problem, &s, e);
        if (r == 0 && engine == PACK_EXACT && limits->max_pools > 0 && s.pool_count > limits->max_pools)
                r = err_set(e, ERR_IMPOSSIBLE, "at most %u pools: choosing them needs the CLP and CBC libraries", limits->max_pools);
        if (r < 0) {
                pack_solution_done(&s);
                return r;
        }
        *ret_solution = s;
        return 0;
}
