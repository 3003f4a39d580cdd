/* instance: slices (GPU instances) and what divides them (compute instances). */
#include "base/mem.h"
#include "io/nvml/look.h"

#define MIB (INT64_C(1) << 20)
#define HANDLES_MAX 32 /* instances of one profile; NVML wants room for as many as there could be */

const struct driver_slice *driver_slice_find(const struct driver_gpu *gpu, uint32_t gi_id) {
        for (unsigned i = 0; i < gpu->slice_count; i++)
                if (gpu->slices[i].id == gi_id)
                        return &gpu->slices[i];
        return NULL;
}

unsigned look_compute_profiles(struct job *job, nvmlGpuInstance_t instance,
                               nvmlComputeInstanceProfileInfo_t infos[NVML_COMPUTE_INSTANCE_PROFILE_COUNT]) {
        unsigned offered = 0;

        for (unsigned profile = 0; profile < NVML_COMPUTE_INSTANCE_PROFILE_COUNT; profile++)
                if (!job_nothing(job, ASK(job, nvmlGpuInstanceGetComputeInstanceProfileInfo, instance, profile,
                                          NVML_COMPUTE_INSTANCE_ENGINE_PROFILE_SHARED, &infos[profile])))
                        offered |= 1u << profile;
        return offered;
}

/* Which compute instance it is. The older call writes the same members but the placement. */
static bool ask_info(struct job *job, nvmlComputeInstance_t handle, nvmlComputeInstanceInfo_t *info) {
        *info = (nvmlComputeInstanceInfo_t){ .placement.size = DRIVER_NONE };
        nvmlReturn_t r = ASK(job, nvmlComputeInstanceGetInfo_v2, handle, info);
        if (r == NVML_ERROR_FUNCTION_NOT_FOUND)
                r = ASK(job, nvmlComputeInstanceGetInfo, handle, info);
        return !job_nothing(job, r);
}

static void take_compute(struct job *job, const nvmlComputeInstanceInfo_t *info, unsigned sm, struct driver_compute *compute) {
        *compute = (struct driver_compute){ .id = info->id, .profile_id = info->profileId, .sm = (int)sm };
        compute->start = compute->size = compute->mig_index = DRIVER_UNKNOWN;
        if (info->placement.size != DRIVER_NONE) {
                compute->start = (int)info->placement.start;
                compute->size = (int)info->placement.size;
        }
        unsigned index;
        if (ASK_TEXT(job, nvmlDeviceGetUUID, info->device, compute->uuid) != NVML_SUCCESS || strncmp(compute->uuid, "MIG-", 4) != 0)
                *compute->uuid = '\0';
        else if (ASK(job, nvmlDeviceGetIndex, info->device, &index) == NVML_SUCCESS)
                compute->mig_index = (int)index;
}

/* Sorted by id: a new one goes where it belongs. Returns its place. */
static unsigned insert_place(const struct driver_compute *compute, unsigned count, uint32_t id) {
        unsigned at = count;

        while (at > 0 && compute[at - 1].id > id)
                at--;
        return at;
}

static unsigned look_compute_infos(struct job *job, nvmlGpuInstance_t instance, nvmlComputeInstance_t handles[DRIVER_COMPUTE_MAX],
                                   struct driver_compute compute[DRIVER_COMPUTE_MAX], nvmlDevice_t *ret_device) {
        nvmlComputeInstanceProfileInfo_t profiles[NVML_COMPUTE_INSTANCE_PROFILE_COUNT];
        unsigned offered = look_compute_profiles(job, instance, profiles), count = 0;

        for (unsigned p = 0; p < NVML_COMPUTE_INSTANCE_PROFILE_COUNT; p++) {
                nvmlComputeInstance_t found[HANDLES_MAX];
                unsigned n = HANDLES_MAX;
                if (!(offered >> p & 1) ||
                    job_nothing(job, ASK(job, nvmlGpuInstanceGetComputeInstances, instance, profiles[p].id, found, &n)))
                        continue;
                for (unsigned i = 0; i < MIN(n, HANDLES_MAX) && count < DRIVER_COMPUTE_MAX; i++) {
                        nvmlComputeInstanceInfo_t info;
                        if (!ask_info(job, found[i], &info))
                                continue; /* gone in between */
                        unsigned at = insert_place(compute, count, info.id);
                        memmove(&compute[at + 1], &compute[at], (count - at) * sizeof *compute);
                        memmove(&handles[at + 1], &handles[at], (count - at) * sizeof *handles);
                        take_compute(job, &info, profiles[p].multiprocessorCount, &compute[at]);
                        handles[at] = found[i];
                        count++;
                        *ret_device = info.device;
                }
        }
        return count;
}

unsigned look_compute(struct job *job, nvmlGpuInstance_t instance, nvmlComputeInstance_t handles[DRIVER_COMPUTE_MAX],
                      struct driver_compute compute[DRIVER_COMPUTE_MAX]) {
        nvmlDevice_t device;

        return look_compute_infos(job, instance, handles, compute, &device);
}

/* Compute slices of a compute profile, for its name. */
static unsigned compute_slices_of(uint32_t profile_id) {
        static const uint8_t slices[NVML_COMPUTE_INSTANCE_PROFILE_COUNT] = {
                [NVML_COMPUTE_INSTANCE_PROFILE_1_SLICE] = 1, [NVML_COMPUTE_INSTANCE_PROFILE_2_SLICE] = 2,
                [NVML_COMPUTE_INSTANCE_PROFILE_3_SLICE] = 3, [NVML_COMPUTE_INSTANCE_PROFILE_4_SLICE] = 4,
                [NVML_COMPUTE_INSTANCE_PROFILE_7_SLICE] = 7, [NVML_COMPUTE_INSTANCE_PROFILE_8_SLICE] = 8,
                [NVML_COMPUTE_INSTANCE_PROFILE_6_SLICE] = 6, [NVML_COMPUTE_INSTANCE_PROFILE_1_SLICE_REV1] = 1,
        };

        return profile_id < ARRAY_SIZE(slices) ? slices[profile_id] : 0;
}

static void name_compute(const struct driver_gpu *gpu, const struct driver_profile *profile, struct driver_compute *compute) {
        unsigned slices = compute_slices_of(compute->profile_id);

        if (profile && slices > 0 && slices <= profile->compute_slices)
                profile_name_of(gpu, profile->nvml, profile->compute_slices, slices, profile->memory_mib, compute->name);
}

int look_slice(struct job *job, const struct driver_gpu *gpu, nvmlGpuInstance_t instance, struct driver_slice *slice, struct err *e) {
        nvmlGpuInstanceInfo_t info;
        nvmlReturn_t r = ASK(job, nvmlGpuInstanceGetInfo, instance, &info);
        if (job_nothing(job, r))
                return job_fail(job, r, e, "GPU %u: a slice cannot be read", gpu->index);

        const struct driver_profile *profile = profile_by_id(gpu, info.profileId);
        *slice = (struct driver_slice){ .id = info.id, .profile_id = info.profileId };
        slice->start = info.placement.start;
        slice->size = info.placement.size;
        slice->memory_bytes = slice->used_bytes = DRIVER_UNKNOWN;
        if (profile) {
                slice->known = profile->known;
                memcpy(slice->name, profile->name, sizeof slice->name);
        }

        nvmlComputeInstance_t handles[DRIVER_COMPUTE_MAX];
        nvmlDevice_t device = NULL;
        nvmlMemory_t memory;
        slice->compute_count = look_compute_infos(job, instance, handles, slice->compute, &device);
        for (unsigned i = 0; i < slice->compute_count; i++)
                name_compute(gpu, profile, &slice->compute[i]);
        if (slice->compute_count > 0 && *slice->compute[0].uuid && ASK(job, nvmlDeviceGetMemoryInfo, device, &memory) == NVML_SUCCESS) {
                slice->memory_bytes = (int64_t)memory.total;
                slice->used_bytes = (int64_t)memory.used;
        }
        return 0;
}

static void insert_slice(struct driver_gpu *gpu, const struct driver_slice *slice) {
        unsigned at = gpu->slice_count;

        while (at > 0 && gpu->slices[at - 1].start > slice->start)
                at--;
        memmove(&gpu->slices[at + 1], &gpu->slices[at], (gpu->slice_count - at) * sizeof *slice);
        gpu->slices[at] = *slice;
        gpu->slice_count++;
}

/* Mark the starts of each profile that no slice covers. */
static void mark_free(struct driver_gpu *gpu) {
        for (unsigned p = 0; p < gpu->profile_count; p++) {
                struct driver_profile *profile = &gpu->profiles[p];
                profile->free_starts = 0;
                for (unsigned i = 0; i < profile->start_count; i++) {
                        bool covered = false;
                        for (unsigned s = 0; s < gpu->slice_count; s++)
                                covered = covered || (profile->starts[i] < gpu->slices[s].start + gpu->slices[s].size &&
                                                      gpu->slices[s].start < profile->starts[i] + profile->size);
                        profile->free_starts |= covered ? 0 : 1u << i;
                }
        }
}

/* The same as core/gpu sees it, if it knows this model and every slice. */
static void lay_out(struct driver_gpu *gpu) {
        struct err ignored;

        gpu->has_layout = gpu->model && gpu_has_mig(gpu->model);
        gpu->layout = (struct layout){ .model = gpu->model };
        for (unsigned i = 0; i < gpu->slice_count && gpu->has_layout; i++) {
                const struct driver_slice *slice = &gpu->slices[i];
                struct slice known = { .profile = slice->known, .start = (uint8_t)slice->start };
                gpu->has_layout = known.profile && layout_add(&gpu->layout, known, &ignored) == 0;
        }
}

int look_slices(struct job *job, nvmlDevice_t device, struct driver_gpu *gpu, struct err *e) {
        for (unsigned p = 0; p < gpu->profile_count && gpu->mig_on; p++) {
                nvmlGpuInstance_t found[HANDLES_MAX];
                unsigned count = HANDLES_MAX;

                nvmlReturn_t r = ASK(job, nvmlDeviceGetGpuInstances, device, gpu->profiles[p].id, found, &count);
                if (r != NVML_SUCCESS)
                        return job_fail(job, r, e, "GPU %u: its slices cannot be listed", gpu->index);
                for (unsigned i = 0; i < MIN(count, HANDLES_MAX) && gpu->slice_count < DRIVER_SLICES_MAX; i++) {
                        struct driver_slice slice;
                        if (look_slice(job, gpu, found[i], &slice, e) < 0)
                                continue; /* gone in between */
                        insert_slice(gpu, &slice);
                }
        }
        mark_free(gpu);
        lay_out(gpu);
        return 0;
}
