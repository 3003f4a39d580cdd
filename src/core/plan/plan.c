#include "core/plan/plan.h"

#include <string.h>

#include "base/mem.h"
#include "base/near.h"
#include "core/plan/make.h"

#define PODS_MAX 2000000000u /* of all workloads together */

void plan_done(struct plan *p) {
        free(p->workloads);
        free(p->nodes);
        free(p->points);
        arena_done(&p->arena);
        *p = (struct plan){ 0 };
}

static void making_done(struct making *m) {
        answer_done(&m->answer);
        free(m->today_usd);
        free(m->plan_usd);
        free(m->assigned.unplaced);
        free(m->assigned.nodes);
        plan_done(&m->plan);
}

static int check_demand(const struct demand *d, struct err *e) {
        uint64_t pods = 0;

        for (size_t i = 0; i < d->count; i++)
                pods += d->workloads[i].replicas;
        if (pods == 0)
                return err_set(e, ERR_IMPOSSIBLE, "no pod asks for a GPU (%llu that do not were left out): nothing to plan",
                               (unsigned long long)d->cpu_only_pods);
        if (pods > PODS_MAX)
                return err_set(e, ERR_INPUT, "%llu pods; at most %u are planned at once", (unsigned long long)pods, PODS_MAX);
        return 0;
}

static int make(struct making *m, const struct pack_env *env, struct err *e) {
        const struct plan_options *o = m->options;
        m->world = (struct choice_world){
                .demand = m->demand,
                .options = o,
                .market = &m->market,
                .rules = { .headroom_percent = o->headroom_percent,
                           .below_request = o->below_request,
                           .menu_mib = o->share_sizes_mib,
                           .menu_count = o->share_size_count },
                .arena = &m->plan.arena,
        };

        int r = check_demand(m->demand, e);
        if (r == 0)
                r = market_open(m->demand, o, m->prices, &m->market, e);
        if (r < 0)
                return r;
        m->plan.points = mem_zalloc(PACK_POINTS_MAX, sizeof *m->plan.points);
        m->solve = solve_start(env, o, &m->plan);
        m->today_usd = mem_zalloc(m->demand->count, sizeof *m->today_usd);
        m->plan_usd = mem_zalloc(m->demand->count, sizeof *m->plan_usd);
        r = make_solve(m, e);
        if (r == 0)
                r = assign_pods(&m->answer.choices, answer_problem(&m->answer), &m->answer.solution, &m->plan.arena, &m->assigned, e);
        if (r == 0)
                make_fill(m);
        return r;
}

int plan_make(const struct demand *demand, const struct plan_options *options, const struct price_list *prices, const struct pack_env *env,
              struct plan *ret_plan, struct err *e) {
        struct making *m = mem_zalloc(1, sizeof *m); /* too large for a stack */

        m->demand = demand;
        m->options = options;
        m->prices = prices;
        int r = make(m, env, e);
        if (r == 0) {
                *ret_plan = m->plan;
                m->plan = (struct plan){ 0 };
        }
        making_done(m);
        free(m);
        return r;
}

int plan_find_workload(const struct plan *p, const char *name, size_t *ret_index, struct err *e) {
        const struct workload *found = demand_find(p->demand, name);
        if (found) {
                *ret_index = (size_t)(found - p->demand->workloads);
                return 0;
        }
        struct near near = near_to(name);
        size_t same = 0;
        for (size_t i = 0; i < p->workload_count; i++) {
                near_offer(&near, p->workloads[i].demand->name);
                same += strcmp(p->workloads[i].demand->name, name) == 0;
        }
        if (same > 1)
                return err_set(e, ERR_NOT_FOUND, "%zu workloads are called '%s': write namespace/name or Kind/name", same, name);
        return err_set(e, ERR_NOT_FOUND, "no workload '%s'%s", name, near_hint(&near, (char[NEAR_HINT_MAX]){ 0 }));
}
