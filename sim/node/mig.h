/* mig: GPU instances (GI), compute instances (CI) and MIG devices of a simulated GPU.
 *
 * Slots are positions in node_gpu.gi[] and node_gi.ci[]; ids are what NVML shows (sim/node/mig.c says how the driver numbers them).
 * Return codes are those of the NVML call of the same purpose (NVML 13.3 header; captures named in the tests).
 */
#pragma once

#include "core/gpu/layout.h"
#include "sim/node/node.h"

/* MIG mode. SUCCESS even where the switch did not happen: then `ret_activation` is IN_USE or RESET_REQUIRED and the mode is pending. */
nvmlReturn_t mig_set_mode(struct node *n, unsigned gpu, unsigned mode, uint64_t now_us, nvmlReturn_t *ret_activation);
/* The pending mode becomes the mode: slices are there only with it on, accounts only with it off. */
void mig_take_mode(struct node_gpu *gpu);

/* Profiles, as this driver version knows them. NOT_SUPPORTED where the GPU or the driver has none such; INVALID_ARGUMENT for numbers out of
 * range. `enumerator` is NVML_GPU_INSTANCE_PROFILE_*, `id` the number that the profile carries. */
nvmlReturn_t mig_profile_by_enum(const struct node *n, unsigned gpu, unsigned enumerator, const struct gpu_profile **ret_profile);
nvmlReturn_t mig_profile_by_id(const struct node *n, unsigned gpu, unsigned id, const struct gpu_profile **ret_profile);
/* Memory of a profile, and its name, under this driver. */
uint32_t mig_profile_memory_mib(const struct node *n, unsigned gpu, const struct gpu_profile *profile);
/* SMs of a profile of so many compute slices, or of a compute instance in it: `known` is what the data say; where nobody saw the number
 * (0), it is the slices' share of the chip, so that no client meets a slice without SMs. */
unsigned mig_sm(const struct node_gpu *gpu, unsigned known, unsigned compute_slices);
void mig_profile_name(const struct node *n, unsigned gpu, const struct gpu_profile *profile, unsigned compute_slices, char text[32]);

/* The layout that the live GPU instances make. */
struct layout mig_layout(const struct node_gpu *gpu);
unsigned mig_remaining(const struct node *n, unsigned gpu, const struct gpu_profile *profile);

/* `placement` NULL: where the driver would put it. */
nvmlReturn_t mig_create_gi(struct node *n, unsigned gpu, unsigned profile_id, const nvmlGpuInstancePlacement_t *placement, uint64_t now_us,
                           unsigned *ret_slot);
nvmlReturn_t mig_destroy_gi(struct node *n, unsigned gpu, unsigned slot, uint64_t now_us);

const struct gpu_compute_profile *mig_compute_profile(const struct node_gpu *gpu, const struct node_gi *gi, unsigned id); /* NULL: none */
unsigned mig_compute_placements(const struct node_gpu *gpu, const struct node_gi *gi, unsigned id,
                                nvmlComputeInstancePlacement_t places[NODE_CIS_MAX]);
unsigned mig_compute_remaining(const struct node_gpu *gpu, const struct node_gi *gi, unsigned id);
nvmlReturn_t mig_create_ci(struct node *n, unsigned gpu, unsigned gi_slot, unsigned profile_id,
                           const nvmlComputeInstancePlacement_t *placement, uint64_t now_us, unsigned *ret_slot);
nvmlReturn_t mig_destroy_ci(struct node *n, unsigned gpu, unsigned gi_slot, unsigned slot, uint64_t now_us);

/* MIG devices: one for each live CI. Their indexes have holes: destroying leaves one, and the next creation numbers all anew by GI and CI
 * id. */
unsigned mig_max_devices(const struct node_gpu *gpu); /* 0 without MIG */
bool mig_device_at(const struct node_gpu *gpu, unsigned index, unsigned *ret_gi_slot, unsigned *ret_ci_slot);
void mig_attributes(const struct node *n, unsigned gpu, unsigned gi_slot, unsigned ci_slot, nvmlDeviceAttributes_t *ret_attributes);

/* Text forms: "GPU-…" and "MIG-…", (before R470.42.01 "MIG-GPU-<uuid>/<gi>/<ci>"). */
#define MIG_UUID_MAX 80
void mig_gpu_uuid(const struct node_gpu *gpu, char text[MIG_UUID_MAX]);
void mig_device_uuid(const struct node *n, unsigned gpu, unsigned gi_slot, unsigned ci_slot, char text[MIG_UUID_MAX]);

/* Bytes: of the whole GPU (gi_slot NODE_NONE) or of one GPU instance. `used` includes the driver's own context, but not what is reserved;
 * what is free is the rest of total. */
struct mig_memory {
        uint64_t total, reserved, used;
};
void mig_memory(const struct node *n, unsigned gpu, unsigned gi_slot, struct mig_memory *ret_memory);
/* The same of the PCI window onto the memory (BAR1); nothing is reserved there. */
void mig_bar1(const struct node *n, unsigned gpu, unsigned gi_slot, struct mig_memory *ret_memory);
