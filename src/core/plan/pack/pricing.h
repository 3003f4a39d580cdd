/* pricing: given what each item is worth, which nodes are worth more than they cost?
 *
 * For each group of types that share a GPU model and their items, the contents of one GPU are priced exactly (content.h). Types with one
 * GPU then read their best content. For types with several, CPU and memory are first relaxed with multipliers (Lagrange): the least value
 * of that relaxation is a bound on what any node of the type can be worth; where that is above the price, contents are combined GPU by GPU
 * (combine.h) to find the best node or to prove that none is worth more than the price.
 */
#pragma once

#include "core/plan/pack/column.h"
#include "core/plan/pack/pack.h"

struct pricing;
struct pricing *pricing_new(const struct pack_problem *problem);
struct pricing *pricing_free(struct pricing *p);

struct pricing_effort {
        uint32_t beam;        /* partial nodes kept per number of GPUs (combine.h) */
        uint32_t columns_max; /* per group and round */
        double slack;         /* a node counts only when worth more than (1 + slack) x its price */
};

struct pricing_result {
        double worst_ratio; /* no node is worth more than worst_ratio x its price: values / worst_ratio is a feasible dual */
        uint32_t added;     /* columns that joined the pool */
};

/* One round: values[item] >= 0. Adds promising columns to the pool. */
void pricing_round(struct pricing *p, const double *values, const struct pricing_effort *effort, struct column_pool *pool,
                   struct pricing_result *ret_result);
