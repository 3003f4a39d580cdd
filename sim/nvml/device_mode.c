/* What an administrator sets: compute mode, persistence. */
#include "sim/nvml/getter.h"

/* In MIG mode it is a matter of each MIG device, and of the GPU drivers say "Default", whatever it was before. */
static nvmlReturn_t compute_mode(const struct call *call, const struct target *t, nvmlComputeMode_t *ret_mode) {
        (void)call;
        unsigned of_gpu = t->at->mig_mode == NVML_DEVICE_MIG_ENABLE ? NVML_COMPUTEMODE_DEFAULT : t->at->compute_mode;
        *ret_mode = (nvmlComputeMode_t)(t->ci ? t->ci->compute_mode : of_gpu);
        return NVML_SUCCESS;
}
GETTER(nvmlDeviceGetComputeMode, nvmlComputeMode_t, compute_mode)

/* Exclusive threads were given up with CUDA 8: the driver takes no such mode any more. */
EXPORT nvmlReturn_t nvmlDeviceSetComputeMode(nvmlDevice_t device, nvmlComputeMode_t mode) {
        CALL_WRITE(nvmlDeviceSetComputeMode);
        struct target t;
        TRY(call_device(&call, device, TARGET_ANY, &t));
        if (mode > NVML_COMPUTEMODE_EXCLUSIVE_PROCESS)
                return NVML_ERROR_INVALID_ARGUMENT;
        if (mode == NVML_COMPUTEMODE_EXCLUSIVE_THREAD)
                return NVML_ERROR_NOT_SUPPORTED;
        struct node_gpu *gpu = &call.working->gpus[t.gpu];
        *(t.ci ? &gpu->gi[t.gi_slot].ci[t.ci_slot].compute_mode : &gpu->compute_mode) = (uint8_t)mode;
        return call_commit(&call, NVML_SUCCESS);
}

static nvmlReturn_t persistence(const struct call *call, const struct target *t, nvmlEnableState_t *ret_mode) {
        (void)call;
        *ret_mode = (nvmlEnableState_t)t->at->persistence_mode;
        return NVML_SUCCESS;
}
GETTER(nvmlDeviceGetPersistenceMode, nvmlEnableState_t, persistence)

EXPORT nvmlReturn_t nvmlDeviceSetPersistenceMode(nvmlDevice_t device, nvmlEnableState_t mode) {
        CALL_WRITE(nvmlDeviceSetPersistenceMode);
        struct target t;
        TRY(call_device(&call, device, TARGET_GPU, &t));
        if (mode != NVML_FEATURE_DISABLED && mode != NVML_FEATURE_ENABLED)
                return NVML_ERROR_INVALID_ARGUMENT;
        call.working->gpus[t.gpu].persistence_mode = (uint8_t)mode;
        return call_commit(&call, NVML_SUCCESS);
}
