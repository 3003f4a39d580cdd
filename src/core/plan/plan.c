#include "core/plan/plan.h"

#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "base/near.h"
#include "core/plan/assign.h"
#include "core/plan/choice.h"
#include "core/plan/cost.h"
#include "core/plan/group.h"
#include "core/plan/market.h"
#include "core/plan/note.h"
#include "core/plan/problem.h"
#include "core/plan/solve.h"
#include "core/plan/why.h"

#define PODS_MAX 2000000000u /* of all workloads together */
#define BASELINES_MAX 4

/* Everything between the demand and the plan, freed together. */
struct making {
        const struct demand *demand;
        const struct plan_options *options;
        const struct price_list *prices;
        struct plan plan;
        struct solve solve;
        struct market market;
        struct choices choices, today;
        struct problem free;         /* each pod may stand any way */
        struct problem settled;      /* each workload has one resource name; empty where the free solution is so already */
        const struct problem *final; /* that of `solution` */
        uint32_t *group_of;          /* [workloads] */
        struct pack_solution solution;
        double *today_usd, *plan_usd; /* [workloads] */
        struct assigned assigned;
        uint64_t today_unplaced;
};

static void making_done(struct making *m) {
        pack_solution_done(&m->solution);
        problem_done(&m->free);
        problem_done(&m->settled);
        choices_done(&m->choices);
        choices_done(&m->today);
        free(m->group_of);
        free(m->today_usd);
        free(m->plan_usd);
        free(m->assigned.unplaced);
        free(m->assigned.nodes);
        plan_done(&m->plan);
}

static void problem_cleanup(struct problem *p) {
        problem_done(p);
}

static void solution_cleanup(struct pack_solution *s) {
        pack_solution_done(s);
}

void plan_done(struct plan *p) {
        free(p->workloads);
        free(p->nodes);
        free(p->points);
        arena_done(&p->arena);
        *p = (struct plan){ 0 };
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

static uint64_t nodes_of(const struct pack_solution *s) {
        uint64_t nodes = 0;

        for (size_t i = 0; i < s->node_count; i++)
                nodes += s->nodes[i].count;
        return nodes;
}

/* Pods that have no place, whether the optimiser or the choice before it said so. */
static uint64_t unplaced_of(const struct choices *c, const struct problem *p, const struct pack_solution *s) {
        uint64_t pods = 0;

        for (size_t i = 0; i < c->world.demand->count; i++)
                pods += c->items[i].unplaced ? c->world.demand->workloads[i].replicas : 0;
        for (size_t i = 0; s->unplaced && i < p->pack.item_count; i++)
                pods += s->unplaced[i];
        return pods;
}

static void add_baseline(struct making *m, const char *key, const char *title, const char *how, const struct choices *c,
                         const struct problem *p, const struct pack_solution *s) {
        struct plan *plan = &m->plan;

        if (!plan->baselines)
                plan->baselines = arena_alloc(&plan->arena, BASELINES_MAX * sizeof *plan->baselines);
        plan->baselines[plan->baseline_count++] = (struct plan_baseline){ .key = key,
                                                                          .title = title,
                                                                          .how = how,
                                                                          .usd_per_hour = s->usd_per_hour,
                                                                          .nodes = nodes_of(s),
                                                                          .unplaced = unplaced_of(c, p, s) };
}

static int solve_today(struct making *m, struct err *e) {
        _cleanup_(problem_cleanup) struct problem p = { 0 };
        _cleanup_(solution_cleanup) struct pack_solution s = { 0 };

        problem_make(&m->today, NULL, PROBLEM_UP, &p);
        int r = solve_greedy(&m->solve, &p, PACK_KARPENTER, &s, e);
        if (r < 0)
                return err_wrap(e, "whole GPUs as Karpenter buys them");
        m->plan.today_usd_per_hour = s.usd_per_hour;
        m->today_unplaced = unplaced_of(&m->today, &p, &s);
        cost_add(&p, m->demand, &s, m->today_usd);
        add_baseline(
                m, "karpenter", "Whole GPUs, as Karpenter buys them",
                "pods by falling CPU and memory into batches, each node the cheapest type that holds its pods; a part of a GPU asked for "
                "counts as a whole one",
                &m->today, &p, &s);
        return 0;
}

static int solve_baselines(struct making *m, struct err *e) {
        static const struct {
                enum pack_engine engine;
                const char *key, *title, *how;
        } baselines[] = {
                { PACK_KARPENTER, "karpenter-sharing", "Slices, as Karpenter would buy them",
                  "Karpenter's batching rule over the plan's slices" },
                { PACK_FIRST_FIT, "first-fit", "Slices, first fit", "largest pods first, each onto the first node with room" },
                { PACK_BEST_FIT, "best-fit", "Slices, best fit",
                  "largest pods first, each onto the node it fills most; right-sized nodes" },
        };

        for (size_t i = 0; i < ARRAY_SIZE(baselines); i++) {
                _cleanup_(solution_cleanup) struct pack_solution s = { 0 };
                int r = solve_greedy(&m->solve, m->final, baselines[i].engine, &s, e);
                if (r < 0)
                        return err_wrap(e, "%s", baselines[i].title);
                add_baseline(m, baselines[i].key, baselines[i].title, baselines[i].how, &m->choices, m->final, &s);
        }
        return 0;
}

/* Where items were merged, their bound is not the pods': take it from items of the smallest sizes. */
static int find_bound(struct making *m, const struct pack_solution *free_solution, struct err *e) {
        _cleanup_(problem_cleanup) struct problem down = { 0 };
        _cleanup_(solution_cleanup) struct pack_solution s = { 0 };

        m->plan.bound_usd_per_hour = free_solution->bound_usd_per_hour;
        if (m->free.cell <= 0 && !m->free.relaxed_spread)
                return 0;
        problem_make(&m->choices, NULL, PROBLEM_DOWN, &down);
        int r = solve_exact(&m->solve, &down, 0.3, 0, &s, e);
        if (r < 0)
                return err_wrap(e, "bound");
        m->plan.bound_usd_per_hour = s.bound_usd_per_hour;
        return 0;
}

static void keep_solution(struct making *m, struct pack_solution *s) {
        pack_solution_done(&m->solution);
        m->solution = *s;
        *s = (struct pack_solution){ 0 };
}

/* Each workload ends with one resource name. */
static int settle(struct making *m, struct err *e) {
        int r = group_settle(&m->solve, &m->choices, &m->free, &m->solution, &m->settled, m->group_of, e);
        m->final = m->settled.items ? &m->settled : &m->free;
        return r;
}

/* What the user's limits cost is found by solving without them. */
static int limit_pools(struct making *m, struct err *e) {
        _cleanup_(solution_cleanup) struct pack_solution s = { 0 };
        struct assigned assigned = { 0 };
        struct arena scratch = { 0 };

        if (m->options->max_pools == 0)
                return 0;
        int r = assign_pods(&m->choices, m->final, &m->solution, &scratch, &assigned, e);
        arena_done(&scratch);
        free(assigned.nodes);
        free(assigned.unplaced);
        if (r < 0)
                return r;
        if (assigned.pools <= m->options->max_pools) {
                note_pools_within(&m->plan, m->options->max_pools, assigned.pools);
                return 0;
        }
        r = solve_exact(&m->solve, m->final, 0.9, m->options->max_pools, &s, e);
        if (r < 0)
                return err_wrap(e, "--max-pools %u", m->options->max_pools);
        note_pools(&m->plan, m->options->max_pools, assigned.pools, m->solution.usd_per_hour, s.usd_per_hour);
        keep_solution(m, &s);
        return 0;
}

static int price_menu(struct making *m, struct err *e) {
        struct choice_world world = m->choices.world;
        struct choices any = { 0 };
        _cleanup_(problem_cleanup) struct problem p = { 0 };
        _cleanup_(solution_cleanup) struct pack_solution s = { 0 };

        if (m->options->share_size_count == 0 || m->demand->is_trace)
                return 0;
        world.rules.menu_count = 0;
        choices_make(&any, &world);
        problem_make(&any, NULL, PROBLEM_UP, &p);
        int r = solve_exact(&m->solve, &p, 0.3, 0, &s, e);
        if (r == 0)
                note_menu(&m->plan, m->options, s.usd_per_hour, m->solution.usd_per_hour);
        problem_done(&p);
        choices_done(&any);
        return r < 0 ? err_wrap(e, "--share-sizes") : 0;
}

/* May the first solve leave something to solve again? Then it may not use all the time. */
static bool more_to_solve(const struct making *m) {
        bool several = false;

        for (size_t i = 0; i < m->demand->count && !several; i++) {
                const struct choice_list *list = m->choices.items[i].list;
                for (uint32_t k = 1; list && k < list->count; k++)
                        several |= list->options[k].group != list->options[0].group;
        }
        return several || m->options->max_pools > 0 || m->options->share_size_count > 0 || m->free.cell > 0 || m->free.relaxed_spread;
}

static int solve_all(struct making *m, struct err *e) {

        problem_make(&m->choices, NULL, PROBLEM_UP, &m->free);
        if (m->free.pack.item_count == 0)
                return err_set(e, ERR_IMPOSSIBLE, "no pod can be placed; %s: %s", m->demand->workloads[0].name,
                               m->choices.items[0].unplaced ?: "it has no pods");
        int r = solve_today(m, e);
        if (r == 0)
                r = solve_exact(&m->solve, &m->free, more_to_solve(m) ? 0.6 : 1, 0, &m->solution, e);
        if (r == 0)
                r = find_bound(m, &m->solution, e);
        if (r == 0)
                r = settle(m, e);
        if (r == 0)
                r = solve_baselines(m, e);
        if (r == 0)
                r = price_menu(m, e);
        return r < 0 ? r : limit_pools(m, e);
}

/* What each workload got, seen from the nodes. */
struct standing {
        uint64_t pods[MARKET_GPUS_MAX];
        const struct pack_option *option;
        uint32_t neighbours;
};

static void look_at_nodes(const struct making *m, struct standing *standings) {
        for (size_t n = 0; n < m->assigned.node_count; n++) {
                const struct plan_node *node = &m->assigned.nodes[n];
                for (uint32_t g = 0; g < node->gpu_count; g++)
                        for (uint32_t s = 0; s < node->gpus[g].slice_count; s++) {
                                struct standing *at = &standings[node->gpus[g].slices[s].workload];
                                at->neighbours = MAX(at->neighbours, node->gpus[g].slice_count - 1);
                                for (size_t k = 0; k < m->market.gpu_count; k++)
                                        if (market_gpu_is(&m->market.gpus[k], node->type))
                                                at->pods[k] += node->count;
                        }
        }
}

static const struct market_gpu *most_used(const struct making *m, const struct standing *standing) {
        size_t best = 0;

        for (size_t k = 1; k < m->market.gpu_count; k++)
                if (standing->pods[k] > standing->pods[best])
                        best = k;
        return standing->pods[best] > 0 ? &m->market.gpus[best] : NULL;
}

static const struct pack_option *option_on(const struct making *m, size_t workload, const struct market_gpu *gpu) {
        const struct pack_item *item = &m->final->items[m->final->item_of[workload]];

        for (uint16_t i = 0; i < item->option_count; i++)
                if (item->options[i].gpu == gpu->model && item->options[i].group == m->group_of[workload])
                        return &item->options[i];
        return NULL;
}

static void fill_placed(struct making *m, size_t index, const struct standing *standing, struct plan_workload *out) {
        const struct choice *choice = &m->choices.items[index];
        const struct market_gpu *gpu = most_used(m, standing);
        const struct pack_option *option = option_on(m, index, gpu);
        const struct choice_group *group = &m->choices.groups[option ? option->group : CHOICE_WHOLE];
        struct why_got got = {
                .gpu = gpu->sold_as, .usable_mib = gpu->usable_mib, .group = group, .option = option, .neighbours = standing->neighbours
        };

        out->mode = group->mode;
        out->profile = group->profile;
        out->gpu = gpu->sold_as;
        out->need_memory_mib = choice->need.memory_mib;
        out->need_compute = size_compute(&choice->need, gpu->model);
        out->reason = why_reason(&m->choices, out->demand, choice, &got);
        out->risk = why_risk(&m->choices, out->demand, choice, &got);
        out->gpus = choice->gpus ?: choice->slices;
        out->slices = out->gpus;
        if (m->demand->is_trace)
                out->gpu_milli = out->demand->request.milli;
        else if (!option || group->mode == GPU_WHOLE)
                out->gpu_milli = 1000;
        else if (group->mode == GPU_MIG)
                out->gpu_milli = (uint16_t)(1000u * option->profile->memory_slices / option->gpu->memory_slices);
        else
                out->gpu_milli = (uint16_t)(option->milli / choice->slices);
}

static void fill_unplaced(const struct making *m, size_t index, struct plan_workload *out) {
        const struct workload *w = out->demand;

        out->mode = GPU_WHOLE;
        out->profile = "whole";
        out->reason = out->risk = "";
        out->need_compute = -1;
        out->gpus = out->slices = MAX(1u, w->request.count);
        out->gpu_milli = w->request.milli > 0 ? w->request.milli : 1000;
        if (out->unplaced > 0)
                out->unplaced_reason = m->choices.items[index].unplaced ?: "no instance type holds it beside what it needs";
}

static void fill_workloads(struct making *m) {
        size_t count = m->demand->count;
        struct standing *standings = mem_zalloc(count, sizeof *standings);
        struct plan *plan = &m->plan;

        look_at_nodes(m, standings);
        plan->workload_count = count;
        plan->workloads = mem_zalloc(count, sizeof *plan->workloads);
        for (size_t i = 0; i < count; i++) {
                const struct workload *w = &m->demand->workloads[i];
                struct plan_workload *out = &plan->workloads[i];
                *out = (struct plan_workload){ .demand = w,
                                               .cpu_milli = w->cpu_milli,
                                               .memory_mib = w->memory_mib,
                                               .gpus_usable = m->choices.items[i].models,
                                               .today_usd_per_hour = m->today_usd[i],
                                               .plan_usd_per_hour = m->plan_usd[i],
                                               .unplaced = m->assigned.unplaced[i],
                                               .unplaced_reason = "" };
                if (m->final->item_of[i] != PROBLEM_NO_ITEM && most_used(m, &standings[i]))
                        fill_placed(m, i, &standings[i], out);
                else
                        fill_unplaced(m, i, out);
        }
        free(standings);
}

static int by_price(const void *a, const void *b) {
        const struct plan_baseline *x = a, *y = b;
        return (x->usd_per_hour < y->usd_per_hour) - (x->usd_per_hour > y->usd_per_hour);
}

static void fill_plan(struct making *m) {
        struct plan *plan = &m->plan;

        plan->demand = m->demand;
        plan->plan_usd_per_hour = m->solution.usd_per_hour;
        plan->bound_usd_per_hour = MIN(plan->bound_usd_per_hour, plan->plan_usd_per_hour);
        plan->gap_percent = plan->bound_usd_per_hour > 0 ? 100 * (plan->plan_usd_per_hour / plan->bound_usd_per_hour - 1) : 0;
        plan->saving_percent = plan->today_usd_per_hour > 0 ? 100 * (1 - plan->plan_usd_per_hour / plan->today_usd_per_hour) : 0;
        plan->proved = plan->gap_percent <= 100 * m->options->gap + 1e-9;
        plan->region = m->options->region;
        plan->capacity = m->options->capacity;
        plan->price_source = arena_strdup(&plan->arena, m->market.price->source);
        plan->price_date = arena_strdup(&plan->arena, m->market.price->date);
        plan->nodes = TAKE_PTR(m->assigned.nodes);
        plan->node_count = m->assigned.node_count;
        plan->pools = m->assigned.pools;
        qsort(plan->baselines, plan->baseline_count, sizeof *plan->baselines, by_price);
        plan->seconds = solve_seconds(&m->solve);
}

static int make(struct making *m, const struct pack_env *env, struct err *e) {
        const struct plan_options *o = m->options;
        struct choice_world world = {
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
        m->group_of = mem_zalloc(m->demand->count, sizeof *m->group_of);
        m->plan_usd = mem_zalloc(m->demand->count, sizeof *m->plan_usd);
        choices_make(&m->choices, &world);
        choices_make_today(&m->today, &world);
        r = solve_all(m, e);
        if (r == 0)
                r = assign_pods(&m->choices, m->final, &m->solution, &m->plan.arena, &m->assigned, e);
        if (r < 0)
                return r;
        cost_add(m->final, m->demand, &m->solution, m->plan_usd);
        fill_workloads(m);
        fill_plan(m);
        note_all(&m->plan, &(struct note_facts){ .options = o,
                                                 .market = &m->market,
                                                 .free = &m->free,
                                                 .crowded = m->assigned.crowded,
                                                 .today_unplaced = m->today_unplaced });
        return 0;
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
