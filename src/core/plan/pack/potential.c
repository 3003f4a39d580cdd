#include "core/plan/pack/potential.h"

#include <string.h>

#include "base/mem.h"

#define COARSE 8 /* thousandths per step while multipliers are searched; rounded down, so that the bound stays one */

static double worth(const struct candidates *c, uint32_t item, const double *values, struct multipliers m) {
        return values[item] - m.cpu * c->problem->items[item].cpu_milli - m.memory * c->problem->items[item].memory_mib;
}

/* Unbounded knapsack over the thousandths left, in steps of `unit`: best[left / unit]. */
static void fill_shares(const struct candidates *c, enum gpu_mode mode, const double *values, struct multipliers m, unsigned unit,
                        double *best) {
        double of_step[SHARE_STATES] = { 0 };
        uint16_t steps[SHARE_STATES];
        unsigned room = 1000 / unit, count = 0;

        for (uint32_t i = 0; i < c->count[mode]; i++) {
                const struct candidate *candidate = &c->list[mode][i];
                unsigned step = candidate->step / unit;
                double gain = worth(c, candidate->item, values, m);
                if (gain <= of_step[step])
                        continue;
                if (of_step[step] == 0)
                        steps[count++] = (uint16_t)step;
                of_step[step] = gain;
        }
        best[0] = 0;
        for (unsigned left = 1; left <= room; left++) {
                best[left] = best[left - 1];
                for (unsigned k = 0; k < count; k++)
                        if (steps[k] <= left)
                                best[left] = MAX(best[left], best[left - steps[k]] + of_step[steps[k]]);
        }
}

static void fill_mig(const struct candidates *c, const double *values, struct multipliers m, double *best) {
        double of_profile[GPU_PROFILES_MAX] = { 0 };

        for (uint32_t i = 0; i < c->count[GPU_MIG]; i++) {
                const struct candidate *candidate = &c->list[GPU_MIG][i];
                of_profile[candidate->step] = MAX(of_profile[candidate->step], worth(c, candidate->item, values, m));
        }
        for (uint32_t s = c->group->mig->count; s-- > 0;) {
                best[s] = 0;
                for (unsigned p = 0; p < GPU_PROFILES_MAX; p++)
                        if (of_profile[p] > 0 && c->group->mig->next[s][p] >= 0)
                                best[s] = MAX(best[s], of_profile[p] + best[c->group->mig->next[s][p]]);
        }
}

static double whole_rate(const struct candidates *c, const struct pack_type *type, const double *values, struct multipliers m) {
        double rate = 0;

        for (uint32_t i = 0; i < c->group->item_count; i++) {
                uint32_t item = c->group->items[i];
                unsigned gpus = c->problem->items[item].gpus;
                if (gpus > 0 && gpus <= type->gpus)
                        rate = MAX(rate, worth(c, item, values, m) / gpus);
        }
        return rate;
}

/* The bound for multipliers; with unit 1 also leaves what potential_allows() needs. A step below the unit would weigh nothing. */
static double evaluate(struct potential *p, const struct candidates *c, const struct pack_type *type, const double *values,
                       struct multipliers m, unsigned unit) {
        double left[SHARE_STATES], rate = whole_rate(c, type, values, m);

        if (c->count[GPU_MIG] > 0) {
                fill_mig(c, values, m, p->best[GPU_MIG]);
                rate = MAX(rate, p->best[GPU_MIG][0]);
        }
        for (unsigned mode = GPU_MPS; mode <= GPU_TIME_SLICING; mode++) {
                if (c->count[mode] == 0)
                        continue;
                unsigned smallest = c->list[mode][c->count[mode] - 1].step, step = MIN(unit, smallest);
                fill_shares(c, mode, values, m, step, left);
                rate = MAX(rate, left[1000 / step]);
                for (unsigned s = 0; unit == 1 && s < SHARE_STATES; s++)
                        p->best[mode][s] = left[1000 - s];
        }
        p->rate = rate;
        return m.cpu * type->cpu_milli + m.memory * type->memory_mib + rate * type->gpus;
}

static void make_room(struct potential *p, const struct candidates *c) {
        for (unsigned mode = 0; mode < GPU_MODE_MAX; mode++)
                if (c->count[mode] > 0 && !p->best[mode])
                        p->best[mode] = mem_zalloc(candidates_states(c, mode), sizeof *p->best[mode]);
}

/* Multipliers a factor up and down, one after the other, by smaller and smaller factors; 0 is tried too. */
static double search(struct potential *p, const struct candidates *c, const struct pack_type *type, const double *values, double enough,
                     struct multipliers *m) {
        static const double factors[] = { 4, 2, 1.4, 1.2, 1.1, 1.04, 1.015 };
        double least = evaluate(p, c, type, values, *m, COARSE);

        for (unsigned f = 0; f < ARRAY_SIZE(factors) && least > enough; f++)
                for (unsigned k = 0; k < 6; k++) {
                        struct multipliers other = *m;
                        double *one = k % 2 ? &other.cpu : &other.memory;
                        *one = k < 2 ? *one * factors[f] : k < 4 ? *one / factors[f] : f == 0 ? 0 : *one;
                        if (k >= 4 && f > 0)
                                break;
                        double bound = evaluate(p, c, type, values, other, COARSE);
                        if (bound < least) {
                                least = bound;
                                *m = other;
                        }
                }
        return least;
}

void potential_find(struct potential *p, const struct candidates *c, const struct pack_type *type, const double *values, double enough) {
        struct multipliers m = p->m;

        make_room(p, c);
        if (m.cpu == 0 && m.memory == 0) /* a first guess: CPU and memory are half of the price */
                m = (struct multipliers){ .cpu = type->usd_per_hour / 4 / MAX(type->cpu_milli, 1u),
                                          .memory = type->usd_per_hour / 4 / MAX(type->memory_mib, 1u) };
        search(p, c, type, values, enough, &m);
        p->m = m;
        p->enough = enough;
        p->bound = evaluate(p, c, type, values, m, 1);
}

void potential_done(struct potential *p) {
        for (unsigned mode = 0; mode < GPU_MODE_MAX; mode++)
                free(p->best[mode]);
        *p = (struct potential){ 0 };
}
