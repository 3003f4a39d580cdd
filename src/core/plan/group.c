#include "core/plan/group.h"

#include <string.h>

#include "base/mem.h"

struct used {
        uint32_t group;
        int64_t pods; /* still to be handed to workloads */
};

struct use {
        uint32_t count;
        struct used groups[PACK_OPTIONS_MAX];
};

static void add_use(struct use *use, uint32_t group, uint32_t pods) {
        for (uint32_t i = 0; i < use->count; i++)
                if (use->groups[i].group == group) {
                        use->groups[i].pods += pods;
                        return;
                }
        use->groups[use->count++] = (struct used){ .group = group, .pods = pods };
}

static void count_uses(const struct problem *p, const struct pack_solution *solution, struct use *uses) {
        for (size_t n = 0; n < solution->node_count; n++) {
                const struct pack_node *node = &solution->nodes[n];
                for (unsigned g = 0; g < p->pack.types[node->type].gpus; g++)
                        for (unsigned s = 0; s < node->gpus[g].count; s++) {
                                const struct pack_slice *slice = &node->gpus[g].slices[s];
                                const struct pack_item *item = &p->items[slice->item];
                                add_use(&uses[slice->item], item->gpus ? CHOICE_WHOLE : item->options[slice->option].group, node->count);
                        }
        }
}

static struct used *largest(struct use *use) {
        struct used *best = &use->groups[0];

        for (uint32_t i = 1; i < use->count; i++)
                if (use->groups[i].pods > best->pods)
                        best = &use->groups[i];
        return best;
}

static int by_replicas(const void *a, const void *b, void *context) {
        const struct workload *workloads = context;
        uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

        if (workloads[x].replicas != workloads[y].replicas)
                return workloads[x].replicas < workloads[y].replicas ? 1 : -1;
        return (x > y) - (x < y);
}

/* What most of its pods have, for each workload. True if any item uses more than one. */
static bool keep_most(const struct choices *c, const struct problem *p, const struct pack_solution *solution, uint32_t *group_of,
                      bool *contested) {
        struct use *uses = mem_zalloc(MAX(p->pack.item_count, 1u), sizeof *uses);
        struct workload *workloads = c->world.demand->workloads;
        bool mixed = false;

        for (size_t i = 0; i < c->world.demand->count; i++)
                group_of[i] = UINT32_MAX;
        count_uses(p, solution, uses);
        for (size_t i = 0; i < p->pack.item_count; i++) {
                uint32_t *members = p->members + p->first_member[i], count = p->first_member[i + 1] - p->first_member[i];
                if (uses[i].count == 0)
                        continue;
                mixed |= uses[i].count > 1;
                qsort_r(members, count, sizeof *members, by_replicas, workloads);
                for (uint32_t m = 0; m < count; m++) {
                        struct used *used = largest(&uses[i]);
                        group_of[members[m]] = used->group;
                        contested[members[m]] = uses[i].count > 1;
                        used->pods -= workloads[members[m]].replicas;
                }
        }
        free(uses);
        return mixed;
}

/* The search for better names. */
struct search {
        struct solve *solve;
        struct choices *choices;
        const struct problem_scale *scale;
        uint32_t *group_of;
        struct problem *problem;        /* of the best so far */
        struct pack_solution *solution; /* the best so far */
        double good_enough, until_seconds;
        unsigned tries;
};

static bool search_over(const struct search *s) {
        return s->tries >= GROUP_TRIES_MAX || s->solution->usd_per_hour <= s->good_enough || solve_seconds(s->solve) > s->until_seconds ||
               s->solve->env->stop(s->solve->env->context);
}

static uint64_t unplaced_in(const struct problem *p, const struct pack_solution *solution) {
        uint64_t pods = 0;

        for (size_t i = 0; i < p->pack.item_count; i++)
                pods += solution->unplaced[i];
        return pods;
}

static int try_group(struct search *s, size_t workload, uint32_t group, struct err *e) {
        uint32_t before = s->group_of[workload];
        struct pack_solution solution = { 0 };
        struct problem problem;

        s->tries++;
        s->group_of[workload] = group;
        problem_make(s->choices, s->group_of, s->scale, &problem);
        int r = solve_exact(s->solve, &problem, 0.1, 0, &solution, e);
        if (r == 0 && solution.usd_per_hour < s->solution->usd_per_hour - 1e-9 &&
            unplaced_in(&problem, &solution) <= unplaced_in(s->problem, s->solution)) {
                problem_done(s->problem);
                pack_solution_done(s->solution);
                *s->problem = problem;
                *s->solution = solution;
                return 0;
        }
        s->group_of[workload] = before;
        pack_solution_done(&solution);
        problem_done(&problem);
        return r;
}

static int try_groups_of(struct search *s, size_t workload, struct err *e) {
        const struct choice_list *list = s->choices->items[workload].list;
        int r = 0;

        for (uint32_t i = 0; list && i < list->count && r == 0 && !search_over(s); i++) {
                bool seen = list->options[i].group == s->group_of[workload];
                for (uint32_t k = 0; k < i; k++)
                        seen |= list->options[k].group == list->options[i].group;
                if (!seen)
                        r = try_group(s, workload, list->options[i].group, e);
        }
        return r;
}

/* Workloads that the optimiser wanted to mix first, then the others. */
static int search(struct search *s, const bool *contested, struct err *e) {
        int r = 0;

        for (int wanted = 1; wanted >= 0; wanted--)
                for (size_t i = 0; i < s->choices->world.demand->count && r == 0 && !search_over(s); i++)
                        if (contested[i] == wanted && s->group_of[i] != UINT32_MAX)
                                r = try_groups_of(s, i, e);
        return r;
}

int group_settle(struct solve *s, struct choices *c, const struct problem *free_problem, struct pack_solution *io_solution,
                 const struct problem_scale *scale, struct problem *ret_settled, uint32_t *ret_group_of, struct err *e) {
        _cleanup_free_ bool *contested = mem_zalloc(MAX(c->world.demand->count, 1u), sizeof *contested);
        struct pack_solution settled = { 0 };

        if (!keep_most(c, free_problem, io_solution, ret_group_of, contested))
                return 0;
        problem_make(c, ret_group_of, scale, ret_settled);
        int r = solve_exact(s, ret_settled, 0.7, 0, &settled, e);
        if (r < 0)
                return err_wrap(e, "one resource name for each workload");
        double free_usd = io_solution->usd_per_hour;
        pack_solution_done(io_solution);
        *io_solution = settled;
        if (s->greedy)
                return 0;
        struct search job = { .solve = s,
                              .choices = c,
                              .scale = scale,
                              .group_of = ret_group_of,
                              .problem = ret_settled,
                              .solution = io_solution,
                              .good_enough = free_usd * (1 + s->options->gap),
                              .until_seconds = solve_seconds(s) + GROUP_SECONDS_MAX };
        return search(&job, contested, e);
}
