/* Sensors: hand-computed from the board's figures (H100: 70 W idle, 700 W, of which a full load draws 90 %; L4: 16 W and 72 W). */
#include "node_of.h"
#include "sim/node/process.h"
#include "sim/node/reading.h"

#define NEWEST "590.48.01"
#define SECOND UINT64_C(1000000)

static void start(struct node *n, uint32_t pid, unsigned gi_id, unsigned ci_id, unsigned percent, uint64_t now_us) {
        const struct node_process p = { .pid = pid,
                                        .gi_id = (uint8_t)gi_id,
                                        .ci_id = (uint8_t)ci_id,
                                        .sm_percent = (uint8_t)percent,
                                        .memory_percent = (uint8_t)(percent / 2) };

        assert_int_equal(process_start(n, &p, now_us), NVML_SUCCESS);
}

static void follows_the_load(void **state) {
        static const struct {
                const char *gpu;
                uint8_t percent;
                uint32_t limit_w, power_mw, sm_mhz, memory_mhz;
                uint8_t performance_state;
                uint64_t reasons; /* 1: idle, 4: power cap */
        } cases[] = {
                { "H100-80GB", 0, 700, 70000, 345, 2619, 0, 1 },
                { "H100-80GB", 50, 700, 350000, 1980, 2619, 0, 0 },
                { "H100-80GB", 100, 700, 630000, 1980, 2619, 0, 0 },
                { "H100-80GB", 100, 400, 400000, 1584, 2619, 0, 4 },
                { "l4", 0, 72, 16000, 210, 405, 8, 1 },
                { "l4", 100, 72, 64800, 2040, 6251, 0, 0 },
        };
        (void)state;
        for (unsigned i = 0; i < ARRAY_SIZE(cases); i++) {
                struct node *n = node_of(cases[i].gpu, NEWEST, false);
                struct reading r;
                n->gpus[0].load.gpu_percent = cases[i].percent;
                n->gpus[0].power_limit_mw = cases[i].limit_w * 1000;
                reading_gpu(n, 0, NOW, &r);
                assert_int_equal(r.gpu_percent, cases[i].percent);
                assert_int_equal(r.power_mw, cases[i].power_mw);
                assert_int_equal(r.sm_mhz, cases[i].sm_mhz);
                assert_int_equal(r.memory_mhz, cases[i].memory_mhz);
                assert_int_equal(r.performance_state, cases[i].performance_state);
                assert_int_equal(r.clock_event_reasons, cases[i].reasons);
                assert_true(r.temperature_c > 20 && r.temperature_c < board_of(node_model(&n->gpus[0]))->gpu_max_c);
                free(n);
        }
}

static void shows_what_a_scenario_wishes(void **state) {
        struct node *n = node_of("RTX-PRO-5000-48GB", NEWEST, false);
        struct reading r;

        (void)state;
        n->gpus[0].load =
                (struct node_load){ .temperature_c = 91, .power_mw = 123456, .sm_clock_mhz = 777, .fan_percent = 55, .jpeg_percent = 9 };
        reading_gpu(n, 0, NOW, &r);
        assert_int_equal(r.temperature_c, 91);
        assert_int_equal(r.power_mw, 123456);
        assert_int_equal(r.sm_mhz, 777);
        assert_int_equal(r.fan_percent, 55);
        assert_int_equal(r.jpeg_percent, 9);
        free(n);
}

/* 70 W for 10 s, then 630 W for 10 s, then 70 W again. */
static void the_meter_adds_up(void **state) {
        struct node *n = node_of("H100-80GB", NEWEST, false);
        struct reading r;

        (void)state;
        reading_gpu(n, 0, NOW + 10 * SECOND, &r);
        assert_int_equal(r.energy_mj, 700000);
        start(n, 7, NODE_NONE, NODE_NONE, 100, NOW + 10 * SECOND);
        reading_gpu(n, 0, NOW + 20 * SECOND, &r);
        assert_int_equal(r.energy_mj, 7000000);
        assert_int_equal(process_end(n, 7, NOW + 20 * SECOND), NVML_SUCCESS);
        reading_gpu(n, 0, NOW + 30 * SECOND, &r);
        assert_int_equal(r.energy_mj, 7700000);
        reading_gpu(n, 0, NOW, &r); /* a clock that was set back */
        assert_int_equal(r.energy_mj, 7000000);
        node_reboot(n, NOW + 40 * SECOND);
        reading_gpu(n, 0, NOW + 41 * SECOND, &r);
        assert_int_equal(r.energy_mj, 70000);

        uint64_t century = UINT64_C(3155760000) * SECOND;
        reading_gpu(n, 0, NOW + 40 * SECOND + century, &r);
        assert_int_equal(r.energy_mj, UINT64_C(70000) * 3155760000);
        free(n);
}

/* A process counts against its slice there, and with its part of the GPU here: 1c and 2c of a 3g of seven slices. */
static void weighs_slices(void **state) {
        struct node *n = node_of("H200-141GB", NEWEST, true);
        unsigned gi, ci;
        struct reading r;

        (void)state;
        assert_int_equal(mig_create_gi(n, 0, 9, NULL, NOW, &gi), NVML_SUCCESS);
        assert_int_equal(mig_create_ci(n, 0, gi, 0, NULL, NOW, &ci), NVML_SUCCESS);
        assert_int_equal(mig_create_ci(n, 0, gi, 1, NULL, NOW, &ci), NVML_SUCCESS);
        start(n, 7, 2, 0, 90, NOW);
        start(n, 8, 2, 1, 60, NOW);
        reading_slice(n, 0, 2, 0, NOW, &r);
        assert_int_equal(r.gpu_percent, 90);
        reading_slice(n, 0, 2, 1, NOW, &r);
        assert_int_equal(r.gpu_percent, 60);
        assert_int_equal(r.memory_percent, 30);
        reading_slice(n, 0, 2, NODE_NONE, NOW, &r);
        assert_in_range(r.gpu_percent, 69, 70); /* (90 + 2 * 60) / 3 */
        assert_int_equal(r.memory_percent, 75); /* they share it */
        reading_gpu(n, 0, NOW, &r);
        assert_in_range(r.gpu_percent, 29, 30);    /* (90 + 2 * 60) / 7 */
        assert_in_range(r.memory_percent, 37, 38); /* half of 75 */
        free(n);
}

static void wanders_by_the_seed(void **state) {
        struct node *n = node_of("H100-80GB", NEWEST, false);
        unsigned different = 0;
        uint32_t first = 0;

        (void)state;
        n->gpus[0].load.gpu_percent = 50; /* 350 W */
        n->jitter_percent = 10;
        for (unsigned i = 0; i < 100; i++) {
                struct reading r, again;
                uint64_t now = NOW + i * SECOND;
                reading_gpu(n, 0, now, &r);
                reading_gpu(n, 0, now, &again);
                assert_memory_equal(&r, &again, sizeof r);
                assert_in_range(r.power_mw, 315000, 385000);
                assert_in_range(r.gpu_percent, 45, 55);
                first = i ? first : r.power_mw;
                different += r.power_mw != first;
        }
        assert_true(different > 90);
        free(n);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(follows_the_load), cmocka_unit_test(shows_what_a_scenario_wishes), cmocka_unit_test(the_meter_adds_up),
                cmocka_unit_test(weighs_slices),    cmocka_unit_test(wanders_by_the_seed),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
