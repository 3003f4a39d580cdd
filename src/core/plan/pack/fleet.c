#include "core/plan/pack/fleet.h"

#include <string.h>

#include "base/mem.h"

static struct fleet_group *group_free(struct fleet_group *g) {
        node_done(&g->node);
        free(g);
        return NULL;
}

void fleet_done(struct fleet *f) {
        for (size_t g = 0; g < f->count; g++)
                group_free(f->groups[g]);
        free(f->groups);
        *f = (struct fleet){ 0 };
}

static struct fleet_group *insert(struct fleet *f, size_t index, uint32_t count) {
        struct fleet_group *g = mem_zalloc(1, sizeof *g);

        g->count = count;
        MEM_GROW(f->groups, f->count, f->capacity);
        memmove(f->groups + index + 1, f->groups + index, (f->count - index) * sizeof *f->groups);
        f->groups[index] = g;
        f->count++;
        return g;
}

struct fleet_group *fleet_open(struct fleet *f, uint32_t type, uint32_t count) {
        struct fleet_group *g = insert(f, f->count, count);

        node_init(&g->node, f->rules, type);
        return g;
}

uint32_t fleet_fill(struct fleet *f, size_t index, uint32_t item, uint32_t want, size_t *ret_groups) {
        struct fleet_group *g = f->groups[index];
        struct node before;

        *ret_groups = 1;
        if (want == 0 || !node_takes(&g->node, f->rules, item))
                return 0;
        node_copy(&before, &g->node);
        uint32_t room = node_add(&g->node, f->rules, item, want), full = MIN(want / room, g->count);
        uint32_t rest = full < g->count ? want - full * room : 0, untouched = g->count - full - (rest > 0);

        g->count = full;
        if (rest > 0) {
                struct fleet_group *partial = insert(f, index + (*ret_groups)++, 1);
                node_copy(&partial->node, &before);
                node_add(&partial->node, f->rules, item, rest);
        }
        if (untouched > 0) {
                struct fleet_group *left = insert(f, index + (*ret_groups)++, untouched);
                node_copy(&left->node, &before);
        }
        node_done(&before);
        return full * room + rest;
}

/* The type with the least price per pod for up to `want` pods of `item`; on a tie the cheaper one. -1 if none holds any. */
static int cheapest_type(const struct node_rules *rules, uint32_t item, uint32_t want, uint32_t *ret_room) {
        const struct pack_problem *problem = rules->problem;
        double best_each = 0;
        int best = -1;

        for (uint32_t t = 0; t < problem->type_count; t++) {
                double price = problem->types[t].usd_per_hour;
                uint32_t room = node_room(rules, t, item, want);
                double each = room > 0 ? price / room : 0;
                if (room > 0 && (best < 0 || each < best_each || (each == best_each && price < problem->types[best].usd_per_hour))) {
                        best = (int)t;
                        best_each = each;
                        *ret_room = room;
                }
        }
        return best;
}

uint32_t fleet_buy(struct fleet *f, uint32_t item, uint32_t want) {
        while (want > 0) {
                uint32_t room = 0;
                int type = cheapest_type(f->rules, item, want, &room);
                if (type < 0)
                        break;
                struct fleet_group *g = fleet_open(f, (uint32_t)type, want / room);
                node_add(&g->node, f->rules, item, room);
                want -= want / room * room;
        }
        return want;
}

/* Types by rising price; the sort is stable, so equal prices keep the problem's order. */
static void types_by_price(const struct pack_problem *problem, uint32_t order[PACK_TYPES_MAX]) {
        for (uint32_t t = 0; t < problem->type_count; t++) {
                uint32_t at = t;
                for (; at > 0 && problem->types[order[at - 1]].usd_per_hour > problem->types[t].usd_per_hour; at--)
                        order[at] = order[at - 1];
                order[at] = t;
        }
}

/* Sums that rule a type out before the pods are tried one by one. */
static bool could_hold(const struct pack_type *to, const struct pack_type *from, const struct node *n) {
        return to->cpu_milli >= from->cpu_milli - n->cpu_milli && to->memory_mib >= from->memory_mib - n->memory_mib &&
               to->pods >= from->pods - n->pods;
}

void fleet_downsize(struct fleet *f) {
        const struct pack_problem *problem = f->rules->problem;
        uint32_t order[PACK_TYPES_MAX];

        types_by_price(problem, order);
        for (size_t g = 0; g < f->count; g++) {
                struct node *n = &f->groups[g]->node;
                const struct pack_type *now = &problem->types[n->type];
                for (uint32_t t = 0; problem->types[order[t]].usd_per_hour < now->usd_per_hour; t++) {
                        struct node moved;
                        if (could_hold(&problem->types[order[t]], now, n) && node_move(n, f->rules, order[t], &moved)) {
                                node_done(n);
                                *n = moved;
                                break;
                        }
                }
        }
}

int fleet_finish(const struct fleet *f, uint32_t *unplaced, struct pack_solution *ret_solution, struct err *e) {
        struct pack_solution s = { .unplaced = unplaced };

        s.nodes = mem_zalloc(f->count + 1, sizeof *s.nodes);
        for (size_t g = 0; g < f->count; g++) {
                int r = node_finish(&f->groups[g]->node, f->rules, f->groups[g]->count, &s.nodes[s.node_count], e);
                if (r < 0) {
                        s.unplaced = NULL;
                        pack_solution_done(&s);
                        return r;
                }
                s.node_count++;
                s.usd_per_hour += f->groups[g]->count * f->rules->problem->types[f->groups[g]->node.type].usd_per_hour;
        }
        *ret_solution = s;
        return 0;
}
