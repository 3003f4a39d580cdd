/* What every call about MIG answers where: without MIG, with MIG off, on an older driver, with MIG on, on a MIG device. Expected codes are
 * from the notes in NVML's header and from what mig-parted, go-nvlib and the device plugin are written against. */
#include "machine.h"

/* Calls about a device, each with good arguments, and what they answer in each situation. */
static nvmlReturn_t get_mode(nvmlDevice_t device) {
        unsigned current, pending;
        return nvmlDeviceGetMigMode(device, &current, &pending);
}
static nvmlReturn_t set_mode(nvmlDevice_t device) {
        nvmlReturn_t activation;
        unsigned current = 0, pending;
        nvmlDeviceGetMigMode(device, &current, &pending);
        return nvmlDeviceSetMigMode(device, current, &activation);
}
static nvmlReturn_t set_bad_mode(nvmlDevice_t device) {
        nvmlReturn_t activation;
        return nvmlDeviceSetMigMode(device, 2, &activation);
}
static nvmlReturn_t profile_info(nvmlDevice_t device) {
        nvmlGpuInstanceProfileInfo_t info;
        return nvmlDeviceGetGpuInstanceProfileInfo(device, NVML_GPU_INSTANCE_PROFILE_1_SLICE, &info);
}
static nvmlReturn_t profile_info_v2(nvmlDevice_t device) {
        nvmlGpuInstanceProfileInfo_v2_t info = { .version = NVML_VERSION(nvmlGpuInstanceProfileInfo_v2_t, 2) };
        return nvmlDeviceGetGpuInstanceProfileInfoV(device, NVML_GPU_INSTANCE_PROFILE_1_SLICE, &info);
}
static nvmlReturn_t profile_info_no_version(nvmlDevice_t device) {
        nvmlGpuInstanceProfileInfo_v2_t info = { .version = 0 };
        return nvmlDeviceGetGpuInstanceProfileInfoV(device, NVML_GPU_INSTANCE_PROFILE_1_SLICE, &info);
}
static nvmlReturn_t profile_of_other_gpu(nvmlDevice_t device) {
        nvmlGpuInstanceProfileInfo_t info;
        return nvmlDeviceGetGpuInstanceProfileInfo(device, NVML_GPU_INSTANCE_PROFILE_2_SLICE_NO_ME, &info);
}
static nvmlReturn_t profile_out_of_range(nvmlDevice_t device) {
        nvmlGpuInstanceProfileInfo_t info;
        return nvmlDeviceGetGpuInstanceProfileInfo(device, NVML_GPU_INSTANCE_PROFILE_COUNT, &info);
}
static nvmlReturn_t placements(nvmlDevice_t device) {
        unsigned count;
        return nvmlDeviceGetGpuInstancePossiblePlacements_v2(device, 19, NULL, &count);
}
static nvmlReturn_t placements_v1(nvmlDevice_t device) {
        unsigned count;
        return nvmlDeviceGetGpuInstancePossiblePlacements(device, 19, NULL, &count);
}
static nvmlReturn_t remaining(nvmlDevice_t device) {
        unsigned count;
        return nvmlDeviceGetGpuInstanceRemainingCapacity(device, 19, &count);
}
static nvmlReturn_t create_unknown(nvmlDevice_t device) {
        nvmlGpuInstance_t gi;
        return nvmlDeviceCreateGpuInstance(device, 77, &gi);
}
static nvmlReturn_t create_off_grid(nvmlDevice_t device) {
        nvmlGpuInstance_t gi;
        return nvmlDeviceCreateGpuInstanceWithPlacement(device, 14, &(nvmlGpuInstancePlacement_t){ 1, 2 }, &gi);
}
static nvmlReturn_t list(nvmlDevice_t device) {
        nvmlGpuInstance_t gis[8];
        unsigned count;
        return nvmlDeviceGetGpuInstances(device, 19, gis, &count);
}
static nvmlReturn_t by_id(nvmlDevice_t device) {
        nvmlGpuInstance_t gi;
        return nvmlDeviceGetGpuInstanceById(device, 6, &gi);
}
static nvmlReturn_t max_devices(nvmlDevice_t device) {
        unsigned count;
        return nvmlDeviceGetMaxMigDeviceCount(device, &count);
}
static nvmlReturn_t device_at_hole(nvmlDevice_t device) {
        nvmlDevice_t mig;
        return nvmlDeviceGetMigDeviceHandleByIndex(device, 6, &mig);
}
static nvmlReturn_t device_out_of_range(nvmlDevice_t device) {
        nvmlDevice_t mig;
        return nvmlDeviceGetMigDeviceHandleByIndex(device, 7, &mig);
}
static nvmlReturn_t is_mig(nvmlDevice_t device) {
        unsigned yes;
        return nvmlDeviceIsMigDeviceHandle(device, &yes);
}
static nvmlReturn_t parent(nvmlDevice_t device) {
        nvmlDevice_t gpu;
        return nvmlDeviceGetDeviceHandleFromMigDeviceHandle(device, &gpu);
}
static nvmlReturn_t gi_id(nvmlDevice_t device) {
        unsigned id;
        return nvmlDeviceGetGpuInstanceId(device, &id);
}
static nvmlReturn_t ci_id(nvmlDevice_t device) {
        unsigned id;
        return nvmlDeviceGetComputeInstanceId(device, &id);
}
static nvmlReturn_t attributes(nvmlDevice_t device) {
        nvmlDeviceAttributes_t all;
        return nvmlDeviceGetAttributes_v2(device, &all);
}
static nvmlReturn_t supported_events(nvmlDevice_t device) {
        unsigned long long types;
        return nvmlDeviceGetSupportedEventTypes(device, &types);
}
static nvmlReturn_t process_utilisation(nvmlDevice_t device) {
        unsigned count = 0;
        return nvmlDeviceGetProcessUtilization(device, NULL, &count, 0);
}
static nvmlReturn_t running(nvmlDevice_t device) {
        unsigned count = 0;
        return nvmlDeviceGetComputeRunningProcesses_v3(device, &count, NULL);
}
static nvmlReturn_t accounting(nvmlDevice_t device) {
        nvmlEnableState_t mode;
        return nvmlDeviceGetAccountingMode(device, &mode);
}

#define OK NVML_SUCCESS
#define BAD NVML_ERROR_INVALID_ARGUMENT
#define NO NVML_ERROR_NOT_SUPPORTED
#define NONE NVML_ERROR_NOT_FOUND
#define VERSION NVML_ERROR_ARGUMENT_VERSION_MISMATCH

enum situation { INCAPABLE, OFF, OFF_R535, ON, ON_MIG_DEVICE, SITUATION_MAX };
static const struct {
        const char *name;
        nvmlReturn_t (*call)(nvmlDevice_t device);
        nvmlReturn_t expected[SITUATION_MAX];
} answers[] = {
        /*                                                    L4    off   R535  on    MIG device */
        { "GetMigMode", get_mode, { NO, OK, OK, OK, BAD } },
        { "SetMigMode, the same again", set_mode, { NO, OK, OK, OK, BAD } },
        { "SetMigMode 2", set_bad_mode, { BAD, BAD, BAD, BAD, BAD } },
        { "ProfileInfo", profile_info, { NO, OK, NO, OK, BAD } },
        { "ProfileInfoV", profile_info_v2, { NO, OK, NO, OK, BAD } },
        { "ProfileInfoV, no version", profile_info_no_version, { VERSION, VERSION, VERSION, VERSION, BAD } },
        { "ProfileInfo of another GPU", profile_of_other_gpu, { NO, NO, NO, NO, BAD } },
        { "ProfileInfo out of range", profile_out_of_range, { BAD, BAD, BAD, BAD, BAD } },
        { "PossiblePlacements_v2", placements, { NO, OK, NO, OK, BAD } },
        { "PossiblePlacements", placements_v1, { NO, NO, NO, OK, BAD } },
        { "RemainingCapacity", remaining, { NO, NO, NO, OK, BAD } },
        { "Create of an unknown id", create_unknown, { NO, NO, NO, BAD, BAD } },
        { "Create where none may stand", create_off_grid, { NO, NO, NO, BAD, BAD } },
        { "GetGpuInstances", list, { NO, NO, NO, OK, BAD } },
        { "GetGpuInstanceById", by_id, { NO, NO, NO, NONE, BAD } },
        { "GetMaxMigDeviceCount", max_devices, { OK, OK, OK, OK, BAD } },
        { "MigDeviceHandleByIndex of none", device_at_hole, { NO, NO, NO, NONE, BAD } },
        { "MigDeviceHandleByIndex out of range", device_out_of_range, { NO, NO, NO, BAD, BAD } },
        { "IsMigDeviceHandle", is_mig, { OK, OK, OK, OK, OK } },
        { "HandleFromMigDeviceHandle", parent, { BAD, BAD, BAD, BAD, OK } },
        { "GetGpuInstanceId", gi_id, { BAD, BAD, BAD, BAD, OK } },
        { "GetComputeInstanceId", ci_id, { BAD, BAD, BAD, BAD, OK } },
        { "GetAttributes", attributes, { BAD, BAD, BAD, BAD, OK } },
        { "GetSupportedEventTypes", supported_events, { OK, OK, OK, OK, NO } },
        { "GetProcessUtilization", process_utilisation, { NONE, NONE, NONE, NO, NO } },
        { "ComputeRunningProcesses", running, { OK, OK, OK, OK, OK } },
        { "GetAccountingMode", accounting, { OK, OK, OK, OK, NO } }, /* off then, and not to be changed */
};

static void answers_as_the_real_library(void **state) {
        (void)state;
        static const struct {
                const char *driver, *model;
                bool mig;
        } situations[] = {
                [INCAPABLE] = { "590.48.01", "L4", false },           [OFF] = { "590.48.01", "A100-80GB", false },
                [OFF_R535] = { "535.129.03", "A100-80GB", false },    [ON] = { "590.48.01", "H100-80GB", true },
                [ON_MIG_DEVICE] = { "590.48.01", "H100-80GB", true },
        };
        for (unsigned s = 0; s < SITUATION_MAX; s++) {
                machine_start(situations[s].driver, situations[s].model, situations[s].mig);
                nvmlDevice_t device = machine_gpu(0);
                if (s == ON_MIG_DEVICE)
                        device = machine_mig_device(device, 9, NVML_COMPUTE_INSTANCE_PROFILE_3_SLICE);
                for (unsigned i = 0; i < ARRAY_SIZE(answers); i++) {
                        nvmlReturn_t r = answers[i].call(device);
                        if (r != answers[i].expected[s])
                                fail_msg("%s, situation %u: %d, expected %d", answers[i].name, s, r, answers[i].expected[s]);
                        assert_int_equal(answers[i].call(NULL), NVML_ERROR_INVALID_ARGUMENT);
                        assert_int_equal(answers[i].call((nvmlDevice_t)&device), NVML_ERROR_INVALID_ARGUMENT);
                }
                machine_stop();
                assert_int_equal(answers[0].call(device), NVML_ERROR_UNINITIALIZED);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(answers_as_the_real_library),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
