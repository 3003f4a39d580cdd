/* mig_profile: what the MIG calls have in common. */
#pragma once

#include "sim/nvml/call.h"

/* NOT_SUPPORTED: a GPU without MIG, or with MIG switched off. */
nvmlReturn_t mig_enabled(const struct call *call, const struct target *t);

static inline const struct gpu_profile *mig_profile_of(const struct node_gpu *gpu, const struct node_gi *gi) {
        return &node_model(gpu)->profiles[gi->profile];
}

/* A profile that serves graphics, as the v3 infos say. */
bool mig_profile_has_graphics(const struct gpu_profile *profile);
