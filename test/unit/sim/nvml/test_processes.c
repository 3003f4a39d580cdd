/* Who runs where: lists in all their versions, utilisation, accounting. */
#include "machine.h"

#include "sim/node/mig.h"
#include "sim/node/process.h"

#define GIB (1ULL << 30)

static void start(struct node *n, void *context) {
        assert_int_equal(process_start(n, context, machine_now_us()), NVML_SUCCESS);
}
static void run(struct node_process p) {
        snprintf(p.name, sizeof p.name, "python");
        machine_change(start, &p);
}
static void end(struct node *n, void *context) {
        assert_int_equal(process_end(n, *(uint32_t *)context, machine_now_us()), NVML_SUCCESS);
}

/* Two compute processes and one each of the other kinds, on GPU 0 of two. */
static void populate(void) {
        static const struct node_process all[] = {
                { .pid = 101, .kind = PROCESS_COMPUTE, .sm_percent = 40, .memory_percent = 10, .memory_bytes = 3 * GIB },
                { .pid = 102, .kind = PROCESS_GRAPHICS, .sm_percent = 5, .encoder_percent = 7, .memory_bytes = GIB },
                { .pid = 103, .kind = PROCESS_COMPUTE, .memory_bytes = 2 * GIB },
                { .pid = 104, .kind = PROCESS_MPS, .sm_percent = 20, .decoder_percent = 3, .memory_bytes = GIB },
        };
        for (unsigned i = 0; i < ARRAY_SIZE(all); i++) {
                struct node_process p = all[i];
                p.gi_id = p.ci_id = NODE_NONE;
                run(p);
        }
}

static void lists_by_kind_in_each_layout(void **state) {
        (void)state;
        machine_start("590.48.01", "H100-80GB,H100-80GB", false);
        populate();
        nvmlDevice_t gpu = machine_gpu(0);

        /* The first version's entries are 16 bytes: pid, four bytes of nothing, memory. Newer ones are 24. */
        unsigned char bytes[3 * 24];
        unsigned count = 3;
        memset(bytes, 0xAA, sizeof bytes);
        assert_int_equal(nvmlDeviceGetComputeRunningProcesses(gpu, &count, (void *)bytes), NVML_SUCCESS);
        assert_int_equal(count, 2);
        assert_int_equal(*(unsigned *)(void *)(bytes + 0), 101);
        assert_int_equal(*(uint64_t *)(void *)(bytes + 8), 3 * GIB);
        assert_int_equal(*(unsigned *)(void *)(bytes + 16), 103);
        assert_int_equal(*(uint64_t *)(void *)(bytes + 24), 2 * GIB);
        assert_int_equal(bytes[32], 0xAA);

        nvmlReturn_t (*const newer[])(nvmlDevice_t, unsigned *, nvmlProcessInfo_t *) = { nvmlDeviceGetComputeRunningProcesses_v2,
                                                                                         nvmlDeviceGetComputeRunningProcesses_v3 };
        for (unsigned i = 0; i < ARRAY_SIZE(newer); i++) {
                count = 3;
                memset(bytes, 0xAA, sizeof bytes);
                assert_int_equal(newer[i](gpu, &count, (void *)bytes), NVML_SUCCESS);
                assert_int_equal(count, 2);
                assert_int_equal(*(unsigned *)(void *)(bytes + 24), 103);
                assert_int_equal(*(uint64_t *)(void *)(bytes + 32), 2 * GIB);
                assert_int_equal(*(unsigned *)(void *)(bytes + 40), 0xFFFFFFFF);
                assert_int_equal(*(unsigned *)(void *)(bytes + 44), 0xFFFFFFFF);
                assert_int_equal(bytes[48], 0xAA);
        }

        nvmlProcessInfo_v1_t one_v1;
        nvmlProcessInfo_t one;
        count = 1;
        assert_int_equal(nvmlDeviceGetGraphicsRunningProcesses(gpu, &count, &one_v1), NVML_SUCCESS);
        assert_int_equal(one_v1.pid, 102);
        assert_int_equal(nvmlDeviceGetGraphicsRunningProcesses_v2(gpu, &count, &one), NVML_SUCCESS);
        assert_int_equal(nvmlDeviceGetGraphicsRunningProcesses_v3(gpu, &count, &one), NVML_SUCCESS);
        assert_int_equal(one.pid, 102);
        assert_int_equal(nvmlDeviceGetMPSComputeRunningProcesses(gpu, &count, &one_v1), NVML_SUCCESS);
        assert_int_equal(one_v1.pid, 104);
        assert_int_equal(nvmlDeviceGetMPSComputeRunningProcesses_v2(gpu, &count, &one), NVML_SUCCESS);
        assert_int_equal(nvmlDeviceGetMPSComputeRunningProcesses_v3(gpu, &count, &one), NVML_SUCCESS);
        assert_int_equal(one.pid, 104);
        machine_stop();
}

static void says_how_much_room_it_takes(void **state) {
        (void)state;
        nvmlProcessInfo_t infos[4];
        unsigned count = 0;
        machine_start("590.48.01", "H100-80GB,H100-80GB", false);
        populate();
        nvmlDevice_t gpu = machine_gpu(0), idle = machine_gpu(1);
        assert_int_equal(nvmlDeviceGetComputeRunningProcesses_v3(gpu, &count, NULL), NVML_ERROR_INSUFFICIENT_SIZE);
        assert_int_equal(count, 2);
        count = 1;
        assert_int_equal(nvmlDeviceGetComputeRunningProcesses_v3(gpu, &count, infos), NVML_ERROR_INSUFFICIENT_SIZE);
        assert_int_equal(count, 2);
        assert_int_equal(nvmlDeviceGetComputeRunningProcesses_v3(gpu, &count, NULL), NVML_ERROR_INVALID_ARGUMENT);
        assert_int_equal(nvmlDeviceGetComputeRunningProcesses_v3(gpu, NULL, infos), NVML_ERROR_INVALID_ARGUMENT);
        assert_int_equal(nvmlDeviceGetComputeRunningProcesses_v3(NULL, &count, infos), NVML_ERROR_INVALID_ARGUMENT);
        count = 0;
        assert_int_equal(nvmlDeviceGetComputeRunningProcesses_v3(idle, &count, NULL), NVML_SUCCESS);
        assert_int_equal(count, 0);
        machine_stop();
}

static void lists_details_of_hopper_and_later(void **state) {
        (void)state;
        nvmlProcessDetail_v1_t details[8];
        nvmlProcessDetailList_t list = { .version = 0x01000018, .mode = NVML_PROCESS_MODE_COMPUTE };
        machine_start("590.48.01", "H100-80GB,A100-80GB", false);
        populate();
        nvmlDevice_t gpu = machine_gpu(0);
        assert_int_equal(nvmlDeviceGetRunningProcessDetailList(gpu, &list), NVML_ERROR_INSUFFICIENT_SIZE);
        assert_int_equal(list.numProcArrayEntries, 2);
        list.procArray = details;
        assert_int_equal(nvmlDeviceGetRunningProcessDetailList(gpu, &list), NVML_SUCCESS);
        assert_int_equal(details[1].pid, 103);
        assert_int_equal(details[1].usedGpuMemory, 2 * GIB);
        assert_int_equal(details[1].gpuInstanceId, 0xFFFFFFFF);
        list.mode = NVML_PROCESS_MODE_ALL;
        list.numProcArrayEntries = 8;
        assert_int_equal(nvmlDeviceGetRunningProcessDetailList(gpu, &list), NVML_SUCCESS);
        assert_int_equal(list.numProcArrayEntries, 4);
        assert_int_equal(nvmlDeviceGetRunningProcessDetailList(machine_gpu(1), &list), NVML_ERROR_NOT_SUPPORTED);
        list.mode = 4;
        assert_int_equal(nvmlDeviceGetRunningProcessDetailList(gpu, &list), NVML_ERROR_INVALID_ARGUMENT);
        list.version = 0x02000018;
        assert_int_equal(nvmlDeviceGetRunningProcessDetailList(gpu, &list), NVML_ERROR_ARGUMENT_VERSION_MISMATCH);
        assert_int_equal(nvmlDeviceGetRunningProcessDetailList(gpu, NULL), NVML_ERROR_INVALID_ARGUMENT);
        machine_stop();
}

/* A MIG device shows its own, the GPU all, and each entry says where it runs. Instances in use cannot be destroyed. */
static void a_mig_device_shows_its_own(void **state) {
        (void)state;
        nvmlGpuInstance_t gi[2];
        nvmlComputeInstance_t ci[2];
        nvmlComputeInstanceInfo_t info[2];
        nvmlProcessInfo_t infos[4];
        unsigned count = 4;
        uint32_t pid = 201;
        machine_start("590.48.01", "H100-80GB", true);
        nvmlDevice_t gpu = machine_gpu(0);
        for (unsigned i = 0; i < 2; i++) { /* 3g at 4, then 3g at 0: GI 2 and 1 */
                assert_int_equal(nvmlDeviceCreateGpuInstance(gpu, 9, &gi[i]), NVML_SUCCESS);
                assert_int_equal(nvmlGpuInstanceCreateComputeInstance(gi[i], 2, &ci[i]), NVML_SUCCESS);
                assert_int_equal(nvmlComputeInstanceGetInfo_v2(ci[i], &info[i]), NVML_SUCCESS);
        }
        run((struct node_process){ .pid = 201, .gi_id = 2, .ci_id = 0, .memory_bytes = GIB });
        run((struct node_process){ .pid = 202, .gi_id = 1, .ci_id = 0, .memory_bytes = GIB });

        assert_int_equal(nvmlDeviceGetComputeRunningProcesses_v3(info[0].device, &count, infos), NVML_SUCCESS);
        assert_int_equal(count, 1);
        assert_int_equal(infos[0].pid, 201);
        assert_int_equal(infos[0].gpuInstanceId, 2);
        assert_int_equal(infos[0].computeInstanceId, 0);
        count = 4;
        assert_int_equal(nvmlDeviceGetComputeRunningProcesses_v3(gpu, &count, infos), NVML_SUCCESS);
        assert_int_equal(count, 2);
        assert_int_equal(infos[1].pid, 202);
        assert_int_equal(infos[1].gpuInstanceId, 1);

        assert_int_equal(nvmlComputeInstanceDestroy(ci[0]), NVML_ERROR_IN_USE);
        machine_change(end, &pid);
        assert_int_equal(nvmlComputeInstanceDestroy(ci[0]), NVML_SUCCESS);
        assert_int_equal(nvmlGpuInstanceDestroy(gi[0]), NVML_SUCCESS);
        assert_int_equal(nvmlComputeInstanceDestroy(ci[1]), NVML_ERROR_IN_USE);
        assert_int_equal(nvmlGpuInstanceDestroy(gi[1]), NVML_ERROR_IN_USE);
        machine_stop();
}

static void tells_utilisation_of_those_that_do_something(void **state) {
        (void)state;
        nvmlProcessUtilizationSample_t samples[4];
        nvmlProcessUtilizationInfo_v1_t infos[4];
        nvmlProcessesUtilizationInfo_t list = { .version = 0x01000018 };
        unsigned count = 0;
        machine_start("590.48.01", "H100-80GB,H100-80GB", false);
        populate();
        nvmlDevice_t gpu = machine_gpu(0);
        assert_int_equal(nvmlDeviceGetProcessUtilization(gpu, NULL, &count, 0), NVML_ERROR_INSUFFICIENT_SIZE);
        assert_int_equal(count, 3); /* 103 does nothing */
        assert_int_equal(nvmlDeviceGetProcessUtilization(gpu, samples, &count, 0), NVML_SUCCESS);
        assert_int_equal(samples[0].pid, 101);
        assert_int_equal(samples[0].smUtil, 40);
        assert_int_equal(samples[0].memUtil, 10);
        assert_int_equal(samples[1].encUtil, 7);
        assert_int_equal(samples[2].decUtil, 3);
        assert_in_range(samples[0].timeStamp, machine_now_us() - 1000000, machine_now_us());
        assert_int_equal(nvmlDeviceGetProcessUtilization(gpu, samples, &count, machine_now_us()), NVML_ERROR_NOT_FOUND);
        assert_int_equal(nvmlDeviceGetProcessUtilization(gpu, samples, NULL, 0), NVML_ERROR_INVALID_ARGUMENT);
        assert_int_equal(nvmlDeviceGetProcessUtilization(machine_gpu(1), samples, &count, 0), NVML_ERROR_NOT_FOUND);

        assert_int_equal(nvmlDeviceGetProcessesUtilizationInfo(gpu, &list), NVML_ERROR_INSUFFICIENT_SIZE);
        assert_int_equal(list.processSamplesCount, 3);
        list.procUtilArray = infos;
        assert_int_equal(nvmlDeviceGetProcessesUtilizationInfo(gpu, &list), NVML_SUCCESS);
        assert_int_equal(infos[2].pid, 104);
        assert_int_equal(infos[2].smUtil, 20);
        list.version++;
        assert_int_equal(nvmlDeviceGetProcessesUtilizationInfo(gpu, &list), NVML_ERROR_ARGUMENT_VERSION_MISMATCH);
        machine_stop();
}

static void keeps_accounts(void **state) {
        (void)state;
        unsigned pids[4], count = 0, size;
        nvmlEnableState_t mode;
        nvmlAccountingStats_t stats;
        nvmlAccountingStats_v2_t v2 = { .pid = 101 };
        machine_start("595.45.04", "H100-80GB", false);
        populate();
        nvmlDevice_t gpu = machine_gpu(0);
        assert_int_equal(nvmlDeviceGetAccountingMode(gpu, &mode), NVML_SUCCESS);
        assert_int_equal(mode, NVML_FEATURE_DISABLED);
        assert_int_equal(nvmlDeviceGetAccountingPids(gpu, &count, NULL), NVML_ERROR_NOT_SUPPORTED);
        assert_int_equal(nvmlDeviceGetAccountingStats(gpu, 101, &stats), NVML_ERROR_NOT_SUPPORTED);
        assert_int_equal(nvmlDeviceSetAccountingMode(gpu, (nvmlEnableState_t)2), NVML_ERROR_INVALID_ARGUMENT);
        assert_int_equal(nvmlDeviceSetAccountingMode(gpu, NVML_FEATURE_ENABLED), NVML_SUCCESS);
        assert_int_equal(nvmlDeviceGetAccountingMode(gpu, &mode), NVML_SUCCESS);
        assert_int_equal(mode, NVML_FEATURE_ENABLED);
        assert_int_equal(nvmlDeviceGetAccountingBufferSize(gpu, &size), NVML_SUCCESS);
        assert_int_equal(size, 4000);
        assert_int_equal(nvmlDeviceGetAccountingPids(gpu, &count, NULL), NVML_ERROR_INSUFFICIENT_SIZE);
        assert_int_equal(count, 4);
        assert_int_equal(nvmlDeviceGetAccountingPids(gpu, &count, pids), NVML_SUCCESS);
        assert_int_equal(pids[3], 104);
        assert_int_equal(nvmlDeviceGetAccountingStats(gpu, 101, &stats), NVML_SUCCESS);
        assert_int_equal(stats.gpuUtilization, 40);
        assert_int_equal(stats.maxMemoryUsage, 3 * GIB);
        assert_int_equal(stats.isRunning, 1);
        assert_int_equal(stats.time, 0); /* until it has ended */
        assert_int_equal(nvmlDeviceGetAccountingStats_v2(gpu, &v2), NVML_SUCCESS);
        assert_int_equal(v2.startTime, stats.startTime);
        assert_int_equal(nvmlDeviceGetAccountingStats(gpu, 999, &stats), NVML_ERROR_NOT_FOUND);
        usleep(20000);

        machine_change(end, &(uint32_t){ 101 });
        assert_int_equal(nvmlDeviceGetAccountingPids(gpu, &count, pids), NVML_SUCCESS);
        assert_int_equal(count, 4);
        assert_int_equal(pids[3], 101); /* behind those that run */
        unsigned long long started = stats.startTime;
        assert_int_equal(nvmlDeviceGetAccountingStats(gpu, 101, &stats), NVML_SUCCESS);
        assert_int_equal(stats.isRunning, 0);
        assert_int_equal(stats.startTime, started);
        assert_int_equal(stats.gpuUtilization, 40);
        assert_int_equal(stats.maxMemoryUsage, 3 * GIB);
        assert_true(stats.time >= 20 && stats.time < 60000);
        assert_int_equal(nvmlDeviceGetAccountingStats_v2(gpu, &v2), NVML_SUCCESS);
        assert_int_equal(v2.isRunning, 0);
        assert_int_equal(v2.time, stats.time);

        assert_int_equal(nvmlDeviceClearAccountingPids(gpu), NVML_SUCCESS);
        assert_int_equal(nvmlDeviceGetAccountingStats(gpu, 101, &stats), NVML_ERROR_NOT_FOUND);
        assert_int_equal(nvmlDeviceGetAccountingStats(gpu, 102, &stats), NVML_SUCCESS);
        machine_stop();
}

/* What nvidia-smi prints of an H100 with MIG: "Disabled" and 4000. */
static void tells_of_accounting_with_mig_too(void **state) {
        (void)state;
        unsigned size, count = 0;
        nvmlEnableState_t mode;
        machine_start("590.48.01", "H100-80GB", true);
        nvmlDevice_t gpu = machine_gpu(0), slice = machine_mig_device(gpu, 19, 0);
        assert_int_equal(nvmlDeviceGetAccountingMode(gpu, &mode), NVML_SUCCESS);
        assert_int_equal(mode, NVML_FEATURE_DISABLED);
        assert_int_equal(nvmlDeviceGetAccountingBufferSize(gpu, &size), NVML_SUCCESS);
        assert_int_equal(size, 4000);
        assert_int_equal(nvmlDeviceSetAccountingMode(gpu, NVML_FEATURE_ENABLED), NVML_ERROR_NOT_SUPPORTED);
        assert_int_equal(nvmlDeviceGetAccountingPids(gpu, &count, NULL), NVML_ERROR_NOT_SUPPORTED);
        assert_int_equal(nvmlDeviceGetAccountingMode(slice, &mode), NVML_ERROR_NOT_SUPPORTED);
        assert_int_equal(nvmlDeviceGetAccountingBufferSize(slice, &size), NVML_ERROR_NOT_SUPPORTED);
        machine_stop();
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(lists_by_kind_in_each_layout),
                cmocka_unit_test(says_how_much_room_it_takes),
                cmocka_unit_test(lists_details_of_hopper_and_later),
                cmocka_unit_test(a_mig_device_shows_its_own),
                cmocka_unit_test(tells_of_accounting_with_mig_too),
                cmocka_unit_test(tells_utilisation_of_those_that_do_something),
                cmocka_unit_test(keeps_accounts),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
