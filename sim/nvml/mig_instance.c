/* mig_instance: GPU instances, made and told about. */
#include "sim/node/mig.h"
#include "sim/nvml/exports.h"
#include "sim/nvml/mig_profile.h"

/* On an A30, a GPU instance and its compute instance take 160 ms to make and 100 ms to destroy (FAR_MIG_scheduler README, JPDC 2025); how
 * much of it is which was not measured apart, so the larger share goes to the GPU instance (sim/nvml/mig_compute.c has the rest). */
#define CREATE_MS 120
#define DESTROY_MS 70

static nvmlReturn_t create(struct call *call, nvmlDevice_t device, unsigned profile_id, const nvmlGpuInstancePlacement_t *placement,
                           nvmlGpuInstance_t *ret_instance) {
        struct target t;
        unsigned slot = 0;
        nvmlReturn_t r;
        do {
                TRY(call_device(call, device, TARGET_GPU, &t));
                r = mig_enabled(call, &t);
                if (r == NVML_SUCCESS)
                        r = mig_create_gi(call->working, t.gpu, profile_id, placement, call->now_us, &slot);
        } while (call_again(call, t.gpu, CREATE_MS, &r));
        nvmlGpuInstance_t made = r == NVML_SUCCESS ? handle_of_gi(call->working, t.gpu, slot) : NULL;
        r = call_commit(call, r);
        if (r == NVML_SUCCESS)
                *ret_instance = made;
        return r;
}

EXPORT nvmlReturn_t nvmlDeviceCreateGpuInstance(nvmlDevice_t device, unsigned int profileId, nvmlGpuInstance_t *gpuInstance) {
        CALL_WRITE(nvmlDeviceCreateGpuInstance);
        struct target t;
        TRY(call_device(&call, device, TARGET_GPU, &t));
        if (!gpuInstance)
                return NVML_ERROR_INVALID_ARGUMENT;
        return create(&call, device, profileId, NULL, gpuInstance);
}

EXPORT nvmlReturn_t nvmlDeviceCreateGpuInstanceWithPlacement(nvmlDevice_t device, unsigned int profileId,
                                                             const nvmlGpuInstancePlacement_t *placement, nvmlGpuInstance_t *gpuInstance) {
        CALL_WRITE(nvmlDeviceCreateGpuInstanceWithPlacement);
        struct target t;
        TRY(call_device(&call, device, TARGET_GPU, &t));
        if (!placement || !gpuInstance)
                return NVML_ERROR_INVALID_ARGUMENT;
        return create(&call, device, profileId, placement, gpuInstance);
}

EXPORT nvmlReturn_t nvmlGpuInstanceDestroy(nvmlGpuInstance_t gpuInstance) {
        CALL_WRITE(nvmlGpuInstanceDestroy);
        struct target t;
        nvmlReturn_t r;
        do {
                TRY(call_gpu_instance(&call, gpuInstance, &t));
                r = mig_destroy_gi(call.working, t.gpu, t.gi_slot, call.now_us);
        } while (call_again(&call, t.gpu, DESTROY_MS, &r));
        return call_commit(&call, r);
}

/* By rising id. `gpuInstances` has room for as many as the profile allows. */
EXPORT nvmlReturn_t nvmlDeviceGetGpuInstances(nvmlDevice_t device, unsigned int profileId, nvmlGpuInstance_t *gpuInstances,
                                              unsigned int *count) {
        CALL(nvmlDeviceGetGpuInstances);
        struct target t;
        TRY(call_device(&call, device, TARGET_GPU, &t));
        if (!gpuInstances || !count)
                return NVML_ERROR_INVALID_ARGUMENT;
        TRY(mig_enabled(&call, &t));
        const struct gpu_profile *p;
        TRY(mig_profile_by_id(call.node, t.gpu, profileId, &p));

        unsigned found = 0;
        for (unsigned last = 0;;) { /* ids below `last` are out */
                unsigned next = NODE_NONE;
                for (unsigned slot = 0; slot < NODE_GIS_MAX; slot++) {
                        const struct node_gi *gi = &t.at->gi[slot];
                        if (gi->live && gi->profile == p->index && call_sees_slice(t.gpu, gi, NULL) && gi->id >= last &&
                            (next == NODE_NONE || gi->id < t.at->gi[next].id))
                                next = slot;
                }
                if (next == NODE_NONE)
                        break;
                gpuInstances[found++] = handle_of_gi(call.node, t.gpu, next);
                last = t.at->gi[next].id + 1u;
        }
        *count = found;
        return NVML_SUCCESS;
}

EXPORT nvmlReturn_t nvmlDeviceGetGpuInstanceById(nvmlDevice_t device, unsigned int id, nvmlGpuInstance_t *gpuInstance) {
        CALL(nvmlDeviceGetGpuInstanceById);
        struct target t;
        TRY(call_device(&call, device, TARGET_GPU, &t));
        if (!gpuInstance)
                return NVML_ERROR_INVALID_ARGUMENT;
        TRY(mig_enabled(&call, &t));
        for (unsigned slot = 0; slot < NODE_GIS_MAX; slot++)
                if (t.at->gi[slot].live && t.at->gi[slot].id == id && call_sees_slice(t.gpu, &t.at->gi[slot], NULL)) {
                        *gpuInstance = handle_of_gi(call.node, t.gpu, slot);
                        return NVML_SUCCESS;
                }
        return NVML_ERROR_NOT_FOUND;
}

EXPORT nvmlReturn_t nvmlGpuInstanceGetInfo(nvmlGpuInstance_t gpuInstance, nvmlGpuInstanceInfo_t *info) {
        CALL(nvmlGpuInstanceGetInfo);
        struct target t;
        TRY(call_gpu_instance(&call, gpuInstance, &t));
        if (!info)
                return NVML_ERROR_INVALID_ARGUMENT;
        const struct gpu_profile *p = mig_profile_of(t.at, t.gi);
        *info = (nvmlGpuInstanceInfo_t){
                .device = handle_of_gpu(t.gpu),
                .id = t.gi->id,
                .profileId = p->id,
                .placement = { t.gi->start, p->memory_slices },
        };
        return NVML_SUCCESS;
}
