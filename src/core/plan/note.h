/* note: what a reader of a plan must know beside its numbers: what today's price is, what limits cost, what was left out or rounded.
 */
#pragma once

#include "core/plan/plan.h"
#include "core/plan/problem.h"

struct note_facts {
        const struct plan_options *options;
        const struct market *market;
        const struct problem_scale *scale;
        uint64_t crowded, today_unplaced;
};

void note_all(struct plan *p, const struct note_facts *facts);

/* What a limit costs: dollars per hour without and with it. */
void note_pools_within(struct plan *p, uint32_t max_pools, uint32_t pools);
struct note_pools {
        uint32_t max, without, with; /* pools */
        double usd_without, usd_with;
};
void note_pools(struct plan *p, const struct note_pools *pools);
void note_menu(struct plan *p, const struct plan_options *options, double without, double with);
