/* assign: which workload's pods stand where, once the optimiser has said how many pods of which item each node holds.
 *
 * The pods of an item are dealt out over its places column by column: first one on every node, then the second on every node, …, workload
 * after workload, the largest first. So the pods of one workload spread over as many nodes as there are, and nodes of one pattern differ
 * only where one workload's run ends: there are about as many kinds of nodes as workloads, however many pods there are.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "core/plan/choice.h"
#include "core/plan/plan.h"
#include "core/plan/problem.h"

struct assigned {
        struct plan_node *nodes; /* dearest group first; free() it, the rest is in the arena */
        size_t node_count;
        uint32_t pools;
        uint32_t *unplaced; /* [workloads] pods */
        uint64_t crowded;   /* pods beyond their workload's limit per node */
};

/* Errors: ERR_BUG (the solution does not hold the problem's pods). */
int assign_pods(const struct choices *c, const struct problem *p, const struct pack_solution *solution, struct arena *arena,
                struct assigned *ret_assigned, struct err *e);
