/* oracle: the cheapest nodes for a tiny problem, found by trying everything. Shares nothing with the engines but core/gpu's layout_add().
 */
#pragma once

#include "core/plan/pack/pack.h"

#define ORACLE_PODS_MAX 8
#define ORACLE_TYPES_MAX 3

/* Price per hour of the cheapest nodes that hold all pods, those that no type holds left out. At most ORACLE_PODS_MAX pods. */
double oracle_optimum(const struct pack_problem *problem);
