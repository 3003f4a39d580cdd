/* mig_device: MIG devices, one for each compute instance. */
#include "sim/node/mig.h"
#include "sim/nvml/exports.h"
#include "sim/nvml/mig_profile.h"

EXPORT nvmlReturn_t nvmlDeviceIsMigDeviceHandle(nvmlDevice_t device, unsigned int *isMigDevice) {
        CALL(nvmlDeviceIsMigDeviceHandle);
        struct target t;
        TRY(call_device(&call, device, TARGET_ANY, &t));
        if (!isMigDevice)
                return NVML_ERROR_INVALID_ARGUMENT;
        *isMigDevice = t.kind == TARGET_MIG;
        return NVML_SUCCESS;
}

EXPORT nvmlReturn_t nvmlDeviceGetMaxMigDeviceCount(nvmlDevice_t device, unsigned int *count) {
        CALL(nvmlDeviceGetMaxMigDeviceCount);
        struct target t;
        TRY(call_device(&call, device, TARGET_GPU, &t));
        if (!count)
                return NVML_ERROR_INVALID_ARGUMENT;
        *count = mig_enabled(&call, &t) == NVML_SUCCESS ? mig_max_devices(t.at) : 0;
        return NVML_SUCCESS;
}

EXPORT nvmlReturn_t nvmlDeviceGetMigDeviceHandleByIndex(nvmlDevice_t device, unsigned int index, nvmlDevice_t *migDevice) {
        CALL(nvmlDeviceGetMigDeviceHandleByIndex);
        struct target t;
        TRY(call_device(&call, device, TARGET_GPU, &t));
        if (!migDevice)
                return NVML_ERROR_INVALID_ARGUMENT;
        TRY(mig_enabled(&call, &t));
        if (index >= mig_max_devices(t.at))
                return NVML_ERROR_INVALID_ARGUMENT;
        unsigned gi_slot, ci_slot;
        if (!call_slice_at(&t, index, &gi_slot, &ci_slot))
                return NVML_ERROR_NOT_FOUND;
        *migDevice = handle_of_mig(call.node, t.gpu, gi_slot, ci_slot);
        return NVML_SUCCESS;
}

EXPORT nvmlReturn_t nvmlDeviceGetDeviceHandleFromMigDeviceHandle(nvmlDevice_t migDevice, nvmlDevice_t *device) {
        CALL(nvmlDeviceGetDeviceHandleFromMigDeviceHandle);
        struct target t;
        TRY(call_device(&call, migDevice, TARGET_MIG, &t));
        if (!device)
                return NVML_ERROR_INVALID_ARGUMENT;
        *device = handle_of_gpu(t.gpu);
        return NVML_SUCCESS;
}

EXPORT nvmlReturn_t nvmlDeviceGetGpuInstanceId(nvmlDevice_t device, unsigned int *id) {
        CALL(nvmlDeviceGetGpuInstanceId);
        struct target t;
        TRY(call_device(&call, device, TARGET_MIG, &t));
        if (!id)
                return NVML_ERROR_INVALID_ARGUMENT;
        *id = t.gi->id;
        return NVML_SUCCESS;
}

EXPORT nvmlReturn_t nvmlDeviceGetComputeInstanceId(nvmlDevice_t device, unsigned int *id) {
        CALL(nvmlDeviceGetComputeInstanceId);
        struct target t;
        TRY(call_device(&call, device, TARGET_MIG, &t));
        if (!id)
                return NVML_ERROR_INVALID_ARGUMENT;
        *id = t.ci->id;
        return NVML_SUCCESS;
}

static nvmlReturn_t attributes_of(struct call *call, nvmlDevice_t device, nvmlDeviceAttributes_t *attributes) {
        struct target t;
        TRY(call_device(call, device, TARGET_MIG, &t));
        if (!attributes)
                return NVML_ERROR_INVALID_ARGUMENT;
        mig_attributes(call->node, t.gpu, t.gi_slot, t.ci_slot, attributes);
        return NVML_SUCCESS;
}

EXPORT nvmlReturn_t nvmlDeviceGetAttributes(nvmlDevice_t device, nvmlDeviceAttributes_t *attributes) {
        CALL(nvmlDeviceGetAttributes);
        return attributes_of(&call, device, attributes);
}

EXPORT nvmlReturn_t nvmlDeviceGetAttributes_v2(nvmlDevice_t device, nvmlDeviceAttributes_t *attributes) {
        CALL(nvmlDeviceGetAttributes_v2);
        return attributes_of(&call, device, attributes);
}
