#include "core/plan/pack/fleet.h"

#include <string.h>

#include "base/mem.h"

void fleet_done(struct fleet *f) {
        for (size_t g = 0; g < f->count; g++) {
                node_done(&f->slots[g].group->node);
                free(f->slots[g].group);
        }
        free(f->slots);
        *f = (struct fleet){ 0 };
}

/* Bring the slot up to date with its group. */
static void refresh(struct fleet *f, size_t index) {
        struct fleet_slot *s = &f->slots[index];
        const struct node *n = &s->group->node;

        *s = (struct fleet_slot){ .group = s->group, .cpu_milli = n->cpu_milli, .memory_mib = n->memory_mib };
        for (unsigned g = 0; g < f->rules->problem->types[n->type].gpus; g++) {
                s->gpus_empty = (uint8_t)(s->gpus_empty + (n->gpus[g].count == 0));
                uint16_t left = n->gpus[g].mode == GPU_MIG ? 1000 : n->gpus[g].milli_left;
                if (left > s->milli_most)
                        s->milli_most = left;
        }
}

/* Make room for a group of `count` nodes at `index`; its node is still to be filled in. */
static struct fleet_group *insert(struct fleet *f, size_t index, uint32_t count) {
        struct fleet_group *g = mem_zalloc(1, sizeof *g);

        g->count = count;
        MEM_GROW(f->slots, f->count, f->capacity);
        memmove(f->slots + index + 1, f->slots + index, (f->count - index) * sizeof *f->slots);
        f->slots[index] = (struct fleet_slot){ .group = g };
        f->count++;
        return g;
}

size_t fleet_open(struct fleet *f, uint32_t type, uint32_t count) {
        node_init(&insert(f, f->count, count)->node, f->rules, type);
        refresh(f, f->count - 1);
        return f->count - 1;
}

uint32_t fleet_add(struct fleet *f, size_t index, uint32_t item, uint32_t want) {
        uint32_t added = node_add(&f->slots[index].group->node, f->rules, item, want);

        refresh(f, index);
        return added;
}

size_t fleet_next(const struct fleet *f, size_t index, uint32_t item) {
        const struct pack_item *it = &f->rules->problem->items[item];
        uint32_t cpu = it->cpu_milli, memory = it->memory_mib, milli = f->rules->milli_least[item], gpus = it->gpus;

        for (; index < f->count; index++) {
                const struct fleet_slot *s = &f->slots[index];
                if (s->cpu_milli >= cpu && s->memory_mib >= memory && s->milli_most >= milli && s->gpus_empty >= gpus)
                        break;
        }
        return index;
}

uint32_t fleet_fill(struct fleet *f, size_t index, uint32_t item, uint32_t want, size_t *ret_groups) {
        struct fleet_group *g = f->slots[index].group;
        struct node before;

        *ret_groups = 1;
        if (want == 0 || !node_takes(&g->node, f->rules, item))
                return 0;
        node_copy(&before, &g->node);
        uint32_t room = fleet_add(f, index, item, want), full = MIN(want / room, g->count);
        uint32_t rest = full < g->count ? want - full * room : 0, untouched = g->count - full - (rest > 0);

        g->count = full;
        if (rest > 0) {
                size_t at = index + (*ret_groups)++;
                node_copy(&insert(f, at, 1)->node, &before);
                fleet_add(f, at, item, rest);
        }
        if (untouched > 0) {
                size_t at = index + (*ret_groups)++;
                node_copy(&insert(f, at, untouched)->node, &before);
                refresh(f, at);
        }
        node_done(&before);
        return full * room + rest;
}

uint32_t fleet_first_fit(struct fleet *f, uint32_t item, uint32_t want) {
        size_t groups;

        for (size_t g = fleet_next(f, 0, item); g < f->count && want > 0; g = fleet_next(f, g + groups, item))
                want -= fleet_fill(f, g, item, want, &groups);
        return want;
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
                fleet_add(f, fleet_open(f, (uint32_t)type, want / room), item, room);
                want -= want / room * room;
        }
        return want;
}

int fleet_finish(const struct fleet *f, uint32_t *unplaced, struct pack_solution *ret_solution, struct err *e) {
        struct pack_solution s = { .unplaced = unplaced };

        s.nodes = mem_zalloc(f->count + 1, sizeof *s.nodes);
        for (size_t g = 0; g < f->count; g++) {
                int r = node_finish(&f->slots[g].group->node, f->rules, f->slots[g].group->count, &s.nodes[s.node_count], e);
                if (r < 0) {
                        s.unplaced = NULL;
                        pack_solution_done(&s);
                        return r;
                }
                s.node_count++;
                s.usd_per_hour += f->slots[g].group->count * f->rules->problem->types[f->slots[g].group->node.type].usd_per_hour;
        }
        *ret_solution = s;
        return 0;
}
