/* content: what one GPU can hold, priced: for given values of the items, the contents worth considering.
 *
 * A content is a set of slices that fits one GPU in one mode, or one whole-GPU pod. It takes CPU and memory of the node. For the items a
 * group of instance types may run, contents_price() finds every content that no other beats (less or equal CPU and memory, more or equal
 * value): exact dynamic programming, item by item, over the thousandths taken (share modes) or over the multisets of profiles that have a
 * placement (MIG), each state keeping the labels that no other of the state dominates.
 *
 * Some limits are relaxed: the slices per GPU where a proof is wanted, the pods per node and max_per_node over several GPUs, which
 * dominance could hide (within one GPU the latter is kept), and, in a state that would hold too many labels, the CPU and memory of labels
 * much alike. So the best value found is never below the true one: a valid bound; columns are trimmed to what is allowed (pricing.c).
 */
#pragma once

#include "core/plan/pack/candidate.h"
#include "core/plan/pack/potential.h"

/* How thorough a pricing is. The work grows with the square of the labels of a state. */
struct content_effort {
        size_t labels_per_state;
        bool merges; /* a fuller state merges labels much alike: what is found is never below the truth; else it drops the least promising
                      */
        bool (*must_end)(void *context); /* asked now and then; once true the pricing ends, incomplete */
        void *context;
};

struct contents; /* the work area of one group; reused from call to call */
struct contents *contents_new(const struct candidates *candidates);
struct contents *contents_free(struct contents *c);

/* Price with values[item] >= 0. `ret_contents` (owned by `c`, valid until the next call) lists the contents of one GPU, undominated, by
 * falling value, then those of multi-GPU pods. Contents that none of the potentials allows are left out. False if it had to end early. */
bool contents_price(struct contents *c, const double *values, const struct potential *const *potentials, uint32_t potential_count,
                    const struct content_effort *effort, const struct content **ret_contents, uint32_t *ret_count);

/* The pods of a content: writes at most PACK_SLICES_MAX (item, option) pairs, answers how many. */
uint32_t contents_pods(const struct contents *c, const struct content *content, uint32_t items[PACK_SLICES_MAX],
                       uint16_t options[PACK_SLICES_MAX]);
