/* Slices made and destroyed on simulated machines. */
#include "world.h"

#include <pthread.h>
#include <stdatomic.h>
#include <time.h>
#include <unistd.h>

static double seconds(void) {
        struct timespec now;

        clock_gettime(CLOCK_MONOTONIC, &now);
        return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static uint32_t next(uint64_t *seed) {
        *seed = *seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        return (uint32_t)(*seed >> 33);
}

static struct driver_slice make(struct world *w, unsigned gpu, unsigned profile_id, int start) {
        const struct driver_wish wish = { .profile_id = profile_id, .start = start };
        struct driver_slice slice;
        struct err e = { 0 };

        assert_ok(driver_create_slice(w->driver, gpu, &wish, &slice, &e), &e);
        return slice;
}

static void expect_layout(struct world *w, unsigned gpu, const char *text) {
        char found[LAYOUT_TEXT_MAX];

        world_layout(w, gpu, found);
        assert_string_equal(found, text);
}

/* ---- layouts ---- */

static struct layout random_layout(const struct gpu_model *model, uint64_t *seed) {
        struct layout layout = { .model = model };
        struct err ignored;

        for (unsigned tries = 0; tries < 40; tries++) {
                const struct gpu_profile *profile = &model->profiles[next(seed) % model->profile_count];
                if (profile->start_count)
                        layout_add(&layout, (struct slice){ profile, profile->starts[next(seed) % profile->start_count] }, &ignored);
        }
        return layout;
}

/* One GPU is brought to a random layout in random order; the driver, the node and what is read back agree. */
static void apply_and_compare(struct world *w, unsigned gpu, uint64_t *seed) {
        struct layout wanted = random_layout(node_model(&world_look(w)->gpus[gpu]), seed), left = wanted;
        char text[LAYOUT_TEXT_MAX], read[LAYOUT_TEXT_MAX];
        struct driver_gpu now;
        struct err e = { 0 };

        while (left.count > 0) {
                unsigned i = next(seed) % left.count;
                struct driver_slice slice = make(w, gpu, left.slices[i].profile->id, left.slices[i].start);
                assert_ptr_equal(slice.known, left.slices[i].profile);
                assert_int_equal(slice.start, left.slices[i].start);
                assert_int_equal(slice.size, left.slices[i].profile->memory_slices);
                assert_int_equal(slice.compute_count, 1);
                assert_string_equal(slice.compute[0].name, slice.name); /* the whole slice */
                layout_remove(&left, i);
        }
        layout_print(&wanted, text, sizeof text);
        expect_layout(w, gpu, text);

        assert_ok(driver_read_gpu(w->driver, gpu, &now, &e), &e);
        assert_true(now.has_layout);
        layout_print(&now.layout, read, sizeof read);
        assert_string_equal(read, text);
        assert_int_equal(now.slice_count, wanted.count);
        uint8_t free_now[GPU_PROFILES_MAX];
        layout_free_placements(&wanted, free_now);
        for (unsigned p = 0; p < now.profile_count; p++)
                assert_int_equal(now.profiles[p].remaining > 0, free_now[now.profiles[p].known->index] > 0);
        for (unsigned i = 0; i < now.slice_count; i++)
                assert_ok(driver_destroy_slice(w->driver, gpu, &now.slices[i], &e), &e);
        expect_layout(w, gpu, "");
        driver_gpu_done(&now);
}

static void applies_random_layouts(void **state) {
        (void)state;
        static const char *const machines[][2] = {
                { "A30-24GB A100-40GB A100-80GB H100-80GB", "535.54.03" },
                { "A100-80GB H100-80GB H200-141GB B200-180GB GB200-186GB B300-269GB RTX-PRO-6000-96GB", "590.48.01" },
        };
        uint64_t seed = 42;

        for (size_t m = 0; m < ARRAY_SIZE(machines); m++) {
                _cleanup_(world_freep) struct world *w = world_new(machines[m][0], machines[m][1], NULL);
                for (unsigned round = 0; round < 6; round++)
                        for (unsigned gpu = 0; gpu < world_look(w)->gpu_count; gpu++)
                                apply_and_compare(w, gpu, &seed);
        }
}

/* As nvidia-smi was seen to place them on A100 and H100 (data/gpu/SOURCES.md): profile ids, then the instances they became. */
static void the_driver_places_as_it_was_seen_to(void **state) {
        (void)state;
        static const struct {
                const char *model;
                unsigned count, profiles[7], instances[7];
        } rows[] = {
                { "A100-40GB", 7, { 19, 19, 19, 19, 19, 19, 19 }, { 13, 11, 12, 7, 8, 9, 10 } },
                { "A100-40GB", 3, { 19, 14, 5 }, { 13, 5, 1 } },
                { "H100-80GB", 4, { 9, 19, 14, 19 }, { 2, 7, 4, 8 } },
                { "A30-24GB", 1, { 14 }, { 3 } },
        };

        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                _cleanup_(world_freep) struct world *w = world_new(rows[i].model, "590.48.01", NULL);
                for (unsigned k = 0; k < rows[i].count; k++)
                        assert_int_equal(make(w, 0, rows[i].profiles[k], DRIVER_UNKNOWN).id, rows[i].instances[k]);
        }
}

static void divides_a_slice(void **state) {
        (void)state;
        _cleanup_(world_freep) struct world *w = world_new("A100-80GB", "590.48.01", NULL);
        const struct driver_wish wish = { .profile_id = 9, .start = 4, .compute_count = 2, .compute = { 0, 1 } };
        struct driver_slice slice;
        struct err e = { 0 };

        assert_ok(driver_create_slice(w->driver, 0, &wish, &slice, &e), &e);
        assert_string_equal(slice.name, "3g.40gb");
        assert_int_equal(slice.compute_count, 2);
        assert_string_equal(slice.compute[0].name, "1c.3g.40gb");
        assert_string_equal(slice.compute[1].name, "2c.3g.40gb");
        for (unsigned i = 0; i < 2; i++) {
                assert_int_equal(slice.compute[i].id, i);
                assert_int_equal(slice.compute[i].start, i);
                assert_int_equal(slice.compute[i].size, i + 1);
                assert_int_equal(slice.compute[i].mig_index, i);
                assert_int_equal(slice.compute[i].sm, 14 * (i + 1)); /* MIG guide: 14 SMs a slice */
                assert_int_equal(strncmp(slice.compute[i].uuid, "MIG-", 4), 0);
        }
        assert_true(slice.memory_bytes == INT64_C(40192) << 20); /* nvidia-smi on R590 */
        assert_ok(driver_destroy_slice(w->driver, 0, &slice, &e), &e);
        expect_layout(w, 0, "");
}

/* A double-memory slice of Hopper has two compute profiles of one slice; only the later one has all of its 26 SMs (captures of H100,
 * GH200). */
static void takes_all_of_a_double_memory_slice(void **state) {
        (void)state;
        _cleanup_(world_freep) struct world *w = world_new("H100-80GB A100-80GB", "590.48.01", NULL);
        struct driver_slice hopper = make(w, 0, 15, 6), ampere = make(w, 1, 15, 6);

        assert_string_equal(hopper.name, "1g.20gb");
        assert_int_equal(hopper.compute[0].profile_id, NVML_COMPUTE_INSTANCE_PROFILE_1_SLICE_REV1);
        assert_int_equal(hopper.compute[0].sm, 26);
        assert_string_equal(hopper.compute[0].name, "1g.20gb");
        assert_int_equal(ampere.compute[0].profile_id, NVML_COMPUTE_INSTANCE_PROFILE_1_SLICE);
        assert_int_equal(ampere.compute[0].sm, 14);
}

/* ---- refusals ---- */

static void refuses_what_cannot_be(void **state) {
        (void)state;
        static const struct {
                unsigned gpu;
                struct driver_wish wish;
                enum err_code code;
                const char *part;
        } rows[] = {
                { 0, { .profile_id = 9, .start = 2 }, ERR_IMPOSSIBLE, "GPU 0: 3g.40gb cannot start at memory slice 2 (it can at 0 4)" },
                { 0,
                  { .profile_id = 9, .start = 0 },
                  ERR_IMPOSSIBLE,
                  "GPU 0: 3g.40gb at memory slice 0 cannot be made: Insufficient Resources" },
                { 0, { .profile_id = 77, .start = 0 }, ERR_IMPOSSIBLE, "GPU 0 (NVIDIA A100-SXM4-80GB) has no slice with profile id 77" },
                { 0,
                  { .profile_id = 0, .start = DRIVER_UNKNOWN },
                  ERR_IMPOSSIBLE,
                  "GPU 0: 7g.80gb cannot be made: Insufficient Resources" },
                { 0,
                  { .profile_id = 9, .start = 4, .compute_count = 2, .compute = { 1, 1 } },
                  ERR_IMPOSSIBLE,
                  "GPU 0: 3g.40gb at memory slice 4 cannot be made: its compute instance: Insufficient Resources" },
                { 0, { .profile_id = 9, .start = 4, .compute_count = 9 }, ERR_IMPOSSIBLE, "at most 8 compute instances" },
                { 1, { .profile_id = 19, .start = 0 }, ERR_GPU, "GPU 1: MIG is off" },
                { 2, { .profile_id = 19, .start = 0 }, ERR_IMPOSSIBLE, "GPU 2 (NVIDIA L4) has no MIG" },
                { 3, { .profile_id = 19, .start = 0 }, ERR_NOT_FOUND, "there is no GPU 3 here" },
        };
        _cleanup_(world_freep) struct world *w = world_new("A100-80GB A100-80GB l4", "590.48.01", NULL);
        struct driver_slice slice;
        struct err e = { 0 };

        world_begin(w);
        w->node.gpus[1].mig_mode = w->node.gpus[1].mig_pending = 0;
        world_end(w);
        make(w, 0, 14, 0);
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                int r = driver_create_slice(w->driver, rows[i].gpu, &rows[i].wish, &slice, &e);
                assert_refused(r, &e, rows[i].part);
                assert_int_equal(r, -(int)rows[i].code);
                expect_layout(w, 0, "2g.20gb@0");
        }
        int r = driver_destroy_slice(w->driver, 0, &(struct driver_slice){ .id = 5 }, &e);
        assert_int_equal(r, -ERR_NOT_FOUND);
        assert_refused(r, &e, "GPU 0: slice with instance id 5: Not Found");
}

/* The compute instance cannot be made: the slice around it goes too. Where even that fails, one is told what is left. */
static void takes_back_half_a_slice(void **state) {
        (void)state;
        _cleanup_(world_freep) struct world *w = world_new("H100-80GB", "590.48.01", NULL);
        const struct driver_wish wish = { .profile_id = 14, .start = 2 };
        struct driver_slice slice;
        struct err e = { 0 };

        world_fault(w, 0, "nvmlGpuInstanceCreateComputeInstance", FAULT_FAIL, NVML_ERROR_UNKNOWN, 1);
        int r = driver_create_slice(w->driver, 0, &wish, &slice, &e);
        assert_int_equal(r, -ERR_GPU);
        assert_refused(r, &e, "2g.20gb at memory slice 2 cannot be made: its compute instance: Unknown Error");
        assert_null(strstr(e.text, "left behind"));
        expect_layout(w, 0, "");

        world_fault(w, 0, "nvmlGpuInstanceCreateComputeInstance", FAULT_FAIL, NVML_ERROR_UNKNOWN, 1);
        world_fault(w, 0, "nvmlGpuInstanceDestroy", FAULT_FAIL, NVML_ERROR_UNKNOWN, 1);
        r = driver_create_slice(w->driver, 0, &wish, &slice, &e);
        assert_refused(r, &e, "GPU instance 4 is left behind, it cannot be destroyed: Unknown Error (nvmlGpuInstanceDestroy)"); /* 2:2 */
        expect_layout(w, 0, "2g.20gb@2");
        assert_ok(driver_destroy_slice(w->driver, 0, &(struct driver_slice){ .id = 4, .profile_id = 14, .start = 2 }, &e), &e);

        world_fault(w, 0, "nvmlDeviceCreateGpuInstanceWithPlacement", FAULT_FAIL, NVML_ERROR_NO_PERMISSION, 1);
        r = driver_create_slice(w->driver, 0, &wish, &slice, &e);
        assert_int_equal(r, -ERR_GPU);
        assert_refused(r, &e, "Insufficient Permissions (nvmlDeviceCreateGpuInstanceWithPlacement): run as root");
        assert_ok(driver_create_slice(w->driver, 0, &wish, &slice, &e), &e);
}

/* R450 has no placement of one's own choice (it came with R460) but can make slices where it likes. */
static void old_drivers_place_by_themselves(void **state) {
        (void)state;
        _cleanup_(world_freep) struct world *w = world_new("A100-40GB", "450.80.02", NULL);
        const struct driver_wish wish = { .profile_id = 9, .start = 4 };
        struct driver_slice slice;
        struct err e = { 0 };

        int r = driver_create_slice(w->driver, 0, &wish, &slice, &e);
        assert_int_equal(r, -ERR_GPU);
        assert_refused(r, &e, "the driver 450.80.02 does not have nvmlDeviceCreateGpuInstanceWithPlacement (it came with R460)");
        expect_layout(w, 0, "");
        slice = make(w, 0, 9, DRIVER_UNKNOWN);
        assert_string_equal(slice.name, "3g.20gb");
        assert_int_equal(slice.compute[0].start, DRIVER_UNKNOWN); /* nvmlComputeInstanceGetInfo_v2 came with R460 too */
        assert_ok(driver_destroy_slice(w->driver, 0, &slice, &e), &e);
}

/* ---- in use ---- */

static void leaves_a_used_slice_alone(void **state) {
        (void)state;
        const struct driver_options options = { .in_use_ms = 150 };
        _cleanup_(world_freep) struct world *w = world_new("A100-80GB", "590.48.01", &options);
        struct driver_slice used = make(w, 0, 9, 0), idle = make(w, 0, 19, 4);
        uint32_t pid = world_start(w, 0, used.id, 0, "train.py");
        char part[64];
        struct err e = { 0 };

        int r = driver_destroy_slice(w->driver, 0, &used, &e);
        assert_int_equal(r, -ERR_AGAIN);
        snprintf(part, sizeof part, "GPU 0: slice 3g.40gb at 0 (instance %u) is used by %u (train.py)", used.id, pid);
        assert_refused(r, &e, part);
        struct driver_gpu gpu;
        assert_ok(driver_read_gpu(w->driver, 0, &gpu, &e), &e);
        assert_int_equal(driver_slice_find(&gpu, used.id)->compute_count, 1);
        assert_int_equal(driver_slice_find(&gpu, used.id)->process_count, 1);
        driver_gpu_done(&gpu);
        assert_ok(driver_destroy_slice(w->driver, 0, &idle, &e), &e);
        expect_layout(w, 0, "3g.40gb@0");

        world_end_process(w, pid);
        assert_ok(driver_destroy_slice(w->driver, 0, &used, &e), &e);
        expect_layout(w, 0, "");
}

/* Somebody else removed it and made another, which got its id. */
static void leaves_the_successor_of_a_slice_alone(void **state) {
        (void)state;
        _cleanup_(world_freep) struct world *w = world_new("H100-80GB", "590.48.01", NULL);
        struct driver_slice old = make(w, 0, 19, 0);
        struct err e = { 0 };

        assert_ok(driver_destroy_slice(w->driver, 0, &old, &e), &e);
        struct driver_slice successor = make(w, 0, 20, 0); /* 1g.10gb+me */
        assert_int_equal(successor.id, old.id);
        int r = driver_destroy_slice(w->driver, 0, &old, &e);
        assert_int_equal(r, -ERR_AGAIN);
        assert_refused(r, &e, "1g.10gb+me at 0 (instance 7) is not the one that was to be destroyed, which is gone: nothing was changed");
        expect_layout(w, 0, "1g.10gb+me@0");
}

/* What cannot be undone is said. */
static void tells_what_is_gone_of_a_slice(void **state) {
        (void)state;
        _cleanup_(world_freep) struct world *w = world_new("H100-80GB", "590.48.01", NULL);
        struct driver_slice slice = make(w, 0, 14, 0);
        struct err e = { 0 };

        world_fault(w, 0, "nvmlGpuInstanceDestroy", FAULT_FAIL, NVML_ERROR_UNKNOWN, 1);
        int r = driver_destroy_slice(w->driver, 0, &slice, &e);
        assert_int_equal(r, -ERR_GPU);
        assert_refused(r, &e,
                       "cannot be destroyed, and 1 of its compute instances are gone already: Unknown Error (nvmlGpuInstanceDestroy)");
        assert_ok(driver_destroy_slice(w->driver, 0, &slice, &e), &e);
        expect_layout(w, 0, "");
}

/* The driver calls a slice "in use" a while after its last process: one waits for that, but not for ever. */
static void waits_while_the_driver_tidies_up(void **state) {
        (void)state;
        static const struct {
                unsigned release_ms, in_use_ms;
                bool gone;
        } rows[] = { { 300, 3000, true }, { 20000, 200, false } };

        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                const struct driver_options options = { .in_use_ms = rows[i].in_use_ms };
                _cleanup_(world_freep) struct world *w = world_new("A100-80GB", "590.48.01", &options);
                struct err e = { 0 };

                world_begin(w);
                w->node.release_ms = rows[i].release_ms;
                world_end(w);
                struct driver_slice slice = make(w, 0, 14, 0);
                double before = seconds();
                world_end_process(w, world_start(w, 0, slice.id, 0, "short"));
                int r = driver_destroy_slice(w->driver, 0, &slice, &e);
                double took = seconds() - before;
                assert_true(took < 10 && took >= MIN(rows[i].release_ms, rows[i].in_use_ms) / 1000.0 - 0.05);
                assert_int_equal(r, rows[i].gone ? 0 : -ERR_AGAIN);
                expect_layout(w, 0, rows[i].gone ? "" : "2g.20gb@0");
                if (!rows[i].gone)
                        assert_refused(r, &e, "in use");
        }
}

/* ---- MIG mode ---- */

static void switches_mig(void **state) {
        (void)state;
        _cleanup_(world_freep) struct world *w = world_new("H100-80GB A100-80GB l4", "590.48.01", NULL);
        char note[DRIVER_NOTE_MAX];
        struct err e = { 0 };
        bool on = true;

        make(w, 0, 19, 0);
        assert_ok(driver_set_mig(w->driver, 0, false, &on, note, &e), &e);
        assert_false(on);
        assert_string_equal(note, "");
        assert_int_equal(world_look(w)->gpus[0].mig_mode, 0);
        expect_layout(w, 0, "");
        assert_ok(driver_set_mig(w->driver, 0, true, &on, note, &e), &e);
        assert_true(on);
        assert_int_equal(world_look(w)->gpus[0].mig_mode, 1);

        /* A process stands in the way on Ampere: the mode is pending, and one is told why. */
        world_begin(w);
        w->node.gpus[1].mig_mode = w->node.gpus[1].mig_pending = 0;
        world_end(w);
        world_start(w, 1, NODE_NONE, NODE_NONE, "jupyter");
        assert_ok(driver_set_mig(w->driver, 1, true, &on, note, &e), &e);
        assert_false(on);
        assert_non_null(strstr(note, "jupyter"));
        assert_int_equal(world_look(w)->gpus[1].mig_mode, 0);
        assert_int_equal(world_look(w)->gpus[1].mig_pending, 1);
        struct driver_gpu gpu;
        assert_ok(driver_read_gpu(w->driver, 1, &gpu, &e), &e);
        assert_true(!gpu.mig_on && gpu.mig_pending_on);
        driver_gpu_done(&gpu);

        int r = driver_set_mig(w->driver, 2, true, &on, note, &e);
        assert_int_equal(r, -ERR_IMPOSSIBLE);
        assert_refused(r, &e, "GPU 2 (NVIDIA L4) has no MIG");
}

/* ---- several threads ---- */

struct reader {
        struct driver *driver;
        atomic_bool *stop;
};

static void *read_on(void *argument) {
        struct reader *reader = argument;

        do { /* on a busy machine the changes may be over before a reader's first look */
                struct driver_node node;
                struct err e = { 0 };
                if (driver_read(reader->driver, &node, &e) < 0)
                        return (void *)1;
                for (unsigned i = 0; i < node.gpu_count; i++)
                        if (*node.gpus[i].health.fault || !node.gpus[i].has_layout)
                                return (void *)1;
                driver_node_done(&node);
        } while (!*reader->stop);
        return NULL;
}

static void threads_share_a_driver(void **state) {
        (void)state;
        _cleanup_(world_freep) struct world *w = world_new("A100-80GB H100-80GB", "590.48.01", NULL);
        atomic_bool stop = false;
        struct reader readers[3];
        pthread_t threads[3];
        struct err e = { 0 };

        for (unsigned i = 0; i < 3; i++) {
                readers[i] = (struct reader){ .driver = w->driver, .stop = &stop };
                assert_int_equal(pthread_create(&threads[i], NULL, read_on, &readers[i]), 0);
        }
        for (unsigned i = 0; i < 20; i++) {
                struct driver_slice slice = make(w, i % 2, 9, i % 3 ? 0 : 4);
                assert_ok(driver_destroy_slice(w->driver, i % 2, &slice, &e), &e);
        }
        stop = true;
        for (unsigned i = 0; i < 3; i++) {
                void *failed;
                pthread_join(threads[i], &failed);
                assert_null(failed);
        }
}

int main(int argc, char **argv) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(applies_random_layouts),
                cmocka_unit_test(the_driver_places_as_it_was_seen_to),
                cmocka_unit_test(divides_a_slice),
                cmocka_unit_test(takes_all_of_a_double_memory_slice),
                cmocka_unit_test(refuses_what_cannot_be),
                cmocka_unit_test(takes_back_half_a_slice),
                cmocka_unit_test(old_drivers_place_by_themselves),
                cmocka_unit_test(leaves_a_used_slice_alone),
                cmocka_unit_test(leaves_the_successor_of_a_slice_alone),
                cmocka_unit_test(tells_what_is_gone_of_a_slice),
                cmocka_unit_test(waits_while_the_driver_tidies_up),
                cmocka_unit_test(switches_mig),
                cmocka_unit_test(threads_share_a_driver),
        };

        if (argc != 2)
                return 2;
        world_library = argv[1];
        return cmocka_run_group_tests(tests, NULL, NULL);
}
