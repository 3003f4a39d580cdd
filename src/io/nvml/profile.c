/* profile: the kinds of slice that the driver offers, whatever carve's catalogue says. */
#include "core/gpu/profile.h"

#include "base/mem.h"
#include "io/nvml/look.h"

#define MIB (INT64_C(1) << 20)

#define MEMORY_SLICES_MAX 16 /* core/gpu reckons with so many; no GPU has more than 12, and a place beyond is a mistake of the driver */

/* What stands behind the size in a profile's name, by NVML_GPU_INSTANCE_PROFILE_*. */
static const char *const attributes[NVML_GPU_INSTANCE_PROFILE_COUNT] = {
        [NVML_GPU_INSTANCE_PROFILE_1_SLICE_REV1] = "+me",       [NVML_GPU_INSTANCE_PROFILE_2_SLICE_REV1] = "+me",
        [NVML_GPU_INSTANCE_PROFILE_1_SLICE_GFX] = "+gfx",       [NVML_GPU_INSTANCE_PROFILE_2_SLICE_GFX] = "+gfx",
        [NVML_GPU_INSTANCE_PROFILE_4_SLICE_GFX] = "+gfx",       [NVML_GPU_INSTANCE_PROFILE_3_SLICE_GFX] = "+gfx",
        [NVML_GPU_INSTANCE_PROFILE_1_SLICE_NO_ME] = "-me",      [NVML_GPU_INSTANCE_PROFILE_2_SLICE_NO_ME] = "-me",
        [NVML_GPU_INSTANCE_PROFILE_1_SLICE_ALL_ME] = "+me.all", [NVML_GPU_INSTANCE_PROFILE_2_SLICE_ALL_ME] = "+me.all",
};

void profile_name_of(const struct driver_gpu *gpu, uint32_t nvml, unsigned slices, unsigned compute, uint32_t memory_mib,
                     char name[PROFILE_NAME_MAX]) {
        struct profile_name parts = { .compute = (uint8_t)compute, .slices = (uint8_t)slices };

        parts.gb = (uint16_t)profile_gb(memory_mib, (uint32_t)(gpu->memory_bytes / MIB));
        if (nvml < ARRAY_SIZE(attributes) && attributes[nvml])
                snprintf(parts.attributes, sizeof parts.attributes, "%s", attributes[nvml]);
        profile_print(&parts, name, PROFILE_NAME_MAX);
}

static const struct gpu_profile *known_profile(const struct gpu_model *model, uint32_t nvml) {
        for (unsigned i = 0; model && i < model->profile_count; i++)
                if (model->profiles[i].nvml == nvml)
                        return &model->profiles[i];
        return NULL;
}

const struct driver_profile *profile_by_id(const struct driver_gpu *gpu, uint32_t id) {
        for (unsigned i = 0; i < gpu->profile_count; i++)
                if (gpu->profiles[i].id == id)
                        return &gpu->profiles[i];
        return NULL;
}

const struct driver_profile *driver_profile_find(const struct driver_gpu *gpu, const char *name) {
        for (unsigned i = 0; i < gpu->profile_count; i++)
                if (strcmp(gpu->profiles[i].name, name) == 0)
                        return &gpu->profiles[i];
        return NULL;
}

static bool is_place(const nvmlGpuInstancePlacement_t *place) {
        return place->size > 0 && place->size <= MEMORY_SLICES_MAX && place->start <= MEMORY_SLICES_MAX - place->size;
}

static void look_placements(struct job *job, nvmlDevice_t device, struct driver_profile *p) {
        nvmlGpuInstancePlacement_t places[DRIVER_STARTS_MAX];
        unsigned count = ARRAY_SIZE(places);

        nvmlReturn_t r = ASK(job, nvmlDeviceGetGpuInstancePossiblePlacements_v2, device, p->id, places, &count);
        if (r == NVML_ERROR_FUNCTION_NOT_FOUND) {
                count = ARRAY_SIZE(places);
                r = ASK(job, nvmlDeviceGetGpuInstancePossiblePlacements, device, p->id, places, &count);
        }
        if (r == NVML_ERROR_FUNCTION_NOT_FOUND || job_nothing(job, r))
                return;
        for (unsigned i = 0; i < MIN(count, ARRAY_SIZE(places)); i++) {
                if (!is_place(&places[i]) || (p->start_count > 0 && places[i].size != p->size))
                        continue;
                p->size = places[i].size;
                p->starts[p->start_count++] = (uint8_t)places[i].start;
        }
}

static void take_info(const struct driver_gpu *gpu, const nvmlGpuInstanceProfileInfo_t *info, struct driver_profile *p) {
        p->id = info->id;
        p->compute_slices = info->sliceCount;
        p->max_count = info->instanceCount;
        p->memory_mib = (uint32_t)info->memorySizeMB;
        p->sm = info->multiprocessorCount;
        p->engines[GPU_ENGINE_COPY] = (uint8_t)info->copyEngineCount;
        p->engines[GPU_ENGINE_DECODE] = (uint8_t)info->decoderCount;
        p->engines[GPU_ENGINE_ENCODE] = (uint8_t)info->encoderCount;
        p->engines[GPU_ENGINE_JPEG] = (uint8_t)info->jpegCount;
        p->engines[GPU_ENGINE_OFA] = (uint8_t)info->ofaCount;
        p->known = known_profile(gpu->model, p->nvml);
        profile_name_of(gpu, p->nvml, p->compute_slices, p->compute_slices, p->memory_mib, p->name);
}

/* Drivers that tell no profiles while MIG is off: what the catalogue says of this GPU. */
static void assume_profiles(struct driver_gpu *gpu) {
        for (unsigned i = 0; i < gpu->model->profile_count && gpu->profile_count < DRIVER_PROFILES_MAX; i++) {
                const struct gpu_profile *known = &gpu->model->profiles[i];
                if (known->id == GPU_PROFILE_ID_UNKNOWN)
                        continue;
                struct driver_profile *p = &gpu->profiles[gpu->profile_count++];
                *p = (struct driver_profile){
                        .nvml = known->nvml, .id = known->id, .known = known, .compute_slices = known->compute_slices
                };
                p->max_count = known->max_count;
                p->memory_mib = known->memory_mib;
                p->sm = known->sm;
                p->remaining = DRIVER_UNKNOWN;
                p->size = known->start_count ? known->memory_slices : 0;
                p->start_count = known->start_count;
                memcpy(p->starts, known->starts, known->start_count);
                memcpy(p->engines, known->engines, sizeof p->engines);
                snprintf(p->name, sizeof p->name, "%s", known->name);
        }
        gpu->profiles_assumed = gpu->profile_count > 0;
}

void look_profiles(struct job *job, nvmlDevice_t device, struct driver_gpu *gpu) {
        for (unsigned nvml = 0; nvml < NVML_GPU_INSTANCE_PROFILE_COUNT; nvml++) {
                nvmlGpuInstanceProfileInfo_t info = { 0 };
                if (job_nothing(job, ASK(job, nvmlDeviceGetGpuInstanceProfileInfo, device, nvml, &info)))
                        continue; /* this GPU has none such, or the driver does not know the number */

                struct driver_profile *p = &gpu->profiles[gpu->profile_count++];
                unsigned remaining;
                p->nvml = nvml;
                take_info(gpu, &info, p);
                look_placements(job, device, p);
                p->remaining = DRIVER_UNKNOWN;
                if (gpu->mig_on && ASK(job, nvmlDeviceGetGpuInstanceRemainingCapacity, device, p->id, &remaining) == NVML_SUCCESS)
                        p->remaining = (int)MIN(remaining, 255u);
        }
        if (!gpu->profile_count && gpu->model && !gpu->mig_on)
                assume_profiles(gpu);
}
