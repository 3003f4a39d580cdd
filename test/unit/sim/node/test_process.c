/* Who may start where, how much memory is left, and what stays in use. */
#include "node_of.h"
#include "sim/node/process.h"

#define NEWEST "590.48.01"
#define MIB (UINT64_C(1) << 20)

static const struct node_process whole = { .pid = 7, .gi_id = NODE_NONE, .ci_id = NODE_NONE };

static void refuses_what_cannot_run(void **state) {
        static const struct {
                struct node_process p;
                nvmlReturn_t without, with_mig; /* MIG: one 2g (GPU instance 5) with one compute instance */
        } cases[] = {
                { { .pid = 7, .gi_id = NODE_NONE, .ci_id = NODE_NONE }, NVML_SUCCESS, NVML_ERROR_INVALID_ARGUMENT },
                { { .pid = 7, .gi_id = 5, .ci_id = 0 }, NVML_ERROR_INVALID_ARGUMENT, NVML_SUCCESS },
                { { .pid = 7, .gi_id = 5, .ci_id = 1 }, NVML_ERROR_INVALID_ARGUMENT, NVML_ERROR_INVALID_ARGUMENT },
                { { .pid = 7, .gi_id = 4, .ci_id = 0 }, NVML_ERROR_INVALID_ARGUMENT, NVML_ERROR_INVALID_ARGUMENT },
                { { .pid = 7, .gi_id = 5, .ci_id = NODE_NONE }, NVML_ERROR_INVALID_ARGUMENT, NVML_ERROR_INVALID_ARGUMENT },
                { { .pid = 0, .gi_id = 5 }, NVML_ERROR_INVALID_ARGUMENT, NVML_ERROR_INVALID_ARGUMENT },
                { { .pid = 7, .gi_id = 5, .gpu = 1 }, NVML_ERROR_INVALID_ARGUMENT, NVML_ERROR_INVALID_ARGUMENT },
                { { .pid = 7, .gi_id = 5, .kind = PROCESS_KIND_MAX }, NVML_ERROR_INVALID_ARGUMENT, NVML_ERROR_INVALID_ARGUMENT },
                { { .pid = 7, .gi_id = 5, .sm_percent = 101 }, NVML_ERROR_INVALID_ARGUMENT, NVML_ERROR_INVALID_ARGUMENT },
                { { .pid = 7, .gi_id = 5, .memory_bytes = UINT64_MAX }, NVML_ERROR_INVALID_ARGUMENT, NVML_ERROR_MEMORY },
        };
        (void)state;
        for (unsigned i = 0; i < ARRAY_SIZE(cases); i++) {
                struct node *plain = node_of("A100-40GB", NEWEST, false), *cut = node_of("A100-40GB", NEWEST, true);
                unsigned gi, ci;
                assert_int_equal(mig_create_gi(cut, 0, 14, NULL, NOW, &gi), NVML_SUCCESS);
                assert_int_equal(mig_create_ci(cut, 0, gi, 1, NULL, NOW, &ci), NVML_SUCCESS);
                if (process_start(plain, &cases[i].p, NOW) != cases[i].without || process_start(cut, &cases[i].p, NOW) != cases[i].with_mig)
                        fail_msg("case %u", i);
                free(plain);
                free(cut);
        }
}

/* The last byte that is left can be had, and no more. */
static void runs_out_of_memory(void **state) {
        struct node *n = node_of("A100-40GB", NEWEST, true);
        unsigned gi, ci;
        struct mig_memory m;

        (void)state;
        assert_int_equal(mig_create_gi(n, 0, 9, NULL, NOW, &gi), NVML_SUCCESS);
        assert_int_equal(mig_create_ci(n, 0, gi, 2, NULL, NOW, &ci), NVML_SUCCESS);
        mig_memory(n, 0, gi, &m);
        struct node_process p = { .pid = 7, .gi_id = n->gpus[0].gi[gi].id, .memory_bytes = m.total - m.used + 1 };
        assert_int_equal(process_start(n, &p, NOW), NVML_ERROR_MEMORY);
        p.memory_bytes--;
        assert_int_equal(process_start(n, &p, NOW), NVML_SUCCESS);
        mig_memory(n, 0, gi, &m);
        assert_int_equal(m.used, m.total);
        p = (struct node_process){ .pid = 8, .gi_id = p.gi_id, .memory_bytes = 1 };
        assert_int_equal(process_start(n, &p, NOW), NVML_ERROR_MEMORY);
        p.memory_bytes = 0;
        assert_int_equal(process_start(n, &p, NOW), NVML_SUCCESS);
        struct err e = { 0 };
        assert_ok(node_check(n, &e), &e);
        assert_int_equal(process_end(n, 7, NOW), NVML_SUCCESS);
        mig_memory(n, 0, gi, &m);
        assert_true(m.used < 64 * MIB);
        free(n);
}

/* nvmlComputeMode_t: 0 default, 1 and 3 exclusive, 2 prohibited. */
static void keeps_to_the_compute_mode(void **state) {
        static const struct {
                uint8_t mode, kind;
                nvmlReturn_t first, second;
        } cases[] = {
                { 0, PROCESS_COMPUTE, NVML_SUCCESS, NVML_SUCCESS },           { 1, PROCESS_COMPUTE, NVML_SUCCESS, NVML_ERROR_IN_USE },
                { 3, PROCESS_COMPUTE, NVML_SUCCESS, NVML_ERROR_IN_USE },      { 3, PROCESS_GRAPHICS, NVML_SUCCESS, NVML_SUCCESS },
                { 2, PROCESS_COMPUTE, NVML_ERROR_IN_USE, NVML_ERROR_IN_USE },
        };
        (void)state;
        for (unsigned i = 0; i < ARRAY_SIZE(cases); i++) {
                struct node *n = node_of("A100-40GB", NEWEST, false);
                struct node_process p = whole;
                n->gpus[0].compute_mode = cases[i].mode;
                p.kind = cases[i].kind;
                assert_int_equal(process_start(n, &p, NOW), cases[i].first);
                p.pid++;
                assert_int_equal(process_start(n, &p, NOW), cases[i].second);
                free(n);
        }
}

static void finds_and_ends(void **state) {
        struct node *n = node_of("A100-40GB", NEWEST, false);
        struct node_process p = whole;

        (void)state;
        for (unsigned i = 0; i < NODE_PROCESSES_MAX; i++) {
                p.pid = 1 + i % 2;
                p.kind = i % 4 == 0 ? PROCESS_GRAPHICS : PROCESS_COMPUTE;
                assert_int_equal(process_start(n, &p, NOW + i), NVML_SUCCESS);
        }
        assert_int_equal(process_start(n, &p, NOW), NVML_ERROR_INSUFFICIENT_RESOURCES);
        unsigned count = 0;
        for (int i = process_next(n, 0, 0, NODE_NONE, NODE_NONE, PROCESS_GRAPHICS); i >= 0;
             i = process_next(n, (unsigned)i + 1, 0, NODE_NONE, NODE_NONE, PROCESS_GRAPHICS), count++)
                assert_int_equal(n->processes[i].start_us, NOW + 4 * count);
        assert_int_equal(count, NODE_PROCESSES_MAX / 4);
        assert_int_equal(process_next(n, 0, 1, NODE_NONE, NODE_NONE, PROCESS_KIND_MAX), -1);

        assert_int_equal(process_end(n, 1, NOW), NVML_SUCCESS);
        assert_int_equal(n->process_count, NODE_PROCESSES_MAX / 2);
        assert_int_equal(process_end(n, 1, NOW), NVML_ERROR_NOT_FOUND);
        assert_int_equal(process_end(n, 0, NOW), NVML_ERROR_NOT_FOUND);
        assert_int_equal(process_end(n, 2, NOW), NVML_SUCCESS);
        assert_int_equal(n->process_count, 0);
        free(n);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(refuses_what_cannot_run),
                cmocka_unit_test(runs_out_of_memory),
                cmocka_unit_test(keeps_to_the_compute_mode),
                cmocka_unit_test(finds_and_ends),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
