/* why: the sentences of a plan: why a workload got its slice, what that risks, why a pod has no place. With the numbers that decided.
 */
#pragma once

#include "core/plan/choice.h"

/* Why no instance can hold one pod. `allowed` is where its restrictions let it run, `gpus` how many whole GPUs it takes (1 for a slice). */
const char *why_unplaced(const struct choices *c, const struct workload *w, const struct choice *choice, const struct market_set *allowed,
                         uint32_t gpus);

/* What a workload got. */
struct why_got {
        const struct gpu_model *gpu; /* most of its pods stand on it */
        uint32_t usable_mib;         /* of that GPU's memory */
        const struct choice_group *group;
        const struct pack_option *option; /* NULL: whole GPUs */
        uint32_t neighbours;              /* most others on a GPU of its */
};

const char *why_reason(const struct choices *c, const struct workload *w, const struct choice *choice, const struct why_got *got);
const char *why_risk(const struct choices *c, const struct workload *w, const struct choice *choice, const struct why_got *got);
