/* Threads of one process call everything at once: readers, makers and destroyers, waiters for events, samplers, and some that init and shut
 * down. To be run under ThreadSanitizer too (.ci/run). Argument: how many rounds each thread does. */
#include "machine.h"

#include <pthread.h>
#include <stdatomic.h>

static unsigned rounds = 150;
static atomic_uint wrong, made, delivered;
static nvmlDevice_t gpus[2];

/* cmocka's checks are for its own thread. */
static bool expect(bool good) {
        if (!good)
                atomic_fetch_add(&wrong, 1);
        return good;
}
#define EXPECT(r, ...) expect(any_of(r, (const nvmlReturn_t[]){ __VA_ARGS__ }, sizeof((const nvmlReturn_t[]){ __VA_ARGS__ })))

static bool any_of(nvmlReturn_t r, const nvmlReturn_t *allowed, size_t size) {
        for (size_t i = 0; i < size / sizeof *allowed; i++)
                if (r == allowed[i])
                        return true;
        fprintf(stderr, "unexpected code %d\n", r);
        return false;
}

static void *read_all(void *gpu) {
        for (unsigned round = 0; round < rounds; round++)
                for (unsigned index = 0; index < 7; index++) {
                        nvmlDevice_t device;
                        nvmlDeviceAttributes_t attributes;
                        nvmlProcessInfo_t infos[4];
                        unsigned count = 4;
                        if (!EXPECT(nvmlDeviceGetMigDeviceHandleByIndex(gpu, index, &device), NVML_SUCCESS, NVML_ERROR_NOT_FOUND))
                                return NULL;
                        EXPECT(nvmlDeviceGetComputeRunningProcesses_v3(gpu, &count, infos), NVML_SUCCESS);
                        EXPECT(nvmlDeviceGetGpuInstanceRemainingCapacity(gpu, 19, &count), NVML_SUCCESS);
                        if (nvmlDeviceGetMigDeviceHandleByIndex(gpu, index, &device) == NVML_SUCCESS)
                                EXPECT(nvmlDeviceGetAttributes_v2(device, &attributes), NVML_SUCCESS, NVML_ERROR_INVALID_ARGUMENT);
                }
        return NULL;
}

/* Several of these work on one GPU: there may be no room, but what was made is there until its maker destroys it. */
static void *make_and_destroy(void *gpu) {
        for (unsigned round = 0; round < rounds; round++) {
                nvmlGpuInstance_t gi;
                nvmlComputeInstance_t ci;
                nvmlComputeInstanceInfo_t info;
                nvmlReturn_t r = nvmlDeviceCreateGpuInstance(gpu, 9, &gi);
                if (!EXPECT(r, NVML_SUCCESS, NVML_ERROR_INSUFFICIENT_RESOURCES) || r != NVML_SUCCESS)
                        continue;
                EXPECT(nvmlGpuInstanceCreateComputeInstance(gi, 2, &ci), NVML_SUCCESS);
                EXPECT(nvmlComputeInstanceGetInfo_v2(ci, &info), NVML_SUCCESS);
                EXPECT(nvmlGpuInstanceDestroy(gi), NVML_ERROR_IN_USE);
                EXPECT(nvmlComputeInstanceDestroy(ci), NVML_SUCCESS);
                EXPECT(nvmlGpuInstanceDestroy(gi), NVML_SUCCESS);
                atomic_fetch_add(&made, 1);
        }
        return NULL;
}

static void *wait_for_changes(void *gpu) {
        nvmlEventSet_t set;
        nvmlEventData_t data;
        if (!EXPECT(nvmlEventSetCreate(&set), NVML_SUCCESS))
                return NULL;
        EXPECT(nvmlDeviceRegisterEvents(gpu, nvmlEventMigConfigChange, set), NVML_SUCCESS);
        for (unsigned round = 0; round < rounds; round++) {
                nvmlReturn_t r = nvmlEventSetWait_v2(set, &data, 20);
                EXPECT(r, NVML_SUCCESS, NVML_ERROR_TIMEOUT);
                if (r == NVML_SUCCESS) {
                        expect(data.device == gpu && data.eventType == nvmlEventMigConfigChange);
                        atomic_fetch_add(&delivered, 1);
                }
        }
        EXPECT(nvmlEventSetFree(set), NVML_SUCCESS);
        return NULL;
}

static void *sample(void *gpu) {
        nvmlGpmSample_t one;
        for (unsigned round = 0; round < rounds; round++)
                if (EXPECT(nvmlGpmSampleAlloc(&one), NVML_SUCCESS)) {
                        EXPECT(nvmlGpmSampleGet(gpu, one), NVML_SUCCESS);
                        EXPECT(nvmlGpmSampleFree(one), NVML_SUCCESS);
                }
        return NULL;
}

static void *come_and_go(void *gpu) {
        (void)gpu;
        for (unsigned round = 0; round < rounds; round++) {
                EXPECT(nvmlInit_v2(), NVML_SUCCESS);
                EXPECT(nvmlShutdown(), NVML_SUCCESS);
        }
        return NULL;
}

static void all_at_once(void **state) {
        (void)state;
        static void *(*const jobs[])(void *) = { read_all,         read_all, make_and_destroy, make_and_destroy,
                                                 wait_for_changes, sample,   come_and_go };
        pthread_t threads[2 * ARRAY_SIZE(jobs)];
        machine_start("590.48.01", "H100-80GB,H100-80GB", true);
        for (unsigned i = 0; i < 2; i++)
                gpus[i] = machine_gpu(i);
        for (unsigned i = 0; i < ARRAY_SIZE(threads); i++)
                assert_int_equal(pthread_create(&threads[i], NULL, jobs[i / 2], gpus[i % 2]), 0);
        for (unsigned i = 0; i < ARRAY_SIZE(threads); i++)
                assert_int_equal(pthread_join(threads[i], NULL), 0);
        print_message("%u instances made and destroyed, %u changes told\n", atomic_load(&made), atomic_load(&delivered));
        assert_int_equal(atomic_load(&wrong), 0);
        assert_true(atomic_load(&made) >= rounds && atomic_load(&delivered) > 0);
        machine_stop();
}

int main(int argc, char **argv) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(all_at_once),
        };
        if (argc > 1)
                rounds = (unsigned)strtoul(argv[1], NULL, 10);
        return cmocka_run_group_tests(tests, NULL, NULL);
}
