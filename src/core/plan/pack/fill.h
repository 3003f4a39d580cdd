/* fill: the pods worth most that can stand in the slots of a cut.
 *
 * Dynamic programming slot by slot: each stage keeps the partial nodes that no other of the stage dominates (CPU, memory, value), the most
 * promising ones by a bound with CPU and memory relaxed (Lagrange) where they are many. Equal slots make no more work than different
 * ones: the same pods in another order are dominated by themselves. What is found can stand; better ones may be missed.
 */
#pragma once

#include "core/plan/pack/cut.h"

#define FILL_FOUND_MAX 8

struct fill_found {
        double value;
        uint32_t pod_count;
        struct column_pod pods[CUT_SLOTS_MAX]; /* .gpu is the slot's */
};

struct fill; /* work area, reused from call to call */

/* `demand[item]` pods: 0 = the item is no candidate. Both stay the caller's and must live as long. */
struct fill *fill_new(const struct pack_problem *problem, const double *demand);
struct fill *fill_free(struct fill *f);

/* Nodes of the cut worth more than `enough`, the best first: at most FILL_FOUND_MAX. Answers how many. */
uint32_t fill_best(struct fill *f, const struct cut *cut, const double *values, double enough, struct fill_found *ret_found);
