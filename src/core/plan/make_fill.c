#include "core/plan/make.h"

#include "base/mem.h"
#include "core/plan/cost.h"
#include "core/plan/note.h"
#include "core/plan/why.h"

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
        const struct pack_item *item = &answer_problem(&m->answer)->items[answer_problem(&m->answer)->item_of[workload]];

        for (uint16_t i = 0; i < item->option_count; i++)
                if (item->options[i].gpu == gpu->model && item->options[i].group == m->answer.group_of[workload])
                        return &item->options[i];
        return NULL;
}

static void fill_placed(struct making *m, size_t index, const struct standing *standing, struct plan_workload *out) {
        const struct choice *choice = &m->answer.choices.items[index];
        const struct market_gpu *gpu = most_used(m, standing);
        const struct pack_option *option = option_on(m, index, gpu);
        const struct choice_group *group = &m->answer.choices.groups[option ? option->group : CHOICE_WHOLE];
        struct why_got got = {
                .gpu = gpu->sold_as, .usable_mib = gpu->usable_mib, .group = group, .option = option, .neighbours = standing->neighbours
        };

        out->mode = group->mode;
        out->profile = group->profile;
        out->gpu = gpu->sold_as;
        out->need_memory_mib = choice->need.memory_mib;
        out->need_compute = size_compute(&choice->need, gpu->model);
        out->reason = why_reason(&m->answer.choices, out->demand, choice, &got);
        out->risk = why_risk(&m->answer.choices, out->demand, choice, &got);
        out->gpus = choice->gpus ?: choice->slices;
        out->slices = out->gpus;
        if (m->demand->is_trace) {
                out->gpu_milli = out->demand->request.milli;
                if (group->mode != GPU_WHOLE)
                        out->profile = arena_strdup(&m->plan.arena, choice_share_text(out->gpu_milli, (char[CHOICE_SHARE_TEXT]){ 0 }));
        } else if (!option || group->mode == GPU_WHOLE)
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
                out->unplaced_reason = m->answer.choices.items[index].unplaced ?: "no instance type holds it beside what it needs";
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
                                               .gpus_usable = m->answer.choices.items[i].models,
                                               .today_usd_per_hour = m->today_usd[i],
                                               .plan_usd_per_hour = m->plan_usd[i],
                                               .unplaced = m->assigned.unplaced[i],
                                               .unplaced_reason = "" };
                if (answer_problem(&m->answer)->item_of[i] != PROBLEM_NO_ITEM && most_used(m, &standings[i]))
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

static void fill_figures(struct making *m) {
        struct plan *plan = &m->plan;

        plan->demand = m->demand;
        plan->plan_usd_per_hour = m->answer.solution.usd_per_hour;
        plan->bound_usd_per_hour = MIN(plan->bound_usd_per_hour, plan->plan_usd_per_hour);
        plan->gap_percent = plan->bound_usd_per_hour > 0 ? 100 * (plan->plan_usd_per_hour / plan->bound_usd_per_hour - 1) : 100;
        plan->saving_percent = plan->today_usd_per_hour > 0 ? 100 * (1 - plan->plan_usd_per_hour / plan->today_usd_per_hour) : 0;
        plan->proved = plan->bound_usd_per_hour > 0 && plan->gap_percent <= 100 * m->options->gap + 1e-9;
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

void make_fill(struct making *m) {
        cost_add(answer_problem(&m->answer), m->demand, &m->answer.solution, m->plan_usd);
        fill_workloads(m);
        fill_figures(m);
        note_all(&m->plan, &(struct note_facts){ .options = m->options,
                                                 .market = &m->market,
                                                 .scale = &m->answer.scale,
                                                 .crowded = m->assigned.crowded,
                                                 .today_unplaced = m->today_unplaced });
}
