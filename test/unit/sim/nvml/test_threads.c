/* Threads of one process call everything at once: readers, makers and destroyers, waiters for events, samplers, and some that init and shut
 * down; meanwhile another process makes and destroys too. Argument: how many rounds each thread does. */
#include "machine.h"

#include <pthread.h>
#include <stdatomic.h>

static unsigned rounds = 150;
static atomic_uint wrong, made, seen, delivered;
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

/* A slice may go between any two calls, and says so; while it is there, what it says is a 3g.40gb of an H100. */
static void look_at_slice(nvmlDevice_t gpu, nvmlDevice_t slice) {
        nvmlDeviceAttributes_t a;
        nvmlMemory_t memory;
        nvmlDevice_t parent;
        nvmlReturn_t r = nvmlDeviceGetAttributes_v2(slice, &a);
        if (EXPECT(r, NVML_SUCCESS, NVML_ERROR_INVALID_ARGUMENT) && r == NVML_SUCCESS)
                expect(a.gpuInstanceSliceCount == 3 && a.multiprocessorCount == 60 && a.memorySizeMB == 40448);
        r = nvmlDeviceGetMemoryInfo(slice, &memory);
        if (EXPECT(r, NVML_SUCCESS, NVML_ERROR_INVALID_ARGUMENT) && r == NVML_SUCCESS)
                expect(memory.total >> 20 == 40448 && memory.free + memory.used == memory.total);
        r = nvmlDeviceGetDeviceHandleFromMigDeviceHandle(slice, &parent);
        if (EXPECT(r, NVML_SUCCESS, NVML_ERROR_INVALID_ARGUMENT) && r == NVML_SUCCESS)
                expect(parent == gpu);
}

/* Reading is quicker than making: who has seen no slice after all its rounds looks on for a while. */
static bool read_on(unsigned round) {
        return round < rounds || (atomic_load(&seen) == 0 && round < 1000 * rounds);
}

static void *read_all(void *gpu) {
        for (unsigned round = 0; read_on(round); round++)
                for (unsigned index = 0; index < 7; index++) {
                        nvmlDevice_t slice;
                        nvmlProcessInfo_t infos[4];
                        unsigned count = 4;
                        EXPECT(nvmlDeviceGetComputeRunningProcesses_v3(gpu, &count, infos), NVML_SUCCESS);
                        if (EXPECT(nvmlDeviceGetGpuInstanceRemainingCapacity(gpu, 9, &count), NVML_SUCCESS))
                                expect(count <= 2);
                        nvmlReturn_t r = nvmlDeviceGetMigDeviceHandleByIndex(gpu, index, &slice);
                        if (EXPECT(r, NVML_SUCCESS, NVML_ERROR_NOT_FOUND) && r == NVML_SUCCESS) {
                                look_at_slice(gpu, slice);
                                atomic_fetch_add(&seen, 1);
                        }
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

/* The other process, whose changes take turns with those of the threads. */
static void change_from_outside(void) {
        bool ready = nvmlInit_v2() == NVML_SUCCESS;
        for (unsigned i = 0; i < 2 && ready; i++) {
                ready = nvmlDeviceGetHandleByIndex_v2(i, &gpus[i]) == NVML_SUCCESS;
                make_and_destroy(gpus[i]);
        }
        _exit(!ready || atomic_load(&wrong) > 0);
}

static void all_at_once(void **state) {
        (void)state;
        static void *(*const jobs[])(void *) = { read_all,         read_all, make_and_destroy, make_and_destroy,
                                                 wait_for_changes, sample,   come_and_go };
        pthread_t threads[2 * ARRAY_SIZE(jobs)];
        machine_make("590.48.01", "H100-80GB,H100-80GB", true);
        pid_t other = fork();
        assert_true(other >= 0);
        if (other == 0)
                change_from_outside();
        assert_int_equal(nvmlInit_v2(), NVML_SUCCESS);
        for (unsigned i = 0; i < 2; i++)
                gpus[i] = machine_gpu(i);
        for (unsigned i = 0; i < ARRAY_SIZE(threads); i++)
                assert_int_equal(pthread_create(&threads[i], NULL, jobs[i / 2], gpus[i % 2]), 0);
        for (unsigned i = 0; i < ARRAY_SIZE(threads); i++)
                assert_int_equal(pthread_join(threads[i], NULL), 0);
        machine_join(other);
        print_message("%u instances made and destroyed, %u seen, %u changes told\n", atomic_load(&made), atomic_load(&seen),
                      atomic_load(&delivered));
        assert_int_equal(atomic_load(&wrong), 0);
        assert_true(atomic_load(&made) >= rounds && atomic_load(&seen) > 0 && atomic_load(&delivered) > 0);
        machine_stop();
}

static void *look_for_ever(void *gpu) {
        for (unsigned n;; nvmlDeviceGetCount_v2(&n)) {
                nvmlDeviceSetPersistenceMode(gpu, NVML_FEATURE_ENABLED);
                pthread_testcancel();
        }
        return NULL;
}

static void cancelled_threads_leave_nothing_locked(void **state) {
        unsigned count;
        (void)state;
        machine_start("590.48.01", "A100-80GB", true);
        nvmlDevice_t gpu = machine_gpu(0);
        for (unsigned i = 0; i < 50; i++) {
                pthread_t thread;
                assert_int_equal(pthread_create(&thread, NULL, look_for_ever, gpu), 0);
                usleep(i * 20);
                assert_int_equal(pthread_cancel(thread), 0);
                assert_int_equal(pthread_join(thread, NULL), 0);
                assert_int_equal(nvmlDeviceGetCount_v2(&count), NVML_SUCCESS);
                assert_int_equal(nvmlDeviceSetPersistenceMode(gpu, NVML_FEATURE_DISABLED), NVML_SUCCESS);
        }
        machine_stop();
}

int main(int argc, char **argv) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(all_at_once),
                cmocka_unit_test(cancelled_threads_leave_nothing_locked),
        };
        if (argc > 1)
                rounds = (unsigned)strtoul(argv[1], NULL, 10);
        return cmocka_run_group_tests(tests, NULL, NULL);
}
