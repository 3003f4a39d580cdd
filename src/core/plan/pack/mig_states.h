/* mig_states: the multisets of profiles that have a placement on a GPU model, as a graph: state + profile -> state.
 *
 * State 0 is the empty GPU. Built once per model from core/gpu's geometry.
 */
#pragma once

#include <stdint.h>

#include "core/gpu/layout.h"

#define MIG_STATES_MAX 4096

struct mig_states {
        const struct gpu_model *model;
        uint32_t count;
        int16_t (*next)[GPU_PROFILES_MAX]; /* [state][profile index]: the state with one more of it, or -1; always a higher number */
};

struct mig_states *mig_states_new(const struct gpu_model *model);
struct mig_states *mig_states_free(struct mig_states *m);
