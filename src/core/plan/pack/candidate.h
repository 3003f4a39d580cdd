/* candidate: the ways a group's slice items can stand on one GPU, by mode, and the states of a GPU they lead through.
 *
 * In the share modes a state is the thousandths taken, in MIG a multiset of profiles that has a placement (mig_states.h). State 0 is the
 * empty GPU, and adding always leads to a higher state.
 */
#pragma once

#include "core/plan/pack/group.h"
#include "core/plan/pack/mig_states.h"

#define SHARE_STATES 1001

struct candidate {
        uint32_t item;
        uint16_t option;
        uint16_t step; /* thousandths, or the profile's index */
        uint16_t copies_max;
};

struct candidates {
        const struct pack_problem *problem;
        const struct content_group *group;
        struct candidate *list[GPU_MODE_MAX]; /* GPU_MIG, GPU_MPS, GPU_TIME_SLICING; the largest step first */
        uint32_t count[GPU_MODE_MAX];
        uint32_t reachable; /* states that can be reached, of the mode that has most */
};

/* Shares are rounded up to multiples of `unit` thousandths: 1 = exact. */
void candidates_init(struct candidates *c, const struct pack_problem *problem, const struct content_group *group, unsigned unit);
void candidates_done(struct candidates *c);

static inline uint32_t candidates_states(const struct candidates *c, enum gpu_mode mode) {
        return mode == GPU_MIG ? c->group->mig->count : SHARE_STATES;
}

/* The state after one more of `candidate`, or -1. */
static inline int candidate_next(const struct candidates *c, enum gpu_mode mode, uint32_t state, const struct candidate *candidate) {
        if (mode == GPU_MIG)
                return c->group->mig->next[state][candidate->step];
        return state + candidate->step < SHARE_STATES ? (int)(state + candidate->step) : -1;
}
