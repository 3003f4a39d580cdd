#include "core/plan/problem.h"

#include <math.h>
#include <string.h>

#include "base/hash.h"
#include "base/mem.h"

static const struct problem_scale scales[] = {
        { 0, 0, false },     { 0, 0, true },       { 0.05, 0.02, true }, { 0.1, 0.05, true }, { 0.15, 0.1, true },
        { 0.25, 0.2, true }, { 0.35, 0.35, true }, { 0.5, 0.5, true },   { 0.7, 0.7, true },  { 1, 1, true },
};

/* What must be equal for two workloads to be one item. Compared byte by byte. */
struct key {
        uint64_t types[PACK_TYPES_MAX / 64];
        const struct choice_list *list;
        uint32_t cpu_cell, memory_cell, alone; /* alone: its index + 1, if it may not be merged */
        uint32_t gpus, slices, max_per_node;
};

struct class {
        UT_hash_handle hh;
        struct key key;
        uint32_t item;
};

struct making {
        struct choices *choices;
        const uint32_t *group_of;
        struct problem_scale scale;
        struct class *classes; /* hash by key */
        struct arena arena;    /* of the hash's nodes */
        struct pack_item *items;
        size_t count, capacity;
        uint32_t *item_of;
};

static uint32_t cell_of(uint32_t value, double cell) {
        if (cell <= 0 || value == 0)
                return value;
        return 1 + (uint32_t)(log(value) / log1p(cell));
}

static const struct choice_list *list_of(const struct making *m, size_t workload) {
        const struct choice *choice = &m->choices->items[workload];

        if (!choice->list || !m->group_of || m->group_of[workload] == UINT32_MAX)
                return choice->list;
        return choices_only(m->choices, choice, m->group_of[workload]);
}

static void make_key(const struct making *m, size_t workload, bool alone, struct key *key) {
        const struct choice *choice = &m->choices->items[workload];
        const struct workload *w = &m->choices->world.demand->workloads[workload];
        struct market_set types = choice->types;

        memset(key, 0, sizeof *key);
        key->list = list_of(m, workload);
        if (key->list && key->list != choice->list) {
                struct market_set with_gpu = choice_types(m->choices->world.market, key->list);
                types = market_both(&types, &with_gpu);
        }
        memcpy(key->types, types.bits, sizeof key->types);
        key->cpu_cell = cell_of(w->cpu_milli, m->scale.size);
        key->memory_cell = cell_of(w->memory_mib, m->scale.size);
        key->gpus = choice->gpus;
        key->slices = choice->slices;
        bool spread = w->max_per_node > 0 && !m->scale.spread_relaxed;
        key->max_per_node = spread ? w->max_per_node : 0;
        key->alone = alone || spread ? (uint32_t)workload + 1 : 0;
}

static void add_item(struct making *m, const struct key *key, const struct workload *w) {
        MEM_GROW(m->items, m->count, m->capacity);
        struct pack_item *item = &m->items[m->count++];
        *item = (struct pack_item){
                .cpu_milli = w->cpu_milli,
                .memory_mib = w->memory_mib,
                .gpus = (uint8_t)key->gpus,
                .max_per_node = key->max_per_node,
                .option_count = (uint16_t)(key->list ? key->list->count : 0),
                .options = key->list ? key->list->options : NULL,
        };
        memcpy(item->types, key->types, sizeof item->types);
}

static void join_item(const struct making *m, struct pack_item *item, const struct workload *w) {
        bool up = !m->choices->world.down;

        item->count += w->replicas;
        item->cpu_milli = up ? MAX(item->cpu_milli, w->cpu_milli) : MIN(item->cpu_milli, w->cpu_milli);
        item->memory_mib = up ? MAX(item->memory_mib, w->memory_mib) : MIN(item->memory_mib, w->memory_mib);
}

/* `apart[workload]`: not to be merged. */
static void classify(struct making *m, const bool *apart) {
        const struct demand *d = m->choices->world.demand;

        HASH_CLEAR(hh, m->classes);
        arena_done(&m->arena);
        m->count = 0;
        for (size_t i = 0; i < d->count; i++) {
                struct key key;
                struct class *class;
                m->item_of[i] = PROBLEM_NO_ITEM;
                if (m->choices->items[i].unplaced || d->workloads[i].replicas == 0)
                        continue;
                make_key(m, i, apart[i], &key);
                HASH_FIND(hh, m->classes, &key, sizeof key, class);
                if (!class) {
                        class = arena_zalloc(&m->arena, sizeof *class);
                        class->key = key;
                        class->item = (uint32_t)m->count;
                        HASH_ADD(hh, m->classes, key, sizeof key, class);
                        add_item(m, &key, &d->workloads[i]);
                }
                m->item_of[i] = class->item;
                join_item(m, &m->items[class->item], &d->workloads[i]);
        }
}

/* A merged item whose largest sizes come from different members may fit nowhere; its members then stand alone. */
static bool fit_items(struct making *m, bool *apart) {
        const struct demand *d = m->choices->world.demand;
        bool all = true;

        for (size_t i = 0; i < m->count; i++) {
                struct pack_item *item = &m->items[i];
                struct market_set among, fit;
                memcpy(among.bits, item->types, sizeof among.bits);
                fit = market_fit(m->choices->world.market, &among, item->cpu_milli, item->memory_mib, item->gpus ?: 1);
                memcpy(item->types, fit.bits, sizeof item->types);
                if (!market_empty(&fit))
                        continue;
                all = false;
                for (size_t w = 0; w < d->count; w++)
                        apart[w] |= m->item_of[w] == i;
        }
        return all;
}

static void list_members(const struct making *m, struct problem *p) {
        size_t workloads = m->choices->world.demand->count;
        uint32_t *next = mem_zalloc(m->count + 1, sizeof *next);

        p->first_member = mem_zalloc(m->count + 1, sizeof *p->first_member);
        p->members = mem_zalloc(MAX(workloads, 1u), sizeof *p->members);
        for (size_t i = 0; i < workloads; i++)
                if (m->item_of[i] != PROBLEM_NO_ITEM)
                        p->first_member[m->item_of[i] + 1]++;
        for (size_t i = 0; i < m->count; i++)
                p->first_member[i + 1] += p->first_member[i];
        memcpy(next, p->first_member, (m->count + 1) * sizeof *next);
        for (uint32_t i = 0; i < workloads; i++)
                if (m->item_of[i] != PROBLEM_NO_ITEM)
                        p->members[next[m->item_of[i]]++] = i;
        free(next);
}

static struct pack_type *make_types(const struct market *market) {
        struct pack_type *types = mem_zalloc(MAX(market->type_count, 1u), sizeof *types);

        for (size_t i = 0; i < market->type_count; i++) {
                const struct market_type *t = &market->types[i];
                types[i] = (struct pack_type){ .gpu = market->gpus[t->gpu].model,
                                               .gpus = t->type->gpu_count,
                                               .cpu_milli = t->cpu_milli,
                                               .memory_mib = t->memory_mib,
                                               .pods = t->pods,
                                               .usd_per_hour = t->usd_per_hour };
        }
        return types;
}

void problem_make(struct choices *c, const uint32_t *group_of, const struct problem_scale *scale, struct problem *ret_problem) {
        size_t workloads = c->world.demand->count;
        struct making m = { .choices = c, .group_of = group_of, .scale = *scale };
        _cleanup_free_ bool *apart = mem_zalloc(MAX(workloads, 1u), sizeof *apart);
        struct problem p = { 0 };

        m.item_of = mem_zalloc(MAX(workloads, 1u), sizeof *m.item_of);
        classify(&m, apart);
        if (!fit_items(&m, apart)) {
                classify(&m, apart);
                fit_items(&m, apart);
        }
        HASH_CLEAR(hh, m.classes);
        arena_done(&m.arena);

        p.item_of = m.item_of;
        p.items = m.items;
        list_members(&m, &p);
        p.pack = (struct pack_problem){
                .items = m.items, .item_count = m.count, .types = make_types(c->world.market), .type_count = c->world.market->type_count
        };
        *ret_problem = p;
}

void problem_scale_find(struct choice_world *world, void (*make)(struct choices *, const struct choice_world *),
                        struct problem_scale *ret_scale, struct choices *ret_choices, struct problem *ret_problem) {
        for (size_t i = 0; i < ARRAY_SIZE(scales); i++) {
                world->grain = scales[i].need;
                make(ret_choices, world);
                problem_make(ret_choices, NULL, &scales[i], ret_problem);
                *ret_scale = scales[i];
                if (ret_problem->pack.item_count <= PROBLEM_ITEMS_TARGET || i + 1 == ARRAY_SIZE(scales))
                        return;
                problem_done(ret_problem);
                choices_done(ret_choices);
        }
}

void problem_done(struct problem *p) {
        free(p->items);
        free((void *)p->pack.types);
        free(p->item_of);
        free(p->members);
        free(p->first_member);
        *p = (struct problem){ 0 };
}
