/* Events, accidents, and faults that are set on purpose. */
#include "node_of.h"
#include "sim/node/event.h"
#include "sim/node/fault.h"

#define NEWEST "590.48.01"

static void keeps_the_newest(void **state) {
        struct node *n = node_of("H100-80GB", NEWEST, false);

        (void)state;
        for (unsigned i = 1; i <= NODE_EVENTS_MAX + 10; i++)
                assert_int_equal(event_xid(n, 0, i, NVML_NO_INSTANCE, NVML_NO_INSTANCE, NOW + i), NVML_SUCCESS);
        assert_int_equal(event_after(n, 0)->sequence, 11); /* ten are forgotten */
        uint64_t seen = 10;
        for (const struct node_event *event = event_after(n, seen); event; event = event_after(n, seen)) {
                assert_int_equal(event->sequence, seen + 1);
                assert_int_equal(event->data, event->sequence);
                assert_int_equal(event->time_us, NOW + event->sequence);
                seen = event->sequence;
        }
        assert_int_equal(seen, NODE_EVENTS_MAX + 10);
        struct err e = { 0 };
        assert_ok(node_check(n, &e), &e);
        assert_int_equal(event_xid(n, 1, 79, 0, 0, NOW), NVML_ERROR_INVALID_ARGUMENT);
        free(n);
}

static void counts_memory_errors(void **state) {
        static const struct {
                const char *gpu;
                bool uncorrected, dram;
                uint64_t type;
                struct node_ecc ecc;
                unsigned remapped;
        } cases[] = {
                { "H100-80GB", false, false, nvmlEventTypeSingleBitEccError, { .sram_corrected = 3 }, 0 },
                { "H100-80GB", false, true, nvmlEventTypeSingleBitEccError, { .dram_corrected = 3 }, 0 },
                { "H100-80GB", true, false, nvmlEventTypeDoubleBitEccError, { .sram_uncorrected = 3 }, 0 },
                { "H100-80GB", true, true, nvmlEventTypeDoubleBitEccError, { .dram_uncorrected = 3 }, 1 },
                { "t4", true, true, nvmlEventTypeDoubleBitEccError, { .dram_uncorrected = 3 }, 0 }, /* retires pages instead */
        };
        (void)state;
        for (unsigned i = 0; i < ARRAY_SIZE(cases); i++) {
                struct node *n = node_of(cases[i].gpu, NEWEST, false);
                struct node_gpu *g = &n->gpus[0];
                assert_int_equal(event_ecc(n, 0, cases[i].uncorrected, cases[i].dram, 3, NOW), NVML_SUCCESS);
                assert_int_equal(event_after(n, 0)->type, cases[i].type);
                assert_memory_equal(&g->ecc_volatile, &cases[i].ecc, sizeof cases[i].ecc);
                assert_memory_equal(&g->ecc_aggregate, &cases[i].ecc, sizeof cases[i].ecc);
                assert_int_equal(g->pending_rows, cases[i].remapped);
                assert_int_equal(g->remapped_uncorrected, cases[i].remapped);
                assert_int_equal(node_reset_gpu(n, 0, NOW), NVML_SUCCESS);
                assert_memory_equal(&g->ecc_volatile, &(struct node_ecc){ 0 }, sizeof g->ecc_volatile);
                assert_memory_equal(&g->ecc_aggregate, &cases[i].ecc, sizeof cases[i].ecc);
                assert_int_equal(g->pending_rows, 0);
                assert_int_equal(g->remapped_uncorrected, cases[i].remapped);
                g->ecc_mode = 0;
                assert_int_equal(event_ecc(n, 0, false, true, 1, NOW), NVML_ERROR_NOT_SUPPORTED);
                free(n);
        }
}

static void loses_a_gpu_once(void **state) {
        struct node *n = node_of("H100-80GB", NEWEST, false);

        (void)state;
        assert_int_equal(event_lost(n, 0, true, NOW), NVML_SUCCESS);
        assert_int_equal(event_lost(n, 0, true, NOW), NVML_SUCCESS);
        assert_int_equal(n->gpus[0].lost, 1);
        assert_int_equal(n->last_event, 1);
        assert_int_equal(event_after(n, 0)->data, 79); /* "GPU has fallen off the bus" */
        assert_int_equal(event_lost(n, 0, false, NOW), NVML_SUCCESS);
        assert_int_equal(n->gpus[0].lost, 0);
        assert_int_equal(n->last_event, 1);
        free(n);
}

static void finds_the_faults_of_a_call(void **state) {
        static const struct node_fault faults[] = {
                { .kind = FAULT_SLOW, .gpu = NODE_NONE, .delay_ms = 5 },
                { .kind = FAULT_FAIL, .gpu = 0, .code = NVML_ERROR_UNKNOWN, .times = 2, .call = "nvmlDeviceGetName" },
                { .kind = FAULT_HANG, .gpu = NODE_NONE, .call = "nvmlInit_v2" },
        };
        static const struct {
                const char *call;
                unsigned gpu;
                int first, next;
        } cases[] = {
                { "nvmlDeviceGetName", 0, 0, 1 },    { "nvmlDeviceGetName", 1, 0, -1 },     { "nvmlDeviceGetIndex", 0, 0, -1 },
                { "nvmlInit_v2", NODE_NONE, 2, -1 }, { "nvmlShutdown", NODE_NONE, -1, -1 }, { "nvmlDeviceGetNam", 0, 0, -1 },
        };
        struct node *n = node_of("H100-80GB", NEWEST, false);
        (void)state;
        for (unsigned i = 0; i < ARRAY_SIZE(faults); i++)
                assert_int_equal(fault_add(n, &faults[i]), NVML_SUCCESS);
        for (unsigned i = 0; i < ARRAY_SIZE(cases); i++) {
                int first = fault_next(n, 0, cases[i].call, cases[i].gpu);
                if (first != cases[i].first ||
                    (first >= 0 && fault_next(n, (unsigned)first + 1, cases[i].call, cases[i].gpu) != cases[i].next))
                        fail_msg("case %u: %d", i, first);
        }
        fault_use(n, 1);
        assert_int_equal(n->fault_count, 3);
        fault_use(n, 1); /* its second and last time */
        fault_use(n, 0); /* until cleared */
        assert_int_equal(n->fault_count, 2);
        assert_int_equal(fault_next(n, 0, "nvmlInit_v2", NODE_NONE), 1);
        fault_clear(n, 0);
        assert_int_equal(n->fault_count, 2);
        fault_clear(n, NODE_NONE);
        assert_int_equal(n->fault_count, 0);
        free(n);
}

static void refuses_faults_that_are_none(void **state) {
        struct node *n = node_of("H100-80GB", NEWEST, false);
        struct node_fault f = { .kind = FAULT_SLOW, .gpu = NODE_NONE };

        (void)state;
        assert_int_equal(fault_add(n, &(struct node_fault){ .kind = FAULT_NONE }), NVML_ERROR_INVALID_ARGUMENT);
        assert_int_equal(fault_add(n, &(struct node_fault){ .kind = FAULT_KIND_MAX }), NVML_ERROR_INVALID_ARGUMENT);
        assert_int_equal(fault_add(n, &(struct node_fault){ .kind = FAULT_HANG, .gpu = 1 }), NVML_ERROR_INVALID_ARGUMENT);
        assert_int_equal(fault_add(n, &(struct node_fault){ .kind = FAULT_FAIL, .code = 31 }), NVML_ERROR_INVALID_ARGUMENT);
        for (unsigned i = 0; i < NODE_FAULTS_MAX; i++)
                assert_int_equal(fault_add(n, &f), NVML_SUCCESS);
        assert_int_equal(fault_add(n, &f), NVML_ERROR_INSUFFICIENT_RESOURCES);
        free(n);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(keeps_the_newest),
                cmocka_unit_test(counts_memory_errors),
                cmocka_unit_test(loses_a_gpu_once),
                cmocka_unit_test(finds_the_faults_of_a_call),
                cmocka_unit_test(refuses_faults_that_are_none),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
