/* pools: a plan of at most so many pools.
 *
 * Pools that the plan without the limit uses, joins of them (cut.h) and a few that hold many different pods are the candidates. From the
 * best of these, pools are dropped one after another, the one without which the linear program over the rest (pool_lp.h) costs least. Then
 * pools are swapped: those that save most are tried in the place of each of the weakest. Whole nodes are found as without the limit
 * (integer.h). A good answer, not a proved one.
 */
#pragma once

#include "core/plan/pack/exact.h"

/* How many pools the columns in the LP's solution stand in. */
uint32_t pools_of_lp(const struct exact *x);

/* `x` is solved, at least as LP. Fills nodes, node_count, pools, pool_count and usd_per_hour. Errors: ERR_IMPOSSIBLE (the items need more
 * pools), ERR_BUG.
 */
int pools_limit(const struct exact *x, uint32_t max_pools, struct pack_solution *solution, struct err *e);
