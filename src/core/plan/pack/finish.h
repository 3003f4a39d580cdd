/* finish: a covering by columns -> the nodes of a plan.
 *
 * A covering may hold more pods of an item than there are. They are taken out, and a node that lost some becomes the cheapest
 * type that holds the rest.
 */
#pragma once

#include "core/plan/pack/cut.h"

/* `counts` [pool->count] nodes of each column; together they hold at least demand[item] pods. Fills nodes, node_count and usd_per_hour. */
int finish_nodes(const struct column_pool *pool, const uint32_t *counts, const double *demand, struct pack_solution *solution,
                 struct err *e);

/* The same where nodes may only be cut in the ways of `cuts`, each with its own type: those of column j stand in cuts[cut_of[j]] and keep
 * their type. Fills pools and pool_count too. */
int finish_nodes_in_pools(const struct column_pool *pool, const uint32_t *counts, const double *demand, const struct cut *cuts,
                          uint32_t cut_count, const uint32_t *cut_of, struct pack_solution *solution, struct err *e);
