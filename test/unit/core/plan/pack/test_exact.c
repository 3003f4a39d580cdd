#include "../../../unit.h"
#include "core/plan/pack/pack.h"
#include "oracle.h"
#include "problems.h"

static const struct pack_limits tight = { .gap = 1e-6, .seconds = 0 };

static void solve(const struct pack_problem *problem, const struct pack_limits *limits, struct pack_solution *ret_solution) {
        struct err e;

        assert_ok(pack_solve(problem, PACK_EXACT, limits, &still_env, ret_solution, &e), &e);
        assert_ok(pack_check(problem, ret_solution, &e), &e);
}

/* bound <= optimum <= plan, and the plan is mostly the optimum itself. */
static void brackets_the_optimum(void **state) {
        static struct random_problem p;
        unsigned solved = 0, optimal = 0;

        (void)state;
        for (uint64_t seed = 0; seed < 600; seed++) {
                struct pack_solution s;
                problem_random(seed,
                               (struct problem_shape){
                                       .items = 4, .types = 3, .pods_per_item = 2, .gpus = seed % 3 == 0 ? 4 : 2, .mig = seed % 2 },
                               &p);
                double optimum = oracle_optimum(&p.problem);
                solve(&p.problem, &tight, &s);
                if (s.usd_per_hour < optimum - 1e-9 || s.bound_usd_per_hour > optimum + 1e-6)
                        fail_msg("seed %llu: bound %.6f, optimum %.6f, plan %.6f", (unsigned long long)seed, s.bound_usd_per_hour, optimum,
                                 s.usd_per_hour);
                solved++;
                optimal += s.usd_per_hour < optimum + 1e-9;
                pack_solution_done(&s);
        }
        print_message("%u of %u small problems solved to the optimum\n", optimal, solved);
        assert_true(optimal * 100 >= solved * 97);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(brackets_the_optimum),
        };

        if (!pack_solver_available())
                return 77; /* skipped: CLP and CBC are not installed */
        return cmocka_run_group_tests(tests, NULL, NULL);
}
