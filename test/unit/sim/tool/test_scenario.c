#include "io/file/file.h"
#include "scenario_of.h"
#include "sim/node/mig.h"

#define HEAD "apiVersion: sim.carve.dev/v1alpha1\nkind: Scenario\n"

/* Everything that can be said, once. */
static const char full[] =
        HEAD "driver: 535.104.05\nseed: 77\nlatencyPercent: 50\nreleaseMs: 250\njitterPercent: 4\nnvswitch: true\nmigUuids: random\n"
             "gpus:\n"
             "- {model: a30, numaNode: 1, layout: [{profile: 2g.12gb, start: 2, compute: [1c, 1c]}, 1g.6gb@0]}\n"
             "- {model: l4, product: NVIDIA L4 of a lab, persistence: false, ecc: false, computeMode: exclusive-process,\n"
             "   powerLimitWatts: 60, load: {gpuPercent: 10, memoryPercent: 11, encoderPercent: 12, decoderPercent: 13,\n"
             "   jpegPercent: 14, ofaPercent: 15, fanPercent: 16, temperatureC: 17, powerWatts: 18, smClockMHz: 19,\n"
             "   pcieTxMiBPerSecond: 20, pcieRxMiBPerSecond: 21, nvlinkTxMiBPerSecond: 22, nvlinkRxMiBPerSecond: 23},\n"
             "   remappedRows: {corrected: 1, uncorrected: 2, pending: true, failed: true}, pcieReplays: 7, recoveryAction: node-reboot}\n"
             "processes:\n"
             "- {gpu: 0, slice: 2g.12gb@2/1, pid: 41, name: a, kind: mps, memory: 1Gi, smPercent: 5,\n"
             "   memoryBandwidthPercent: 6, encoderPercent: 7, decoderPercent: 8}\n"
             "faults:\n"
             "- {inject: slow, gpu: 1, call: nvmlDeviceGetName, ms: 9, times: 2}\n"
             "- {inject: client, gpu: 0}\n";

/* Every branch that CUDA's release notes name has a release of its own, and 590 is what a scenario has that says nothing. */
static void a_driver_branch_is_enough(void **state) {
        static const char *const branches[] = { "450", "470", "510", "525", "535", "550", "570", "580", "590", "595" };
        struct err e = { 0 };

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(branches); i++) {
                struct node *n = mem_zalloc(1, sizeof *n);
                char text[256];
                snprintf(text, sizeof text, HEAD "driver: %s\ngpus:\n- {model: t4}\n", branches[i]);
                assert_ok(node_of_text(text, n, &e), &e);
                assert_memory_equal(n->driver, branches[i], 3);
                assert_true(n->driver[3] == '.' && n->driver_minor > 0 && strchr(n->driver + 4, '.') != NULL);
                assert_int_equal(strcmp(n->driver, "590.48.01") == 0, strcmp(branches[i], "590") == 0);
                free(n);
        }
}

static void says_all_of_a_node(void **state) {
        (void)state;
        struct node *n = mem_zalloc(1, sizeof *n);
        struct err e = { 0 };

        assert_ok(node_of_text(full, n, &e), &e);
        assert_string_equal(n->driver, "535.104.05");
        assert_int_equal(n->seed, 77);
        assert_int_equal(n->latency_percent, 50);
        assert_int_equal(n->release_ms, 250);
        assert_int_equal(n->jitter_percent, 4);
        assert_true(n->nvswitch && n->random_mig_uuids);
        assert_int_equal(n->gpu_count, 2);

        const struct node_gpu *a30 = &n->gpus[0], *l4 = &n->gpus[1];
        assert_true(a30->mig_mode && a30->exclusive_client && a30->numa_node == 1);
        const struct layout layout = mig_layout(a30);
        char text[LAYOUT_TEXT_MAX];
        layout_print(&layout, text, sizeof text);
        assert_string_equal(text, "1g.6gb@0,2g.12gb@2");

        assert_string_equal(l4->product, "NVIDIA L4 of a lab");
        assert_false(l4->persistence_mode || l4->ecc_mode);
        assert_int_equal(l4->compute_mode, 3); /* NVML_COMPUTEMODE_EXCLUSIVE_PROCESS */
        assert_int_equal(l4->power_limit_mw, 60000);
        const struct node_load *load = &l4->load;
        const unsigned loads[] = { load->gpu_percent,     load->memory_percent, load->encoder_percent,      load->decoder_percent,
                                   load->jpeg_percent,    load->ofa_percent,    load->fan_percent,          load->temperature_c,
                                   load->power_mw / 1000, load->sm_clock_mhz,   load->pcie_tx_kib_s / 1024, load->pcie_rx_kib_s / 1024,
                                   load->nvlink_tx_mib_s, load->nvlink_rx_mib_s };
        for (unsigned i = 0; i < ARRAY_SIZE(loads); i++)
                assert_int_equal(loads[i], 10 + i);
        assert_true(l4->remapped_corrected == 1 && l4->remapped_uncorrected == 2 && l4->pending_rows && l4->failed_rows);

        assert_true(l4->pcie_replays == 7 && l4->recovery_action == 2); /* NVML_GPU_RECOVERY_ACTION_NODE_REBOOT */

        const struct node_process *p = &n->processes[0];
        assert_int_equal(n->process_count, 1);
        assert_true(p->pid == 41 && p->kind == PROCESS_MPS && p->memory_bytes == UINT64_C(1) << 30);
        assert_true(p->gi_id == 2 && p->ci_id == 1); /* 2g at memory slices 2..3 of an A30 is GPU instance 2 */
        assert_true(p->sm_percent == 5 && p->memory_percent == 6 && p->encoder_percent == 7 && p->decoder_percent == 8);

        assert_int_equal(n->fault_count, 1);
        assert_true(n->faults[0].kind == FAULT_SLOW && n->faults[0].gpu == 1 && n->faults[0].delay_ms == 9 && n->faults[0].times == 2);
        assert_int_equal(n->last_event, 0);
        free(n);
}

/* Slices without a start find room whatever their order, also where the driver's own way (one after another, as written) fails: on an A100
 * 1g, 1g, 2g, 3g does (captured: the 3g no longer fits). */
static void order_does_not_matter(void **state) {
        (void)state;
        static const char *const orders[] = { "1g.10gb,1g.10gb,2g.20gb,3g.40gb",
                                              "3g.40gb,2g.20gb,1g.10gb,1g.10gb",
                                              "1g.10gb,4g.40gb,2g.20gb",
                                              "1g.10gb,1g.10gb,1g.10gb,1g.10gb,3g.40gb",
                                              "1g.10gb,1g.10gb,1g.10gb,1g.10gb,1g.10gb,1g.10gb,1g.10gb",
                                              "1g.10gb:2,2g.20gb,3g.40gb@4:1" };
        for (unsigned i = 0; i < ARRAY_SIZE(orders); i++) {
                _cleanup_free_ char *text = mem_printf(HEAD "gpus: [{model: A100-80GB, layout: \"%s\"}]\n", orders[i]);
                struct err e = { 0 };
                assert_ok(node_of_text(text, NULL, &e), &e);
        }
}

static int build_file(const char *path, uint64_t now_us, struct node *n, struct err *e) {
        _cleanup_free_ char *text = NULL;
        struct scenario *s = mem_alloc(sizeof *s);
        struct doc_reader *reader = NULL;
        size_t bytes;
        int r = file_read(path, SCENARIO_BYTES_MAX, &text, &bytes, e);

        if (r >= 0 && (r = scenario_read(path, text, bytes, &reader, s, e)) >= 0)
                r = scenario_build(s, now_us, n, e);
        doc_reader_free(reader);
        free(s);
        return r;
}

static int check_twice(const char *path, void *context, struct err *e) {
        struct node *a = mem_zalloc(1, sizeof *a), *b = mem_zalloc(1, sizeof *b);

        memset(b, 0xA5, sizeof *b); /* what was in memory before does not matter */
        assert_ok(build_file(path, NOW_US, a, e), e);
        assert_ok(build_file(path, NOW_US, b, e), e);
        assert_ok(node_check(a, e), e);
        assert_memory_equal(a, b, sizeof *a);
        free(a);
        free(b);
        ++*(unsigned *)context;
        return 0;
}

/* The same scenario makes the same bytes. */
static void examples_are_the_same_each_time(void **state) {
        (void)state;
        static const char *const suffixes[] = { ".yaml", NULL };
        struct err e = { 0 };
        unsigned count = 0;

        assert_ok(file_walk(SCENARIOS, suffixes, check_twice, &count, &e), &e);
        assert_true(count >= 6);
}

int main(void) {
        const struct CMUnitTest tests[] = { cmocka_unit_test(says_all_of_a_node), cmocka_unit_test(a_driver_branch_is_enough),
                                            cmocka_unit_test(order_does_not_matter), cmocka_unit_test(examples_are_the_same_each_time) };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
