/* cut: how the GPUs of a pool's nodes are cut, as a list of slots.
 *
 * A pool is an instance type and a cut: for each GPU whole, or slots of one mode (shares by thousandths, MIG by profile). Which pods stand
 * in the slots does not matter, only that each slot holds one pod at most, a share fits into its slot, and CPU, memory and the number of
 * pods are enough. An empty GPU is a whole one. GPUs have no order: a cut is written so that equal cuts are equal lists.
 */
#pragma once

#include "core/plan/pack/column.h"

#define CUT_SLOTS_MAX (PACK_GPUS_MAX * PACK_SLICES_MAX)

struct cut_slot {
        uint8_t mode, gpu;
        uint16_t size; /* thousandths; GPU_MIG: index of the profile; GPU_WHOLE: 1000 */
};

struct cut {
        uint32_t type;
        uint32_t count;
        struct cut_slot *slots; /* by mode (whole GPUs first), falling size, GPU */
};

/* Put `slots` (of any GPUs, in any order; room for CUT_SLOTS_MAX) in the order of a cut and add the GPUs without one as whole ones. GPU g
 * becomes ret_order[g]; GPUs with equal slots keep their order. */
void cut_make(const struct pack_problem *problem, uint32_t type, struct cut_slot *slots, uint32_t count, struct cut *ret_cut,
              uint8_t ret_order[PACK_GPUS_MAX]);

/* What a pod with this option needs, of each of its GPUs; GPU 0. */
struct cut_slot cut_slot_for(const struct pack_item *item, uint16_t option);

/* The cut in which the pods of a column stand. `slots` has room for CUT_SLOTS_MAX and is the cut's. */
void cut_of_column(const struct pack_problem *problem, const struct column *column, struct cut_slot *slots, struct cut *ret_cut);

int cut_compare(const struct cut *a, const struct cut *b); /* 0: alike */

/* Can the pods stand in the slots, as far as sizes go? If so, `ret_slots` (may be NULL) has the slot of each; a pod of g whole GPUs takes
 * that one and the g - 1 after it. */
bool cut_holds(const struct pack_problem *problem, const struct cut *cut, const struct column_pod *pods, uint32_t pod_count,
               uint16_t *ret_slots);

/* The least cut in which what fits into `a` and what fits into `b` can stand; both of one type. False where one GPU cannot have it. */
bool cut_join(const struct pack_problem *problem, const struct cut *a, const struct cut *b, struct cut_slot *slots, struct cut *ret_join);

/* As part of a solution, with placements for MIG. ERR_BUG if a GPU's slots have none. */
int cut_to_pool(const struct pack_problem *problem, const struct cut *cut, struct pack_pool *ret_pool, struct err *e);

/* A node of the pool made of `cut` that holds the column's pods. ERR_BUG if they do not fit. */
int cut_to_node(const struct pack_problem *problem, const struct cut *cut, const struct pack_pool *pool, const struct column *column,
                uint32_t count, struct pack_node *ret_node, struct err *e);

/* Give every node of a solution its pool, and the solution its list of pools; GPUs within a node may change places. */
int cut_number_pools(const struct pack_problem *problem, struct pack_solution *solution, struct err *e);
