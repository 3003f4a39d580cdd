/* potential: how much one GPU, and so a node, can be worth at most, with CPU and memory relaxed by multipliers (Lagrange).
 *
 * For multipliers a, b >= 0 each slice is worth value - a cpu - b memory; what fits one GPU best is then a knapsack over its states alone.
 * best[mode][state] is the most that can still be added from a state. A node of a type is worth at most  a CPU + b memory + GPUs x rate.
 * This costs little, tells which types cannot have a node worth its price at all, and which partial contents cannot be part of one.
 */
#pragma once

#include "core/plan/pack/candidate.h"
#include "core/plan/pack/relax.h"

struct potential {
        struct multipliers m; /* kept from call to call: the search starts where it ended */
        double rate;          /* the most one GPU is worth */
        double bound;         /* no node of the type is worth more */
        double enough;        /* nodes worth no more than this do not matter */
        double *best[GPU_MODE_MAX];
};

/* Find multipliers that make the bound of the type small; stops once it is at most `enough`. */
void potential_find(struct potential *p, const struct candidates *c, const struct pack_type *type, const double *values, double enough);
void potential_done(struct potential *p);

/* A GPU in `state` that holds `value`, `cpu_milli` and `memory_mib`: how much more than enough, as a part of it, a node with it can be
 * worth at most. Not above 0: it does not matter. */
static inline double potential_promise(const struct potential *p, enum gpu_mode mode, uint32_t state, double value, uint32_t cpu_milli,
                                       uint32_t memory_mib) {
        double most = value - p->m.cpu * cpu_milli - p->m.memory * memory_mib + p->best[mode][state];

        return (p->bound - (p->rate - most) - p->enough) / p->enough;
}
