/* Right-sizing by hand computation; MIG profiles from NVIDIA's tables (A100-80GB: 1g.10gb 9.5 GiB and 1/7 of the SMs, … 7g.80gb). */
#include "core/plan/size.h"

#include "../../unit.h"

#define GIB 1024

static const struct size_rules rules = { .headroom_percent = 20 };

static struct workload measured(const char *gpu, uint32_t p99_mib, float activity) {
        return (struct workload){ .request = { .kind = REQUEST_GPUS, .count = 1 },
                                  .containers_with_gpu = 1,
                                  .headroom_percent = -1,
                                  .usage = { .present = true,
                                             .memory_p99_mib = p99_mib,
                                             .sm_p50 = -1,
                                             .sm_p95 = activity,
                                             .sm_max = -1,
                                             .gpu = gpu ? gpu_model_find(gpu) : NULL } };
}

static void memory_is_percentile_and_headroom(void **state) {
        (void)state;
        struct workload w = measured("l4", 6000, -1);

        w.usage.memory_max_mib = 9000;
        w.usage.memory_p95_mib = 5000;
        struct need n = size_need(&w, false, &rules);
        assert_int_equal(n.memory_mib, 7200); /* 6000 x 1.2 */
        assert_string_equal(n.memory_source, "p99");

        w.usage.memory_p99_mib = 0;
        n = size_need(&w, false, &rules);
        assert_int_equal(n.memory_mib, 10800); /* the maximum before p95: too much rather than too little */
        w.usage.memory_max_mib = 0;
        n = size_need(&w, false, &rules);
        assert_int_equal(n.memory_mib, 6000);
        w.usage.memory_p95_mib = 0;
        n = size_need(&w, false, &rules);
        assert_false(need_known(&n));

        w.usage.memory_p99_mib = 1000;
        w.headroom_percent = 50; /* a policy's */
        n = size_need(&w, false, &rules);
        assert_int_equal(n.memory_mib, 1500);
}

static void declared_size_is_a_floor(void **state) {
        (void)state;
        struct workload w = measured("l4", 1000, -1);

        w.request = (struct gpu_request){ .kind = REQUEST_MEMORY, .count = 1, .memory_mib = 8 * GIB };
        assert_int_equal(size_need(&w, false, &rules).memory_mib, 8 * GIB);
        w.below_request = true;
        assert_int_equal(size_need(&w, false, &rules).memory_mib, 1200);
        w.usage.present = false; /* nothing measured: what it declares stays */
        assert_int_equal(size_need(&w, false, &rules).memory_mib, 8 * GIB);

        w.request = (struct gpu_request){ .kind = REQUEST_MIG, .count = 1, .profile = "1g.5gb" };
        assert_int_equal(size_need(&w, false, &rules).memory_mib, 4864); /* A100-40GB, nvidia-smi mig -lgip: 4.75 GiB */
}

static void compute_moves_between_models_by_throughput(void **state) {
        (void)state;
        const struct gpu_model *l4 = gpu_model_find("l4"), *t4 = gpu_model_find("t4"), *a100 = gpu_model_find("A100-80GB");
        struct workload w = measured("l4", 1000, 0.40f);
        struct need n = size_need(&w, false, &rules);

        assert_float_equal(size_compute(&n, l4), 0.48, 1e-5);
        /* NVIDIA's data sheets: dense fp16 L4 121, T4 65, A100 312 Tflop/s. */
        assert_float_equal(size_compute(&n, t4), 0.48 * 121 / 65, 0.02);
        assert_float_equal(size_compute(&n, a100), 0.48 * 121 / 312, 0.005);

        w = measured("l4", 1000, 0.95f); /* headroom must not make a GPU too slow for what ran on it */
        n = size_need(&w, false, &rules);
        assert_float_equal(size_compute(&n, l4), 1, 1e-5);
        assert_true(size_compute(&n, t4) > 1);
        assert_false(size_fits_whole(&n, t4, 15360));
        assert_true(size_fits_whole(&n, l4, 22888));
}

static void a_share_holds_memory_and_compute(void **state) {
        (void)state;
        const struct gpu_model *l4 = gpu_model_find("l4");
        struct workload w = measured("l4", 6000, 0.10f);
        struct need n = size_need(&w, false, &rules);
        struct share s;

        /* 7200 MiB -> 8 GiB; 22888 - 1024 for the MPS server = 21864; 8192 / 21864 = 0.3747 */
        assert_true(size_share(&n, l4, 22888, GPU_MPS, 1, &rules, &s));
        assert_int_equal(s.mib, 8192);
        assert_int_equal(s.milli, 375);
        assert_true(size_share(&n, l4, 22888, GPU_TIME_SLICING, 1, &rules, &s));
        assert_int_equal(s.milli, 358); /* 8192 / 22888 */

        w = measured("l4", 1000, 0.50f); /* 60 % of the compute: 0.6 x 21864 = 13118 MiB -> 13 GiB */
        n = size_need(&w, false, &rules);
        assert_true(size_share(&n, l4, 22888, GPU_MPS, 1, &rules, &s));
        assert_int_equal(s.mib, 13 * GIB);
        assert_true(s.milli >= 600);

        w = measured("l4", 20000, 0.1f); /* 24000 MiB is more than an L4 */
        n = size_need(&w, false, &rules);
        assert_false(size_share(&n, l4, 22888, GPU_MPS, 1, &rules, &s));
}

static void a_menu_rounds_up(void **state) {
        (void)state;
        const uint32_t menu[] = { 16 * GIB, 4 * GIB, 10 * GIB };
        struct size_rules with_menu = rules;
        struct workload w = measured("l4", 6000, -1);
        struct need n = size_need(&w, false, &rules);
        struct share s;

        with_menu.menu_mib = menu;
        with_menu.menu_count = 3;
        assert_true(size_share(&n, gpu_model_find("l4"), 22888, GPU_MPS, 1, &with_menu, &s));
        assert_int_equal(s.mib, 10 * GIB);
        n.memory_mib = 17 * GIB;
        assert_false(size_share(&n, gpu_model_find("l4"), 22888, GPU_MPS, 1, &with_menu, &s));
}

/* 48 clients at most: a pod of 6 containers takes an eighth of them, so an eighth of the GPU. */
static void clients_are_counted(void **state) {
        (void)state;
        struct workload w = measured("l4", 100, -1);
        struct need n = size_need(&w, false, &rules);
        struct share s;

        assert_true(size_share(&n, gpu_model_find("l4"), 22888, GPU_MPS, 6, &rules, &s));
        assert_true(s.milli >= 125);
}

static void a_traces_share_is_exact(void **state) {
        (void)state;
        struct workload w = { .request = { .kind = REQUEST_GPUS, .count = 1, .milli = 470 }, .headroom_percent = -1 };
        struct need n = size_need(&w, true, &rules);
        struct share s;

        assert_true(size_share(&n, gpu_model_find("l4"), 22888, GPU_MPS, 1, &rules, &s));
        assert_int_equal(s.milli, 470);
        assert_int_equal(s.mib, 0);
}

static const struct {
        uint32_t memory_mib;
        float compute; /* of an A100-80GB; negative = unknown */
        bool full;
        const char *profile; /* NULL = none */
} profiles[] = {
        { 7 * GIB, -1, false, "1g.10gb" },    { 9728, -1, false, "1g.10gb" },      { 9729, -1, false, "1g.20gb" },
        { 7 * GIB, 0.2f, false, "2g.20gb" },  { 7 * GIB, 0.3f, false, "3g.40gb" }, { 30 * GIB, -1, false, "3g.40gb" },
        { 30 * GIB, 0.5f, false, "4g.40gb" }, { 7 * GIB, 0.6f, false, NULL },      { 60 * GIB, -1, false, NULL },
        { 60 * GIB, -1, true, "7g.80gb" },
};

static void picks_the_smallest_profile(void **state) {
        (void)state;
        const struct gpu_model *a100 = gpu_model_find("A100-80GB");

        for (size_t i = 0; i < ARRAY_SIZE(profiles); i++) {
                struct need n = { .memory_mib = profiles[i].memory_mib, .tflops = -1, .fraction = profiles[i].compute };
                const struct gpu_profile *p = size_profile(&n, a100, false, profiles[i].full);
                assert_string_equal(p ? p->name : "none", profiles[i].profile ?: "none");
        }
        struct need n = { .memory_mib = GIB, .tflops = -1, .fraction = -1 };
        assert_null(size_profile(&n, a100, true, false)); /* no +gfx on an A100 */
        const struct gpu_profile *p = size_profile(&n, gpu_model_find("RTX-PRO-6000-96GB"), true, false);
        assert_non_null(p);
        assert_non_null(strstr(p->name, "+gfx"));
}

/* Rounded up a need is never less, rounded down never more, and both are within a step. */
static void rounding_stays_within_a_step(void **state) {
        (void)state;
        for (uint32_t mib = 1; mib < 100000; mib += 1 + mib / 7) {
                struct need n = { .memory_mib = mib, .milli = (uint16_t)(mib % 999 + 1), .tflops = (float)mib / 300, .fraction = -1 };
                struct need up = size_round(&n, 0.25, true), down = size_round(&n, 0.25, false);
                assert_true(up.memory_mib >= mib && up.memory_mib <= mib * 1.25 + 1);
                assert_true(down.memory_mib <= mib && down.memory_mib >= mib / 1.25 - 1);
                assert_true(up.milli >= n.milli && up.milli <= 999 && down.milli <= n.milli && down.milli >= 1);
                assert_true(up.tflops >= n.tflops && down.tflops <= n.tflops);
                assert_int_equal(size_round(&n, 0, true).memory_mib, mib);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(memory_is_percentile_and_headroom),
                cmocka_unit_test(declared_size_is_a_floor),
                cmocka_unit_test(compute_moves_between_models_by_throughput),
                cmocka_unit_test(a_share_holds_memory_and_compute),
                cmocka_unit_test(a_menu_rounds_up),
                cmocka_unit_test(clients_are_counted),
                cmocka_unit_test(a_traces_share_is_exact),
                cmocka_unit_test(picks_the_smallest_profile),
                cmocka_unit_test(rounding_stays_within_a_step),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
