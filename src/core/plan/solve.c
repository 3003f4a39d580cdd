#include "core/plan/solve.h"

#include "base/mem.h"

#define SECONDS_LEAST 0.05 /* a solve that starts after the limit still gives its first answer */

struct solve solve_start(const struct pack_env *env, const struct plan_options *options, struct plan *plan) {
        return (struct solve){ .env = env, .options = options, .start_seconds = env->now_seconds(env->context), .plan = plan };
}

double solve_seconds(const struct solve *s) {
        return s->env->now_seconds(s->env->context) - s->start_seconds;
}

/* The points of one solve, in seconds since the plan began. */
static void keep_points(struct plan *plan, const struct pack_solution *solution, double began) {
        size_t room = PACK_POINTS_MAX - plan->point_count;
        size_t count = MIN(solution->point_count, room);

        for (size_t i = 0; i < count; i++) {
                plan->points[plan->point_count] = solution->points[i];
                plan->points[plan->point_count++].seconds += began;
        }
}

int solve_exact(struct solve *s, const struct problem *p, double part, uint32_t max_pools, struct pack_solution *ret_solution,
                struct err *e) {
        double began = solve_seconds(s), limit = s->options->time_limit_seconds;
        struct pack_limits limits = {
                .gap = s->options->gap,
                .seconds = limit > 0 ? MAX((limit - began) * part, SECONDS_LEAST) : 0,
                .max_pools = max_pools,
                .threads = MAX(s->options->threads, 1u),
        };

        int r = pack_solve(&p->pack, s->greedy ? PACK_BEST_FIT : PACK_EXACT, &limits, s->env, ret_solution, e);
        if (r < 0)
                return r;
        if (s->greedy)
                return 0;
        s->plan->iterations += ret_solution->iterations;
        s->plan->columns += ret_solution->columns;
        s->plan->stopped |= ret_solution->stopped;
        s->plan->exact_engine |= ret_solution->exact_engine;
        keep_points(s->plan, ret_solution, began);
        return 0;
}

int solve_greedy(struct solve *s, const struct problem *p, enum pack_engine engine, struct pack_solution *ret_solution, struct err *e) {
        struct pack_limits limits = { .gap = s->options->gap, .threads = 1 };
        return pack_solve(&p->pack, engine, &limits, s->env, ret_solution, e);
}
