#include "core/plan/pack/content.h"

#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "core/plan/pack/front.h"

struct label {
        double value, promise;
        uint32_t cpu_milli, memory_mib;
        int32_t parent; /* label without the last slice, -1 = empty GPU */
        uint32_t item;
        uint16_t option, pods;
        uint16_t copies; /* of `item` over the parent */
};

struct state {
        int32_t *labels;
        size_t count, capacity;
};

struct contents {
        const struct pack_problem *problem;
        const struct content_group *group;
        const struct candidates *candidates;
        const struct potential *const *potentials; /* of this pricing */
        uint32_t potential_count;
        struct label *labels;
        size_t label_count, label_capacity;
        struct state *states; /* SHARE_STATES or mig->count, whichever is more */
        uint32_t state_count;
        const struct content_effort *effort;
        struct front front;
        struct content *list;
        size_t list_count, list_capacity;
};

struct contents *contents_new(const struct candidates *candidates) {
        struct contents *c = mem_zalloc(1, sizeof *c);

        c->problem = candidates->problem;
        c->group = candidates->group;
        c->candidates = candidates;
        c->state_count = MAX((uint32_t)SHARE_STATES, c->group->mig ? c->group->mig->count : 0);
        c->states = mem_zalloc(c->state_count, sizeof *c->states);
        return c;
}

struct contents *contents_free(struct contents *c) {
        if (!c)
                return NULL;
        for (uint32_t s = 0; s < c->state_count; s++)
                free(c->states[s].labels);
        free(c->states);
        free(c->labels);
        free(c->list);
        front_done(&c->front);
        free(c);
        return NULL;
}

/* Which label of a full state is most like `label`, CPU and memory weighed by what the largest type has. */
static size_t nearest(const struct contents *c, const struct state *state, const struct label *label) {
        double least = INFINITY;
        size_t best = 0;

        for (size_t i = 0; i < state->count; i++) {
                const struct label *other = &c->labels[state->labels[i]];
                double cpu = fabs((double)other->cpu_milli - label->cpu_milli) / MAX(c->group->cpu_max, 1u);
                double memory = fabs((double)other->memory_mib - label->memory_mib) / MAX(c->group->memory_max, 1u);
                if (cpu + memory < least) {
                        least = cpu + memory;
                        best = i;
                }
        }
        return best;
}

static int32_t new_label(struct contents *c, const struct label *label) {
        MEM_GROW(c->labels, c->label_count, c->label_capacity);
        c->labels[c->label_count] = *label;
        return (int32_t)c->label_count++;
}

/* A full state: `label` and its nearest become one that promises the better of both. It is never worse than the truth, so a bound stays a
 * bound; its pods are those of the more valuable, and whoever makes a column of them counts CPU and memory himself (pricing.c). */
static void merge(struct contents *c, struct state *state, const struct label *label) {
        size_t at = nearest(c, state, label);
        struct label other = c->labels[state->labels[at]], both = label->value > other.value ? *label : other;

        both.cpu_milli = MIN(label->cpu_milli, other.cpu_milli);
        both.memory_mib = MIN(label->memory_mib, other.memory_mib);
        state->labels[at] = new_label(c, &both);
}

/* A full state of a pricing without proof: the least promising label makes room, or stays out. */
static void replace(struct contents *c, struct state *state, const struct label *label) {
        double least = label->promise;
        int32_t *worst = NULL;

        for (size_t i = 0; i < state->count; i++)
                if (c->labels[state->labels[i]].promise < least) {
                        least = c->labels[state->labels[i]].promise;
                        worst = &state->labels[i];
                }
        if (worst)
                *worst = new_label(c, label);
}

static bool dominates(const struct label *a, const struct label *b) {
        return a->value >= b->value && a->cpu_milli <= b->cpu_milli && a->memory_mib <= b->memory_mib;
}

/* Keep `label` in `state` unless one there dominates it; those it dominates leave. */
static void keep(struct contents *c, struct state *state, const struct label *label) {
        size_t kept = 0;

        for (size_t i = 0; i < state->count; i++)
                if (dominates(&c->labels[state->labels[i]], label))
                        return;
        if (state->count >= c->effort->labels_per_state) {
                (c->effort->merges ? merge : replace)(c, state, label);
                return;
        }
        for (size_t i = 0; i < state->count; i++)
                if (!dominates(label, &c->labels[state->labels[i]]))
                        state->labels[kept++] = state->labels[i];
        state->count = kept;

        MEM_GROW(state->labels, state->count, state->capacity);
        state->labels[state->count++] = new_label(c, label);
}

/* The best that any of the types can make of the label. */
static double promise(const struct contents *c, enum gpu_mode mode, uint32_t state, const struct label *label) {
        double most = -INFINITY;

        for (uint32_t i = 0; i < c->potential_count; i++)
                most = MAX(most, potential_promise(c->potentials[i], mode, state, label->value, label->cpu_milli, label->memory_mib));
        return most;
}

/* `base` with 1, 2, … copies of the candidate on top, each in the state it leads to. */
static void extend(struct contents *c, uint32_t from, int32_t base, const struct candidate *candidate, double value, enum gpu_mode mode) {
        const struct pack_item *item = &c->problem->items[candidate->item];
        struct label label = c->labels[base];
        uint32_t state = from;

        label.parent = base;
        label.item = candidate->item;
        label.option = candidate->option;
        for (label.copies = 1; label.copies <= candidate->copies_max; label.copies++) {
                int next = candidate_next(c->candidates, mode, state, candidate);
                label.value += value;
                label.cpu_milli += item->cpu_milli;
                label.memory_mib += item->memory_mib;
                label.pods++;
                if (next < 0 || (label.pods > PACK_SLICES_MAX && !c->effort->merges) || label.cpu_milli > c->group->cpu_max ||
                    label.memory_mib > c->group->memory_max)
                        return;
                state = (uint32_t)next;
                label.promise = promise(c, mode, state, &label);
                if (label.promise <= 0) /* then more copies promise no more */
                        return;
                keep(c, &c->states[state], &label);
        }
}

static void list_add(struct contents *c, struct content content) {
        MEM_GROW(c->list, c->list_count, c->list_capacity);
        c->list[c->list_count++] = content;
}

/* All labels of one mode. States are walked downwards, so that a state holds only labels without the candidate when it is extended. */
static bool price_mode(struct contents *c, enum gpu_mode mode, const double *values) {
        uint32_t states = candidates_states(c->candidates, mode);

        for (uint32_t s = 0; s < states; s++)
                c->states[s].count = 0;
        keep(c, &c->states[0], &(struct label){ .parent = -1 });
        for (uint32_t i = 0; i < c->candidates->count[mode]; i++) {
                const struct candidate *candidate = &c->candidates->list[mode][i];
                if (c->effort->must_end(c->effort->context))
                        return false;
                if (values[candidate->item] <= 0)
                        continue;
                for (uint32_t s = states; s-- > 0;)
                        for (size_t l = 0; l < c->states[s].count; l++)
                                extend(c, s, c->states[s].labels[l], candidate, values[candidate->item], mode);
        }
        for (uint32_t s = 1; s < states; s++)
                for (size_t l = 0; l < c->states[s].count; l++) {
                        int32_t label = c->states[s].labels[l];
                        const struct label *found = &c->labels[label];
                        list_add(c, (struct content){ .value = found->value,
                                                      .cpu_milli = found->cpu_milli,
                                                      .memory_mib = found->memory_mib,
                                                      .pods = found->pods,
                                                      .gpus = 1,
                                                      .label = label });
                }
        return true;
}

static void price_whole(struct contents *c, const double *values, bool several) {
        for (uint32_t i = 0; i < c->group->item_count; i++) {
                const struct pack_item *item = &c->problem->items[c->group->items[i]];
                double value = values[c->group->items[i]];
                if (item->gpus == 0 || (item->gpus > 1) != several || item->gpus > c->group->gpus_max || value <= 0)
                        continue;
                struct label label = { .value = value, .parent = -1, .item = c->group->items[i], .copies = 1 };
                list_add(c, (struct content){ .value = value,
                                              .cpu_milli = item->cpu_milli,
                                              .memory_mib = item->memory_mib,
                                              .pods = 1,
                                              .gpus = item->gpus,
                                              .label = new_label(c, &label) });
        }
}

static int by_value_down(const void *a, const void *b) {
        const struct content *x = a, *y = b;

        if (x->value != y->value)
                return x->value < y->value ? 1 : -1;
        if (x->cpu_milli != y->cpu_milli)
                return x->cpu_milli < y->cpu_milli ? -1 : 1;
        return x->memory_mib < y->memory_mib ? -1 : x->memory_mib > y->memory_mib;
}

/* Leave only the contents that no more valuable one beats in both CPU and memory. */
static void drop_dominated(struct contents *c) {
        size_t kept = 0;

        if (c->list_count == 0)
                return;
        qsort(c->list, c->list_count, sizeof *c->list, by_value_down);
        front_clear(&c->front);
        for (size_t i = 0; i < c->list_count; i++)
                if (front_admit(&c->front, c->list[i].cpu_milli, c->list[i].memory_mib))
                        c->list[kept++] = c->list[i];
        c->list_count = kept;
}

bool contents_price(struct contents *c, const double *values, const struct potential *const *potentials, uint32_t potential_count,
                    const struct content_effort *effort, const struct content **ret_contents, uint32_t *ret_count) {
        bool complete = true;

        c->potentials = potentials;
        c->potential_count = potential_count;
        c->effort = effort;
        c->label_count = c->list_count = 0;
        for (unsigned mode = 0; mode < GPU_MODE_MAX; mode++)
                if (c->candidates->count[mode] > 0)
                        complete &= price_mode(c, mode, values);
        price_whole(c, values, false);
        drop_dominated(c);
        price_whole(c, values, true);
        *ret_contents = c->list;
        *ret_count = (uint32_t)c->list_count;
        return complete;
}

uint32_t contents_pods(const struct contents *c, const struct content *content, uint32_t items[PACK_SLICES_MAX],
                       uint16_t options[PACK_SLICES_MAX]) {
        uint32_t n = 0;

        for (int32_t l = content->label; l >= 0 && c->labels[l].copies > 0; l = c->labels[l].parent)
                for (unsigned k = 0; k < c->labels[l].copies && n < PACK_SLICES_MAX; k++) {
                        items[n] = c->labels[l].item;
                        options[n++] = c->labels[l].option;
                }
        return n;
}
