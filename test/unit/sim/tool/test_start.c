#include "scenario_of.h"
#include "sim/node/fault.h"
#include "sim/node/process.h"
#include "sim/tool/start.h"
#include "sim/tool/words.h"

static struct node *node_with(unsigned seed) {
        struct node *n = mem_zalloc(1, sizeof *n);
        _cleanup_free_ char *text =
                mem_printf("apiVersion: sim.carve.dev/v1alpha1\nkind: Scenario\nseed: %u\ngpus: [{model: l4}, {model: t4}]\n", seed);
        struct err e = { 0 };

        assert_ok(node_of_text(text, n, &e), &e);
        return n;
}

/* Drawn pids are valid, all different, the same for the same seed, others for another; one that ended does not come back at once. */
static void draws_pids(void **state) {
        (void)state;
        struct node *a = node_with(1), *b = node_with(1), *c = node_with(2);
        const struct place at = { 0, NODE_NONE, NODE_NONE };
        uint32_t pids[300];
        unsigned equal = 0;

        for (unsigned i = 0; i < ARRAY_SIZE(pids); i++) {
                struct node_process p = { 0 };
                struct err e = { 0 };
                assert_ok(start_process(a, &at, &p, NOW_US, &e), &e);
                pids[i] = p.pid;
                assert_true(p.pid > 1 && p.pid <= 4194304);
                assert_int_equal(start_draw_pid(b), p.pid);
                equal += start_draw_pid(c) == p.pid;
                for (unsigned j = 0; j < i; j++)
                        assert_int_not_equal(pids[j], p.pid);
                if (i % 2)
                        assert_int_equal(process_end(a, p.pid, NOW_US), NVML_SUCCESS);
        }
        assert_int_equal(equal, 0);
        free(a);
        free(b);
        free(c);
}

static void says_why_not(void **state) {
        (void)state;
        struct node *n = node_with(1);
        const struct place at = { 1, NODE_NONE, NODE_NONE };
        struct node_process large = { .memory_bytes = UINT64_C(20) << 30 }, small = { .memory_bytes = 1 << 20 };
        struct err e = { 0 };

        assert_refused(start_process(n, &at, &large, NOW_US, &e), &e, "MiB free, and the process wants 20480 MiB");
        assert_int_equal(e.code, ERR_GPU);
        n->gpus[1].compute_mode = 3; /* exclusive process */
        assert_ok(start_process(n, &at, &small, NOW_US, &e), &e);
        small.pid = 0;
        assert_refused(start_process(n, &at, &small, NOW_US, &e), &e, "lets no other process in");
        free(n);
}

/* A '*' at the end of a fault's call stands for all that begin so, and its uses count together. */
static void faults_of_many_calls(void **state) {
        (void)state;
        struct node *n = node_with(1);
        struct err e = { 0 };
        const struct node_fault fault = { .kind = FAULT_FAIL, .gpu = 0, .code = 23, .times = 2, .call = "nvmlDeviceCreateGpuInstance*" };

        assert_int_equal(fault_add(n, &fault), NVML_SUCCESS);
        assert_int_equal(fault_next(n, 0, "nvmlDeviceCreateGpuInstance", 0), 0);
        assert_int_equal(fault_next(n, 0, "nvmlDeviceCreateGpuInstanceWithPlacement", 0), 0);
        assert_int_equal(fault_next(n, 0, "nvmlDeviceCreateGpu", 0), -1);
        assert_int_equal(fault_next(n, 0, "nvmlDeviceCreateGpuInstance", 1), -1);
        fault_use(n, 0);
        fault_use(n, 0);
        assert_int_equal(fault_next(n, 0, "nvmlDeviceCreateGpuInstance", 0), -1);

        assert_ok(words_call_check("nvmlDeviceCreateGpuInstance*", &e), &e);
        assert_refused(words_call_check("nvmlDeviceCreat3*", &e), &e, "NVML has no function");
        assert_refused(words_call_check("*", &e), &e, "NVML has no function");
        free(n);
}

static void reads_codes(void **state) {
        (void)state;
        static const struct {
                const char *text;
                unsigned code;
        } good[] = { { "IN_USE", 19 },
                     { "nvml_error_in_use", 19 },
                     { "ERROR_UNKNOWN", 999 },
                     { "NVML_SUCCESS", 0 },
                     { "SUCCESS", 0 },
                     { "0", 0 },
                     { "31", 31 },
                     { "GPU_IS_LOST", 15 } };
        static const char *const bad[] = { "", "IN", "NVML_", "ERROR_", "-1", "1000", "19x", "NVML_ERROR_SUCCESS" };
        char text[WORDS_CODE_MAX];
        struct err e = { 0 };
        unsigned code;

        for (unsigned i = 0; i < ARRAY_SIZE(good); i++) {
                assert_ok(words_code_read(good[i].text, &code, &e), &e);
                assert_int_equal(code, good[i].code);
        }
        for (unsigned i = 0; i < ARRAY_SIZE(bad); i++)
                assert_refused(words_code_read(bad[i], &code, &e), &e, "is no code of NVML");
        assert_string_equal(words_code(31, text), "31");
        assert_string_equal(words_code(999, text), "NVML_ERROR_UNKNOWN");
}

int main(void) {
        const struct CMUnitTest tests[] = { cmocka_unit_test(draws_pids), cmocka_unit_test(says_why_not),
                                            cmocka_unit_test(faults_of_many_calls), cmocka_unit_test(reads_codes) };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
