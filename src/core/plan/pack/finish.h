/* finish: a covering by columns -> the nodes of a plan.
 *
 * A covering may hold more pods of an item than there are. They are taken out, and a node that lost some becomes the cheapest
 * type that holds the rest.
 */
#pragma once

#include "core/plan/pack/column.h"

/* `counts` [pool->count] nodes of each column; together they hold at least demand[item] pods. Fills nodes, node_count and usd_per_hour. */
int finish_nodes(const struct column_pool *pool, const uint32_t *counts, const double *demand, struct pack_solution *solution,
                 struct err *e);
