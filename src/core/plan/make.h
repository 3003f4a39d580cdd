/* make: a plan in the making: what stands between a demand and its plan, freed together.
 */
#pragma once

#include "core/plan/assign.h"
#include "core/plan/choice.h"
#include "core/plan/market.h"
#include "core/plan/problem.h"
#include "core/plan/solve.h"

/* One way to answer: at some scale, by some engine. */
struct answer {
        struct choices choices;
        struct problem_scale scale;
        struct problem free;           /* each pod may stand any way */
        struct problem settled;        /* each workload has one resource name; empty where the solution of `free` is so already */
        struct pack_solution solution; /* of answer_problem() */
        double bound_usd_per_hour;     /* of `free` */
        uint32_t *group_of;            /* [workloads] the resource name each has */
};

static inline const struct problem *answer_problem(const struct answer *a) {
        return a->settled.items ? &a->settled : &a->free;
}

void answer_done(struct answer *a);

struct making {
        const struct demand *demand;
        const struct plan_options *options;
        const struct price_list *prices;
        struct plan plan;
        struct solve solve;
        struct market market;
        struct choice_world world;
        struct answer answer;
        double *today_usd, *plan_usd; /* [workloads] */
        struct assigned assigned;
        uint64_t today_unplaced;
};

/* All that is solved: today, the plan, its bound, the baselines, what limits cost. */
int make_solve(struct making *m, struct err *e);

/* The plan's workloads and figures, once its pods are assigned. */
void make_fill(struct making *m);
