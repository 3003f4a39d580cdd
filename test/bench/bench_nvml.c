/* How long a call takes that changes nothing, as a client feels it: the library is loaded as programs load it, and each call is timed
 * alone.
 *
 * usage: bench_nvml LIBRARY (with CARVE_SIM=DIR)
 *
 * Prints a line for each call: name, median and 99th percentile in nanoseconds, less what taking the time costs.
 */
#include <dlfcn.h>
#include <stdint.h>

#include "base/mem.h"
#include "io/nvml/abi.h"

#define CALLS 200000

static uint32_t times[CALLS];

static uint64_t now_ns(void) {
        struct timespec t;
        clock_gettime(CLOCK_MONOTONIC, &t);
        return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static int by_value(const void *a, const void *b) {
        uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
        return (x > y) - (x < y);
}

static nvmlMemory_v2_t memory = { .version = NVML_VERSION(nvmlMemory_v2_t, 2) };
static unsigned int number;

/* All calls of the bench take a device and a place for their answer. */
typedef nvmlReturn_t question_fn(nvmlDevice_t, void *);

static nvmlReturn_t nothing(nvmlDevice_t device, void *answer) {
        (void)device;
        (void)answer;
        return NVML_SUCCESS;
}

static int measure(question_fn *ask, nvmlDevice_t device, void *answer, uint32_t *ret_median, uint32_t *ret_p99) {
        for (unsigned i = 0; i < CALLS; i++) {
                uint64_t begin = now_ns();
                if (ask(device, answer) != NVML_SUCCESS)
                        return -1;
                times[i] = (uint32_t)(now_ns() - begin);
        }
        qsort(times, CALLS, sizeof *times, by_value);
        *ret_median = times[CALLS / 2];
        *ret_p99 = times[CALLS / 100 * 99];
        return 0;
}

int main(int argc, char **argv) {
        static const struct {
                const char *name;
                void *answer;
        } questions[] = {
                { "nvmlDeviceGetIndex", &number },
                { "nvmlDeviceGetMemoryInfo_v2", &memory },
                { "nvmlDeviceGetPowerUsage", &number },
        };
        void *library = argc == 2 ? dlopen(argv[1], RTLD_NOW) : NULL;
        if (!library) {
                fprintf(stderr, "usage: bench_nvml LIBRARY\n");
                return 2;
        }
        nvmlReturn_t (*init)(void) = (nvmlReturn_t(*)(void))dlsym(library, "nvmlInit_v2");
        nvmlReturn_t (*by_index)(unsigned int, nvmlDevice_t *) =
                (nvmlReturn_t(*)(unsigned int, nvmlDevice_t *))dlsym(library, "nvmlDeviceGetHandleByIndex_v2");
        nvmlDevice_t device;
        if (!init || !by_index || init() != NVML_SUCCESS || by_index(0, &device) != NVML_SUCCESS)
                return 1;
        uint32_t clock_median, clock_p99, median, p99;
        measure(nothing, device, NULL, &clock_median, &clock_p99);
        for (size_t i = 0; i < ARRAY_SIZE(questions); i++) {
                question_fn *ask = (question_fn *)dlsym(library, questions[i].name);
                if (!ask || measure(ask, device, questions[i].answer, &median, &p99) < 0)
                        return 1;
                printf("%s %u %u\n", questions[i].name, median - clock_median, p99 - clock_median);
        }
        return 0;
}
