#include "core/plan/make.h"

#include "base/mem.h"
#include "core/plan/cost.h"
#include "core/plan/group.h"
#include "core/plan/note.h"

#define BASELINES_MAX 4

void answer_done(struct answer *a) {
        pack_solution_done(&a->solution);
        problem_done(&a->free);
        problem_done(&a->settled);
        choices_done(&a->choices);
        free(a->group_of);
        *a = (struct answer){ 0 };
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
        struct choice_world world = m->world;
        _cleanup_(choices_done) struct choices today = { 0 };
        _cleanup_(problem_done) struct problem p = { 0 };
        _cleanup_(pack_solution_done) struct pack_solution s = { 0 };
        struct problem_scale scale;

        problem_scale_find(&world, choices_make_today, &scale, &today, &p);
        int r = solve_greedy(&m->solve, &p, PACK_KARPENTER, &s, e);
        if (r < 0)
                return err_wrap(e, "whole GPUs as Karpenter buys them");
        m->plan.today_usd_per_hour = s.usd_per_hour;
        m->today_unplaced = unplaced_of(&today, &p, &s);
        cost_add(&p, m->demand, &s, m->today_usd);
        add_baseline(
                m, "karpenter", "Whole GPUs, as Karpenter buys them",
                "pods by falling CPU and memory into batches, each node the cheapest type that holds its pods; a part of a GPU asked for "
                "counts as a whole one",
                &today, &p, &s);
        return 0;
}

static int solve_baselines(struct making *m, struct err *e) {
        static const struct {
                enum pack_engine engine;
                bool trace_only;
                const char *key, *title, *how;
        } baselines[] = {
                /* Karpenter cannot tell slices of several modes apart; its rule says something only where all are shares of one kind. */
                { PACK_KARPENTER, true, "karpenter-sharing", "Slices, as Karpenter would buy them",
                  "Karpenter's batching rule over the plan's slices" },
                { PACK_FIRST_FIT, false, "first-fit", "Slices, first fit", "largest pods first, each onto the first node with room" },
                { PACK_BEST_FIT, false, "best-fit", "Slices, best fit",
                  "largest pods first, each onto the node it fills most; right-sized nodes" },
        };

        for (size_t i = 0; i < ARRAY_SIZE(baselines); i++) {
                _cleanup_(pack_solution_done) struct pack_solution s = { 0 };
                if (baselines[i].trace_only && !m->demand->is_trace)
                        continue;
                int r = solve_greedy(&m->solve, answer_problem(&m->answer), baselines[i].engine, &s, e);
                if (r < 0)
                        return err_wrap(e, "%s", baselines[i].title);
                add_baseline(m, baselines[i].key, baselines[i].title, baselines[i].how, &m->answer.choices, answer_problem(&m->answer), &s);
        }
        return 0;
}

/* Where items were merged, their bound is not the pods': take it from items of the smallest sizes. */
static int find_bound(struct making *m, struct err *e) {
        struct choice_world world = m->world;
        _cleanup_(choices_done) struct choices small = { 0 };
        _cleanup_(problem_done) struct problem p = { 0 };
        _cleanup_(pack_solution_done) struct pack_solution s = { 0 };

        m->plan.bound_usd_per_hour = m->answer.bound_usd_per_hour;
        if (m->answer.scale.size <= 0)
                return 0;
        world.down = true;
        world.grain = m->answer.scale.need;
        choices_make(&small, &world);
        problem_make(&small, NULL, &m->answer.scale, &p);
        int r = solve_exact(&m->solve, &p, 0.3, 0, &s, e);
        if (r < 0)
                return err_wrap(e, "bound");
        m->plan.bound_usd_per_hour = s.bound_usd_per_hour;
        return 0;
}

static void keep_solution(struct making *m, struct pack_solution *s) {
        pack_solution_done(&m->answer.solution);
        m->answer.solution = *s;
        *s = (struct pack_solution){ 0 };
}

/* At one scale: any way first, then one resource name for each workload. */
static int solve_answer(struct making *m, struct answer *a, double part, struct err *e) {
        a->group_of = mem_zalloc(m->demand->count, sizeof *a->group_of);
        int r = solve_exact(&m->solve, &a->free, part, 0, &a->solution, e);
        a->bound_usd_per_hour = a->solution.bound_usd_per_hour;
        return r < 0 ? r : group_settle(&m->solve, &a->choices, &a->free, &a->solution, &a->scale, &a->settled, a->group_of, e);
}

/* Deal the pods out only to look: how many pools are there, how many pods stand too close? */
static int look_at(const struct answer *a, const struct pack_solution *solution, uint32_t *ret_pools, uint64_t *ret_crowded,
                   struct err *e) {
        struct assigned assigned = { 0 };
        struct arena scratch = { 0 };

        int r = assign_pods(&a->choices, answer_problem(a), solution, &scratch, &assigned, e);
        arena_done(&scratch);
        free(assigned.nodes);
        free(assigned.unplaced);
        if (r < 0)
                return r;
        *ret_pools = assigned.pools;
        *ret_crowded = assigned.crowded;
        return 0;
}

/* Where pods were merged, the greedy answer for them as they are may be cheaper, and it keeps every limit per node. */
static int try_unmerged(struct making *m, struct err *e) {
        _cleanup_(answer_done) struct answer fine = { 0 };
        struct choice_world world = m->world;
        uint64_t crowded;
        uint32_t pools;

        if (!m->answer.scale.spread_relaxed)
                return 0;
        int r = look_at(&m->answer, &m->answer.solution, &pools, &crowded, e);
        if (r < 0)
                return r;
        choices_make(&fine.choices, &world);
        problem_make(&fine.choices, NULL, &fine.scale, &fine.free);
        m->solve.greedy = true;
        r = solve_answer(m, &fine, 1, e);
        m->solve.greedy = false;
        if (r < 0 || (crowded == 0 && fine.solution.usd_per_hour >= m->answer.solution.usd_per_hour))
                return r;
        struct answer merged = m->answer;
        m->answer = fine;
        fine = merged;
        return 0;
}

/* What the user's limits cost is found by solving without them. */
static int limit_pools(struct making *m, struct err *e) {
        _cleanup_(pack_solution_done) struct pack_solution s = { 0 };
        struct answer *a = &m->answer;
        uint32_t without, with;
        uint64_t crowded;

        if (m->options->max_pools == 0)
                return 0;
        int r = look_at(a, &a->solution, &without, &crowded, e);
        if (r < 0)
                return r;
        if (without <= m->options->max_pools) {
                note_pools_within(&m->plan, m->options->max_pools, without);
                return 0;
        }
        r = solve_exact(&m->solve, answer_problem(a), 0.9, m->options->max_pools, &s, e);
        if (r == 0)
                r = look_at(a, &s, &with, &crowded, e);
        if (r < 0)
                return err_wrap(e, "--max-pools %u", m->options->max_pools);
        note_pools(&m->plan, &(struct note_pools){ .max = m->options->max_pools,
                                                   .without = without,
                                                   .with = with,
                                                   .usd_without = a->solution.usd_per_hour,
                                                   .usd_with = s.usd_per_hour });
        keep_solution(m, &s);
        return 0;
}

static int price_menu(struct making *m, struct err *e) {
        struct choice_world world = m->world;
        _cleanup_(choices_done) struct choices any = { 0 };
        _cleanup_(problem_done) struct problem p = { 0 };
        _cleanup_(pack_solution_done) struct pack_solution s = { 0 };
        struct problem_scale scale;

        if (m->options->share_size_count == 0 || m->demand->is_trace)
                return 0;
        world.rules.menu_count = 0;
        problem_scale_find(&world, choices_make, &scale, &any, &p);
        int r = solve_exact(&m->solve, &p, 0.3, 0, &s, e);
        if (r < 0)
                return err_wrap(e, "--share-sizes");
        note_menu(&m->plan, m->options, s.usd_per_hour, m->answer.solution.usd_per_hour);
        return 0;
}

/* May the first solve leave something to solve again? Then it may not use all the time. */
static bool more_to_solve(const struct making *m) {
        bool several = false;

        for (size_t i = 0; i < m->demand->count && !several; i++) {
                const struct choice_list *list = m->answer.choices.items[i].list;
                for (uint32_t k = 1; list && k < list->count; k++)
                        several |= list->options[k].group != list->options[0].group;
        }
        return several || m->options->max_pools > 0 || m->options->share_size_count > 0 || m->answer.scale.spread_relaxed;
}

static int solve_plan(struct making *m, struct err *e) {
        return solve_answer(m, &m->answer, more_to_solve(m) ? 0.6 : 1, e);
}

int make_solve(struct making *m, struct err *e) {
        struct choice_world world = m->world;
        struct answer *a = &m->answer;

        problem_scale_find(&world, choices_make, &a->scale, &a->choices, &a->free);
        if (a->free.pack.item_count == 0)
                return err_set(e, ERR_IMPOSSIBLE, "no pod can be placed; %s: %s", m->demand->workloads[0].name,
                               a->choices.items[0].unplaced ?: "it has no pods");
        int (*const steps[])(struct making *, struct err *) = {
                solve_today, solve_plan, find_bound, try_unmerged, solve_baselines, price_menu, limit_pools,
        };
        int r = 0;
        for (size_t i = 0; i < ARRAY_SIZE(steps) && r == 0; i++)
                r = steps[i](m, e);
        return r;
}
