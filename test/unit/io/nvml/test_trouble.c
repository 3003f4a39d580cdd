/* Simulated machines on which something goes wrong, and what the driver then reports. */
#include "world.h"

#include <pthread.h>
#include <time.h>
#include <unistd.h>

static double seconds(void) {
        struct timespec now;

        clock_gettime(CLOCK_MONOTONIC, &now);
        return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void a_lost_gpu_is_there_but_lost(void **state) {
        (void)state;
        _cleanup_(world_freep) struct world *w = world_new("A100-80GB A100-80GB", "590.48.01", NULL);
        struct driver_node node;
        struct driver_slice slice;
        struct err e = { 0 };

        world_begin(w);
        assert_int_equal(event_lost(&w->node, 1, true, world_now_us()), NVML_SUCCESS);
        world_end(w);
        assert_ok(driver_read(w->driver, &node, &e), &e);
        assert_int_equal(node.gpu_count, 2);
        assert_string_equal(node.gpus[0].health.fault, "");
        assert_non_null(strstr(node.gpus[1].health.fault, "GPU 1: GPU is lost"));
        driver_node_done(&node);

        int r = driver_create_slice(w->driver, 1, &(struct driver_wish){ .profile_id = 19, .start = 0 }, &slice, &e);
        assert_int_equal(r, -ERR_GPU);
        assert_refused(r, &e, "GPU is lost");
}

static void a_hung_call_misses_its_deadline(void **state) {
        (void)state;
        const struct driver_options options = { .deadline_ms = 300 };
        _cleanup_(world_freep) struct world *w = world_new("A100-80GB H100-80GB", "590.48.01", &options);
        struct driver_gpu gpu;
        struct err e = { 0 };

        world_fault(w, 1, "nvmlDeviceGetPciInfo_v3", FAULT_HANG, 0, 0);
        double before = seconds();
        int r = driver_read_gpu(w->driver, 1, &gpu, &e);
        assert_int_equal(r, -ERR_AGAIN);
        assert_refused(r, &e, "did not answer nvmlDeviceGetPciInfo_v3 within 0.3 s: GPU 1 may be hung");
        assert_true(seconds() - before >= 0.3 && seconds() - before < 5);
        assert_refused(driver_read_gpu(w->driver, 1, &gpu, &e), &e, "GPU 1 is not asked");

        world_clear_faults(w);
        for (unsigned i = 0; i < 100 && r < 0; i++) {
                usleep(20000);
                r = driver_read_gpu(w->driver, 1, &gpu, &e);
        }
        assert_ok(r, &e);
        assert_string_equal(gpu.health.fault, "");
        driver_gpu_done(&gpu);
}

static void slow_calls_are_waited_for(void **state) {
        (void)state;
        static const struct {
                unsigned delay_ms, deadline_ms;
                bool answered;
        } rows[] = { { 150, 2000, true }, { 700, 100, false } };

        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                const struct driver_options options = { .deadline_ms = rows[i].deadline_ms };
                _cleanup_(world_freep) struct world *w = world_new("A30-24GB", "590.48.01", &options);
                struct driver_gpu gpu;
                struct err e = { 0 };

                world_fault(w, 0, "nvmlDeviceGetMigMode", FAULT_SLOW, rows[i].delay_ms, 1);
                int r = driver_read_gpu(w->driver, 0, &gpu, &e);
                assert_int_equal(r, rows[i].answered ? 0 : -ERR_AGAIN);
                if (r == 0)
                        driver_gpu_done(&gpu);
                world_clear_faults(w);
                usleep(rows[i].answered ? 0 : rows[i].delay_ms * 1000); /* the late answer comes while the handle is open */
                if (!rows[i].answered) {
                        assert_ok(driver_read_gpu(w->driver, 0, &gpu, &e), &e);
                        driver_gpu_done(&gpu);
                }
        }
}

/* ---- use ---- */

static void measures_slices(void **state) {
        (void)state;
        _cleanup_(world_freep) struct world *w = world_new("H100-80GB A100-80GB", "590.48.01", NULL);
        struct driver_slice busy, idle;
        struct driver_usage usage[DRIVER_SLICES_MAX];
        unsigned count = 0;
        struct err e = { 0 };

        assert_ok(driver_create_slice(w->driver, 0, &(struct driver_wish){ .profile_id = 9, .start = 4 }, &busy, &e), &e);
        assert_ok(driver_create_slice(w->driver, 0, &(struct driver_wish){ .profile_id = 19, .start = 0 }, &idle, &e), &e);
        world_start(w, 0, busy.id, 0, "train"); /* 80 % of the SMs, 40 % of the memory */
        assert_ok(driver_measure(w->driver, 0, 120, usage, &count, &e), &e);
        assert_int_equal(count, 2);
        for (unsigned i = 0; i < count; i++) {
                bool is_busy = usage[i].gi_id == busy.id;
                assert_true(is_busy || usage[i].gi_id == idle.id);
                assert_true(is_busy ? usage[i].sm_percent > 70 && usage[i].sm_percent < 90 : usage[i].sm_percent < 10);
                assert_true(is_busy ? usage[i].memory_percent > 30 && usage[i].memory_percent < 50 : usage[i].memory_percent < 10);
        }
        int r = driver_measure(w->driver, 1, 120, usage, &count, &e);
        assert_int_equal(r, -ERR_IMPOSSIBLE);
        assert_refused(r, &e, "Hopper");
}

static void *measure_long(void *argument) {
        struct driver_usage usage[DRIVER_SLICES_MAX];
        unsigned count = 0;
        struct err e = { 0 };

        assert_ok(driver_measure(argument, 0, 1500, usage, &count, &e), &e);
        return (void *)(uintptr_t)(count == 1 && usage[0].sm_percent >= 0);
}

static void measures_beside_other_calls(void **state) {
        (void)state;
        _cleanup_(world_freep) struct world *w = world_new("H100-80GB", "590.48.01", NULL);
        struct driver_slice slice;
        struct driver_gpu gpu;
        struct err e = { 0 };
        pthread_t thread;
        void *count;

        assert_ok(driver_create_slice(w->driver, 0, &(struct driver_wish){ .profile_id = 9, .start = 4 }, &slice, &e), &e);
        double before = seconds();
        assert_int_equal(pthread_create(&thread, NULL, measure_long, w->driver), 0);
        usleep(200000);
        assert_ok(driver_read_gpu(w->driver, 0, &gpu, &e), &e);
        driver_gpu_done(&gpu);
        assert_true(seconds() - before < 1.4);
        pthread_join(thread, &count);
        assert_int_equal((uintptr_t)count, 1);
        assert_true(seconds() - before >= 1.5);

        /* A slice that goes while it is measured. */
        assert_int_equal(pthread_create(&thread, NULL, measure_long, w->driver), 0);
        usleep(300000);
        assert_ok(driver_destroy_slice(w->driver, 0, &slice, &e), &e);
        pthread_join(thread, &count);
        assert_int_equal((uintptr_t)count, 0);
}

int main(int argc, char **argv) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(a_lost_gpu_is_there_but_lost), cmocka_unit_test(a_hung_call_misses_its_deadline),
                cmocka_unit_test(slow_calls_are_waited_for),    cmocka_unit_test(measures_slices),
                cmocka_unit_test(measures_beside_other_calls),
        };

        if (argc != 2)
                return 2;
        world_library = argv[1];
        return cmocka_run_group_tests(tests, NULL, NULL);
}
