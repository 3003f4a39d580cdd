/* combine: the best nodes of several GPUs, from the contents of one.
 *
 * Dynamic programming over the GPUs: the partial nodes with k GPUs filled are those with k-1 and one more content (or k-g and a pod of g
 * GPUs). Of these only the undominated ones stay (CPU, memory, value), and only those that could still be worth more than `enough` by the
 * relaxation (relax.h). Complete unless more than the beam allows survive; then the best by that bound stay and the answer is a good node,
 * not the best.
 */
#pragma once

#include "core/plan/pack/relax.h"

#define COMBINE_FOUND_MAX 60

struct combined {
        uint32_t count;
        const struct content *contents[PACK_GPUS_MAX];
        double value;
};

struct combine_result {
        double bound;  /* no node is worth more (when nothing above `enough` exists: `enough`) */
        bool complete; /* the bound is the best node's worth itself */
        uint32_t found;
        struct combined nodes[COMBINE_FOUND_MAX]; /* worth more than `enough`, the best first */
};

struct combine; /* work area, reused from call to call */
struct combine *combine_new(void);
struct combine *combine_free(struct combine *c);

struct combine_effort {
        uint32_t beam;                   /* partial nodes kept per number of GPUs */
        bool (*must_end)(void *context); /* asked now and then; once true the search ends, incomplete */
        void *context;
};

/* Best nodes of `type`. `m`: the multipliers for pruning; `relaxed` their bound. */
void combine_best(struct combine *c, const struct pack_type *type, const struct content *contents, uint32_t count, struct multipliers m,
                  double relaxed, double enough, const struct combine_effort *effort, struct combine_result *ret_result);
