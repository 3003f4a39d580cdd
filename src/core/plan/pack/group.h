/* group: the instance types of a problem, sorted into groups that share a GPU model and the items that may run on them. */
#pragma once

#include "core/plan/pack/pack.h"

#define GROUPS_MAX PACK_TYPES_MAX

/* The instance types that share a GPU model and the items that may run on them. */
struct content_group {
        const struct gpu_model *gpu;
        uint32_t *items; /* item indices that may run here and can stand on this model, whole or sliced */
        uint32_t item_count;
        uint32_t *types;
        uint32_t type_count;
        uint8_t gpus_max;             /* of its types */
        uint32_t cpu_max, memory_max; /* over its types */
        const struct mig_states *mig; /* NULL if no item uses MIG here */
};

struct groups {
        struct content_group list[GROUPS_MAX];
        uint32_t count;
        struct mig_states *mig[GROUPS_MAX]; /* one per model that needs it */
        uint32_t mig_count;
};

void groups_make(const struct pack_problem *problem, struct groups *ret_groups);
void groups_done(struct groups *g);

/* May the item run on the type, alone? (restrictions, GPUs, CPU, memory) */
bool item_fits_type(const struct pack_problem *problem, uint32_t item, uint32_t type);
