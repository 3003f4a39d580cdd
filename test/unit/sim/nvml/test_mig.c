/* MIG by NVML's calls. Expected values are those of NVIDIA's listings and header, written out here: ids, placements and memory from
 * captures of `nvidia-smi mig -lgip` and `-lgipp` (MIG user guide, A100 40 GB and H100 80 GB; RTX PRO 6000 with its twelve memory slices),
 * return codes from the notes in NVML's header and from what mig-parted, go-nvlib and the device plugin are written against. */
#include "machine.h"

#define UNTOUCHED 0xAAAAAAAA

static nvmlReturn_t attributes(nvmlDevice_t device) {
        nvmlDeviceAttributes_t all;
        return nvmlDeviceGetAttributes_v2(device, &all);
}

/* What is asked for (enum) and what comes back (id) are two worlds. */
static const struct {
        const char *model;
        unsigned enumerator, id, slices, count, sm, copy, decode, encode, jpeg, ofa, mib;
        const char *name;
        unsigned size, starts[8], start_count;
} profiles[] = {
        { "A100-40GB", 0x0, 19, 1, 7, 14, 1, 0, 0, 0, 0, 4864, "1g.5gb", 1, { 0, 1, 2, 3, 4, 5, 6 }, 7 },
        { "A100-40GB", 0x7, 20, 1, 1, 14, 1, 1, 0, 1, 1, 4864, "1g.5gb+me", 1, { 0, 1, 2, 3, 4, 5, 6 }, 7 },
        { "A100-40GB", 0x9, 15, 1, 4, 14, 1, 1, 0, 0, 0, 9856, "1g.10gb", 2, { 0, 2, 4, 6 }, 4 },
        { "A100-40GB", 0x1, 14, 2, 3, 28, 2, 1, 0, 0, 0, 9856, "2g.10gb", 2, { 0, 2, 4 }, 3 },
        { "A100-40GB", 0x2, 9, 3, 2, 42, 3, 2, 0, 0, 0, 19968, "3g.20gb", 4, { 0, 4 }, 2 },
        { "A100-40GB", 0x3, 5, 4, 1, 56, 4, 2, 0, 0, 0, 19968, "4g.20gb", 4, { 0 }, 1 },
        { "A100-40GB", 0x4, 0, 7, 1, 98, 7, 5, 0, 1, 1, 40192, "7g.40gb", 8, { 0 }, 1 },
        { "H100-80GB", 0x0, 19, 1, 7, 16, 1, 1, 0, 1, 0, 9984, "1g.10gb", 1, { 0, 1, 2, 3, 4, 5, 6 }, 7 },
        { "H100-80GB", 0x9, 15, 1, 4, 26, 1, 1, 0, 1, 0, 20096, "1g.20gb", 2, { 0, 2, 4, 6 }, 4 },
        { "H100-80GB", 0x4, 0, 7, 1, 132, 8, 7, 0, 7, 1, 81152, "7g.80gb", 8, { 0 }, 1 },
        { "RTX-PRO-6000-96GB", 0xA, 47, 1, 4, 46, 1, 1, 1, 1, 0, 24192, "1g.24gb+gfx", 3, { 0, 3, 6, 9 }, 4 },
        { "RTX-PRO-6000-96GB", 0x10, 64, 2, 1, 94, 2, 4, 4, 4, 1, 48512, "2g.48gb+me.all", 6, { 0, 6 }, 2 },
};

static void tells_profiles_by_enum_and_by_id(void **state) {
        (void)state;
        for (unsigned i = 0; i < ARRAY_SIZE(profiles); i++) {
                machine_start("590.48.01", profiles[i].model, true);
                nvmlDevice_t gpu = machine_gpu(0);
                nvmlGpuInstanceProfileInfo_t v1;
                nvmlGpuInstanceProfileInfo_v2_t v2 = { .version = 0x02000098 };
                nvmlGpuInstanceProfileInfo_v3_t v3 = { .version = 0x03000098 }, same = { .version = 0x03000098 };
                assert_int_equal(nvmlDeviceGetGpuInstanceProfileInfo(gpu, profiles[i].enumerator, &v1), NVML_SUCCESS);
                assert_int_equal(nvmlDeviceGetGpuInstanceProfileInfoV(gpu, profiles[i].enumerator, &v2), NVML_SUCCESS);
                assert_int_equal(nvmlDeviceGetGpuInstanceProfileInfoV(gpu, profiles[i].enumerator, (void *)&v3), NVML_SUCCESS);
                assert_int_equal(nvmlDeviceGetGpuInstanceProfileInfoByIdV(gpu, profiles[i].id, (void *)&same), NVML_SUCCESS);
                assert_memory_equal(&v3, &same, sizeof v3);

                const unsigned expected[] = { profiles[i].id,     0,
                                              profiles[i].slices, profiles[i].count,
                                              profiles[i].sm,     profiles[i].copy,
                                              profiles[i].decode, profiles[i].encode,
                                              profiles[i].jpeg,   profiles[i].ofa };
                assert_memory_equal(&v1.id, expected, sizeof expected);
                assert_memory_equal(&v2.id, expected, sizeof expected);
                assert_int_equal(v3.id, expected[0]);
                assert_memory_equal(&v3.sliceCount, expected + 2, sizeof expected - 2 * sizeof *expected);
                assert_int_equal(v1.memorySizeMB, profiles[i].mib);
                assert_int_equal(v2.memorySizeMB, profiles[i].mib);
                assert_int_equal(v3.memorySizeMB, profiles[i].mib);
                assert_string_equal(v2.name, profiles[i].name);
                assert_string_equal(v3.name, profiles[i].name);
                assert_int_equal(v3.capabilities, strstr(profiles[i].name, "+gfx") ? 2 : 0);

                unsigned count = UNTOUCHED;
                nvmlGpuInstancePlacement_t places[16];
                memset(places, 0xAA, sizeof places);
                assert_int_equal(nvmlDeviceGetGpuInstancePossiblePlacements_v2(gpu, profiles[i].id, NULL, &count), NVML_SUCCESS);
                assert_int_equal(count, profiles[i].start_count);
                assert_int_equal(nvmlDeviceGetGpuInstancePossiblePlacements_v2(gpu, profiles[i].id, places, &count), NVML_SUCCESS);
                for (unsigned p = 0; p < count; p++) {
                        assert_int_equal(places[p].start, profiles[i].starts[p]);
                        assert_int_equal(places[p].size, profiles[i].size);
                }
                assert_int_equal(places[count].start, UNTOUCHED);
                machine_stop();
        }
}

/* The sequences that were captured on A100 and H100: the driver's own choice (GI ids), and what it refuses after a bad order. */
static void places_as_the_driver_does(void **state) {
        (void)state;
        static const struct {
                const char *model;
                unsigned profiles[8], ids[8], count;
                bool one_more_19_fits;
        } sequences[] = {
                { "A100-40GB", { 19, 19, 19, 19, 19, 19, 19 }, { 13, 11, 12, 7, 8, 9, 10 }, 7, false },
                { "A100-40GB", { 19, 14, 5 }, { 13, 5, 1 }, 3, false },
                { "A100-40GB", { 9, 19, 14, 19 }, { 2, 7, 4, 8 }, 4, false },
                { "A100-40GB", { 9, 14, 19, 19 }, { 2, 3, 9, 10 }, 4, false },
                { "GH200-96GB", { 15, 15, 15 }, { 5, 3, 4 }, 3, true },
        };
        for (unsigned s = 0; s < ARRAY_SIZE(sequences); s++) {
                machine_start("590.48.01", sequences[s].model, true);
                nvmlDevice_t gpu = machine_gpu(0);
                for (unsigned i = 0; i < sequences[s].count; i++) {
                        nvmlGpuInstance_t gi;
                        nvmlGpuInstanceInfo_t info;
                        assert_int_equal(nvmlDeviceCreateGpuInstance(gpu, sequences[s].profiles[i], &gi), NVML_SUCCESS);
                        assert_int_equal(nvmlGpuInstanceGetInfo(gi, &info), NVML_SUCCESS);
                        assert_int_equal(info.id, sequences[s].ids[i]);
                        assert_int_equal(info.profileId, sequences[s].profiles[i]);
                        assert_ptr_equal(info.device, gpu);
                }
                nvmlGpuInstance_t more = NULL;
                unsigned left;
                assert_int_equal(nvmlDeviceGetGpuInstanceRemainingCapacity(gpu, 19, &left), NVML_SUCCESS);
                assert_int_equal(left, sequences[s].one_more_19_fits);
                assert_int_equal(nvmlDeviceCreateGpuInstance(gpu, 19, &more), left ? NVML_SUCCESS : NVML_ERROR_INSUFFICIENT_RESOURCES);
                assert_true(left ? more != NULL : more == NULL);
                machine_stop();
        }
}

static void a_bad_order_runs_out_of_places(void **state) {
        (void)state;
        static const unsigned order[] = { 19, 19, 14, 9 };
        machine_start("590.48.01", "A100-40GB", true);
        nvmlGpuInstance_t gi;
        for (unsigned i = 0; i < 3; i++)
                assert_int_equal(nvmlDeviceCreateGpuInstance(machine_gpu(0), order[i], &gi), NVML_SUCCESS);
        assert_int_equal(nvmlDeviceCreateGpuInstance(machine_gpu(0), order[3], &gi), NVML_ERROR_INSUFFICIENT_RESOURCES);
        machine_stop();
}

static void takes_the_place_that_is_named(void **state) {
        (void)state;
        nvmlGpuInstance_t gi, found, all[8];
        nvmlGpuInstanceInfo_t info;
        unsigned count = 0;
        machine_start("590.48.01", "H100-80GB", true);
        nvmlDevice_t gpu = machine_gpu(0);
        nvmlGpuInstancePlacement_t at4 = { 4, 4 }, at6 = { 6, 1 }, off = { 4, 3 };
        assert_int_equal(nvmlDeviceCreateGpuInstanceWithPlacement(gpu, 9, &off, &gi), NVML_ERROR_INVALID_ARGUMENT);
        assert_int_equal(nvmlDeviceCreateGpuInstanceWithPlacement(gpu, 9, NULL, &gi), NVML_ERROR_INVALID_ARGUMENT);
        assert_int_equal(nvmlDeviceCreateGpuInstanceWithPlacement(gpu, 9, &at4, NULL), NVML_ERROR_INVALID_ARGUMENT);
        assert_int_equal(nvmlDeviceCreateGpuInstanceWithPlacement(gpu, 9, &at4, &gi), NVML_SUCCESS);
        assert_int_equal(nvmlGpuInstanceGetInfo(gi, &info), NVML_SUCCESS);
        assert_int_equal(info.id, 2); /* the upper half */
        assert_memory_equal(&info.placement, &at4, sizeof at4);
        assert_int_equal(nvmlDeviceCreateGpuInstanceWithPlacement(gpu, 19, &at6, &found), NVML_ERROR_INSUFFICIENT_RESOURCES);
        assert_int_equal(nvmlDeviceGetGpuInstanceById(gpu, 2, &found), NVML_SUCCESS);
        assert_ptr_equal(found, gi);
        assert_int_equal(nvmlDeviceGetGpuInstanceById(gpu, 1, &found), NVML_ERROR_NOT_FOUND);
        assert_int_equal(nvmlDeviceGetGpuInstances(gpu, 9, all, &count), NVML_SUCCESS);
        assert_int_equal(count, 1);
        assert_ptr_equal(all[0], gi);
        assert_int_equal(nvmlDeviceGetGpuInstances(gpu, 19, all, &count), NVML_SUCCESS);
        assert_int_equal(count, 0);
        assert_int_equal(nvmlDeviceGetGpuInstances(gpu, 9, NULL, &count), NVML_ERROR_INVALID_ARGUMENT);
        machine_stop();
}

/* A 3g of an H100 has 60 SMs as a whole; cut up, 16 each. */
static void cuts_an_instance_for_compute(void **state) {
        (void)state;
        nvmlGpuInstance_t gi;
        nvmlComputeInstance_t whole, one;
        unsigned count;
        machine_start("590.48.01", "H100-80GB", true);
        assert_int_equal(nvmlDeviceCreateGpuInstance(machine_gpu(0), 9, &gi), NVML_SUCCESS);

        static const struct {
                unsigned profile, max, sm;
                const char *name;
        } inside[] = { { 0, 3, 16, "1c.3g.40gb" }, { 1, 1, 32, "2c.3g.40gb" }, { 2, 1, 60, "3g.40gb" } };
        for (unsigned i = 0; i < ARRAY_SIZE(inside); i++) {
                nvmlComputeInstanceProfileInfo_t v1;
                nvmlComputeInstanceProfileInfo_v2_t v2 = { .version = 0x02000088 };
                nvmlComputeInstanceProfileInfo_v3_t v3 = { .version = 0x0300008c };
                assert_int_equal(nvmlGpuInstanceGetComputeInstanceProfileInfo(gi, inside[i].profile, 0, &v1), NVML_SUCCESS);
                assert_int_equal(nvmlGpuInstanceGetComputeInstanceProfileInfoV(gi, inside[i].profile, 0, &v2), NVML_SUCCESS);
                assert_int_equal(nvmlGpuInstanceGetComputeInstanceProfileInfoV(gi, inside[i].profile, 0, (void *)&v3), NVML_SUCCESS);
                const unsigned expected[] = { inside[i].profile, inside[i].profile + 1, inside[i].max, inside[i].sm, 3, 3, 0, 3, 0 };
                assert_memory_equal(&v1.id, expected, sizeof expected);
                assert_memory_equal(&v2.id, expected, sizeof expected);
                assert_memory_equal(&v3.id, expected, sizeof expected);
                assert_string_equal(v2.name, inside[i].name);
                assert_string_equal(v3.name, inside[i].name);
                assert_int_equal(nvmlGpuInstanceGetComputeInstanceRemainingCapacity(gi, inside[i].profile, &count), NVML_SUCCESS);
                assert_int_equal(count, inside[i].max);
        }
        nvmlComputeInstanceProfileInfo_t none;
        assert_int_equal(nvmlGpuInstanceGetComputeInstanceProfileInfo(gi, 3, 0, &none), NVML_ERROR_NOT_SUPPORTED);
        assert_int_equal(nvmlGpuInstanceGetComputeInstanceProfileInfo(gi, 9, 0, &none), NVML_ERROR_INVALID_ARGUMENT);
        assert_int_equal(nvmlGpuInstanceGetComputeInstanceProfileInfo(gi, 0, 1, &none), NVML_ERROR_INVALID_ARGUMENT);
        assert_int_equal(nvmlGpuInstanceGetComputeInstanceProfileInfoV(gi, 0, 0, &(nvmlComputeInstanceProfileInfo_v2_t){ 0 }),
                         NVML_ERROR_ARGUMENT_VERSION_MISMATCH);

        assert_int_equal(nvmlGpuInstanceCreateComputeInstance(gi, 2, &whole), NVML_SUCCESS);
        assert_int_equal(nvmlGpuInstanceCreateComputeInstance(gi, 0, &one), NVML_ERROR_INSUFFICIENT_RESOURCES);
        assert_int_equal(nvmlGpuInstanceDestroy(gi), NVML_ERROR_IN_USE);
        assert_int_equal(nvmlComputeInstanceDestroy(whole), NVML_SUCCESS);
        assert_int_equal(nvmlComputeInstanceDestroy(whole), NVML_ERROR_INVALID_ARGUMENT);
        machine_stop();
}

static void puts_compute_instances_where_they_are_told(void **state) {
        (void)state;
        nvmlGpuInstance_t gi;
        nvmlComputeInstance_t one, two, found, all[8];
        nvmlComputeInstanceInfo_t info;
        unsigned count, id;
        nvmlComputeInstancePlacement_t last = { 2, 1 }, off = { 2, 2 }, places[8];
        machine_start("590.48.01", "H100-80GB", true);
        assert_int_equal(nvmlDeviceCreateGpuInstance(machine_gpu(0), 9, &gi), NVML_SUCCESS);
        assert_int_equal(nvmlGpuInstanceGetComputeInstancePossiblePlacements(gi, 0, NULL, &count), NVML_SUCCESS);
        assert_int_equal(count, 3);
        assert_int_equal(nvmlGpuInstanceGetComputeInstancePossiblePlacements(gi, 0, places, &count), NVML_SUCCESS);
        assert_memory_equal(&places[2], &last, sizeof last);
        assert_int_equal(nvmlGpuInstanceCreateComputeInstanceWithPlacement(gi, 1, &off, &two), NVML_ERROR_INVALID_ARGUMENT);
        assert_int_equal(nvmlGpuInstanceCreateComputeInstanceWithPlacement(gi, 0, &last, &one), NVML_SUCCESS);
        assert_int_equal(nvmlGpuInstanceCreateComputeInstanceWithPlacement(gi, 0, &last, &two), NVML_ERROR_INSUFFICIENT_RESOURCES);
        assert_int_equal(nvmlGpuInstanceCreateComputeInstance(gi, 1, &two), NVML_SUCCESS);
        assert_int_equal(nvmlComputeInstanceGetInfo_v2(one, &info), NVML_SUCCESS);
        assert_ptr_equal(info.gpuInstance, gi);
        assert_int_equal(info.id, 0);
        assert_int_equal(info.profileId, 0);
        assert_memory_equal(&info.placement, &last, sizeof last);
        assert_int_equal(nvmlDeviceGetComputeInstanceId(info.device, &id), NVML_SUCCESS);
        assert_int_equal(id, 0);

        memset(&info, 0xAA, sizeof info); /* the first version's struct ends before the placement */
        assert_int_equal(nvmlComputeInstanceGetInfo(two, &info), NVML_SUCCESS);
        assert_int_equal(info.id, 1);
        assert_int_equal(info.placement.start, UNTOUCHED);
        assert_int_equal(nvmlGpuInstanceGetComputeInstances(gi, 1, all, &count), NVML_SUCCESS);
        assert_int_equal(count, 1);
        assert_ptr_equal(all[0], two);
        assert_int_equal(nvmlGpuInstanceGetComputeInstanceById(gi, 1, &found), NVML_SUCCESS);
        assert_ptr_equal(found, two);
        assert_int_equal(nvmlGpuInstanceGetComputeInstanceById(gi, 2, &found), NVML_ERROR_NOT_FOUND);
        machine_stop();
}

/* On Hopper the whole of a double-memory 1g is compute profile 7, with 26 SMs (capture of a GH200's lcip). */
static void a_double_memory_slice_has_its_own_compute_profile(void **state) {
        (void)state;
        nvmlGpuInstance_t gi;
        nvmlComputeInstanceProfileInfo_t info;
        machine_start("590.48.01", "H100-80GB", true);
        assert_int_equal(nvmlDeviceCreateGpuInstance(machine_gpu(0), 15, &gi), NVML_SUCCESS);
        assert_int_equal(nvmlGpuInstanceGetComputeInstanceProfileInfo(gi, NVML_COMPUTE_INSTANCE_PROFILE_1_SLICE_REV1, 0, &info),
                         NVML_SUCCESS);
        assert_int_equal(info.id, 7);
        assert_int_equal(info.multiprocessorCount, 26);
        machine_stop();
}

static void mig_devices_are_numbered_with_holes(void **state) {
        (void)state;
        nvmlDevice_t gpu, mig[3], found, parent_of;
        nvmlDeviceAttributes_t full, old;
        unsigned count, yes, id;
        machine_start("590.48.01", "H100-80GB", true);
        gpu = machine_gpu(0);
        for (unsigned i = 0; i < 3; i++) /* 1g at 6, 4, 5: GI 13, 11, 12 */
                mig[i] = machine_mig_device(gpu, 19, 0);
        assert_int_equal(nvmlDeviceGetMaxMigDeviceCount(gpu, &count), NVML_SUCCESS);
        assert_int_equal(count, 7);
        static const unsigned in_order[] = { 1, 2, 0 };
        for (unsigned i = 0; i < 3; i++) {
                assert_int_equal(nvmlDeviceGetMigDeviceHandleByIndex(gpu, i, &found), NVML_SUCCESS);
                assert_ptr_equal(found, mig[in_order[i]]);
        }
        assert_int_equal(nvmlDeviceIsMigDeviceHandle(mig[0], &yes), NVML_SUCCESS);
        assert_int_equal(yes, 1);
        assert_int_equal(nvmlDeviceIsMigDeviceHandle(gpu, &yes), NVML_SUCCESS);
        assert_int_equal(yes, 0);
        assert_int_equal(nvmlDeviceGetDeviceHandleFromMigDeviceHandle(mig[0], &parent_of), NVML_SUCCESS);
        assert_ptr_equal(parent_of, gpu);
        assert_int_equal(nvmlDeviceGetGpuInstanceId(mig[0], &id), NVML_SUCCESS);
        assert_int_equal(id, 13);
        assert_int_equal(nvmlDeviceGetAttributes_v2(mig[0], &full), NVML_SUCCESS);
        assert_int_equal(nvmlDeviceGetAttributes(mig[0], &old), NVML_SUCCESS);
        assert_memory_equal(&full, &old, sizeof full);
        const unsigned expected[] = { 16, 1, 1, 0, 1, 0, 1, 1 };
        assert_memory_equal(&full, expected, sizeof expected);
        assert_int_equal(full.memorySizeMB, 9984);

        /* The one in the middle goes: a hole, until something is made. */
        nvmlGpuInstance_t gi;
        nvmlComputeInstance_t ci;
        assert_int_equal(nvmlDeviceGetGpuInstanceById(gpu, 12, &gi), NVML_SUCCESS);
        assert_int_equal(nvmlGpuInstanceGetComputeInstanceById(gi, 0, &ci), NVML_SUCCESS);
        assert_int_equal(nvmlComputeInstanceDestroy(ci), NVML_SUCCESS);
        assert_int_equal(nvmlDeviceGetMigDeviceHandleByIndex(gpu, 1, &found), NVML_ERROR_NOT_FOUND);
        assert_int_equal(nvmlDeviceGetMigDeviceHandleByIndex(gpu, 2, &found), NVML_SUCCESS);
        assert_ptr_equal(found, mig[0]);
        assert_int_equal(attributes(mig[2]), NVML_ERROR_INVALID_ARGUMENT);

        /* Made again in the same place, it is another: old handles stay stale. */
        assert_int_equal(nvmlGpuInstanceCreateComputeInstance(gi, 0, &ci), NVML_SUCCESS);
        assert_int_equal(nvmlDeviceGetMigDeviceHandleByIndex(gpu, 1, &found), NVML_SUCCESS);
        assert_ptr_not_equal(found, mig[2]);
        assert_int_equal(attributes(mig[2]), NVML_ERROR_INVALID_ARGUMENT);
        assert_int_equal(attributes(found), NVML_SUCCESS);
        assert_int_equal(nvmlComputeInstanceDestroy(ci), NVML_SUCCESS);
        assert_int_equal(nvmlGpuInstanceDestroy(gi), NVML_SUCCESS);
        assert_int_equal(nvmlGpuInstanceDestroy(gi), NVML_ERROR_INVALID_ARGUMENT);
        nvmlGpuInstanceInfo_t info;
        assert_int_equal(nvmlGpuInstanceGetInfo(gi, &info), NVML_ERROR_INVALID_ARGUMENT);
        machine_stop();
}

static void switching_off_takes_all_instances(void **state) {
        (void)state;
        nvmlReturn_t activation = NVML_ERROR_UNKNOWN;
        unsigned current, pending;
        machine_start("590.48.01", "H100-80GB", true);
        nvmlDevice_t gpu = machine_gpu(0), mig = machine_mig_device(gpu, 14, 1);
        assert_int_equal(nvmlDeviceSetMigMode(gpu, 0, NULL), NVML_ERROR_INVALID_ARGUMENT);
        assert_int_equal(nvmlDeviceSetMigMode(gpu, 0, &activation), NVML_SUCCESS);
        assert_int_equal(activation, NVML_SUCCESS);
        assert_int_equal(nvmlDeviceGetMigMode(gpu, &current, &pending), NVML_SUCCESS);
        assert_int_equal(current, 0);
        assert_int_equal(pending, 0);
        assert_int_equal(attributes(mig), NVML_ERROR_INVALID_ARGUMENT);
        assert_int_equal(nvmlDeviceSetMigMode(gpu, 1, &activation), NVML_SUCCESS);
        assert_int_equal(nvmlDeviceGetMigDeviceHandleByIndex(gpu, 0, &mig), NVML_ERROR_NOT_FOUND);
        machine_stop();
}

static void hold_gpu(struct node *n, void *context) {
        (void)context;
        n->gpus[0].exclusive_client = 1;
}

/* Ampere wants a reset, which somebody prevents; Hopper only says that it is in use. */
static void a_switch_that_does_not_happen_stays_pending(void **state) {
        (void)state;
        static const struct {
                const char *model;
                nvmlReturn_t activation;
        } cases[] = { { "A100-80GB", NVML_ERROR_RESET_REQUIRED }, { "H100-80GB", NVML_ERROR_IN_USE } };
        for (unsigned i = 0; i < ARRAY_SIZE(cases); i++) {
                nvmlReturn_t activation = NVML_SUCCESS;
                unsigned current, pending;
                machine_start("590.48.01", cases[i].model, false);
                machine_change(hold_gpu, NULL);
                assert_int_equal(nvmlDeviceSetMigMode(machine_gpu(0), 1, &activation), NVML_SUCCESS);
                assert_int_equal(activation, cases[i].activation);
                assert_int_equal(nvmlDeviceGetMigMode(machine_gpu(0), &current, &pending), NVML_SUCCESS);
                assert_int_equal(current, 0);
                assert_int_equal(pending, 1);
                machine_stop();
        }
}

static void only_the_privileged_change_anything(void **state) {
        (void)state;
        nvmlGpuInstance_t gi;
        nvmlReturn_t activation;
        unsigned current, pending, count = 0;
        setenv("CARVE_SIM_UNPRIVILEGED", "1", 1);
        machine_start("590.48.01", "H100-80GB", true);
        nvmlDevice_t gpu = machine_gpu(0);
        assert_int_equal(nvmlDeviceGetMigMode(gpu, &current, &pending), NVML_SUCCESS);
        assert_int_equal(nvmlDeviceSetMigMode(gpu, 0, &activation), NVML_ERROR_NO_PERMISSION);
        assert_int_equal(nvmlDeviceCreateGpuInstance(gpu, 19, &gi), NVML_ERROR_NO_PERMISSION);
        assert_int_equal(nvmlDeviceGetComputeRunningProcesses_v3(gpu, &count, NULL), NVML_ERROR_NO_PERMISSION);
        unsetenv("CARVE_SIM_UNPRIVILEGED");
        machine_stop();
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(tells_profiles_by_enum_and_by_id),
                cmocka_unit_test(places_as_the_driver_does),
                cmocka_unit_test(a_bad_order_runs_out_of_places),
                cmocka_unit_test(takes_the_place_that_is_named),
                cmocka_unit_test(cuts_an_instance_for_compute),
                cmocka_unit_test(puts_compute_instances_where_they_are_told),
                cmocka_unit_test(a_double_memory_slice_has_its_own_compute_profile),
                cmocka_unit_test(mig_devices_are_numbered_with_holes),
                cmocka_unit_test(switching_off_takes_all_instances),
                cmocka_unit_test(a_switch_that_does_not_happen_stays_pending),
                cmocka_unit_test(only_the_privileged_change_anything),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
