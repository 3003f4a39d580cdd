#include "oracle.h"

#include "../../../unit.h"

static const struct gpu_model plain = { .key = "plain" };

static const struct pack_type small = { .gpu = &plain, .gpus = 1, .cpu_milli = 4000, .memory_mib = 8000, .pods = 8, .usd_per_hour = 1 };
static const struct pack_type big = { .gpu = &plain, .gpus = 4, .cpu_milli = 16000, .memory_mib = 32000, .pods = 8, .usd_per_hour = 3.5 };

/* Optima worked out by hand. */
static void shares_cpu_and_whole_gpus(void **state) {
        const struct pack_option half = { .gpu = &plain, .mode = GPU_MPS, .milli = 500 };
        const struct pack_option most = { .gpu = &plain, .mode = GPU_MPS, .milli = 600 };
        const struct pack_type types[] = { small, big };
        struct pack_item item = { .memory_mib = 1, .types = { 3 } };
        const struct pack_problem problem = { .items = &item, .item_count = 1, .types = types, .type_count = 2 };

        (void)state;
        item.count = 4, item.cpu_milli = 1000, item.option_count = 1, item.options = &half;
        assert_float_equal(oracle_optimum(&problem), 2, 1e-9); /* two to a GPU, two small nodes */
        item.count = 5;
        assert_float_equal(oracle_optimum(&problem), 3, 1e-9);
        item.options = &most;
        item.count = 4;
        assert_float_equal(oracle_optimum(&problem), 3.5, 1e-9); /* one to a GPU: the big node is cheaper than four small ones */
        item.count = 2, item.option_count = 0, item.gpus = 3;
        assert_float_equal(oracle_optimum(&problem), 7, 1e-9);
        item.count = 3, item.gpus = 1, item.cpu_milli = 9000;
        assert_float_equal(oracle_optimum(&problem), 10.5, 1e-9); /* only the big type has 9 cores, and only once */
        item.cpu_milli = 17000;
        assert_float_equal(oracle_optimum(&problem), 0, 1e-9); /* fits nowhere */
}

static void max_per_node_and_modes(void **state) {
        const struct pack_option tenth = { .gpu = &plain, .mode = GPU_MPS, .milli = 100 };
        const struct pack_option turn = { .gpu = &plain, .mode = GPU_TIME_SLICING, .milli = 100 };
        struct pack_item items[] = {
                { .count = 3, .cpu_milli = 1, .memory_mib = 1, .max_per_node = 1, .option_count = 1, .options = &tenth, .types = { 1 } },
                { .count = 1, .cpu_milli = 1, .memory_mib = 1, .option_count = 1, .options = &turn, .types = { 1 } },
        };
        const struct pack_problem problem = { .items = items, .item_count = 2, .types = &small, .type_count = 1 };

        (void)state;
        assert_float_equal(oracle_optimum(&problem), 4, 1e-9); /* one each, and the turn cannot share a GPU with MPS */
        items[0].max_per_node = 0;
        assert_float_equal(oracle_optimum(&problem), 2, 1e-9);
}

/* An A100-80GB holds two 3g.40gb and nothing beside them but what 1 of 7 compute slices could do: no memory slice is left. */
static void mig(void **state) {
        const struct gpu_model *a100 = gpu_model_find("A100-80GB");
        const struct pack_option three = { .gpu = a100, .mode = GPU_MIG, .profile = gpu_profile_find(a100, "3g.40gb") };
        const struct pack_option one = { .gpu = a100, .mode = GPU_MIG, .profile = gpu_profile_find(a100, "1g.10gb") };
        struct pack_item items[] = {
                { .count = 2, .cpu_milli = 1, .memory_mib = 1, .option_count = 1, .options = &three, .types = { 1 } },
                { .count = 1, .cpu_milli = 1, .memory_mib = 1, .option_count = 1, .options = &one, .types = { 1 } },
        };
        const struct pack_type type = { .gpu = a100, .gpus = 1, .cpu_milli = 99, .memory_mib = 99, .pods = 99, .usd_per_hour = 1 };
        const struct pack_problem problem = { .items = items, .item_count = 2, .types = &type, .type_count = 1 };

        (void)state;
        assert_float_equal(oracle_optimum(&problem), 2, 1e-9);
        items[0].count = 1;
        items[1].count = 3;
        assert_float_equal(oracle_optimum(&problem), 1, 1e-9);
        items[1].count = 5;
        assert_float_equal(oracle_optimum(&problem), 2, 1e-9);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(shares_cpu_and_whole_gpus),
                cmocka_unit_test(max_per_node_and_modes),
                cmocka_unit_test(mig),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
