#include "core/plan/market.h"

#include <string.h>

#include "base/mem.h"

bool market_empty(const struct market_set *set) {
        for (size_t i = 0; i < ARRAY_SIZE(set->bits); i++)
                if (set->bits[i])
                        return false;
        return true;
}

struct market_set market_both(const struct market_set *a, const struct market_set *b) {
        struct market_set both;

        for (size_t i = 0; i < ARRAY_SIZE(both.bits); i++)
                both.bits[i] = a->bits[i] & b->bits[i];
        return both;
}

struct market_set market_fit(const struct market *m, const struct market_set *among, uint32_t cpu_milli, uint32_t memory_mib,
                             uint32_t gpus) {
        struct market_set fit = { 0 };

        for (size_t i = 0; i < m->type_count; i++) {
                const struct market_type *t = &m->types[i];
                if (market_has(among, i) && cpu_milli <= t->cpu_milli && memory_mib <= t->memory_mib && gpus <= t->type->gpu_count)
                        market_add(&fit, i);
        }
        return fit;
}

static bool any_type_named(const struct plan_options *options) {
        uint64_t any = 0;

        for (size_t i = 0; i < ARRAY_SIZE(options->types_allowed); i++)
                any |= options->types_allowed[i];
        return any != 0;
}

/* Karpenter sees no GPU on a fractional instance, and a trace's share is of a whole GPU's kind: such types must be named, and never serve a
 * trace. */
static bool allowed(const struct demand *d, const struct plan_options *options, const struct instance_type *type) {
        size_t index = instance_type_index(type);
        uint8_t archs = options->arch_allowed ?: 1u << ARCH_AMD64;

        if (!type->gpu || type->gpu_count == 0 || type->gpu_count > PACK_GPUS_MAX || !(archs >> type->arch & 1))
                return false;
        if (options->gpus_allowed && !(options->gpus_allowed >> gpu_model_index(type->gpu) & 1))
                return false;
        if (instance_is_fractional(type) && (d->is_trace || !any_type_named(options)))
                return false;
        return !any_type_named(options) || options->types_allowed[index / 64] >> (index % 64) & 1;
}

static struct gpu_model *add_fraction(struct market *m, const struct instance_type *type) {
        struct gpu_model *fraction = &m->fractions[m->fraction_count++];

        *fraction = *type->gpu;
        fraction->memory_mib = type->gpu_memory_mib;
        fraction->fp16_tflops = type->gpu->fp16_tflops * (float)type->gpu_milli / 1000;
        fraction->memory_slices = fraction->compute_slices = fraction->profile_count = 0;
        fraction->mps = false;
        return fraction;
}

/* The index in m->gpus, or -1 where the tables are full. */
static int find_gpu(struct market *m, const struct instance_type *type) {
        bool fraction = instance_is_fractional(type);

        for (size_t i = 0; i < m->gpu_count; i++)
                if (market_gpu_is(&m->gpus[i], type))
                        return (int)i;
        if (m->gpu_count == MARKET_GPUS_MAX || (fraction && m->fraction_count == MARKET_FRACTIONS_MAX))
                return -1;
        m->gpus[m->gpu_count] = (struct market_gpu){
                .model = fraction ? add_fraction(m, type) : type->gpu,
                .sold_as = type->gpu,
                .fraction = fraction,
                .usable_mib = type->gpu->memory_mib,
        };
        return (int)m->gpu_count++;
}

static void add_type(struct market *m, const struct demand *d, const struct instance_type *type, const struct price *price) {
        if (type->alloc_cpu_milli <= d->daemon_cpu_milli || type->alloc_memory_mib <= d->daemon_memory_mib ||
            type->max_pods <= d->daemon_pods || m->type_count == PACK_TYPES_MAX)
                return;
        int gpu = find_gpu(m, type);
        if (gpu < 0)
                return;
        m->gpus[gpu].usable_mib = MIN(m->gpus[gpu].usable_mib, type->gpu_memory_mib);
        market_add(&m->gpus[gpu].types, m->type_count);
        m->types[m->type_count++] = (struct market_type){
                .type = type,
                .capacity = price->capacity,
                .usd_per_hour = price->usd_per_hour,
                .cpu_milli = type->alloc_cpu_milli - d->daemon_cpu_milli,
                .memory_mib = type->alloc_memory_mib - d->daemon_memory_mib,
                .pods = type->max_pods - d->daemon_pods,
                .gpu = (uint8_t)gpu,
        };
        m->price = price;
}

static uint8_t capacities_asked(const struct demand *d, const struct plan_options *options) {
        uint8_t asked = (uint8_t)(1u << options->capacity);

        for (size_t i = 0; i < d->count; i++)
                asked |= d->workloads[i].capacity_allowed;
        return asked;
}

int market_open(const struct demand *d, const struct plan_options *options, const struct price_list *prices, struct market *ret_market,
                struct err *e) {
        struct market *m = ret_market;
        uint8_t capacities = capacities_asked(d, options);

        if (!price_region_known(prices, options->region))
                return err_set(e, ERR_INPUT, "no prices for the region %s; give them in a file (--prices)", options->region);
        *m = (struct market){ 0 };
        for (size_t i = 0; i < instance_type_count(); i++) {
                const struct instance_type *type = instance_type_at(i);
                bool priced = false;
                if (!allowed(d, options, type))
                        continue;
                for (enum capacity_type c = 0; c < CAPACITY_MAX; c++) {
                        const struct price *price = capacities >> c & 1 ? price_find(prices, type, options->region, c) : NULL;
                        if (price)
                                add_type(m, d, type, price);
                        priced |= price != NULL;
                }
                m->without_price += !priced;
        }
        if (m->type_count == 0 && m->without_price > 0)
                return err_set(e, ERR_INPUT,
                               "none of the %zu instance types allowed has a price for %s in %s; give prices in a file (--prices)",
                               m->without_price, capacity_type_name(options->capacity), options->region);
        if (m->type_count == 0)
                return err_set(e, ERR_INPUT, "the instance types, families, GPUs and architectures allowed leave no instance to buy");
        return 0;
}
