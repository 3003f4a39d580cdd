/* mig_compute: compute instances, the slices of a GPU instance. */
#include <string.h>

#include "sim/node/mig.h"
#include "sim/nvml/exports.h"
#include "sim/nvml/mig_profile.h"

/* See sim/nvml/mig_instance.c. */
#define CREATE_MS 40
#define DESTROY_MS 30

/* The profile of number `id` (for compute instances, what is asked for and what comes back are the same number). */
static nvmlReturn_t find_profile(const struct target *t, unsigned id, const struct gpu_compute_profile **ret_profile) {
        if (id >= NVML_COMPUTE_INSTANCE_PROFILE_COUNT)
                return NVML_ERROR_INVALID_ARGUMENT;
        const struct gpu_compute_profile *p = mig_compute_profile(t->at, t->gi, id);
        if (!p)
                return NVML_ERROR_NOT_SUPPORTED;
        *ret_profile = p;
        return NVML_SUCCESS;
}

/* Compute instances share all engines of their GPU instance. */
static nvmlComputeInstanceProfileInfo_t describe(const struct target *t, const struct gpu_compute_profile *p) {
        const uint8_t *engines = mig_profile_of(t->at, t->gi)->engines;
        return (nvmlComputeInstanceProfileInfo_t){
                .id = p->id,
                .sliceCount = p->slices,
                .instanceCount = p->max_count,
                .multiprocessorCount = mig_sm(t->at, p->sm, p->slices),
                .sharedCopyEngineCount = engines[GPU_ENGINE_COPY],
                .sharedDecoderCount = engines[GPU_ENGINE_DECODE],
                .sharedEncoderCount = engines[GPU_ENGINE_ENCODE],
                .sharedJpegCount = engines[GPU_ENGINE_JPEG],
                .sharedOfaCount = engines[GPU_ENGINE_OFA],
        };
}

EXPORT nvmlReturn_t nvmlGpuInstanceGetComputeInstanceProfileInfo(nvmlGpuInstance_t gpuInstance, unsigned int profile,
                                                                 unsigned int engProfile, nvmlComputeInstanceProfileInfo_t *info) {
        CALL(nvmlGpuInstanceGetComputeInstanceProfileInfo);
        struct target t;
        TRY(call_gpu_instance(&call, gpuInstance, &t));
        if (!info || engProfile >= NVML_COMPUTE_INSTANCE_ENGINE_PROFILE_COUNT)
                return NVML_ERROR_INVALID_ARGUMENT;
        const struct gpu_compute_profile *p;
        TRY(find_profile(&t, profile, &p));
        *info = describe(&t, p);
        return NVML_SUCCESS;
}

/* v3 is v2 with one member more. */
EXPORT nvmlReturn_t nvmlGpuInstanceGetComputeInstanceProfileInfoV(nvmlGpuInstance_t gpuInstance, unsigned int profile,
                                                                  unsigned int engProfile, nvmlComputeInstanceProfileInfo_v2_t *info) {
        CALL(nvmlGpuInstanceGetComputeInstanceProfileInfoV);
        struct target t;
        TRY(call_gpu_instance(&call, gpuInstance, &t));
        if (!info || engProfile >= NVML_COMPUTE_INSTANCE_ENGINE_PROFILE_COUNT)
                return NVML_ERROR_INVALID_ARGUMENT;
        bool v3 = info->version == NVML_VERSION(nvmlComputeInstanceProfileInfo_v3_t, 3);
        if (!v3 && info->version != NVML_VERSION(nvmlComputeInstanceProfileInfo_v2_t, 2))
                return NVML_ERROR_ARGUMENT_VERSION_MISMATCH;
        const struct gpu_compute_profile *p;
        TRY(find_profile(&t, profile, &p));

        nvmlComputeInstanceProfileInfo_t d = describe(&t, p);
        nvmlComputeInstanceProfileInfo_v3_t full = {
                .version = info->version,
                .id = d.id,
                .sliceCount = d.sliceCount,
                .instanceCount = d.instanceCount,
                .multiprocessorCount = d.multiprocessorCount,
                .sharedCopyEngineCount = d.sharedCopyEngineCount,
                .sharedDecoderCount = d.sharedDecoderCount,
                .sharedEncoderCount = d.sharedEncoderCount,
                .sharedJpegCount = d.sharedJpegCount,
                .sharedOfaCount = d.sharedOfaCount,
                .capabilities = mig_profile_has_graphics(mig_profile_of(t.at, t.gi)) ? NVML_COMPUTE_INSTANCE_PROFILE_CAPS_GFX : 0,
        };
        mig_profile_name(call.node, t.gpu, mig_profile_of(t.at, t.gi), p->slices, full.name);
        memcpy(info, &full, v3 ? sizeof full : sizeof *info);
        return NVML_SUCCESS;
}

EXPORT nvmlReturn_t nvmlGpuInstanceGetComputeInstanceRemainingCapacity(nvmlGpuInstance_t gpuInstance, unsigned int profileId,
                                                                       unsigned int *count) {
        CALL(nvmlGpuInstanceGetComputeInstanceRemainingCapacity);
        struct target t;
        TRY(call_gpu_instance(&call, gpuInstance, &t));
        if (!count)
                return NVML_ERROR_INVALID_ARGUMENT;
        const struct gpu_compute_profile *p;
        TRY(find_profile(&t, profileId, &p));
        *count = mig_compute_remaining(t.at, t.gi, p->id);
        return NVML_SUCCESS;
}

/* `count` only comes back; who gives `placements` promises room for all of them. */
EXPORT nvmlReturn_t nvmlGpuInstanceGetComputeInstancePossiblePlacements(nvmlGpuInstance_t gpuInstance, unsigned int profileId,
                                                                        nvmlComputeInstancePlacement_t *placements, unsigned int *count) {
        CALL(nvmlGpuInstanceGetComputeInstancePossiblePlacements);
        struct target t;
        TRY(call_gpu_instance(&call, gpuInstance, &t));
        if (!count)
                return NVML_ERROR_INVALID_ARGUMENT;
        const struct gpu_compute_profile *p;
        TRY(find_profile(&t, profileId, &p));
        nvmlComputeInstancePlacement_t places[NODE_CIS_MAX];
        unsigned found = mig_compute_placements(t.at, t.gi, p->id, places);
        if (placements)
                memcpy(placements, places, found * sizeof *places);
        *count = found;
        return NVML_SUCCESS;
}

static nvmlReturn_t create(struct call *call, nvmlGpuInstance_t instance, unsigned profile_id,
                           const nvmlComputeInstancePlacement_t *placement, nvmlComputeInstance_t *ret_instance) {
        struct target t;
        unsigned slot = 0;
        nvmlReturn_t r;
        do {
                const struct gpu_compute_profile *p;
                TRY(call_gpu_instance(call, instance, &t));
                TRY(find_profile(&t, profile_id, &p));
                r = mig_create_ci(call->working, t.gpu, t.gi_slot, profile_id, placement, call->now_us, &slot);
        } while (call_again(call, t.gpu, CREATE_MS, &r));
        nvmlComputeInstance_t made = r == NVML_SUCCESS ? handle_of_ci(call->working, t.gpu, t.gi_slot, slot) : NULL;
        r = call_commit(call, r);
        if (r == NVML_SUCCESS)
                *ret_instance = made;
        return r;
}

EXPORT nvmlReturn_t nvmlGpuInstanceCreateComputeInstance(nvmlGpuInstance_t gpuInstance, unsigned int profileId,
                                                         nvmlComputeInstance_t *computeInstance) {
        CALL_WRITE(nvmlGpuInstanceCreateComputeInstance);
        struct target t;
        TRY(call_gpu_instance(&call, gpuInstance, &t));
        if (!computeInstance)
                return NVML_ERROR_INVALID_ARGUMENT;
        return create(&call, gpuInstance, profileId, NULL, computeInstance);
}

EXPORT nvmlReturn_t nvmlGpuInstanceCreateComputeInstanceWithPlacement(nvmlGpuInstance_t gpuInstance, unsigned int profileId,
                                                                      const nvmlComputeInstancePlacement_t *placement,
                                                                      nvmlComputeInstance_t *computeInstance) {
        CALL_WRITE(nvmlGpuInstanceCreateComputeInstanceWithPlacement);
        struct target t;
        TRY(call_gpu_instance(&call, gpuInstance, &t));
        if (!placement || !computeInstance)
                return NVML_ERROR_INVALID_ARGUMENT;
        return create(&call, gpuInstance, profileId, placement, computeInstance);
}

EXPORT nvmlReturn_t nvmlComputeInstanceDestroy(nvmlComputeInstance_t computeInstance) {
        CALL_WRITE(nvmlComputeInstanceDestroy);
        struct target t;
        nvmlReturn_t r;
        do {
                TRY(call_compute_instance(&call, computeInstance, &t));
                r = mig_destroy_ci(call.working, t.gpu, t.gi_slot, t.ci_slot, call.now_us);
        } while (call_again(&call, t.gpu, DESTROY_MS, &r));
        return call_commit(&call, r);
}

/* By rising id. `computeInstances` has room for as many as the profile allows. */
EXPORT nvmlReturn_t nvmlGpuInstanceGetComputeInstances(nvmlGpuInstance_t gpuInstance, unsigned int profileId,
                                                       nvmlComputeInstance_t *computeInstances, unsigned int *count) {
        CALL(nvmlGpuInstanceGetComputeInstances);
        struct target t;
        TRY(call_gpu_instance(&call, gpuInstance, &t));
        if (!computeInstances || !count)
                return NVML_ERROR_INVALID_ARGUMENT;
        const struct gpu_compute_profile *p;
        TRY(find_profile(&t, profileId, &p));

        unsigned found = 0;
        for (unsigned id = 0; id < NODE_CIS_MAX; id++)
                for (unsigned slot = 0; slot < NODE_CIS_MAX; slot++)
                        if (t.gi->ci[slot].live && t.gi->ci[slot].id == id && t.gi->ci[slot].profile == p->id &&
                            call_sees_slice(t.gpu, t.gi, &t.gi->ci[slot]))
                                computeInstances[found++] = handle_of_ci(call.node, t.gpu, t.gi_slot, slot);
        *count = found;
        return NVML_SUCCESS;
}

EXPORT nvmlReturn_t nvmlGpuInstanceGetComputeInstanceById(nvmlGpuInstance_t gpuInstance, unsigned int id,
                                                          nvmlComputeInstance_t *computeInstance) {
        CALL(nvmlGpuInstanceGetComputeInstanceById);
        struct target t;
        TRY(call_gpu_instance(&call, gpuInstance, &t));
        if (!computeInstance)
                return NVML_ERROR_INVALID_ARGUMENT;
        for (unsigned slot = 0; slot < NODE_CIS_MAX; slot++)
                if (t.gi->ci[slot].live && t.gi->ci[slot].id == id && call_sees_slice(t.gpu, t.gi, &t.gi->ci[slot])) {
                        *computeInstance = handle_of_ci(call.node, t.gpu, t.gi_slot, slot);
                        return NVML_SUCCESS;
                }
        return NVML_ERROR_NOT_FOUND;
}

static nvmlComputeInstanceInfo_t info_of(const struct call *call, const struct target *t) {
        return (nvmlComputeInstanceInfo_t){
                .device = handle_of_mig(call->node, t->gpu, t->gi_slot, t->ci_slot),
                .gpuInstance = handle_of_gi(call->node, t->gpu, t->gi_slot),
                .id = t->ci->id,
                .profileId = t->ci->profile,
                .placement = { t->ci->start, t->ci->size },
        };
}

/* The first version knew no placement: what stands behind `profileId` is not the caller's to give. */
EXPORT nvmlReturn_t nvmlComputeInstanceGetInfo(nvmlComputeInstance_t computeInstance, nvmlComputeInstanceInfo_t *info) {
        CALL(nvmlComputeInstanceGetInfo);
        struct target t;
        TRY(call_compute_instance(&call, computeInstance, &t));
        if (!info)
                return NVML_ERROR_INVALID_ARGUMENT;
        nvmlComputeInstanceInfo_t full = info_of(&call, &t);
        memcpy(info, &full, offsetof(nvmlComputeInstanceInfo_t, placement));
        return NVML_SUCCESS;
}

EXPORT nvmlReturn_t nvmlComputeInstanceGetInfo_v2(nvmlComputeInstance_t computeInstance, nvmlComputeInstanceInfo_t *info) {
        CALL(nvmlComputeInstanceGetInfo_v2);
        struct target t;
        TRY(call_compute_instance(&call, computeInstance, &t));
        if (!info)
                return NVML_ERROR_INVALID_ARGUMENT;
        *info = info_of(&call, &t);
        return NVML_SUCCESS;
}
