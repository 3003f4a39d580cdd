/* What the driver reports by itself. */
#include "world.h"

#include <pthread.h>
#include <time.h>

static double seconds(void) {
        struct timespec now;

        clock_gettime(CLOCK_MONOTONIC, &now);
        return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void expect_event(struct driver_events *events, const struct driver_event *wanted) {
        struct driver_event event;
        struct err e = { 0 };

        int r = driver_events_wait(events, 5000, &event, &e);
        assert_ok(r, &e);
        assert_int_equal(r, 0);
        assert_int_equal(event.kind, wanted->kind);
        assert_int_equal(event.gpu, wanted->gpu);
        assert_int_equal(event.xid, wanted->xid);
        assert_true(event.gi_id == wanted->gi_id);
        assert_true(event.ci_id == wanted->ci_id);
}

static void reports_what_happens(void **state) {
        (void)state;
        _cleanup_(world_freep) struct world *w = world_new("A100-80GB H100-80GB", "590.48.01", NULL);
        const struct driver_event xid = { .kind = DRIVER_XID, .gpu = 1, .xid = 79, .gi_id = DRIVER_NONE, .ci_id = DRIVER_NONE };
        const struct driver_event slice_xid = { .kind = DRIVER_XID, .gpu = 0, .xid = 31, .gi_id = 3, .ci_id = 0 };
        const struct driver_event lost = { .kind = DRIVER_GPU_LOST, .gpu = 1, .gi_id = DRIVER_NONE, .ci_id = DRIVER_NONE };
        struct driver_events *events = NULL;
        struct driver_event event;
        struct driver_gpu gpu;
        struct err e = { 0 };

        assert_ok(driver_events_open(w->driver, &events, &e), &e);
        double before = seconds();
        assert_int_equal(driver_events_wait(events, 200, &event, &e), 1);
        assert_true(seconds() - before >= 0.19);

        world_begin(w);
        assert_int_equal(event_xid(&w->node, 1, 79, NVML_NO_INSTANCE, NVML_NO_INSTANCE, world_now_us()), NVML_SUCCESS);
        assert_int_equal(event_xid(&w->node, 0, 31, 3, 0, world_now_us()), NVML_SUCCESS);
        world_end(w);
        expect_event(events, &xid);
        expect_event(events, &slice_xid);

        world_begin(w);
        assert_int_equal(event_lost(&w->node, 1, true, world_now_us()), NVML_SUCCESS);
        world_end(w);
        bool told = false;
        for (unsigned i = 0; i < 3 && !told; i++) /* an XID or other event of the same accident may come first */
                told = driver_events_wait(events, 2000, &event, &e) == 0 && event.kind == lost.kind && event.gpu == lost.gpu;
        assert_true(told);
        before = seconds();
        assert_int_equal(driver_events_wait(events, 200, &event, &e), 1); /* told once */
        assert_true(seconds() - before >= 0.19);

        /* The watch does not stand in the way of other calls. */
        assert_ok(driver_read_gpu(w->driver, 0, &gpu, &e), &e);
        driver_gpu_done(&gpu);
        driver_events_close(events);
}

static void *wait_for_xid(void *argument) {
        struct driver_event event = { 0 };
        struct err e = { 0 };

        int r = driver_events_wait(argument, 10000, &event, &e);
        return (void *)(uintptr_t)(r == 0 ? event.xid : 0);
}

/* A thread waits; this one reads on, and makes the thing happen that it waits for. */
static void waits_beside_other_calls(void **state) {
        (void)state;
        _cleanup_(world_freep) struct world *w = world_new("A100-80GB", "590.48.01", NULL);
        struct driver_events *events = NULL;
        struct driver_gpu gpu;
        struct err e = { 0 };
        pthread_t thread;
        void *xid;

        assert_ok(driver_events_open(w->driver, &events, &e), &e);
        double before = seconds();
        assert_int_equal(pthread_create(&thread, NULL, wait_for_xid, events), 0);
        for (unsigned i = 0; i < 5; i++) {
                assert_ok(driver_read_gpu(w->driver, 0, &gpu, &e), &e);
                driver_gpu_done(&gpu);
        }
        world_begin(w);
        assert_int_equal(event_xid(&w->node, 0, 48, NVML_NO_INSTANCE, NVML_NO_INSTANCE, world_now_us()), NVML_SUCCESS);
        world_end(w);
        pthread_join(thread, &xid);
        assert_int_equal((uintptr_t)xid, 48);
        assert_true(seconds() - before < 9);
        driver_events_close(events);
}

/* Each kind, told of the GPU that it happened to. The node's changes are made behind the driver's back. */
static void tells_kinds_of_events_apart(void **state) {
        (void)state;
        _cleanup_(world_freep) struct world *w = world_new("A100-80GB A100-80GB", "590.48.01", NULL);
        static const struct driver_event corrected = { .kind = DRIVER_ECC_CORRECTED, .gpu = 0, .gi_id = DRIVER_NONE, .ci_id = DRIVER_NONE };
        static const char *const names[] = { "xid", "ecc-corrected", "ecc-uncorrected", "mig-changed", "gpu-lost", "other" };
        struct driver_events *events = NULL;
        struct driver_event event;
        struct driver_gpu gpu;
        struct err e = { 0 };
        bool on;
        char note[DRIVER_NOTE_MAX];

        for (size_t i = 0; i < ARRAY_SIZE(names); i++)
                assert_string_equal(driver_event_kind_name((enum driver_event_kind)i), names[i]);
        assert_ok(driver_events_open(w->driver, &events, &e), &e);
        world_begin(w);
        assert_int_equal(event_ecc(&w->node, 0, false, true, 3, world_now_us()), NVML_SUCCESS);
        world_end(w);
        expect_event(events, &corrected);
        world_begin(w);
        assert_int_equal(event_ecc(&w->node, 1, true, true, 2, world_now_us()), NVML_SUCCESS);
        world_end(w);
        while (driver_events_wait(events, 100, &event, &e) == 0 && event.kind != DRIVER_ECC_UNCORRECTED)
                assert_true(event.gpu == 1); /* an XID or a corrected error of the same accident */
        assert_int_equal(event.kind, DRIVER_ECC_UNCORRECTED);
        assert_int_equal(event.gpu, 1);
        while (driver_events_wait(events, 100, &event, &e) == 0)
                ;
        assert_ok(driver_read_gpu(w->driver, 1, &gpu, &e), &e);
        assert_true(gpu.health.ecc_uncorrected == 2);
        driver_gpu_done(&gpu);

        assert_ok(driver_set_mig(w->driver, 1, false, &on, note, &e), &e);
        assert_int_equal(driver_events_wait(events, 5000, &event, &e), 0);
        assert_int_equal(event.kind, DRIVER_MIG_CHANGED);
        assert_int_equal(event.gpu, 1);
        driver_events_close(events);
}

static void *lose_gpu(void *argument) {
        struct timespec pause = { .tv_nsec = 200000000 };
        struct world *w = argument;

        nanosleep(&pause, NULL);
        world_begin(w);
        event_lost(&w->node, 1, true, world_now_us());
        world_end(w);
        return NULL;
}

/* Who waits long is woken, and events of the other GPUs still come while one is lost. */
static void a_lost_gpu_wakes_who_waits(void **state) {
        (void)state;
        _cleanup_(world_freep) struct world *w = world_new("A100-80GB H100-80GB", "590.48.01", NULL);
        const struct driver_event xid = { .kind = DRIVER_XID, .gpu = 0, .xid = 94, .gi_id = DRIVER_NONE, .ci_id = DRIVER_NONE };
        struct driver_events *events = NULL;
        struct driver_event event = { 0 };
        struct err e = { 0 };
        pthread_t thread;

        assert_ok(driver_events_open(w->driver, &events, &e), &e);
        double before = seconds();
        assert_int_equal(pthread_create(&thread, NULL, lose_gpu, w), 0);
        while (event.kind != DRIVER_GPU_LOST)
                assert_int_equal(driver_events_wait(events, 30000, &event, &e), 0);
        assert_int_equal(event.gpu, 1);
        assert_true(seconds() - before < 10);
        pthread_join(thread, NULL);

        world_begin(w);
        assert_int_equal(event_xid(&w->node, 0, 94, NVML_NO_INSTANCE, NVML_NO_INSTANCE, world_now_us()), NVML_SUCCESS);
        world_end(w);
        expect_event(events, &xid);
        driver_events_close(events);

        /* A watch opened now does not tell it again: who opens it reads the GPUs first. */
        assert_ok(driver_events_open(w->driver, &events, &e), &e);
        assert_int_equal(driver_events_wait(events, 100, &event, &e), 1);
        driver_events_close(events);
}

int main(int argc, char **argv) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(reports_what_happens),
                cmocka_unit_test(waits_beside_other_calls),
                cmocka_unit_test(tells_kinds_of_events_apart),
                cmocka_unit_test(a_lost_gpu_wakes_who_waits),
        };

        if (argc != 2)
                return 2;
        world_library = argv[1];
        return cmocka_run_group_tests(tests, NULL, NULL);
}
