/* relax: a node of several GPUs with CPU and memory relaxed by multipliers (Lagrange): a bound on what it can be worth.
 *
 * For multipliers a, b >= 0 no node of the type is worth more than  a CPU + b memory + GPUs x max over contents of (value - a cpu - b
 * memory) / gpus.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "core/plan/pack/pack.h"

/* What one GPU holds, or a pod of several GPUs. */
struct content {
        double value;
        uint32_t cpu_milli, memory_mib;
        uint16_t pods;
        uint8_t gpus;  /* 1, or the GPUs of a multi-GPU pod */
        int32_t label; /* contents_pods() unfolds it */
};

struct multipliers {
        double cpu, memory; /* usd per milli CPU, usd per MiB */
};

/* The bound for these multipliers; the content that sets it in `ret_best` (NULL: none is worth its CPU and memory) */
double relax(const struct pack_type *type, const struct content *contents, uint32_t count, struct multipliers m,
             const struct content **ret_best);

/* The multipliers for which the bound is (about) least: golden section over CPU, bisection over memory. Any multipliers give a valid bound.
 */
double relax_best(const struct pack_type *type, const struct content *contents, uint32_t count, struct multipliers *ret_m);

static inline bool content_fits(const struct content *c, const struct pack_type *type) {
        return c->gpus <= type->gpus && c->cpu_milli <= type->cpu_milli && c->memory_mib <= type->memory_mib;
}
