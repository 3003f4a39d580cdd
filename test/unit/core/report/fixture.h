/* fixture: plans made by hand, for the tests of the reports: nothing in them was planned. */
#pragma once

#include "core/plan/plan.h"

struct fixture {
        struct demand demand;
        struct plan plan;
};

/* A client's cluster: MIG with different layouts per GPU on a p4de, MPS shares, time-slicing, an 8-GPU job, one that fits nowhere. */
void fixture_cluster(struct fixture *f);
/* The same with names and texts that try to break out of every format. */
void fixture_hostile(struct fixture *f);
/* As large as wanted: `workloads` request shapes on `groups` node groups, always the same for the same numbers. */
void fixture_trace(struct fixture *f, unsigned workloads, unsigned groups);
/* One workload, that fits nowhere; no prices today, no bound, no baselines. */
void fixture_nothing(struct fixture *f);

void fixture_done(struct fixture *f);
