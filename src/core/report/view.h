/* view: what every form of the report needs of a plan and the plan does not say itself: names that are unique, the order by money,
 * purchases by instance type, totals. Points into the plan; owns the rest.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "core/plan/plan.h"

struct view_purchase { /* all nodes of one instance type and capacity type */
        const struct instance_type *type;
        enum capacity_type capacity;
        uint32_t groups; /* node groups of the plan */
        uint64_t nodes, pods;
        uint64_t gpus[GPU_MODE_MAX], gpus_empty;
        double usd_per_hour; /* of all */
};

struct view {
        const struct plan *plan;
        struct arena arena;
        const char **names; /* of each workload, unique: "namespace/name", "name" without a namespace; "Kind/…" where two share it; "…#2"
                               where that is not enough either */
        uint32_t *by_money; /* workloads, largest hourly cost (today or planned) first */
        size_t purchase_count;
        struct view_purchase *purchases; /* dearest first */
        uint64_t nodes, gpus, pods, unplaced;
        size_t measured; /* workloads with usage */
};

void view_make(const struct plan *p, struct view *ret_view);
void view_done(struct view *v);

/* The larger of what a workload costs today and in the plan: what is at stake. */
double view_stake(const struct plan_workload *w);

/* Are two GPUs of a node cut and used alike? */
bool view_same_gpu(const struct plan_gpu *a, const struct plan_gpu *b);
