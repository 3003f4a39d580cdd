#include "core/plan/pack/relax.h"

#include <math.h>

#include "base/mem.h"

#define STEPS 24 /* the interval shrinks below 1e-5 of itself */

struct view {
        const struct pack_type *type;
        const struct content *contents;
        uint32_t count;
        double cpu_max, memory_max; /* multipliers above these make every content worthless */
};

double relax(const struct pack_type *type, const struct content *contents, uint32_t count, struct multipliers m,
             const struct content **ret_best) {
        double best = 0;

        *ret_best = NULL;
        for (uint32_t i = 0; i < count; i++) {
                const struct content *c = &contents[i];
                double rate = (c->value - m.cpu * c->cpu_milli - m.memory * c->memory_mib) / c->gpus;
                if (rate > best && content_fits(c, type)) {
                        best = rate;
                        *ret_best = c;
                }
        }
        return m.cpu * type->cpu_milli + m.memory * type->memory_mib + best * type->gpus;
}

/* For a CPU multiplier, the best memory multiplier: bisection on the sign of the slope. */
static double over_memory(const struct view *v, struct multipliers *m) {
        double low = 0, high = v->memory_max, least = INFINITY, at = 0;
        const struct content *best;

        m->memory = 0;
        for (unsigned k = 0; k < STEPS; k++) {
                double bound = relax(v->type, v->contents, v->count, *m, &best);
                if (bound < least) {
                        least = bound;
                        at = m->memory;
                }
                if (!best || (double)best->memory_mib / best->gpus * v->type->gpus <= v->type->memory_mib)
                        high = m->memory;
                else
                        low = m->memory;
                if (high == 0) /* memory is no obstacle */
                        break;
                m->memory = (low + high) / 2;
        }
        m->memory = at;
        return least;
}

static double over_cpu(const struct view *v, struct multipliers *ret_m) {
        const double golden = 0.6180339887498949;
        struct multipliers at[2] = { { .cpu = v->cpu_max * (1 - golden) }, { .cpu = v->cpu_max * golden } };
        double bound[2] = { over_memory(v, &at[0]), over_memory(v, &at[1]) }, low = 0, high = v->cpu_max;

        for (unsigned k = 0; k < STEPS; k++) {
                unsigned worse = bound[1] < bound[0] ? 0 : 1, better = 1 - worse;
                *(worse == 0 ? &low : &high) = at[worse].cpu;
                at[worse] = at[better];
                bound[worse] = bound[better];
                at[better].cpu = worse == 0 ? low + golden * (high - low) : high - golden * (high - low);
                bound[better] = over_memory(v, &at[better]);
        }
        unsigned best = bound[1] < bound[0];
        *ret_m = at[best];
        return bound[best];
}

double relax_best(const struct pack_type *type, const struct content *contents, uint32_t count, struct multipliers *ret_m) {
        struct view v = { .type = type, .contents = contents, .count = count };
        struct multipliers free_cpu = { 0 }, priced_cpu;

        for (uint32_t i = 0; i < count; i++) {
                v.cpu_max = MAX(v.cpu_max, contents[i].value / MAX(contents[i].cpu_milli, 1u));
                v.memory_max = MAX(v.memory_max, contents[i].value / MAX(contents[i].memory_mib, 1u));
        }
        double without = over_memory(&v, &free_cpu), with = over_cpu(&v, &priced_cpu);
        *ret_m = without <= with ? free_cpu : priced_cpu;
        return MIN(without, with);
}
