#include "core/plan/pack/bound.h"

#include <time.h>

#include "../../../unit.h"
#include "openb.h"
#include "oracle.h"
#include "problems.h"

static double seconds(void *context) {
        struct timespec t;

        (void)context;
        clock_gettime(CLOCK_MONOTONIC, &t);
        return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static bool never(void *context) {
        (void)context;
        return false;
}

/* 7,161.01 is a plan that exists (the exact engine's); the bound must lie below it, and say something. */
static void openb_has_a_bound_without_solver(void **state) {
        static struct openb o;
        static const uint32_t unplaced[ARRAY_SIZE(o.items)];
        const struct pack_env env = { .now_seconds = seconds, .stop = never };

        (void)state;
        openb_problem(1, false, &o);
        double bound = bound_without_solver(&o.problem, unplaced, &env, 0);
        print_message("bound without a solver: %.2f\n", bound);
        assert_true(bound > 0.8 * 7161.01 && bound < 7161.01);
}

static void is_never_above_the_optimum(void **state) {
        static struct random_problem p;
        unsigned tight = 0, all = 0;

        (void)state;
        for (uint64_t seed = 0; seed < 150; seed++) {
                uint32_t unplaced[PROBLEM_ITEMS_MAX] = { 0 };
                problem_random(seed, (struct problem_shape){ .items = 4, .types = 3, .pods_per_item = 2, .gpus = 4, .mig = seed % 2 }, &p);
                for (uint32_t i = 0; i < p.problem.item_count; i++) /* what no type holds does not count */
                        unplaced[i] = bound_guess(&p.problem, i) > 0 ? 0 : p.problem.items[i].count;
                double bound = bound_without_solver(&p.problem, unplaced, &still_env, 0), optimum = oracle_optimum(&p.problem);
                if (bound > optimum + 1e-6)
                        fail_msg("seed %llu: bound %.6f above the optimum %.6f", (unsigned long long)seed, bound, optimum);
                all++;
                tight += bound > 0.6 * optimum;
        }
        print_message("%u of %u bounds above 60 %% of the optimum\n", tight, all);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(openb_has_a_bound_without_solver),
                cmocka_unit_test(is_never_above_the_optimum),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
