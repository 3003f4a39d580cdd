/* content: what one GPU can hold, priced: for given values of the items, the contents worth considering.
 *
 * A content is a set of slices that fits one GPU in one mode, or one whole-GPU pod. It takes CPU and memory of the node. For the items a
 * group of instance types may run, contents_price() finds every content that no other beats (less or equal CPU and memory, more or equal
 * value): exact dynamic programming, item by item, over the thousandths taken (share modes) or over the multisets of profiles that have a
 * placement (MIG), each state keeping the labels that no other of the state dominates.
 *
 * Some limits are relaxed: the pods per node and max_per_node over several GPUs, which dominance could hide (within one GPU the
 * latter is kept), and, in a state that would hold too many labels, the CPU and memory of labels much alike. So the best value found is
 * never below the true one: a valid bound; columns are trimmed to what is allowed (pricing.c).
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "core/plan/pack/pack.h"

struct content {
        double value;
        uint32_t cpu_milli, memory_mib;
        uint16_t pods;
        uint8_t gpus;  /* 1, or the GPUs of a multi-GPU pod */
        int32_t label; /* contents_pods() unfolds it */
};

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

struct contents; /* the work area of one group; reused from call to call */
struct contents *contents_new(const struct pack_problem *problem, const struct content_group *group);
struct contents *contents_free(struct contents *c);

/* Price with values[item] >= 0. `ret_contents` (owned by `c`, valid until the next call) lists the contents of one GPU, undominated, by
 * falling value, then those of multi-GPU pods. */
void contents_price(struct contents *c, const double *values, const struct content **ret_contents, uint32_t *ret_count);

/* The pods of a content: writes at most PACK_SLICES_MAX (item, option) pairs, answers how many. */
uint32_t contents_pods(const struct contents *c, const struct content *content, uint32_t items[PACK_SLICES_MAX],
                       uint16_t options[PACK_SLICES_MAX]);
