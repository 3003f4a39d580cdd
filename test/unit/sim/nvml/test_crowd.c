/* Many processes read while one makes all GPUs anew again and again: every answer is right by itself, none comes late, nobody hangs.
 * Arguments: readers, rounds. In a round the slices of all eight GPUs are destroyed and others made: seven 1g, or three 2g and a 1g. */
#include "machine.h"

#include <poll.h>
#include <stdatomic.h>
#include <sys/mman.h>

#define GPUS 8
#define READER_PAUSE_MS 20 /* between two looks at everything, as a monitor would, only a hundred times as often */
#define CALL_MAX_US 20000000

/* Of an H100: what a slice of so many compute slices is. */
static const struct { unsigned id, slices, mib, sm, size; } kinds[] = { { 19, 1, 9984, 16, 1 }, { 14, 2, 20096, 32, 2 } };

/* Shared by all processes. */
struct board {
        atomic_ulong calls, looks, wrong;
        atomic_ulong longest_us;
        atomic_bool stop;
        char complaint[256]; /* the first one */
};
static struct board *shared;
static unsigned readers = 10, rounds = 12;

static nvmlDevice_t gpu_handles[GPUS];

static void complain(const char *what, unsigned long value) {
        if (atomic_fetch_add(&shared->wrong, 1) == 0)
                snprintf(shared->complaint, sizeof shared->complaint, "%s: %lu", what, value);
}

/* Every call is counted and timed. `gone` is the other code that is no error here, because the thing may vanish at any time. */
static bool good(uint64_t begin, nvmlReturn_t r, nvmlReturn_t gone, const char *what) {
        unsigned long us = (unsigned long)(machine_now_us() - begin), longest = atomic_load(&shared->longest_us);
        while (us > longest && !atomic_compare_exchange_weak(&shared->longest_us, &longest, us))
                ;
        atomic_fetch_add(&shared->calls, 1);
        if (r != NVML_SUCCESS && r != gone)
                complain(what, r);
        return r == NVML_SUCCESS;
}
#define GOOD(call, gone) good(machine_now_us(), call, gone, #call)

/* The instances of one answer lived at the same time, so they never overlap, though some may be gone when asked one by one. */
static void look_at_instances(nvmlDevice_t gpu, unsigned kind) {
        nvmlGpuInstance_t found[8];
        nvmlGpuInstanceInfo_t info;
        unsigned count = 99, taken = 0, left;
        if (!GOOD(nvmlDeviceGetGpuInstances(gpu, kinds[kind].id, found, &count), NVML_SUCCESS))
                return;
        if (count > 7)
                complain("instances of one profile", count);
        for (unsigned i = 0; i < count && i < 8; i++) {
                if (!GOOD(nvmlGpuInstanceGetInfo(found[i], &info), NVML_ERROR_INVALID_ARGUMENT))
                        continue;
                unsigned span = ((1U << kinds[kind].size) - 1) << info.placement.start;
                if (info.device != gpu || info.profileId != kinds[kind].id || info.placement.size != kinds[kind].size)
                        complain("another profile's instance", info.profileId);
                if (info.placement.start % kinds[kind].size || info.placement.start + info.placement.size > 7)
                        complain("a placement that no profile has", info.placement.start);
                if (taken & span)
                        complain("overlapping placements in one answer", taken);
                taken |= span;
        }
        if (GOOD(nvmlDeviceGetGpuInstanceRemainingCapacity(gpu, kinds[kind].id, &left), NVML_SUCCESS) && left > 7)
                complain("remaining capacity", left);
}

static void look_at_devices(nvmlDevice_t gpu) {
        for (unsigned index = 0; index < 7; index++) {
                nvmlDevice_t device;
                nvmlDeviceAttributes_t a;
                unsigned gi_id;
                if (!GOOD(nvmlDeviceGetMigDeviceHandleByIndex(gpu, index, &device), NVML_ERROR_NOT_FOUND))
                        continue;
                if (GOOD(nvmlDeviceGetAttributes_v2(device, &a), NVML_ERROR_INVALID_ARGUMENT)) {
                        unsigned k = a.gpuInstanceSliceCount - 1;
                        if (k > 1 || a.memorySizeMB != kinds[k].mib || a.multiprocessorCount != kinds[k].sm ||
                            a.computeInstanceSliceCount != kinds[k].slices)
                                complain("attributes that no profile has", a.multiprocessorCount);
                }
                if (GOOD(nvmlDeviceGetGpuInstanceId(device, &gi_id), NVML_ERROR_INVALID_ARGUMENT) && (gi_id < 3 || gi_id > 13))
                        complain("instance id", gi_id);
        }
}

static void look_at_memory(nvmlDevice_t gpu) {
        nvmlMemory_t memory;
        if (GOOD(nvmlDeviceGetMemoryInfo(gpu, &memory), NVML_SUCCESS) &&
            (memory.total != 81559ULL << 20 || memory.used + memory.free != memory.total))
                complain("memory", (unsigned long)memory.used);
}

static void reader(unsigned number) {
        bool ready = nvmlInit_v2() == NVML_SUCCESS;
        for (unsigned i = 0; i < GPUS && ready; i++)
                ready = nvmlDeviceGetHandleByIndex_v2(i, &gpu_handles[i]) == NVML_SUCCESS;
        if (!ready)
                complain("a reader that cannot begin", number);
        for (unsigned look = number; ready && !atomic_load(&shared->stop); look++) {
                nvmlDevice_t gpu = gpu_handles[look % GPUS];
                look_at_instances(gpu, 0);
                look_at_instances(gpu, 1);
                look_at_devices(gpu);
                look_at_memory(gpu);
                atomic_fetch_add(&shared->looks, 1);
                poll(NULL, 0, READER_PAUSE_MS);
        }
        _exit(0);
}

static void destroy_all(nvmlDevice_t gpu) {
        for (unsigned kind = 0; kind < ARRAY_SIZE(kinds); kind++) {
                nvmlGpuInstance_t gi[8];
                nvmlComputeInstance_t ci;
                unsigned count;
                assert_int_equal(nvmlDeviceGetGpuInstances(gpu, kinds[kind].id, gi, &count), NVML_SUCCESS);
                for (unsigned i = 0; i < count; i++) {
                        assert_int_equal(nvmlGpuInstanceGetComputeInstanceById(gi[i], 0, &ci), NVML_SUCCESS);
                        assert_int_equal(nvmlComputeInstanceDestroy(ci), NVML_SUCCESS);
                        assert_int_equal(nvmlGpuInstanceDestroy(gi[i]), NVML_SUCCESS);
                }
        }
}

static unsigned make_all(nvmlDevice_t gpu, unsigned round) {
        static const unsigned sevens[] = { 0, 0, 0, 0, 0, 0, 0 }, mixed[] = { 1, 1, 1, 0 };
        const unsigned *order = round % 2 ? mixed : sevens, count = round % 2 ? ARRAY_SIZE(mixed) : ARRAY_SIZE(sevens);
        for (unsigned i = 0; i < count; i++)
                machine_mig_device(gpu, kinds[order[i]].id, kinds[order[i]].slices - 1);
        return count;
}

static void everybody_reads_while_one_repartitions(void **state) {
        (void)state;
        pid_t *pids = calloc(readers, sizeof *pids);
        unsigned long made = 0;
        shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
        assert_non_null(pids);
        assert_true(shared != MAP_FAILED);
        machine_make("590.48.01", "H100-80GB,H100-80GB,H100-80GB,H100-80GB,H100-80GB,H100-80GB,H100-80GB,H100-80GB", true);
        for (unsigned i = 0; i < readers; i++) {
                pids[i] = fork();
                assert_true(pids[i] >= 0);
                if (pids[i] == 0)
                        reader(i);
        }
        assert_int_equal(nvmlInit_v2(), NVML_SUCCESS);
        uint64_t begin = machine_now_us();
        for (unsigned round = 0; round < rounds; round++)
                for (unsigned i = 0; i < GPUS; i++) {
                        destroy_all(machine_gpu(i));
                        made += make_all(machine_gpu(i), round);
                }
        double seconds = (double)(machine_now_us() - begin) / 1e6;
        atomic_store(&shared->stop, true);
        for (unsigned i = 0; i < readers; i++)
                machine_join(pids[i]);
        print_message(
                "%u readers, %u rounds of 8 GPUs: %.1f s, %lu slices made, %.0f us each to make and destroy; %lu reads, %.0f a second, "
                "the longest took %lu us; %lu wrong\n",
                readers, rounds, seconds, made, seconds * 1e6 / (double)made, atomic_load(&shared->calls),
                (double)atomic_load(&shared->calls) / seconds, atomic_load(&shared->longest_us), atomic_load(&shared->wrong));
        if (atomic_load(&shared->wrong))
                fail_msg("%s", shared->complaint);
        assert_true(atomic_load(&shared->looks) >= readers);
        assert_true(atomic_load(&shared->longest_us) < CALL_MAX_US);
        machine_stop();
        free(pids);
}

int main(int argc, char **argv) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(everybody_reads_while_one_repartitions),
        };
        if (argc > 2) {
                readers = (unsigned)strtoul(argv[1], NULL, 10);
                rounds = (unsigned)strtoul(argv[2], NULL, 10);
        }
        return cmocka_run_group_tests(tests, NULL, NULL);
}
