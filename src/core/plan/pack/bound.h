/* bound: a price below which no plan can exist, without any solver.
 *
 * Values for the items that make no node worth more than its price are a feasible dual of the covering problem, so all pods together
 * at these values are a bound (Farley 1990). Starting from each item's part of its cheapest node, the values of items that the most
 * overpaid nodes hold too much of are lowered and all are scaled up again, round by round (multiplicative weights); every round's bound is
 * valid, the best counts.
 */
#pragma once

#include "core/plan/pack/pack.h"

/* `unplaced` [item_count] pods that do not count. Ends early when env->stop asks or `seconds` are over (0 = no limit). */
double bound_without_solver(const struct pack_problem *problem, const uint32_t *unplaced, const struct pack_env *env, double seconds);

/* A first guess of what an item is worth: the cheapest part of a node that one pod takes by its scarcest resource. */
double bound_guess(const struct pack_problem *problem, uint32_t item);
