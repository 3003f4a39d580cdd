/* engines: the greedy engines behind pack_solve().
 *
 * Each fills nodes run by run: a run is all pods of an item, a group is all nodes of one content, and a group of c nodes that can hold k
 * more of an item takes min(n, c * k) of the run's n pods in one step. So the time depends on how many different items there are, not on
 * how many pods; the answer is the one that placing pod by pod would give.
 *
 * All set usd_per_hour, unplaced and seconds, and leave bound_usd_per_hour 0. They are fast and do not ask env->stop. Errors: ERR_BUG.
 */
#pragma once

#include "core/plan/pack/pack.h"

/* Largest items first; into the first opened node that has room, there onto the fullest GPU; else into a new node of the type that is
 * cheapest per pod of the run. No node could be a cheaper type in the end (why: fleet_buy). */
int pack_first_fit(const struct pack_problem *problem, const struct pack_env *env, struct pack_solution *ret_solution, struct err *e);

/* The same, into the node with the least left. */
int pack_best_fit(const struct pack_problem *problem, const struct pack_env *env, struct pack_solution *ret_solution, struct err *e);

/* What Karpenter buys for the same pods: see karpenter.c. */
int pack_karpenter(const struct pack_problem *problem, const struct pack_env *env, struct pack_solution *ret_solution, struct err *e);

/* Free nodes and pools alone. */
void pack_solution_free_nodes(struct pack_solution *s);
