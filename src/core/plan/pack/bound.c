#include "core/plan/pack/bound.h"

#include <math.h>

#include "base/mem.h"
#include "core/plan/pack/group.h"
#include "core/plan/pack/node.h"
#include "core/plan/pack/pricing.h"

#define ROUNDS 150
#define SIZE_EXACT 30000 /* pricing_size() above which the potentials' own bound must do */
#define STEP 0.35        /* of the first round; later ones are smaller */

double bound_guess(const struct pack_problem *problem, uint32_t index) {
        const struct pack_item *item = &problem->items[index];
        double least = INFINITY;

        for (uint32_t t = 0; t < problem->type_count; t++) {
                const struct pack_type *type = &problem->types[t];
                if (!item_fits_type(problem, index, t))
                        continue;
                double part = MAX((double)item->cpu_milli / MAX(type->cpu_milli, 1u), (double)item->memory_mib / MAX(type->memory_mib, 1u));
                double gpus = item->gpus;
                for (unsigned o = 0; o < item->option_count; o++)
                        if (item->options[o].gpu == type->gpu)
                                gpus = gpus > 0 ? MIN(gpus, node_option_milli(&item->options[o]) / 1000.0)
                                                : node_option_milli(&item->options[o]) / 1000.0;
                part = MAX(part, gpus / type->gpus);
                least = MIN(least, part * type->usd_per_hour);
        }
        return isfinite(least) ? least : 0;
}

struct clock {
        const struct pack_env *env;
        double end; /* 0 = none */
};

static bool time_is_over(void *context) {
        const struct clock *c = context;

        return c->env->stop(c->env->context) || (c->end > 0 && c->env->now_seconds(c->env->context) > c->end);
}

/* Lower the values of the items that the round's columns would buy more of than there is, and raise the others by what that leaves. */
static void adjust(const struct pack_problem *problem, const struct column_pool *pool, const double *demand, double step, double *bought,
                   double *values) {
        double most = 0;

        for (size_t i = 0; i < problem->item_count; i++)
                bought[i] = 0;
        for (size_t j = 0; j < pool->count; j++) {
                const struct column *c = &pool->columns[j];
                double worth = 0;
                for (uint32_t k = 0; k < c->count_count; k++)
                        worth += values[c->counts[k].item] * c->counts[k].count;
                double weight = MAX(worth / c->price - 1, 0.0);
                for (uint32_t k = 0; k < c->count_count; k++)
                        bought[c->counts[k].item] += weight * c->counts[k].count / MAX(demand[c->counts[k].item], 1.0);
        }
        for (size_t i = 0; i < problem->item_count; i++)
                most = MAX(most, bought[i]);
        for (size_t i = 0; i < problem->item_count && most > 0; i++)
                values[i] *= exp(-step * sqrt(bought[i] / most));
}

double bound_without_solver(const struct pack_problem *problem, const uint32_t *unplaced, const struct pack_env *env, double seconds) {
        size_t items = problem->item_count;
        _cleanup_free_ double *values = mem_zalloc(items + 1, sizeof *values), *bought = mem_zalloc(items + 1, sizeof *bought);
        _cleanup_free_ double *demand = mem_zalloc(items + 1, sizeof *demand);
        struct clock clock = { .env = env, .end = seconds > 0 ? env->now_seconds(env->context) + seconds : 0 };
        struct pricing *pricing = pricing_new(problem);
        struct pricing_effort effort = {
                .level = pricing_size(pricing) > SIZE_EXACT ? PRICING_QUICK : PRICING_EXACT,
                .columns_max = 60,
                .slack = 0,
                .must_end = time_is_over,
                .context = &clock,
        };
        double best = 0;

        for (uint32_t i = 0; i < items; i++) {
                demand[i] = (double)(problem->items[i].count - unplaced[i]);
                values[i] = bound_guess(problem, i);
        }
        for (unsigned round = 0; round < ROUNDS && !time_is_over(&clock); round++) {
                struct pricing_result result;
                struct column_pool pool;
                double worth = 0;
                column_pool_init(&pool, problem);
                pricing_round(pricing, values, &effort, &pool, &result);
                double scale = MAX(result.worst_ratio, 1e-9);
                for (size_t i = 0; i < items; i++)
                        worth += values[i] * demand[i];
                best = MAX(best, worth / scale);
                for (size_t i = 0; i < items; i++)
                        values[i] /= pow(scale, 0.5); /* so that only the most overpaid columns stand out */
                adjust(problem, &pool, demand, STEP / (1 + 0.1 * round), bought, values);
                column_pool_done(&pool);
        }
        pricing_free(pricing);
        return best;
}
