#include "../../../unit.h"
#include "core/plan/pack/engines.h"
#include "openb.h"
#include "problems.h"
#include "same.h"

static const struct gpu_model model = { .key = "m" };

static void groups_equal_pod_by_pod(void **state) {
        (void)state;
        for (uint64_t seed = 0; seed < 400; seed++)
                assert_same_as_naive(seed, seed % 2, pack_karpenter, naive_karpenter);
}

static void solve(const struct pack_problem *problem, struct pack_solution *ret_solution) {
        struct err e;

        assert_ok(pack_karpenter(problem, &still_env, ret_solution, &e), &e);
        assert_ok(pack_check(problem, ret_solution, &e), &e);
}

static uint64_t nodes(const struct pack_solution *s) {
        uint64_t count = 0;

        for (size_t n = 0; n < s->node_count; n++)
                count += s->nodes[n].count;
        return count;
}

/* Another implementation of the rule, written for the study of this trace: 927 nodes for 12,363.28 $/h with whole GPUs; 794 for 10,587.67
 * with shares, where it only summed shares over a node. Packing the single GPUs costs a little more. */
static void openb_as_in_the_study(void **state) {
        static struct openb o;
        struct pack_solution s;

        (void)state;
        openb_problem(1, true, &o);
        solve(&o.problem, &s);
        assert_float_equal(s.usd_per_hour, 12363.28, 0.01);
        assert_int_equal(nodes(&s), 927);
        pack_solution_done(&s);

        openb_problem(1, false, &o);
        solve(&o.problem, &s);
        assert_true(s.usd_per_hour >= 10587.67 && s.usd_per_hour < 10587.67 * 1.02);
        pack_solution_done(&s);
}

/* A claim grows in groups, however many pods there are. */
static void groups_do_not_grow_with_pods(void **state) {
        static struct openb o;
        struct pack_solution once, often;

        (void)state;
        openb_problem(1, false, &o);
        solve(&o.problem, &once);
        openb_problem(1000, false, &o);
        solve(&o.problem, &often);
        assert_true(often.node_count < 4 * once.node_count); /* 806 and 806,178 nodes */
        assert_true(often.usd_per_hour < once.usd_per_hour * 1000 * 1.005);
        pack_solution_done(&once);
        pack_solution_done(&often);
}

/* aws/karpenter-provider-aws issue 5379: two pods of one GPU get one g5.12xlarge (4 GPUs) instead of two g5.xlarge. Both fit the 4-GPU
 * type, so the second joins the claim of the first, and no 1-GPU type is left. */
static void two_pods_share_a_node_that_costs_more(void **state) {
        const struct pack_item item = { .count = 2, .cpu_milli = 1000, .memory_mib = 1024, .gpus = 1, .types = { 3 } };
        const struct pack_type types[] = {
                { .gpu = &model, .gpus = 1, .cpu_milli = 3920, .memory_mib = 14000, .pods = 58, .usd_per_hour = 1.006 },
                { .gpu = &model, .gpus = 4, .cpu_milli = 47810, .memory_mib = 180000, .pods = 234, .usd_per_hour = 5.672 },
        };
        const struct pack_problem problem = { .items = &item, .item_count = 1, .types = types, .type_count = 2 };
        struct pack_solution s;

        (void)state;
        solve(&problem, &s);
        assert_int_equal(nodes(&s), 1);
        assert_float_equal(s.usd_per_hour, 5.672, 1e-9);
        pack_solution_done(&s);
}

/* Four nodes of four big pods are opened first; the small pods then level out over them, one each, instead of filling the first. */
static void pods_level_out(void **state) {
        const struct pack_option option = { .gpu = &model, .mode = GPU_MPS, .milli = 10 };
        const struct pack_item items[] = {
                { .count = 4, .cpu_milli = 6000, .memory_mib = 1, .option_count = 1, .options = &option, .types = { 1 } },
                { .count = 4, .cpu_milli = 1000, .memory_mib = 1, .option_count = 1, .options = &option, .types = { 1 } },
        };
        const struct pack_type type = { .gpu = &model, .gpus = 1, .cpu_milli = 10000, .memory_mib = 99, .pods = 9, .usd_per_hour = 1 };
        const struct pack_problem problem = { .items = items, .item_count = 2, .types = &type, .type_count = 1 };
        struct pack_solution s;

        (void)state;
        solve(&problem, &s);
        assert_int_equal(s.node_count, 1);
        assert_int_equal(s.nodes[0].count, 4);
        assert_int_equal(s.nodes[0].gpus[0].count, 2);
        pack_solution_done(&s);
}

/* Three shares of 600 sum up to less than two GPUs, but each needs a GPU of its own: the third pod waits and gets another node. */
static void a_sum_that_does_not_pack_costs_a_node(void **state) {
        const struct pack_option option = { .gpu = &model, .mode = GPU_MPS, .milli = 600 };
        const struct pack_item item = {
                .count = 3, .cpu_milli = 1, .memory_mib = 1, .option_count = 1, .options = &option, .types = { 3 }
        };
        const struct pack_type types[] = {
                { .gpu = &model, .gpus = 2, .cpu_milli = 10, .memory_mib = 99, .pods = 9, .usd_per_hour = 5 },
                { .gpu = &model, .gpus = 1, .cpu_milli = 10, .memory_mib = 99, .pods = 9, .usd_per_hour = 2 },
        };
        const struct pack_problem problem = { .items = &item, .item_count = 1, .types = types, .type_count = 2 };
        struct pack_solution s;

        (void)state;
        solve(&problem, &s);
        assert_int_equal(nodes(&s), 2);
        assert_float_equal(s.usd_per_hour, 7, 1e-9);
        pack_solution_done(&s);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(groups_equal_pod_by_pod),
                cmocka_unit_test(openb_as_in_the_study),
                cmocka_unit_test(groups_do_not_grow_with_pods),
                cmocka_unit_test(two_pods_share_a_node_that_costs_more),
                cmocka_unit_test(pods_level_out),
                cmocka_unit_test(a_sum_that_does_not_pack_costs_a_node),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
