/* What is read of a simulated machine is what its description says. */
#include "world.h"

#define MIB (INT64_C(1) << 20)

/* Every MIG model whose placements are published, and some GPUs without MIG, in machines of at most 16. */
static const char *const machines[] = {
        "A30-24GB A100-40GB A100-80GB H100-80GB H100-NVL-94GB GH200-96GB H200-141GB H20-96GB",
        "B200-180GB GB200-186GB B300-269GB GB300-278GB RTX-PRO-6000-96GB l4 t4 a10g",
};
static const char *const drivers[] = { "450.80.02", "470.57.02",  "510.47.03", "525.60.13", "535.54.03",
                                       "550.54.15", "570.133.20", "590.48.01", "595.45.04" };

static void expect_identity(const struct driver_gpu *gpu, const struct node_gpu *node) {
        const struct gpu_model *model = node_model(node);
        char uuid[MIG_UUID_MAX], bus[32];

        mig_gpu_uuid(node, uuid);
        snprintf(bus, sizeof bus, "%08X:%02X:%02X.0", node->pci_domain, node->pci_bus, node->pci_device);
        assert_string_equal(gpu->health.fault, "");
        assert_string_equal(gpu->uuid, uuid);
        assert_string_equal(gpu->product, node->product);
        assert_ptr_equal(gpu->model, model);
        assert_int_equal(gpu->pci_device_id, node->pci_device_id);
        assert_int_equal(gpu->pci_subsystem_id, node->pci_subsystem_id);
        assert_string_equal(gpu->bus_id, bus);
        assert_int_equal(gpu->minor, node->minor);
        assert_string_equal(gpu->serial, node->serial);
        assert_true(gpu->memory_bytes == (int64_t)model->memory_mib * MIB);
        assert_int_equal(gpu->mig_capable, gpu_has_mig(model));
        assert_int_equal(gpu->mig_on, node->mig_mode);
        assert_int_equal(gpu->slice_count, 0);
        assert_int_equal(gpu->process_count, 0);
        assert_string_equal(gpu->processes_unknown, "");
        assert_int_equal(gpu->has_layout, gpu_has_mig(model));
        assert_int_equal(gpu->layout.count, 0);
}

static void reads_who_the_gpus_are(void **state) {
        (void)state;
        for (size_t m = 0; m < ARRAY_SIZE(machines); m++) {
                _cleanup_(world_freep) struct world *w = world_new(machines[m], "590.48.01", NULL);
                const struct node *n = world_look(w);
                struct driver_node node;
                struct err e = { 0 };

                assert_string_equal(driver_about(w->driver)->version, "590.48.01");
                assert_int_equal(driver_about(w->driver)->cuda, n->cuda);
                assert_ok(driver_read(w->driver, &node, &e), &e);
                assert_int_equal(node.gpu_count, n->gpu_count);
                for (unsigned i = 0; i < node.gpu_count; i++) {
                        assert_int_equal(node.gpus[i].index, i);
                        expect_identity(&node.gpus[i], &n->gpus[i]);
                        assert_true(node.gpus[i].reserved_bytes > 0 && node.gpus[i].reserved_bytes < node.gpus[i].memory_bytes / 10);
                }
                driver_node_done(&node);
        }
}

/* The profiles that the driver tells are those of the catalogue, except what is not known there (0 or a placeholder). */
static void reads_the_profiles_of_every_model(void **state) {
        (void)state;
        for (size_t m = 0; m < ARRAY_SIZE(machines); m++) {
                _cleanup_(world_freep) struct world *w = world_new(machines[m], "595.45.04", NULL);
                struct driver_node node;
                struct err e = { 0 };

                assert_ok(driver_read(w->driver, &node, &e), &e);
                for (unsigned i = 0; i < node.gpu_count; i++) {
                        const struct driver_gpu *gpu = &node.gpus[i];
                        assert_false(gpu->profiles_assumed);
                        assert_int_equal(gpu->profile_count, gpu_has_mig(gpu->model) ? gpu->model->profile_count : 0);
                        for (unsigned p = 0; p < gpu->profile_count; p++) {
                                const struct gpu_profile *known = &gpu->model->profiles[p];
                                const struct driver_profile *told = driver_profile_find(gpu, known->name);
                                assert_non_null(told);
                                assert_ptr_equal(told->known, known);
                                assert_int_equal(told->id, known->id);
                                assert_int_equal(told->nvml, known->nvml);
                                assert_int_equal(told->compute_slices, known->compute_slices);
                                assert_int_equal(told->max_count, known->max_count);
                                assert_int_equal(told->remaining, known->max_count);
                                assert_int_equal(told->size, known->memory_slices);
                                assert_int_equal(told->start_count, known->start_count);
                                assert_memory_equal(told->starts, known->starts, known->start_count);
                                assert_memory_equal(told->engines, known->engines, sizeof told->engines);
                                assert_int_equal(told->free_starts, (1u << known->start_count) - 1);
                        }
                }
                driver_node_done(&node);
        }
}

static void reads_with_drivers_of_every_age(void **state) {
        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(drivers); i++) {
                _cleanup_(world_freep) struct world *w = world_new("A100-40GB A30-24GB t4", drivers[i], NULL);
                struct driver_gpu gpu;
                struct err e = { 0 };
                unsigned slot, ci;

                world_begin(w);
                assert_int_equal(mig_create_gi(&w->node, 0, 9, NULL, world_now_us(), &slot), NVML_SUCCESS);
                assert_int_equal(mig_create_ci(&w->node, 0, slot, NVML_COMPUTE_INSTANCE_PROFILE_3_SLICE, NULL, world_now_us(), &ci),
                                 NVML_SUCCESS);
                const struct node_gi gi = w->node.gpus[0].gi[slot];
                world_end(w);
                uint32_t pid = world_start(w, 0, gi.id, 0, "python");

                assert_ok(driver_read_gpu(w->driver, 0, &gpu, &e), &e);
                assert_string_equal(driver_about(w->driver)->version, drivers[i]);
                assert_string_equal(gpu.health.fault, "");
                assert_int_equal(gpu.slice_count, 1);
                assert_int_equal(gpu.slices[0].id, gi.id);
                assert_int_equal(gpu.slices[0].start, gi.start);
                assert_int_equal(gpu.slices[0].size, 4);
                assert_int_equal(gpu.slices[0].compute_count, 1);
                char uuid[MIG_UUID_MAX];
                mig_device_uuid(world_look(w), 0, slot, ci, uuid);
                assert_string_equal(gpu.slices[0].compute[0].uuid, uuid);
                assert_true(gpu.has_layout);
                assert_int_equal(gpu.process_count, 1);
                assert_int_equal(gpu.processes[0].pid, pid);
                assert_string_equal(gpu.processes[0].name, "python");
                assert_true(gpu.processes[0].memory_bytes == INT64_C(1) << 30);
                bool old = driver_about(w->driver)->major < 455; /* its process list knows no instances */
                assert_true(gpu.processes[0].gi_id == (old ? DRIVER_NONE : gi.id));
                assert_int_equal(gpu.slices[0].process_count, !old);
                assert_int_equal(*gpu.processes_unknown != '\0', old);
                assert_int_equal(gpu.reserved_bytes >= 0, driver_about(w->driver)->major >= 510);
                /* 1g.10gb came with R525, +me with R470 */
                assert_int_equal(driver_profile_find(&gpu, "1g.10gb") != NULL, driver_about(w->driver)->major >= 525);
                assert_int_equal(driver_profile_find(&gpu, "1g.5gb+me") != NULL, driver_about(w->driver)->major >= 470);
                assert_non_null(driver_profile_find(&gpu, "3g.20gb"));
                driver_gpu_done(&gpu);
        }
}

/* A GPU that the catalogue does not know by name is known by its PCI id, and one not known at all still tells its slices. */
static void reads_gpus_that_nobody_knows(void **state) {
        (void)state;
        _cleanup_(world_freep) struct world *w = world_new("H100-80GB RTX-PRO-6000-96GB", "590.48.01", NULL);
        struct driver_node node;
        struct err e = { 0 };
        unsigned slot;

        world_begin(w);
        for (unsigned i = 0; i < 2; i++)
                snprintf(w->node.gpus[i].product, sizeof w->node.gpus[i].product, "ACME Accelerator");
        w->node.gpus[1].pci_device_id = 0x7777;
        assert_int_equal(mig_create_gi(&w->node, 1, 47, NULL, world_now_us(), &slot), NVML_SUCCESS); /* 1g.24gb+gfx */
        world_end(w);

        assert_ok(driver_read(w->driver, &node, &e), &e);
        assert_string_equal(node.gpus[0].product, "ACME Accelerator");
        assert_ptr_equal(node.gpus[0].model, gpu_model_find("H100-80GB"));
        assert_null(node.gpus[1].model);
        assert_false(node.gpus[1].has_layout);
        assert_int_equal(node.gpus[1].slice_count, 1);
        assert_string_equal(node.gpus[1].slices[0].name, "1g.24gb+gfx");
        assert_int_equal(node.gpus[1].profile_count, 11);
        assert_int_equal(driver_profile_find(&node.gpus[1], "4g.96gb")->size, 12);
        assert_int_equal(driver_profile_find(&node.gpus[1], "4g.96gb")->free_starts, 0);
        assert_int_equal(driver_profile_find(&node.gpus[1], "1g.24gb-me")->start_count, 4);
        assert_int_equal(driver_profile_find(&node.gpus[1], "1g.24gb+me.all")->known, 0);
        driver_node_done(&node);
}

static void reads_sensors_and_health(void **state) {
        (void)state;
        _cleanup_(world_freep) struct world *w = world_new("l4 H100-80GB", "590.48.01", NULL);
        struct driver_node node;
        struct err e = { 0 };

        world_begin(w);
        w->node.jitter_percent = 0;
        w->node.gpus[0].load.gpu_percent = 73;
        w->node.gpus[0].load.memory_percent = 21;
        for (unsigned i = 0; i < 2; i++) {
                w->node.gpus[i].load.temperature_c = 66;
                w->node.gpus[i].load.power_mw = 51000;
        }
        assert_int_equal(event_ecc(&w->node, 1, false, true, 5, world_now_us()), NVML_SUCCESS);
        assert_int_equal(event_ecc(&w->node, 1, true, true, 2, world_now_us()), NVML_SUCCESS);
        world_end(w);

        assert_ok(driver_read(w->driver, &node, &e), &e);
        assert_int_equal(node.gpus[0].sensors.gpu_percent, 73);
        assert_int_equal(node.gpus[0].sensors.memory_percent, 21);
        assert_int_equal(node.gpus[0].sensors.temperature_c, 66);
        assert_int_equal(node.gpus[0].sensors.power_mw, 51000);
        assert_int_equal(node.gpus[0].sensors.power_limit_mw, (int)w->node.gpus[0].power_limit_mw);
        assert_int_equal(node.gpus[1].sensors.gpu_percent, DRIVER_UNKNOWN); /* MIG is on */
        assert_int_equal(node.gpus[1].sensors.temperature_c, 66);
        assert_int_equal(node.gpus[1].health.ecc_on, 1);
        assert_int_equal(node.gpus[1].health.ecc_corrected, 5);
        assert_int_equal(node.gpus[1].health.ecc_uncorrected, 2);
        assert_int_equal(node.gpus[0].health.ecc_uncorrected, 0);
        driver_node_done(&node);
}

/* 300 processes: more than the first try has room for. */
static void reads_long_process_lists(void **state) {
        (void)state;
        _cleanup_(world_freep) struct world *w = world_new("B200-180GB", "590.48.01", NULL);
        struct driver_gpu gpu;
        struct err e = { 0 };

        world_begin(w);
        w->node.gpus[0].mig_mode = w->node.gpus[0].mig_pending = 0;
        for (unsigned i = 0; i < 300; i++) {
                struct node_process p = {
                        .pid = 1000 + i, .kind = (uint8_t)(i % PROCESS_KIND_MAX), .gi_id = NODE_NONE, .ci_id = NODE_NONE
                };
                snprintf(p.name, sizeof p.name, "worker-%u", i);
                p.memory_bytes = (i + 1) * (uint64_t)MIB;
                assert_int_equal(process_start(&w->node, &p, world_now_us()), NVML_SUCCESS);
        }
        world_end(w);

        assert_ok(driver_read_gpu(w->driver, 0, &gpu, &e), &e);
        assert_int_equal(gpu.process_count, 300);
        assert_false(gpu.processes_cut);
        unsigned kinds[DRIVER_KIND_MAX] = { 0 };
        for (unsigned i = 0; i < 300; i++) {
                const struct driver_process *p = &gpu.processes[i];
                unsigned k = p->pid - 1000;
                char name[32];
                snprintf(name, sizeof name, "worker-%u", k);
                assert_string_equal(p->name, name);
                assert_true(p->memory_bytes == (int64_t)(k + 1) * MIB);
                assert_int_equal(p->kind, k % 3); /* compute, graphics, MPS in both */
                assert_true(p->gi_id == DRIVER_NONE);
                kinds[p->kind]++;
        }
        assert_int_equal(kinds[DRIVER_MPS], 100);
        driver_gpu_done(&gpu);
}

/* Without these nobody can say what slices there are. */
static const char *const needed[] = { "nvmlDeviceGetGpuInstances", "nvmlDeviceGetGpuInstanceProfileInfo", "nvmlGpuInstanceGetInfo",
                                      "nvmlGpuInstanceGetComputeInstanceProfileInfo", "nvmlGpuInstanceGetComputeInstances" };

static bool is_needed_for_slices(const char *name) {
        for (size_t i = 0; i < ARRAY_SIZE(needed); i++)
                if (strcmp(needed[i], name) == 0)
                        return true;
        return false;
}

/* "No slices" would be a lie then, and would be acted upon. */
static void says_so_when_slices_cannot_be_read(void **state) {
        (void)state;
        static const unsigned codes[] = { NVML_ERROR_FUNCTION_NOT_FOUND, NVML_ERROR_UNKNOWN, NVML_ERROR_NO_PERMISSION };
        _cleanup_(world_freep) struct world *w = world_new("A100-80GB", "590.48.01", NULL);
        struct driver_slice slice, other;
        struct driver_gpu gpu;
        struct err e = { 0 };

        assert_ok(driver_create_slice(w->driver, 0, &(struct driver_wish){ .profile_id = 9, .start = 4 }, &slice, &e), &e);
        for (size_t i = 0; i < ARRAY_SIZE(needed) * ARRAY_SIZE(codes); i++) {
                const char *call = needed[i / ARRAY_SIZE(codes)];
                world_fault(w, 0, call, FAULT_FAIL, codes[i % ARRAY_SIZE(codes)], 0);
                assert_int_equal(driver_read_gpu(w->driver, 0, &gpu, &e), -ERR_GPU);
                assert_non_null(strstr(e.text, call));
                /* And nothing is changed on what could not be read. */
                assert_int_equal(driver_destroy_slice(w->driver, 0, &slice, &e), -ERR_GPU);
                assert_int_equal(driver_create_slice(w->driver, 0, &(struct driver_wish){ .profile_id = 19, .start = 0 }, &other, &e),
                                 -ERR_GPU);
                world_clear_faults(w);
                assert_ok(driver_read_gpu(w->driver, 0, &gpu, &e), &e);
                assert_int_equal(gpu.slice_count, 1);
                assert_int_equal(gpu.slices[0].compute_count, 1);
                driver_gpu_done(&gpu);
        }
}

/* A function that the driver lacks is an answer: all of what else it tells is as before. What can be told otherwise still is. */
static void lives_without_any_one_function(void **state) {
        (void)state;
        enum { OPTIONAL, REQUIRED };
        static const struct {
                const char *name;
                int need;
        } calls[] = {
#define CALL(type, name, since, need, arguments) { #name, need },
#include "io/nvml/calls.def"
#undef CALL
        };
        _cleanup_(world_freep) struct world *w = world_new("A100-80GB", "590.48.01", NULL);
        struct driver_slice slice;
        struct driver_gpu whole;
        struct err e = { 0 };

        assert_ok(driver_create_slice(w->driver, 0, &(struct driver_wish){ .profile_id = 9, .start = 4 }, &slice, &e), &e);
        world_start(w, 0, slice.id, 0, "train");
        assert_ok(driver_read_gpu(w->driver, 0, &whole, &e), &e);
        for (size_t i = 0; i < ARRAY_SIZE(calls); i++) {
                struct driver_gpu gpu;
                if (calls[i].need == REQUIRED)
                        continue;
                if (is_needed_for_slices(calls[i].name))
                        continue;
                world_fault(w, NODE_NONE, calls[i].name, FAULT_FAIL, NVML_ERROR_FUNCTION_NOT_FOUND, 0);
                world_fault(w, 0, calls[i].name, FAULT_FAIL, NVML_ERROR_FUNCTION_NOT_FOUND, 0);
                assert_ok(driver_read_gpu(w->driver, 0, &gpu, &e), &e);
                assert_string_equal(gpu.uuid, whole.uuid);
                assert_true(gpu.memory_bytes == whole.memory_bytes);
                assert_ptr_equal(gpu.model, whole.model);
                bool mig = strcmp(calls[i].name, "nvmlDeviceGetMigMode") != 0;
                assert_int_equal(gpu.mig_capable, mig);
                assert_int_equal(gpu.slice_count, mig);
                if (mig)
                        assert_memory_equal(gpu.slices[0].compute[0].uuid, whole.slices[0].compute[0].uuid, DRIVER_UUID_MAX);
                assert_int_equal(gpu.process_count, 1);
                assert_int_equal(gpu.processes[0].pid, whole.processes[0].pid);
                driver_gpu_done(&gpu);
                world_clear_faults(w);
        }
        driver_gpu_done(&whole);
}

int main(int argc, char **argv) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(reads_who_the_gpus_are),          cmocka_unit_test(reads_the_profiles_of_every_model),
                cmocka_unit_test(reads_with_drivers_of_every_age), cmocka_unit_test(reads_gpus_that_nobody_knows),
                cmocka_unit_test(reads_sensors_and_health),        cmocka_unit_test(reads_long_process_lists),
                cmocka_unit_test(lives_without_any_one_function),  cmocka_unit_test(says_so_when_slices_cannot_be_read),
        };

        if (argc != 2)
                return 2;
        world_library = argv[1];
        return cmocka_run_group_tests(tests, NULL, NULL);
}
