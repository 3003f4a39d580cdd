/* problem: choices of workloads -> the optimiser's items and types.
 *
 * Workloads that nothing tells apart become one item. Where too many items would be left, those of nearly the same size are merged and the
 * item gets the largest of their sizes: what is planned for it then holds each of them. For a bound the same is done with the smallest
 * sizes: no plan of the real pods can cost less than the best for smaller ones. How coarse is found by trying (problem_scale_find).
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "core/plan/choice.h"
#include "core/plan/pack/pack.h"

#define PROBLEM_ITEMS_TARGET 400 /* more are merged */
#define PROBLEM_NO_ITEM UINT32_MAX

/* How far apart two workloads may be and still be merged. */
struct problem_scale {
        double need;         /* steps of GPU needs (choice_world.grain) */
        double size;         /* steps of CPU and memory */
        bool spread_relaxed; /* limits per node are left to assign_pods(), or for a bound not kept */
};

struct problem {
        struct pack_problem pack;
        struct pack_item *items; /* = pack.items */
        uint32_t *item_of;       /* [workloads]; PROBLEM_NO_ITEM: it has no pods or no place */
        uint32_t *members;       /* workload indexes, those of an item together */
        uint32_t *first_member;  /* [items + 1] */
};

/* `group_of[workload]`: the only group it may have now (NULL or UINT32_MAX: any). `c->world` says whether sizes are rounded up or down.
 * Valid as long as `c`. */
void problem_make(struct choices *c, const uint32_t *group_of, const struct problem_scale *scale, struct problem *ret_problem);
void problem_done(struct problem *p);

/* The finest scale that gives no more than PROBLEM_ITEMS_TARGET items (or the coarsest there is), with the choices and the problem at it.
 * `make`: choices_make or choices_make_today. */
void problem_scale_find(struct choice_world *world, void (*make)(struct choices *, const struct choice_world *),
                        struct problem_scale *ret_scale, struct choices *ret_choices, struct problem *ret_problem);
