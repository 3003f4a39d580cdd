/* driver: what depends on the version of the simulated driver. The facts are rows of data/gpu/driver_drift.csv. */
#pragma once

#include "sim/node/node.h"

#define DRIVER(major, minor, patch) ((uint64_t)(major) << 32 | (uint64_t)(minor) << 16 | (uint64_t)(patch))

/* "590.48.01", also "470" and "595.45". Errors: ERR_INPUT (other text, numbers above 9999, older than R450). */
int driver_parse(const char *text, uint16_t ret_numbers[3], struct err *e);
/* The same of a branch alone: "590" is 590.48.01. Errors: as driver_parse, and a branch that no release is known of. */
int driver_whole(const char *text, const char **ret_text, struct err *e);
/* CUDA's version as NVML gives it: 13010 for 13.1. A driver newer than the table keeps the newest. */
uint16_t driver_cuda(unsigned major);

uint64_t driver_of(const struct node *n);

/* Does this driver know MIG on this model at all, and this profile of it? */
bool driver_knows_mig(const struct node *n, const struct gpu_model *model);
bool driver_knows_profile(const struct node *n, const struct gpu_model *model, const struct gpu_profile *profile);
/* Does the driver's firmware run on the GPU itself? On Turing and later, since R510. */
bool driver_uses_gsp(const struct node *n, const struct gpu_model *model);
/* Does it tell profiles and placements while MIG is off, too? R535 did not; R550 does, and has a field that says so
 * (NVML_FI_DEV_IS_MIG_MODE_INDEPENDENT_MIG_QUERY_CAPABLE). */
bool driver_tells_profiles_always(const struct node *n);
/* How many NVML_GPU_INSTANCE_PROFILE_* its library has. */
unsigned driver_profile_count(const struct node *n);
/* Field values (NVML_FI_…) have numbers below this. */
unsigned driver_field_count(const struct node *n);
/* May a 4g and a 3g stand side by side? Not before R510. */
bool driver_allows_beside(const struct node *n, const struct gpu_model *model, const struct gpu_profile *a, const struct gpu_profile *b);

uint32_t driver_memory_mib(const struct node *n, const struct gpu_model *model, const struct gpu_profile *profile);
const char *driver_profile_name(const struct node *n, const struct gpu_model *model, const struct gpu_profile *profile);
