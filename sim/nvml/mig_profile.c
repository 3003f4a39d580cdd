/* mig_profile: MIG mode, and what a GPU could be cut into. */
#include "sim/nvml/mig_profile.h"

#include <string.h>

#include "sim/node/driver.h"
#include "sim/node/mig.h"
#include "sim/nvml/exports.h"

/* Switching MIG mode: 4 to 5 s for each A100, which is reset (mig-parted's debug log of a DGX A100, gpu-operator issue 351). Nobody has
 * published the time of a Hopper or Blackwell, which are not reset. */
#define SWITCH_WITH_RESET_MS 4500
#define SWITCH_MS 300

static nvmlReturn_t mig_capable(const struct call *call, const struct target *t) {
        return driver_knows_mig(call->node, node_model(t->at)) ? NVML_SUCCESS : NVML_ERROR_NOT_SUPPORTED;
}

nvmlReturn_t mig_enabled(const struct call *call, const struct target *t) {
        TRY(mig_capable(call, t));
        return t->at->mig_mode == NVML_DEVICE_MIG_ENABLE ? NVML_SUCCESS : NVML_ERROR_NOT_SUPPORTED;
}

static nvmlReturn_t may_ask(const struct call *call, const struct target *t) {
        return driver_tells_profiles_always(call->node) ? mig_capable(call, t) : mig_enabled(call, t);
}

bool mig_profile_has_graphics(const struct gpu_profile *profile) {
        return profile->nvml == NVML_GPU_INSTANCE_PROFILE_1_SLICE_GFX || profile->nvml == NVML_GPU_INSTANCE_PROFILE_2_SLICE_GFX ||
               profile->nvml == NVML_GPU_INSTANCE_PROFILE_3_SLICE_GFX || profile->nvml == NVML_GPU_INSTANCE_PROFILE_4_SLICE_GFX;
}

EXPORT nvmlReturn_t nvmlDeviceGetMigMode(nvmlDevice_t device, unsigned int *currentMode, unsigned int *pendingMode) {
        CALL(nvmlDeviceGetMigMode);
        struct target t;
        TRY(call_device(&call, device, TARGET_GPU, &t));
        if (!currentMode || !pendingMode)
                return NVML_ERROR_INVALID_ARGUMENT;
        TRY(mig_capable(&call, &t));
        *currentMode = t.at->mig_mode;
        *pendingMode = t.at->mig_pending;
        return NVML_SUCCESS;
}

EXPORT nvmlReturn_t nvmlDeviceSetMigMode(nvmlDevice_t device, unsigned int mode, nvmlReturn_t *activationStatus) {
        CALL_WRITE(nvmlDeviceSetMigMode);
        struct target t;
        nvmlReturn_t r, activation;
        unsigned takes_ms;
        do {
                TRY(call_device(&call, device, TARGET_GPU, &t));
                if (!activationStatus || mode > NVML_DEVICE_MIG_ENABLE)
                        return NVML_ERROR_INVALID_ARGUMENT;
                TRY(mig_capable(&call, &t));
                takes_ms = t.at->mig_mode == mode ? 0 : node_mig_needs_reset(t.at) ? SWITCH_WITH_RESET_MS : SWITCH_MS;
                activation = NVML_SUCCESS;
                r = mig_set_mode(call.working, t.gpu, mode, call.now_us, &activation);
        } while (call_again(&call, t.gpu, activation == NVML_SUCCESS ? takes_ms : 0, &r));
        r = call_commit(&call, r);
        if (r == NVML_SUCCESS)
                *activationStatus = activation;
        return r;
}

/* All versions of a profile's description have these in one order; v2 and v3 only put other members between. */
static nvmlGpuInstanceProfileInfo_t describe(const struct call *call, unsigned gpu, const struct gpu_profile *p) {
        return (nvmlGpuInstanceProfileInfo_t){
                .id = p->id,
                .isP2pSupported = 0, /* every listing that was captured says No */
                .sliceCount = p->compute_slices,
                .instanceCount = p->max_count,
                .multiprocessorCount = mig_sm(&call->node->gpus[gpu], p->sm, p->compute_slices),
                .copyEngineCount = p->engines[GPU_ENGINE_COPY],
                .decoderCount = p->engines[GPU_ENGINE_DECODE],
                .encoderCount = p->engines[GPU_ENGINE_ENCODE],
                .jpegCount = p->engines[GPU_ENGINE_JPEG],
                .ofaCount = p->engines[GPU_ENGINE_OFA],
                .memorySizeMB = mig_profile_memory_mib(call->node, gpu, p),
        };
}

static void describe_v2(const struct call *call, unsigned gpu, const struct gpu_profile *p, nvmlGpuInstanceProfileInfo_v2_t *ret_info) {
        nvmlGpuInstanceProfileInfo_t d = describe(call, gpu, p);
        *ret_info = (nvmlGpuInstanceProfileInfo_v2_t){
                .version = ret_info->version,
                .id = d.id,
                .isP2pSupported = d.isP2pSupported,
                .sliceCount = d.sliceCount,
                .instanceCount = d.instanceCount,
                .multiprocessorCount = d.multiprocessorCount,
                .copyEngineCount = d.copyEngineCount,
                .decoderCount = d.decoderCount,
                .encoderCount = d.encoderCount,
                .jpegCount = d.jpegCount,
                .ofaCount = d.ofaCount,
                .memorySizeMB = d.memorySizeMB,
        };
        mig_profile_name(call->node, gpu, p, p->compute_slices, ret_info->name);
}

static void describe_v3(const struct call *call, unsigned gpu, const struct gpu_profile *p, nvmlGpuInstanceProfileInfo_v3_t *ret_info) {
        nvmlGpuInstanceProfileInfo_t d = describe(call, gpu, p);
        *ret_info = (nvmlGpuInstanceProfileInfo_v3_t){
                .version = ret_info->version,
                .id = d.id,
                .sliceCount = d.sliceCount,
                .instanceCount = d.instanceCount,
                .multiprocessorCount = d.multiprocessorCount,
                .copyEngineCount = d.copyEngineCount,
                .decoderCount = d.decoderCount,
                .encoderCount = d.encoderCount,
                .jpegCount = d.jpegCount,
                .ofaCount = d.ofaCount,
                .memorySizeMB = d.memorySizeMB,
                .capabilities = mig_profile_has_graphics(p) ? NVML_GPU_INSTANCE_PROFILE_CAPS_GFX : 0,
        };
        mig_profile_name(call->node, gpu, p, p->compute_slices, ret_info->name);
}

/* `info` is a v2 or a v3, as its version says. */
static nvmlReturn_t describe_versioned(const struct call *call, unsigned gpu, const struct gpu_profile *p,
                                       nvmlGpuInstanceProfileInfo_v2_t *info) {
        if (info->version == NVML_VERSION(nvmlGpuInstanceProfileInfo_v2_t, 2))
                describe_v2(call, gpu, p, info);
        else
                describe_v3(call, gpu, p, (nvmlGpuInstanceProfileInfo_v3_t *)(void *)info);
        return NVML_SUCCESS;
}

static nvmlReturn_t version_ok(const nvmlGpuInstanceProfileInfo_v2_t *info) {
        if (!info)
                return NVML_ERROR_INVALID_ARGUMENT;
        if (info->version != NVML_VERSION(nvmlGpuInstanceProfileInfo_v2_t, 2) &&
            info->version != NVML_VERSION(nvmlGpuInstanceProfileInfo_v3_t, 3))
                return NVML_ERROR_ARGUMENT_VERSION_MISMATCH;
        return NVML_SUCCESS;
}

EXPORT nvmlReturn_t nvmlDeviceGetGpuInstanceProfileInfo(nvmlDevice_t device, unsigned int profile, nvmlGpuInstanceProfileInfo_t *info) {
        CALL(nvmlDeviceGetGpuInstanceProfileInfo);
        struct target t;
        TRY(call_device(&call, device, TARGET_GPU, &t));
        if (!info || profile >= NVML_GPU_INSTANCE_PROFILE_COUNT)
                return NVML_ERROR_INVALID_ARGUMENT;
        TRY(may_ask(&call, &t));
        const struct gpu_profile *p;
        TRY(mig_profile_by_enum(call.node, t.gpu, profile, &p));
        *info = describe(&call, t.gpu, p);
        return NVML_SUCCESS;
}

EXPORT nvmlReturn_t nvmlDeviceGetGpuInstanceProfileInfoV(nvmlDevice_t device, unsigned int profile, nvmlGpuInstanceProfileInfo_v2_t *info) {
        CALL(nvmlDeviceGetGpuInstanceProfileInfoV);
        struct target t;
        TRY(call_device(&call, device, TARGET_GPU, &t));
        TRY(version_ok(info));
        if (profile >= NVML_GPU_INSTANCE_PROFILE_COUNT)
                return NVML_ERROR_INVALID_ARGUMENT;
        TRY(may_ask(&call, &t));
        const struct gpu_profile *p;
        TRY(mig_profile_by_enum(call.node, t.gpu, profile, &p));
        return describe_versioned(&call, t.gpu, p, info);
}

EXPORT nvmlReturn_t nvmlDeviceGetGpuInstanceProfileInfoByIdV(nvmlDevice_t device, unsigned int profileId,
                                                             nvmlGpuInstanceProfileInfo_v2_t *info) {
        CALL(nvmlDeviceGetGpuInstanceProfileInfoByIdV);
        struct target t;
        TRY(call_device(&call, device, TARGET_GPU, &t));
        TRY(version_ok(info));
        TRY(may_ask(&call, &t));
        const struct gpu_profile *p;
        TRY(mig_profile_by_id(call.node, t.gpu, profileId, &p));
        return describe_versioned(&call, t.gpu, p, info);
}

/* `count` only comes back; who gives `placements` promises room for all of them. */
static nvmlReturn_t list_placements(const struct call *call, const struct target *t, unsigned profile_id,
                                    nvmlGpuInstancePlacement_t *placements, unsigned *count) {
        const struct gpu_profile *p;
        TRY(mig_profile_by_id(call->node, t->gpu, profile_id, &p));
        for (unsigned i = 0; placements && i < p->start_count; i++)
                placements[i] = (nvmlGpuInstancePlacement_t){ p->starts[i], p->memory_slices };
        *count = p->start_count;
        return NVML_SUCCESS;
}

/* The first version answers only while MIG is on. */
EXPORT nvmlReturn_t nvmlDeviceGetGpuInstancePossiblePlacements(nvmlDevice_t device, unsigned int profileId,
                                                               nvmlGpuInstancePlacement_t *placements, unsigned int *count) {
        CALL(nvmlDeviceGetGpuInstancePossiblePlacements);
        struct target t;
        TRY(call_device(&call, device, TARGET_GPU, &t));
        if (!count)
                return NVML_ERROR_INVALID_ARGUMENT;
        TRY(mig_enabled(&call, &t));
        return list_placements(&call, &t, profileId, placements, count);
}

EXPORT nvmlReturn_t nvmlDeviceGetGpuInstancePossiblePlacements_v2(nvmlDevice_t device, unsigned int profileId,
                                                                  nvmlGpuInstancePlacement_t *placements, unsigned int *count) {
        CALL(nvmlDeviceGetGpuInstancePossiblePlacements_v2);
        struct target t;
        TRY(call_device(&call, device, TARGET_GPU, &t));
        if (!count)
                return NVML_ERROR_INVALID_ARGUMENT;
        TRY(may_ask(&call, &t));
        return list_placements(&call, &t, profileId, placements, count);
}

EXPORT nvmlReturn_t nvmlDeviceGetGpuInstanceRemainingCapacity(nvmlDevice_t device, unsigned int profileId, unsigned int *count) {
        CALL(nvmlDeviceGetGpuInstanceRemainingCapacity);
        struct target t;
        TRY(call_device(&call, device, TARGET_GPU, &t));
        if (!count)
                return NVML_ERROR_INVALID_ARGUMENT;
        TRY(mig_enabled(&call, &t));
        const struct gpu_profile *p;
        TRY(mig_profile_by_id(call.node, t.gpu, profileId, &p));
        *count = mig_remaining(call.node, t.gpu, p);
        return NVML_SUCCESS;
}
