#include "../../../unit.h"
#include "core/plan/pack/engines.h"
#include "openb.h"
#include "oracle.h"
#include "problems.h"
#include "same.h"

static const struct {
        pack_engine_function engine;
        naive_function naive;
        double openb, openb_whole; /* $/h of the same rule in the study of the trace (test/unit/core/plan/pack/openb.h) */
} engines[] = {
        { pack_first_fit, naive_first_fit, 8620.93, 9244.85 },
        { pack_best_fit, naive_best_fit, 8580.22, 9244.85 },
};

static void runs_equal_pod_by_pod(void **state) {
        (void)state;
        for (uint64_t seed = 0; seed < 400; seed++)
                for (unsigned k = 0; k < ARRAY_SIZE(engines); k++)
                        assert_same_as_naive(seed, seed % 2, engines[k].engine, engines[k].naive);
}

static void never_beats_the_optimum(void **state) {
        static struct random_problem p;

        (void)state;
        for (uint64_t seed = 0; seed < 300; seed++) {
                problem_random(seed, (struct problem_shape){ .items = 4, .types = 3, .pods_per_item = 2, .gpus = 2, .mig = seed % 2 }, &p);
                double optimum = oracle_optimum(&p.problem);
                for (unsigned k = 0; k < ARRAY_SIZE(engines); k++) {
                        struct pack_solution s;
                        struct err e;
                        assert_ok(engines[k].engine(&p.problem, &still_env, &s, &e), &e);
                        assert_ok(pack_check(&p.problem, &s, &e), &e);
                        if (s.usd_per_hour < optimum - 1e-9)
                                fail_msg("seed %llu: %.6f is below the optimum %.6f", (unsigned long long)seed, s.usd_per_hour, optimum);
                        pack_solution_done(&s);
                }
        }
}

static double openb_price(unsigned engine, uint32_t times, bool whole, size_t *ret_groups) {
        static struct openb o;
        struct pack_solution s;
        struct err e;

        openb_problem(times, whole, &o);
        assert_ok(engines[engine].engine(&o.problem, &still_env, &s, &e), &e);
        assert_ok(pack_check(&o.problem, &s, &e), &e);
        double usd_per_hour = s.usd_per_hour;
        if (ret_groups)
                *ret_groups = s.node_count;
        pack_solution_done(&s);
        return usd_per_hour;
}

/* The study opened the cheapest node for one pod; here it is the cheapest per pod of the run, so the answer may only be better. */
static void openb_is_not_dearer_than_in_the_study(void **state) {
        (void)state;
        for (unsigned k = 0; k < ARRAY_SIZE(engines); k++) {
                assert_true(openb_price(k, 1, false, NULL) <= engines[k].openb);
                assert_true(openb_price(k, 1, true, NULL) <= engines[k].openb_whole);
        }
}

/* What a run does to a group does not depend on how many pods it has. */
static void groups_do_not_grow_with_pods(void **state) {
        (void)state;
        for (unsigned k = 0; k < ARRAY_SIZE(engines); k++) {
                size_t groups, groups_100;
                double once = openb_price(k, 1, false, &groups), often = openb_price(k, 100, false, &groups_100);
                assert_true(groups_100 < groups + groups / 4);
                assert_true(often < once * 100 * 1.005);
        }
}

/* 3 GPUs of 4 are too many for the only type; 4 shares of 300 need two GPUs; a pod beyond all memory stays out. */
static void what_fits_nowhere_is_counted(void **state) {
        static const struct gpu_model model = { .key = "m" };
        const struct pack_option share = { .gpu = &model, .mode = GPU_MPS, .milli = 300 };
        const struct pack_item items[] = {
                { .count = 5, .cpu_milli = 1, .memory_mib = 1, .gpus = 3, .types = { 1 } },
                { .count = 4, .cpu_milli = 1, .memory_mib = 1, .option_count = 1, .options = &share, .types = { 1 } },
                { .count = 2, .cpu_milli = 1, .memory_mib = 9999, .gpus = 1, .types = { 1 } },
                { .count = 7, .cpu_milli = 1, .memory_mib = 1, .gpus = 1, .types = { 2 } },
        };
        const struct pack_type type = { .gpu = &model, .gpus = 2, .cpu_milli = 100, .memory_mib = 100, .pods = 10, .usd_per_hour = 3 };
        const struct pack_problem problem = { .items = items, .item_count = 4, .types = &type, .type_count = 1 };

        (void)state;
        for (unsigned k = 0; k < ARRAY_SIZE(engines); k++) {
                struct pack_solution s;
                struct err e;
                assert_ok(engines[k].engine(&problem, &still_env, &s, &e), &e);
                assert_ok(pack_check(&problem, &s, &e), &e);
                assert_int_equal(s.unplaced[0], 5);
                assert_int_equal(s.unplaced[1], 0);
                assert_int_equal(s.unplaced[2], 2);
                assert_int_equal(s.unplaced[3], 7);
                assert_float_equal(s.usd_per_hour, 3, 1e-9);
                pack_solution_done(&s);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(runs_equal_pod_by_pod),
                cmocka_unit_test(never_beats_the_optimum),
                cmocka_unit_test(openb_is_not_dearer_than_in_the_study),
                cmocka_unit_test(groups_do_not_grow_with_pods),
                cmocka_unit_test(what_fits_nowhere_is_counted),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
