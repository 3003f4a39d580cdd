/* market: what may be bought: instance types at the prices of one region, as the optimiser sees them, after the kubelet's reserve and what
 * DaemonSets take.
 *
 * A fractional instance (g6f, gr6f: an eighth to a half of an L4) has a GPU model of its own here, since nothing larger fits it.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "core/cloud/price.h"
#include "core/plan/demand.h"
#include "core/plan/pack/pack.h"
#include "core/plan/plan.h"

#define MARKET_GPUS_MAX DEMAND_GPUS_MAX
#define MARKET_FRACTIONS_MAX 8

/* A set of market types. */
struct market_set {
        uint64_t bits[PACK_TYPES_MAX / 64];
};

struct market_gpu {
        const struct gpu_model *model;   /* as in pack options and pack types */
        const struct gpu_model *sold_as; /* in the catalogue; the same, but for a fraction */
        bool fraction;
        uint32_t usable_mib; /* the least any of its instance types states */
        struct market_set types;
};

struct market_type {
        const struct instance_type *type;
        enum capacity_type capacity;
        double usd_per_hour;
        uint32_t cpu_milli, memory_mib, pods; /* left for workloads */
        uint8_t gpu;                          /* index in `gpus` */
};

struct market {
        size_t type_count, gpu_count, fraction_count;
        struct market_type types[PACK_TYPES_MAX];
        struct market_gpu gpus[MARKET_GPUS_MAX];
        struct gpu_model fractions[MARKET_FRACTIONS_MAX]; /* `gpus` points here: a market is not copied */
        const struct price *price;                        /* of one of its types: for source and date */
        size_t without_price;                             /* types that would be allowed but have no price */
};

/* Errors: ERR_INPUT (unknown region, nothing left to buy). */
int market_open(const struct demand *d, const struct plan_options *options, const struct price_list *prices, struct market *ret_market,
                struct err *e);

static inline bool market_has(const struct market_set *set, size_t type) {
        return set->bits[type / 64] >> (type % 64) & 1;
}

static inline void market_add(struct market_set *set, size_t type) {
        set->bits[type / 64] |= UINT64_C(1) << (type % 64);
}

/* Does an instance of `type` have this GPU? */
static inline bool market_gpu_is(const struct market_gpu *gpu, const struct instance_type *type) {
        if (gpu->sold_as != type->gpu || gpu->fraction != instance_is_fractional(type))
                return false;
        return !gpu->fraction || gpu->model->memory_mib == type->gpu_memory_mib;
}

bool market_empty(const struct market_set *set);
struct market_set market_both(const struct market_set *a, const struct market_set *b);

/* Those of `among` that hold one pod of so much. */
struct market_set market_fit(const struct market *m, const struct market_set *among, uint32_t cpu_milli, uint32_t memory_mib,
                             uint32_t gpus);
