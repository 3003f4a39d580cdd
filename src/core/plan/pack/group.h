/* group: the instance types of a problem, sorted into groups that share a GPU model and the items that may run on them. */
#pragma once

#include "core/plan/pack/content.h"

#define GROUPS_MAX PACK_TYPES_MAX

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
