/* problem: choices of workloads -> the optimiser's items and types.
 *
 * Workloads that nothing tells apart become one item. Where too many items would be left, those of nearly the same size are merged and the
 * item gets the largest of their sizes: what is planned for it then holds each of them. For a bound the same is done with the smallest
 * sizes: no plan of the real pods can cost less than the best for smaller ones.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "core/plan/choice.h"
#include "core/plan/pack/pack.h"

#define PROBLEM_ITEMS_TARGET 400 /* more are merged */
#define PROBLEM_NO_ITEM UINT32_MAX

enum problem_rounding { PROBLEM_UP, PROBLEM_DOWN };

struct problem {
        struct pack_problem pack;
        struct pack_item *items; /* = pack.items */
        uint32_t *item_of;       /* [workloads]; PROBLEM_NO_ITEM: it has no pods or no place */
        uint32_t *members;       /* workload indexes, those of an item together */
        uint32_t *first_member;  /* [items + 1] */
        size_t classes;          /* workloads really different */
        double cell;             /* sizes within this part of each other were merged; 0 = none */
        bool relaxed_spread;     /* limits per node are left to assign_pods() */
};

/* `group_of[workload]`: the only group it may have now (NULL or UINT32_MAX: any). Valid as long as `c`. */
void problem_make(struct choices *c, const uint32_t *group_of, enum problem_rounding rounding, struct problem *ret_problem);
void problem_done(struct problem *p);
