/* group: one Kubernetes resource name for each workload.
 *
 * The optimiser may give one pod of a Deployment a 1g.10gb and the next an 8gb share. A pod template names one resource, so each workload
 * is settled on one. First every workload keeps what most of its pods had (the pods of an item are handed to its workloads so that as many
 * as possible keep theirs) and the problem is solved again; then, where that costs more than the mixed answer did, other names are tried
 * for one workload after another, as long as a small budget lasts: in a small fleet a single node saved is worth it.
 */
#pragma once

#include "core/plan/solve.h"

#define GROUP_TRIES_MAX 60
#define GROUP_SECONDS_MAX 2.0

/* `io_solution` is the solution of `free`; where it mixes, it is replaced by one that does not, and `ret_settled` is the problem it solves
 * (else left empty). `ret_group_of[workload]`: its group, UINT32_MAX if no pod of its item is placed. */
int group_settle(struct solve *s, struct choices *c, const struct problem *free, struct pack_solution *io_solution,
                 const struct problem_scale *scale, struct problem *ret_settled, uint32_t *ret_group_of, struct err *e);
