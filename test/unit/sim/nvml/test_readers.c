/* Many threads of one client while another process changes the node: no answer is torn, none is wrong. Meant for ThreadSanitizer too. */
#include <pthread.h>
#include <signal.h>

#include "machine.h"

#define THREADS 8
#define GPUS 4
#define RUN_MS 1000

static int64_t now_ms(void) {
        return (int64_t)(machine_now_us() / 1000);
}

/* The other process: makes and destroys slices as fast as it can, until it is ended. */
static void repartition(void) {
        if (nvmlInit_v2() != NVML_SUCCESS)
                _exit(1);
        for (unsigned round = 0;; round++) {
                nvmlDevice_t device;
                nvmlGpuInstance_t gi[7];
                nvmlComputeInstance_t ci[7];
                if (nvmlDeviceGetHandleByIndex_v2(round % GPUS, &device) != NVML_SUCCESS)
                        _exit(1);
                for (unsigned i = 0; i < 7; i++)
                        if (nvmlDeviceCreateGpuInstance(device, 19, &gi[i]) != NVML_SUCCESS ||
                            nvmlGpuInstanceCreateComputeInstance(gi[i], 0, &ci[i]) != NVML_SUCCESS)
                                _exit(2);
                for (unsigned i = 0; i < 7; i++)
                        if (nvmlComputeInstanceDestroy(ci[i]) != NVML_SUCCESS || nvmlGpuInstanceDestroy(gi[i]) != NVML_SUCCESS)
                                _exit(3);
        }
}

struct reader {
        pthread_t thread;
        unsigned number;
        int64_t until_ms;
        unsigned long answers, slices;
        const char *wrong;
};

/* A slice may go between any two calls, and says so; while it is there, what it says is right. */
static const char *look_at_slice(nvmlDevice_t gpu, nvmlDevice_t slice) {
        nvmlMemory_v2_t memory = { .version = NVML_VERSION(nvmlMemory_v2_t, 2) };
        nvmlDevice_t parent;
        char name[NVML_DEVICE_NAME_V2_BUFFER_SIZE];
        nvmlReturn_t r = nvmlDeviceGetMemoryInfo_v2(slice, &memory);
        if (r != NVML_SUCCESS)
                return r == NVML_ERROR_INVALID_ARGUMENT ? NULL : "memory of a slice: neither there nor gone";
        if (memory.total >> 20 != 9728 || memory.free + memory.used != memory.total)
                return "memory of a slice";
        r = nvmlDeviceGetDeviceHandleFromMigDeviceHandle(slice, &parent);
        if (r != NVML_SUCCESS ? r != NVML_ERROR_INVALID_ARGUMENT : parent != gpu)
                return "GPU of a slice";
        r = nvmlDeviceGetName(slice, name, sizeof name);
        if (r != NVML_SUCCESS ? r != NVML_ERROR_INVALID_ARGUMENT : strcmp(name, "NVIDIA A100-SXM4-80GB MIG 1g.10gb") != 0)
                return "name of a slice";
        return NULL;
}

static const char *look(struct reader *reader, unsigned gpu) {
        nvmlDevice_t device, slice;
        unsigned count, index, power;
        nvmlMemory_t memory;
        if (nvmlDeviceGetCount_v2(&count) != NVML_SUCCESS || count != GPUS)
                return "number of GPUs";
        if (nvmlDeviceGetHandleByIndex_v2(gpu, &device) != NVML_SUCCESS || nvmlDeviceGetIndex(device, &index) != NVML_SUCCESS ||
            index != gpu)
                return "index";
        if (nvmlDeviceGetMemoryInfo(device, &memory) != NVML_SUCCESS || memory.total >> 20 != 81920 ||
            memory.free + memory.used != memory.total)
                return "memory";
        if (nvmlDeviceGetPowerUsage(device, &power) != NVML_SUCCESS || power == 0 || power > 400000)
                return "power";
        for (unsigned i = 0; i < 7; i++) {
                nvmlReturn_t r = nvmlDeviceGetMigDeviceHandleByIndex(device, i, &slice);
                if (r == NVML_ERROR_NOT_FOUND)
                        continue;
                const char *wrong = r == NVML_SUCCESS ? look_at_slice(device, slice) : "handle of a slice";
                if (wrong)
                        return wrong;
                reader->slices++;
        }
        return NULL;
}

static void *read_on(void *context) {
        struct reader *reader = context;
        for (unsigned i = reader->number; now_ms() < reader->until_ms && !reader->wrong; i++, reader->answers++)
                reader->wrong = look(reader, i % GPUS);
        return NULL;
}

static void read_while_others_write(void **state) {
        struct reader readers[THREADS];
        (void)state;
        machine_make("590.48.01", "A100-80GB,A100-80GB,A100-80GB,A100-80GB", true);
        pid_t writer = fork();
        assert_true(writer >= 0);
        if (writer == 0)
                repartition();
        assert_int_equal(nvmlInit_v2(), NVML_SUCCESS);
        for (unsigned i = 0; i < THREADS; i++) {
                readers[i] = (struct reader){ .number = i, .until_ms = now_ms() + RUN_MS };
                assert_int_equal(pthread_create(&readers[i].thread, NULL, read_on, &readers[i]), 0);
        }
        for (unsigned i = 0; i < THREADS; i++)
                assert_int_equal(pthread_join(readers[i].thread, NULL), 0);
        int status;
        assert_int_equal(kill(writer, SIGKILL), 0);
        assert_int_equal(waitpid(writer, &status, 0), writer);
        assert_true(WIFSIGNALED(status)); /* it did not end by itself, which it does when a change fails */
        unsigned long slices = 0;
        for (unsigned i = 0; i < THREADS; i++) {
                if (readers[i].wrong)
                        fail_msg("after %lu rounds: wrong %s", readers[i].answers, readers[i].wrong);
                assert_true(readers[i].answers > 0);
                slices += readers[i].slices;
        }
        assert_true(slices > 0);
        machine_stop();
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(read_while_others_write),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
