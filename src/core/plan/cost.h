/* cost: whose dollars a node's are: each pod pays for the resource it takes most of (dominant share), and the pods of a node pay all of it.
 */
#pragma once

#include "core/plan/problem.h"

/* `usd_of[workload]` += what its placed pods pay per hour, all pods of an item alike. */
void cost_add(const struct problem *p, const struct demand *d, const struct pack_solution *solution, double *usd_of);
