/* pricing: given what each item is worth, which nodes are worth more than they cost?
 *
 * First the potentials (potential.h) tell which types can have such a node at all. For each group of types that share a GPU model and their
 * items, the contents of one GPU are priced exactly (content.h). Types with one GPU then read their best content. For types with several,
 * CPU and memory are first relaxed with multipliers (Lagrange): the least value of that relaxation is a bound on what any node of the type
 * can be worth; where that is above the price, contents are combined GPU by GPU (combine.h) to find the best node or to prove that none is
 * worth more than the price.
 */
#pragma once

#include "core/plan/pack/column.h"
#include "core/plan/pack/pack.h"

struct pricing;
struct pricing *pricing_new(const struct pack_problem *problem);
struct pricing *pricing_free(struct pricing *p);

/* How much an exact pricing may have to look at: slices to choose from x states of a GPU, over the groups. Openb on g6 and gr6: 8,000. */
double pricing_size(const struct pricing *p);

/* From a quick look to the proof: a quick look rounds shares up and keeps few partial contents and nodes, so its bound is only that of the
 * potentials. */
enum pricing_level { PRICING_QUICK, PRICING_THOROUGH, PRICING_EXACT };

struct pricing_effort {
        enum pricing_level level;
        uint32_t columns_max;            /* per group and round */
        double slack;                    /* a node counts only when worth more than (1 + slack) x its price */
        bool (*must_end)(void *context); /* asked often; once true the round ends soon, its bound still valid */
        void *context;
};

struct pricing_result {
        double worst_ratio; /* no node is worth more than worst_ratio x its price: values / worst_ratio is a feasible dual */
        uint32_t added;     /* columns that joined the pool */
};

/* One round: values[item] >= 0. Adds promising columns to the pool. */
void pricing_round(struct pricing *p, const double *values, const struct pricing_effort *effort, struct column_pool *pool,
                   struct pricing_result *ret_result);
