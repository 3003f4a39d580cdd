#include "core/plan/pack/pack.h"

#include "core/plan/pack/coin.h"
#include "core/plan/pack/engines.h"
#include "core/plan/pack/exact.h"

bool pack_solver_available(void) {
        return coin_load() != NULL;
}

int pack_solve(const struct pack_problem *problem, enum pack_engine engine, const struct pack_limits *limits, const struct pack_env *env,
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
