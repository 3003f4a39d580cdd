/* pools_candidates: the pools among which a limited plan chooses. */
#pragma once

#include "core/plan/pack/pool_lp.h"

/* From the columns that `lp` took over: their cuts, joins of these, and cuts that hold as many different items as can be. */
void pools_candidates(struct pool_lp *lp);

/* From the nodes worth most at the prices of the last solution over `set`, whatever their cut: their cuts, and joins with those of the
 * set. */
void pools_candidates_priced(struct pool_lp *lp, const struct pool_set *set);

/* The fewest candidates that hold all items (at most `most` are tried exactly, then one by one the one that holds most). */
void pools_cover(const struct pool_lp *lp, uint32_t most, struct pool_set *ret_set);
