/* problems: small random packing problems, the same for the same seed on every machine. */
#pragma once

#include "core/plan/pack/pack.h"

#define PROBLEM_ITEMS_MAX 8
#define PROBLEM_OPTIONS_MAX 4
#define PROBLEM_TYPES_MAX 6

struct problem_shape {
        uint32_t items, types;  /* at most */
        uint32_t pods_per_item; /* at most */
        uint32_t gpus;          /* per node, at most */
        bool mig;               /* options may be MIG profiles of an A100-80GB */
};

/* Points into itself: do not copy. */
struct random_problem {
        struct pack_problem problem;
        struct pack_item items[PROBLEM_ITEMS_MAX];
        struct pack_option options[PROBLEM_ITEMS_MAX][PROBLEM_OPTIONS_MAX];
        struct pack_type types[PROBLEM_TYPES_MAX];
};

void problem_random(uint64_t seed, struct problem_shape shape, struct random_problem *ret_problem);

/* An environment whose clock stands still and that never stops. */
extern const struct pack_env still_env;
