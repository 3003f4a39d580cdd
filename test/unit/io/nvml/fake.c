#include "fake.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "io/nvml/abi.h"

struct fake_control fake_control;

const char *nvmlErrorString(nvmlReturn_t r);
nvmlReturn_t nvmlInit_v2(void);
nvmlReturn_t nvmlShutdown(void);
nvmlReturn_t nvmlSystemGetDriverVersion(char *text, unsigned bytes);
nvmlReturn_t nvmlDeviceGetCount_v2(unsigned *count);
nvmlReturn_t nvmlDeviceGetHandleByIndex_v2(unsigned index, nvmlDevice_t *device);
nvmlReturn_t nvmlDeviceGetUUID(nvmlDevice_t device, char *text, unsigned bytes);
nvmlReturn_t nvmlDeviceGetName(nvmlDevice_t device, char *text, unsigned bytes);
nvmlReturn_t nvmlDeviceGetMemoryInfo(nvmlDevice_t device, nvmlMemory_t *memory);
nvmlReturn_t nvmlDeviceGetPowerUsage(nvmlDevice_t device, unsigned *mw);
nvmlReturn_t nvmlDeviceGetMigMode(nvmlDevice_t device, unsigned *current, unsigned *pending);
nvmlReturn_t nvmlDeviceGetGpuInstanceProfileInfo(nvmlDevice_t device, unsigned profile, nvmlGpuInstanceProfileInfo_t *info);
nvmlReturn_t nvmlDeviceGetComputeRunningProcesses(nvmlDevice_t device, unsigned *count, void *entries);
nvmlReturn_t nvmlDeviceGetComputeRunningProcesses_v2(nvmlDevice_t device, unsigned *count, void *entries);
nvmlReturn_t nvmlDeviceGetComputeRunningProcesses_v3(nvmlDevice_t device, unsigned *count, void *entries);
nvmlReturn_t nvmlDeviceGetConfComputeMemSizeInfo(nvmlDevice_t device, void *info);
nvmlReturn_t nvmlDeviceGetRunningProcessDetailList(nvmlDevice_t device, void *list);

nvmlReturn_t nvmlEventSetCreate(nvmlEventSet_t *set);
nvmlReturn_t nvmlEventSetFree(nvmlEventSet_t set);
nvmlReturn_t nvmlEventSetWait_v2(nvmlEventSet_t set, nvmlEventData_t *data, unsigned timeout_ms);
nvmlReturn_t nvmlDeviceGetSupportedEventTypes(nvmlDevice_t device, unsigned long long *types);
nvmlReturn_t nvmlDeviceRegisterEvents(nvmlDevice_t device, unsigned long long types, nvmlEventSet_t set);

static char gpus[FAKE_GPUS]; /* their addresses are the handles */

static unsigned index_of(nvmlDevice_t device) {
        return (unsigned)((char *)device - gpus);
}

/* What every call does first. */
static nvmlReturn_t call(const char *name, unsigned gpu) {
        const char *hang;

        fake_control.hanging++;
        while ((hang = fake_control.hang_call) && strcmp(hang, name) == 0 && gpu == fake_control.hang_gpu)
                usleep(1000);
        fake_control.hanging--;
        const char *fail = fake_control.fail_call;
        return fail && strcmp(fail, name) == 0 ? (nvmlReturn_t)fake_control.fail_code : NVML_SUCCESS;
}

#define CALL(gpu)                                                                                                                          \
        do {                                                                                                                               \
                nvmlReturn_t called = call(__func__, (gpu));                                                                               \
                if (called != NVML_SUCCESS)                                                                                                \
                        return called;                                                                                                     \
        } while (0)

const char *nvmlErrorString(nvmlReturn_t r) {
        return r == NVML_ERROR_NO_PERMISSION ? "Insufficient Permissions" : "Other Words";
}

nvmlReturn_t nvmlInit_v2(void) {
        CALL(0);
        fake_control.inits++;
        return NVML_SUCCESS;
}

nvmlReturn_t nvmlShutdown(void) {
        CALL(0);
        fake_control.inits--;
        return NVML_SUCCESS;
}

static void tell(char *text, unsigned bytes, const char *what) {
        snprintf(text, bytes, "%s", what);
        if (fake_control.endless)
                memset(text, 'x', bytes);
}

nvmlReturn_t nvmlSystemGetDriverVersion(char *text, unsigned bytes) {
        CALL(0);
        tell(text, bytes, FAKE_DRIVER);
        return NVML_SUCCESS;
}

nvmlReturn_t nvmlDeviceGetCount_v2(unsigned *count) {
        CALL(0);
        *count = FAKE_GPUS;
        return NVML_SUCCESS;
}

nvmlReturn_t nvmlDeviceGetHandleByIndex_v2(unsigned index, nvmlDevice_t *device) {
        CALL(index);
        if (index >= FAKE_GPUS)
                return NVML_ERROR_INVALID_ARGUMENT;
        *device = (nvmlDevice_t)&gpus[index];
        return NVML_SUCCESS;
}

nvmlReturn_t nvmlDeviceGetUUID(nvmlDevice_t device, char *text, unsigned bytes) {
        CALL(index_of(device));
        snprintf(text, bytes, "GPU-0000000%u-0000-0000-0000-000000000000", index_of(device));
        return NVML_SUCCESS;
}

#ifndef FAKE_NO_NAME
nvmlReturn_t nvmlDeviceGetName(nvmlDevice_t device, char *text, unsigned bytes) {
        CALL(index_of(device));
        tell(text, bytes, "NVIDIA A100-SXM4-40GB");
        return NVML_SUCCESS;
}
#endif

nvmlReturn_t nvmlDeviceGetMemoryInfo(nvmlDevice_t device, nvmlMemory_t *memory) {
        CALL(index_of(device));
        *memory = (nvmlMemory_t){ .total = 40960ULL << 20, .free = 40000ULL << 20, .used = 960ULL << 20 };
        return NVML_SUCCESS;
}

nvmlReturn_t nvmlDeviceGetPowerUsage(nvmlDevice_t device, unsigned *mw) {
        CALL(index_of(device));
        *mw = 55000 + index_of(device);
        return NVML_SUCCESS;
}

nvmlReturn_t nvmlDeviceGetMigMode(nvmlDevice_t device, unsigned *current, unsigned *pending) {
        CALL(index_of(device));
        *current = *pending = NVML_DEVICE_MIG_DISABLE;
        return NVML_SUCCESS;
}

/* As before R550: nothing is told while MIG is off. */
nvmlReturn_t nvmlDeviceGetGpuInstanceProfileInfo(nvmlDevice_t device, unsigned profile, nvmlGpuInstanceProfileInfo_t *info) {
        (void)profile;
        (void)info;
        CALL(index_of(device));
        return NVML_ERROR_NOT_SUPPORTED;
}

/* Two processes, in entries of `bytes`: pid at 0, memory at 8, instances at 16 and 20. */
static nvmlReturn_t list(unsigned *count, char *entries, size_t bytes) {
        static const struct {
                uint32_t pid;
                uint64_t memory;
                uint32_t gi, ci;
        } processes[] = { { 4711, 3ULL << 30, 7, 0 }, { 4712, UINT64_MAX, 0xFFFFFFFF, 0xFFFFFFFF } };
        unsigned room = *count;

        *count = 2;
        if (room < 2)
                return NVML_ERROR_INSUFFICIENT_SIZE;
        for (unsigned i = 0; i < 2; i++) {
                char *at = entries + i * bytes;
                memcpy(at, &processes[i].pid, 4);
                memcpy(at + 8, &processes[i].memory, 8);
                if (bytes < 24)
                        continue;
                memcpy(at + 16, &processes[i].gi, 4);
                memcpy(at + 20, &processes[i].ci, 4);
        }
        return NVML_SUCCESS;
}

nvmlReturn_t nvmlDeviceGetComputeRunningProcesses(nvmlDevice_t device, unsigned *count, void *entries) {
        CALL(index_of(device));
        return list(count, entries, 16);
}

#if FAKE_PROCESSES >= 2
nvmlReturn_t nvmlDeviceGetComputeRunningProcesses_v2(nvmlDevice_t device, unsigned *count, void *entries) {
        CALL(index_of(device));
        return list(count, entries, 24);
}
#endif

#if FAKE_PROCESSES >= 3
nvmlReturn_t nvmlDeviceGetComputeRunningProcesses_v3(nvmlDevice_t device, unsigned *count, void *entries) {
        CALL(index_of(device));
        return list(count, entries, FAKE_ENTRY_BYTES);
}

nvmlReturn_t nvmlDeviceGetConfComputeMemSizeInfo(nvmlDevice_t device, void *info) {
        (void)info;
        CALL(index_of(device));
        return NVML_ERROR_NOT_SUPPORTED;
}
#endif

#if FAKE_PROCESSES >= 4
nvmlReturn_t nvmlDeviceGetRunningProcessDetailList(nvmlDevice_t device, void *processes) {
        (void)processes;
        CALL(index_of(device));
        return NVML_ERROR_NOT_SUPPORTED;
}
#endif

#if FAKE_PROCESSES >= 4
/* Event sets without events. */
static char a_set;

nvmlReturn_t nvmlEventSetCreate(nvmlEventSet_t *set) {
        CALL(0);
        fake_control.sets++;
        *set = (nvmlEventSet_t)&a_set;
        return NVML_SUCCESS;
}

nvmlReturn_t nvmlEventSetFree(nvmlEventSet_t set) {
        CALL(0);
        fake_control.sets -= (char *)set == &a_set;
        return NVML_SUCCESS;
}

nvmlReturn_t nvmlEventSetWait_v2(nvmlEventSet_t set, nvmlEventData_t *data, unsigned timeout_ms) {
        (void)set;
        (void)data;
        CALL(0);
        usleep(timeout_ms * 1000);
        return NVML_ERROR_TIMEOUT;
}

nvmlReturn_t nvmlDeviceGetSupportedEventTypes(nvmlDevice_t device, unsigned long long *types) {
        CALL(index_of(device));
        *types = nvmlEventTypeXidCriticalError;
        return NVML_SUCCESS;
}

nvmlReturn_t nvmlDeviceRegisterEvents(nvmlDevice_t device, unsigned long long types, nvmlEventSet_t set) {
        (void)set;
        CALL(index_of(device));
        return types & ~(unsigned long long)nvmlEventTypeXidCriticalError ? NVML_ERROR_NOT_SUPPORTED : NVML_SUCCESS;
}
#endif
