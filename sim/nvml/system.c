/* The machine and its driver. */
#include "sim/node/process.h"

#include "sim/nvml/getter.h"

EXPORT nvmlReturn_t nvmlSystemGetDriverVersion(char *version, unsigned int length) {
        CALL(nvmlSystemGetDriverVersion);
        return call_text(call.node->driver, version, length);
}

/* "13.590.48.01": the driver's version behind CUDA's major. */
EXPORT nvmlReturn_t nvmlSystemGetNVMLVersion(char *version, unsigned int length) {
        CALL(nvmlSystemGetNVMLVersion);
        char text[NVML_SYSTEM_NVML_VERSION_BUFFER_SIZE];
        snprintf(text, sizeof text, "%u.%s", call.node->cuda / 1000U, call.node->driver);
        return call_text(text, version, length);
}

static nvmlReturn_t cuda_version(const struct call *call, int *ret_version) {
        if (!ret_version)
                return NVML_ERROR_INVALID_ARGUMENT;
        *ret_version = call->node->cuda;
        return NVML_SUCCESS;
}

EXPORT nvmlReturn_t nvmlSystemGetCudaDriverVersion(int *cudaDriverVersion) {
        CALL(nvmlSystemGetCudaDriverVersion);
        return cuda_version(&call, cudaDriverVersion);
}

EXPORT nvmlReturn_t nvmlSystemGetCudaDriverVersion_v2(int *cudaDriverVersion) {
        CALL(nvmlSystemGetCudaDriverVersion_v2);
        return cuda_version(&call, cudaDriverVersion);
}

/* What nvmlSystemGetDriverBranch calls a branch: "r590_00". */
EXPORT nvmlReturn_t nvmlSystemGetDriverBranch(nvmlSystemDriverBranchInfo_t *branchInfo, unsigned int length) {
        CALL(nvmlSystemGetDriverBranch);
        TRY_VERSION(branchInfo, nvmlSystemDriverBranchInfo_v1_t, 1);
        char text[16];
        snprintf(text, sizeof text, "r%u_00", call.node->driver_major);
        unsigned room = length < sizeof branchInfo->branch ? length : sizeof branchInfo->branch;
        return call_text(text, branchInfo->branch, room);
}

EXPORT nvmlReturn_t nvmlSystemGetProcessName(unsigned int pid, char *name, unsigned int length) {
        CALL(nvmlSystemGetProcessName);
        if (!name || !length)
                return NVML_ERROR_INVALID_ARGUMENT;
        for (unsigned i = 0; i < call.node->process_count; i++)
                if (call.node->processes[i].pid == pid)
                        return call_text(call.node->processes[i].name, name, length);
        return NVML_ERROR_NOT_FOUND;
}

/* S-class units, and the host interface cards that belong to them, are of another time. */
EXPORT nvmlReturn_t nvmlSystemGetHicVersion(unsigned int *hwbcCount, nvmlHwbcEntry_t *hwbcEntries) {
        CALL(nvmlSystemGetHicVersion);
        (void)hwbcEntries;
        if (!hwbcCount)
                return NVML_ERROR_INVALID_ARGUMENT;
        *hwbcCount = 0;
        return NVML_SUCCESS;
}

EXPORT nvmlReturn_t nvmlUnitGetCount(unsigned int *unitCount) {
        CALL(nvmlUnitGetCount);
        if (!unitCount)
                return NVML_ERROR_INVALID_ARGUMENT;
        *unitCount = 0;
        return NVML_SUCCESS;
}

/* GPUs that the driver was told to leave alone. */
EXPORT nvmlReturn_t nvmlGetExcludedDeviceCount(unsigned int *deviceCount) {
        CALL(nvmlGetExcludedDeviceCount);
        if (!deviceCount)
                return NVML_ERROR_INVALID_ARGUMENT;
        *deviceCount = 0;
        return NVML_SUCCESS;
}

EXPORT nvmlReturn_t nvmlGetExcludedDeviceInfoByIndex(unsigned int index, nvmlExcludedDeviceInfo_t *info) {
        CALL(nvmlGetExcludedDeviceInfoByIndex);
        (void)index;
        (void)info;
        return NVML_ERROR_INVALID_ARGUMENT;
}

/* Confidential computing is off: all zero. */
EXPORT nvmlReturn_t nvmlSystemGetConfComputeCapabilities(nvmlConfComputeSystemCaps_t *capabilities) {
        CALL(nvmlSystemGetConfComputeCapabilities);
        if (!capabilities)
                return NVML_ERROR_INVALID_ARGUMENT;
        *capabilities = (nvmlConfComputeSystemCaps_t){ 0 };
        return NVML_SUCCESS;
}

EXPORT nvmlReturn_t nvmlSystemGetConfComputeState(nvmlConfComputeSystemState_t *state) {
        CALL(nvmlSystemGetConfComputeState);
        if (!state)
                return NVML_ERROR_INVALID_ARGUMENT;
        *state = (nvmlConfComputeSystemState_t){ 0 };
        return NVML_SUCCESS;
}

EXPORT nvmlReturn_t nvmlSystemGetConfComputeSettings(nvmlSystemConfComputeSettings_t *settings) {
        CALL(nvmlSystemGetConfComputeSettings);
        TRY_VERSION(settings, nvmlSystemConfComputeSettings_v1_t, 1);
        *settings = (nvmlSystemConfComputeSettings_t){ .version = settings->version };
        return NVML_SUCCESS;
}
