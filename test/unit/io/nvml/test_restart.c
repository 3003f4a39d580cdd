/* A driver that is restarted under an open handle, one that allows nothing, and GPUs that are lost while they are known. */
#include "world.h"

#include <time.h>
#include <unistd.h>

#include "sim/node/driver.h"

static double seconds(void) {
        struct timespec now;

        clock_gettime(CLOCK_MONOTONIC, &now);
        return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* The machine goes off and on, and has another driver then. */
static void restart(struct world *w, const char *driver) {
        uint16_t numbers[3];
        struct err e = { 0 };

        world_begin(w);
        node_reboot(&w->node, world_now_us());
        assert_ok(driver_parse(driver, numbers, &e), &e);
        snprintf(w->node.driver, sizeof w->node.driver, "%s", driver);
        w->node.driver_major = numbers[0];
        w->node.driver_minor = numbers[1];
        w->node.driver_patch = numbers[2];
        w->node.cuda = driver_cuda(numbers[0]);
        world_end(w);
}

static void open_anew(struct world *w) {
        const struct driver_options options = { .library = world_library };
        struct err e = { 0 };

        driver_close(w->driver);
        w->driver = NULL;
        assert_ok(driver_open(&options, &w->driver, &e), &e);
}

static void expect_gone(struct world *w, int r, struct err *e, const char *part) {
        assert_int_equal(r, -ERR_AGAIN);
        assert_refused(r, e, part);
        assert_true(driver_is_gone(w->driver));
}

static void says_that_the_driver_was_restarted(void **state) {
        (void)state;
        _cleanup_(world_freep) struct world *w = world_new("A100-80GB H100-80GB", "550.54.15", NULL);
        const struct driver_wish wish = { .profile_id = 19, .start = 0 };
        char note[DRIVER_NOTE_MAX];
        struct driver_slice slice;
        struct driver_node node;
        struct driver_gpu gpu;
        struct err e = { 0 };
        bool on;

        assert_ok(driver_create_slice(w->driver, 0, &wish, &slice, &e), &e);
        assert_false(driver_is_gone(w->driver));
        restart(w, "590.48.01");

        expect_gone(w, driver_read(w->driver, &node, &e), &e, "Uninitialized (nvmlDeviceGetCount_v2): the driver was restarted");
        expect_gone(w, driver_read_gpu(w->driver, 0, &gpu, &e), &e, "since it was opened (it was 550.54.15): open it anew");
        expect_gone(w, driver_create_slice(w->driver, 0, &wish, &slice, &e), &e, "open it anew");
        expect_gone(w, driver_destroy_slice(w->driver, 0, &slice, &e), &e, "open it anew");
        expect_gone(w, driver_set_mig(w->driver, 0, true, &on, note, &e), &e, "open it anew");

        open_anew(w);
        assert_false(driver_is_gone(w->driver));
        assert_string_equal(driver_about(w->driver)->version, "590.48.01");
        assert_ok(driver_read(w->driver, &node, &e), &e);
        assert_int_equal(node.gpu_count, 2);
        assert_int_equal(node.gpus[0].slice_count, 0); /* slices do not survive a reboot, MIG mode does on Ampere */
        assert_true(node.gpus[0].mig_on);
        driver_node_done(&node);
        assert_ok(driver_create_slice(w->driver, 0, &wish, &slice, &e), &e);
}

/* The restart comes between two calls of one read: no half-read GPU may be passed off as a whole one. */
static void a_restart_in_the_middle_of_a_read_is_no_answer(void **state) {
        (void)state;
        static const char *const last[] = { "nvmlDeviceGetMigMode",     "nvmlDeviceGetGpuInstances",     "nvmlGpuInstanceGetInfo",
                                            "nvmlDeviceGetTemperature", "nvmlComputeInstanceGetInfo_v2", "nvmlDeviceGetTotalEccErrors",
                                            "nvmlDeviceGetRemappedRows" };
        static const unsigned codes[] = { NVML_ERROR_UNINITIALIZED, NVML_ERROR_DRIVER_NOT_LOADED, NVML_ERROR_GPU_IS_LOST };

        for (size_t i = 0; i < ARRAY_SIZE(last) * ARRAY_SIZE(codes); i++) {
                unsigned code = codes[i % ARRAY_SIZE(codes)];
                _cleanup_(world_freep) struct world *w = world_new("A100-80GB", "590.48.01", NULL);
                struct driver_slice slice;
                struct driver_node node;
                struct driver_gpu gpu;
                struct err e = { 0 };

                assert_ok(driver_create_slice(w->driver, 0, &(struct driver_wish){ .profile_id = 9, .start = 4 }, &slice, &e), &e);
                world_start(w, 0, slice.id, 0, "train");
                world_fault(w, 0, last[i / ARRAY_SIZE(codes)], FAULT_FAIL, code, 1);
                int r = driver_read_gpu(w->driver, 0, &gpu, &e);
                assert_int_equal(r, code == NVML_ERROR_UNINITIALIZED ? -ERR_AGAIN : -ERR_GPU);
                assert_non_null(strstr(e.text, last[i / ARRAY_SIZE(codes)]));
                assert_int_equal(driver_is_gone(w->driver), code != NVML_ERROR_GPU_IS_LOST);
                if (driver_is_gone(w->driver))
                        assert_int_equal(driver_read(w->driver, &node, &e), -ERR_AGAIN);
        }
}

static void a_restart_wakes_who_waits_for_events(void **state) {
        (void)state;
        _cleanup_(world_freep) struct world *w = world_new("A100-80GB", "590.48.01", NULL);
        struct driver_events *events = NULL;
        struct driver_event event;
        struct err e = { 0 };

        assert_ok(driver_events_open(w->driver, &events, &e), &e);
        restart(w, "595.45.04");
        double before = seconds();
        expect_gone(w, driver_events_wait(events, 20000, &event, &e), &e, "waiting for events: Uninitialized");
        assert_true(seconds() - before < 10);
        expect_gone(w, driver_events_wait(events, 20000, &event, &e), &e, "open it anew");
        driver_events_close(events);

        open_anew(w);
        assert_ok(driver_events_open(w->driver, &events, &e), &e);
        world_begin(w);
        assert_int_equal(event_xid(&w->node, 0, 94, NVML_NO_INSTANCE, NVML_NO_INSTANCE, world_now_us()), NVML_SUCCESS);
        world_end(w);
        assert_int_equal(driver_events_wait(events, 5000, &event, &e), 0);
        assert_int_equal(event.xid, 94);
        driver_events_close(events);
}

/* ---- no permission ---- */

static void reads_but_changes_nothing_without_permission(void **state) {
        (void)state;
        setenv("CARVE_SIM_UNPRIVILEGED", "1", 1);
        _cleanup_(world_freep) struct world *w = world_new("A100-80GB H100-80GB", "590.48.01", NULL);
        unsetenv("CARVE_SIM_UNPRIVILEGED");
        struct driver_usage usage[DRIVER_SLICES_MAX];
        struct driver_events *events = NULL;
        char note[DRIVER_NOTE_MAX];
        struct driver_slice slice;
        struct driver_node node;
        struct err e = { 0 };
        unsigned slot, count;
        bool on;

        world_begin(w);
        assert_int_equal(mig_create_gi(&w->node, 0, 9, NULL, world_now_us(), &slot), NVML_SUCCESS);
        unsigned id = w->node.gpus[0].gi[slot].id;
        world_end(w);

        int r = driver_set_mig(w->driver, 1, false, &on, note, &e);
        assert_int_equal(r, -ERR_GPU);
        assert_refused(r, &e, "GPU 1: MIG cannot be turned off: Insufficient Permissions (nvmlDeviceSetMigMode): run as root");
        r = driver_create_slice(w->driver, 0, &(struct driver_wish){ .profile_id = 19, .start = DRIVER_UNKNOWN }, &slice, &e);
        assert_int_equal(r, -ERR_GPU);
        assert_refused(r, &e, "GPU 0: 1g.10gb cannot be made: Insufficient Permissions (nvmlDeviceCreateGpuInstance): run as root");
        r = driver_create_slice(w->driver, 0, &(struct driver_wish){ .profile_id = 19, .start = 0 }, &slice, &e);
        assert_refused(r, &e, "at memory slice 0 cannot be made: Insufficient Permissions (nvmlDeviceCreateGpuInstanceWithPlacement)");
        r = driver_destroy_slice(w->driver, 0, &(struct driver_slice){ .id = id, .profile_id = 9, .start = 4 }, &e);
        assert_int_equal(r, -ERR_GPU);
        assert_refused(r, &e, "3g.40gb at 4 (instance 2) cannot be destroyed: Insufficient Permissions (nvmlGpuInstanceDestroy)");

        assert_ok(driver_read(w->driver, &node, &e), &e);
        assert_string_equal(node.gpus[0].health.fault, "");
        assert_int_equal(node.gpus[0].slice_count, 1);
        assert_true(node.gpus[1].mig_on);
        driver_node_done(&node);
        assert_ok(driver_measure(w->driver, 1, 100, usage, &count, &e), &e);
        assert_ok(driver_events_open(w->driver, &events, &e), &e);
        driver_events_close(events);
        assert_int_equal(world_look(w)->gpus[0].gi[slot].live, 1);
}

/* ---- lost ---- */

static void a_lost_gpu_keeps_its_name(void **state) {
        (void)state;
        _cleanup_(world_freep) struct world *w = world_new("A100-80GB H100-80GB", "590.48.01", NULL);
        struct driver_node known, node;
        struct err e = { 0 };

        assert_ok(driver_read(w->driver, &known, &e), &e);
        world_begin(w);
        assert_int_equal(event_lost(&w->node, 1, true, world_now_us()), NVML_SUCCESS);
        world_end(w);
        for (unsigned i = 0; i < 2; i++) { /* remembered for more than one read */
                assert_ok(driver_read(w->driver, &node, &e), &e);
                const struct driver_gpu *lost = &node.gpus[1], *was = &known.gpus[1];
                assert_int_equal(lost->health.fault_kind, DRIVER_LOST);
                assert_int_equal(lost->index, 1);
                assert_string_equal(lost->uuid, was->uuid);
                assert_string_equal(lost->product, "NVIDIA H100 80GB HBM3");
                assert_string_equal(lost->serial, was->serial);
                assert_string_equal(lost->bus_id, was->bus_id);
                assert_ptr_equal(lost->model, was->model);
                assert_int_equal(lost->minor, was->minor);
                assert_int_equal(lost->pci_device_id, was->pci_device_id);
                assert_true(lost->memory_bytes == was->memory_bytes && lost->used_bytes == DRIVER_UNKNOWN);
                assert_false(lost->mig_on);
                assert_int_equal(lost->slice_count, 0);
                assert_int_equal(node.gpus[0].health.fault_kind, DRIVER_NO_FAULT);
                driver_node_done(&node);
        }

        /* A handle that never saw it whole knows no more than its index. */
        open_anew(w);
        assert_ok(driver_read(w->driver, &node, &e), &e);
        assert_string_equal(node.gpus[1].uuid, "");
        assert_int_equal(node.gpus[1].health.fault_kind, DRIVER_LOST);
        driver_node_done(&node);
        driver_node_done(&known);
}

static void tells_kinds_of_faults_apart(void **state) {
        (void)state;
        static const struct {
                enum node_fault_kind kind;
                unsigned code;
                enum driver_fault fault;
                const char *name;
        } rows[] = {
                { FAULT_FAIL, NVML_ERROR_GPU_IS_LOST, DRIVER_LOST, "lost" },
                { FAULT_FAIL, NVML_ERROR_RESET_REQUIRED, DRIVER_NEEDS_RESET, "needs-reset" },
                { FAULT_FAIL, NVML_ERROR_NO_PERMISSION, DRIVER_REFUSES, "refuses" },
                { FAULT_FAIL, NVML_ERROR_UNKNOWN, DRIVER_REFUSES, "refuses" },
                { FAULT_HANG, 0, DRIVER_HANGS, "hangs" },
        };
        const struct driver_options options = { .deadline_ms = 200 };

        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                _cleanup_(world_freep) struct world *w = world_new("A100-80GB A30-24GB", "590.48.01", &options);
                struct driver_node node;
                struct err e = { 0 };

                assert_ok(driver_read(w->driver, &node, &e), &e);
                driver_node_done(&node);
                world_fault(w, 0, "nvmlDeviceGetMemoryInfo_v2", rows[i].kind, rows[i].code, 0);
                world_fault(w, 0, "nvmlDeviceGetMemoryInfo", rows[i].kind, rows[i].code, 0);
                assert_ok(driver_read(w->driver, &node, &e), &e);
                assert_int_equal(node.gpus[0].health.fault_kind, rows[i].fault);
                assert_string_equal(driver_fault_name(node.gpus[0].health.fault_kind), rows[i].name);
                assert_true(strncmp(node.gpus[0].uuid, "GPU-", 4) == 0);
                assert_string_equal(driver_fault_name(node.gpus[1].health.fault_kind), "");
                driver_node_done(&node);
                world_clear_faults(w);
        }
}

int main(int argc, char **argv) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(says_that_the_driver_was_restarted),
                cmocka_unit_test(a_restart_in_the_middle_of_a_read_is_no_answer),
                cmocka_unit_test(a_restart_wakes_who_waits_for_events),
                cmocka_unit_test(reads_but_changes_nothing_without_permission),
                cmocka_unit_test(a_lost_gpu_keeps_its_name),
                cmocka_unit_test(tells_kinds_of_faults_apart),
        };

        if (argc != 2)
                return 2;
        world_library = argv[1];
        return cmocka_run_group_tests(tests, NULL, NULL);
}
