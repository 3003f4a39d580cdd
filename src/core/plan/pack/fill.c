#include "core/plan/pack/fill.h"

#include <string.h>

#include "base/mem.h"
#include "core/plan/pack/front.h"
#include "core/plan/pack/group.h"

#define LABELS_MAX 120 /* per stage */
#define BISECTIONS 14
#define SWEEPS 3

struct label { /* a node with its first slots decided */
        double value, promise;
        uint32_t cpu_milli, memory_mib, pods;
        int32_t parent; /* without the last pod, -1 = empty node */
        uint32_t item;
        uint16_t option;
        uint8_t gpu;
};

/* A pod that may stand in a slot. */
struct candidate {
        double value;
        uint32_t item, cpu_milli, memory_mib, most; /* most: of it on one node */
        uint16_t option;
        uint8_t gpus;
};

/* Equal slots have the same candidates. */
struct slot_class {
        uint8_t mode;
        uint16_t size;
        uint32_t slots, first, count; /* candidates */
        double rate;                  /* what one of its slots is worth at most, CPU and memory paid for */
};

struct fill {
        const struct pack_problem *problem;
        const double *demand;
        const struct cut *cut;
        double cpu_price, memory_price; /* the multipliers */
        struct candidate *candidates;
        size_t candidate_count, candidate_capacity;
        struct slot_class classes[CUT_SLOTS_MAX];
        uint32_t class_count;
        double rest[CUT_SLOTS_MAX + 1]; /* what the slots from this one on are worth at most */
        struct label *labels;           /* stage by stage */
        size_t label_count, label_capacity;
        size_t first[CUT_SLOTS_MAX + 2]; /* of a stage's labels */
        struct front front;
};

struct fill *fill_new(const struct pack_problem *problem, const double *demand) {
        struct fill *f = mem_zalloc(1, sizeof *f);

        f->problem = problem;
        f->demand = demand;
        return f;
}

struct fill *fill_free(struct fill *f) {
        if (f) {
                free(f->candidates);
                free(f->labels);
                front_done(&f->front);
                free(f);
        }
        return NULL;
}

/* ---- candidates ---- */

/* The option with which the item stands in such a slot, or -1. */
static int option_for(const struct pack_item *item, const struct gpu_model *gpu, const struct cut_slot *slot) {
        if (item->gpus > 0)
                return slot->mode == GPU_WHOLE ? 0 : -1;
        for (uint16_t o = 0; o < item->option_count; o++) {
                if (item->options[o].gpu != gpu || item->options[o].mode != slot->mode)
                        continue;
                uint16_t size = cut_slot_for(item, o).size;
                if (slot->mode == GPU_MIG ? size == slot->size : size <= slot->size)
                        return o;
        }
        return -1;
}

static int by_value_down(const void *a, const void *b) {
        const struct candidate *x = a, *y = b;

        if (x->gpus != y->gpus)
                return x->gpus < y->gpus ? -1 : 1;
        if (x->value != y->value)
                return x->value < y->value ? 1 : -1;
        return x->item < y->item ? -1 : x->item > y->item;
}

/* Leave out what another beats that may stand in every slot. */
static void drop_dominated(struct fill *f, struct slot_class *class) {
        struct candidate *list = &f->candidates[class->first];
        uint32_t kept = 0;

        for (uint32_t i = 0; i < class->count; i++) {
                if (i == 0 || list[i].gpus != list[i - 1].gpus)
                        front_clear(&f->front);
                if (list[i].most < class->slots || front_admit(&f->front, list[i].cpu_milli, list[i].memory_mib))
                        list[kept++] = list[i];
        }
        class->count = kept;
        f->candidate_count = class->first + kept;
}

static void list_candidates(struct fill *f, const struct cut_slot *slot, const double *values, struct slot_class *class) {
        const struct pack_type *type = &f->problem->types[f->cut->type];

        class->first = (uint32_t)f->candidate_count;
        for (uint32_t i = 0; i < f->problem->item_count; i++) {
                const struct pack_item *item = &f->problem->items[i];
                if (values[i] <= 0 || f->demand[i] < 1 || !item_fits_type(f->problem, i, f->cut->type))
                        continue;
                int option = option_for(item, type->gpu, slot);
                if (option < 0)
                        continue;
                uint32_t most = (uint32_t)f->demand[i];
                MEM_GROW(f->candidates, f->candidate_count, f->candidate_capacity);
                f->candidates[f->candidate_count++] =
                        (struct candidate){ .value = values[i],
                                            .item = i,
                                            .cpu_milli = item->cpu_milli,
                                            .memory_mib = item->memory_mib,
                                            .most = item->max_per_node > 0 ? MIN(most, item->max_per_node) : most,
                                            .option = (uint16_t)option,
                                            .gpus = (uint8_t)MAX(item->gpus, 1u) };
        }
        class->count = (uint32_t)f->candidate_count - class->first;
        if (class->count > 0)
                qsort(&f->candidates[class->first], class->count, sizeof *f->candidates, by_value_down);
        drop_dominated(f, class);
}

static void make_classes(struct fill *f, const double *values) {
        f->candidate_count = f->class_count = 0;
        for (uint32_t s = 0; s < f->cut->count;) {
                const struct cut_slot *slot = &f->cut->slots[s];
                struct slot_class *class = &f->classes[f->class_count++];
                *class = (struct slot_class){ .mode = slot->mode, .size = slot->size };
                for (; s < f->cut->count && f->cut->slots[s].mode == slot->mode && f->cut->slots[s].size == slot->size; s++)
                        class->slots++;
                list_candidates(f, slot, values, class);
        }
}

/* ---- the bound that ranks partial nodes ---- */

/* With these multipliers, the best of each slot takes so much CPU and memory. */
static void relax(struct fill *f, double *ret_cpu, double *ret_memory) {
        *ret_cpu = *ret_memory = 0;
        for (uint32_t k = 0; k < f->class_count; k++) {
                struct slot_class *class = &f->classes[k];
                double cpu = 0, memory = 0;
                class->rate = 0;
                for (uint32_t i = class->first; i < class->first + class->count; i++) {
                        const struct candidate *c = &f->candidates[i];
                        double rate = (c->value - f->cpu_price * c->cpu_milli - f->memory_price * c->memory_mib) / c->gpus;
                        if (rate > class->rate) {
                                class->rate = rate;
                                cpu = (double)c->cpu_milli / c->gpus;
                                memory = (double)c->memory_mib / c->gpus;
                        }
                }
                *ret_cpu += class->slots * cpu;
                *ret_memory += class->slots * memory;
        }
}

/* Bisect one multiplier on the sign of the slope: the least at which the slots do not ask for more than there is. */
static void bisect(struct fill *f, double *price, double high, bool cpu_side) {
        const struct pack_type *type = &f->problem->types[f->cut->type];
        double low = 0, cpu, memory;

        *price = 0;
        for (unsigned k = 0; k < BISECTIONS; k++) {
                relax(f, &cpu, &memory);
                if (cpu_side ? cpu <= type->cpu_milli : memory <= type->memory_mib)
                        high = *price;
                else
                        low = *price;
                if (high == 0)
                        return;
                *price = (low + high) / 2;
        }
        *price = high;
}

static void set_prices(struct fill *f) {
        double cpu_max = 0, memory_max = 0, cpu, memory;
        uint32_t slot = f->cut->count;

        for (size_t i = 0; i < f->candidate_count; i++) {
                cpu_max = MAX(cpu_max, f->candidates[i].value / MAX(f->candidates[i].cpu_milli, 1u));
                memory_max = MAX(memory_max, f->candidates[i].value / MAX(f->candidates[i].memory_mib, 1u));
        }
        f->cpu_price = f->memory_price = 0;
        for (unsigned sweep = 0; sweep < SWEEPS; sweep++) {
                bisect(f, &f->cpu_price, cpu_max, true);
                bisect(f, &f->memory_price, memory_max, false);
                if (f->memory_price == 0)
                        break;
        }
        relax(f, &cpu, &memory);
        f->rest[slot] = 0;
        for (uint32_t k = f->class_count; k-- > 0;)
                for (uint32_t s = 0; s < f->classes[k].slots; s++, slot--)
                        f->rest[slot - 1] = f->rest[slot] + f->classes[k].rate;
}

/* ---- stages ---- */

static void push(struct fill *f, const struct label *label) {
        MEM_GROW(f->labels, f->label_count, f->label_capacity);
        f->labels[f->label_count++] = *label;
}

static uint32_t held(const struct fill *f, const struct label *label, uint32_t item) {
        uint32_t n = 0;

        for (; label->parent >= 0; label = &f->labels[label->parent])
                n += label->item == item;
        return n;
}

/* Each label of the stage `from` with the candidate in the slots up to `to`. */
static void extend(struct fill *f, uint32_t from, uint32_t to, const struct candidate *c, double enough) {
        const struct pack_type *type = &f->problem->types[f->cut->type];

        for (size_t l = f->first[from]; l < f->first[from + 1]; l++) {
                const struct label *base = &f->labels[l];
                struct label label = { .value = base->value + c->value,
                                       .cpu_milli = base->cpu_milli + c->cpu_milli,
                                       .memory_mib = base->memory_mib + c->memory_mib,
                                       .pods = base->pods + 1,
                                       .parent = (int32_t)l,
                                       .item = c->item,
                                       .option = c->option,
                                       .gpu = f->cut->slots[from].gpu };
                if (label.cpu_milli > type->cpu_milli || label.memory_mib > type->memory_mib || label.pods > type->pods)
                        continue;
                label.promise = label.value + f->cpu_price * (type->cpu_milli - label.cpu_milli) +
                                f->memory_price * (type->memory_mib - label.memory_mib) + f->rest[to];
                if (label.promise <= enough || (c->most <= from && held(f, base, c->item) >= c->most))
                        continue;
                push(f, &label);
        }
}

static int by_label_value(const void *a, const void *b) {
        const struct label *x = a, *y = b;

        if (x->value != y->value)
                return x->value < y->value ? 1 : -1;
        if (x->cpu_milli != y->cpu_milli)
                return x->cpu_milli < y->cpu_milli ? -1 : 1;
        if (x->memory_mib != y->memory_mib)
                return x->memory_mib < y->memory_mib ? -1 : 1;
        return x->parent != y->parent ? (x->parent < y->parent ? -1 : 1) : x->item < y->item ? -1 : x->item > y->item;
}

static int by_promise(const void *a, const void *b) {
        const struct label *x = a, *y = b;

        return x->promise != y->promise ? (x->promise < y->promise ? 1 : -1) : by_label_value(a, b);
}

/* The labels of the newest stage, from `first` on: only the undominated, the best by promise. */
static void prune(struct fill *f, size_t first) {
        size_t kept = first;

        qsort(&f->labels[first], f->label_count - first, sizeof *f->labels, by_label_value);
        front_clear(&f->front);
        for (size_t l = first; l < f->label_count; l++)
                if (front_admit(&f->front, f->labels[l].cpu_milli, f->labels[l].memory_mib))
                        f->labels[kept++] = f->labels[l];
        f->label_count = kept;
        if (kept - first > LABELS_MAX) {
                qsort(&f->labels[first], kept - first, sizeof *f->labels, by_promise);
                f->label_count = first + LABELS_MAX;
        }
}

/* Stage `to`: the nodes whose slots below `to` are decided. */
static void make_stage(struct fill *f, uint32_t to, const struct slot_class *class, double enough) {
        size_t first = f->label_count;

        for (size_t l = f->first[to - 1]; l < f->first[to]; l++) { /* the slot stays empty */
                struct label label = f->labels[l];
                label.promise += f->rest[to] - f->rest[to - 1];
                if (label.promise > enough)
                        push(f, &label);
        }
        for (uint32_t i = class->first; i < class->first + class->count; i++)
                if (f->candidates[i].gpus <= to)
                        extend(f, to - f->candidates[i].gpus, to, &f->candidates[i], enough);
        if (f->label_count > first)
                prune(f, first);
        f->first[to + 1] = f->label_count;
}

static void write_found(const struct fill *f, const struct label *label, struct fill_found *ret) {
        ret->value = label->value;
        ret->pod_count = label->pods;
        for (uint32_t n = label->pods; n-- > 0; label = &f->labels[label->parent])
                ret->pods[n] = (struct column_pod){ .item = label->item, .option = label->option, .gpu = label->gpu };
}

uint32_t fill_best(struct fill *f, const struct cut *cut, const double *values, double enough, struct fill_found *ret_found) {
        uint32_t stage = 0, found = 0;

        f->cut = cut;
        make_classes(f, values);
        set_prices(f);
        const struct pack_type *type = &f->problem->types[cut->type];
        struct label empty = { .parent = -1, .promise = f->cpu_price * type->cpu_milli + f->memory_price * type->memory_mib + f->rest[0] };
        f->label_count = 0;
        f->first[0] = 0;
        push(f, &empty);
        f->first[1] = 1;
        for (uint32_t k = 0; k < f->class_count; k++)
                for (uint32_t s = 0; s < f->classes[k].slots; s++)
                        make_stage(f, ++stage, &f->classes[k], enough);
        if (f->first[stage + 1] > f->first[stage])
                qsort(&f->labels[f->first[stage]], f->first[stage + 1] - f->first[stage], sizeof *f->labels, by_label_value);
        for (size_t l = f->first[stage]; l < f->first[stage + 1] && found < FILL_FOUND_MAX && f->labels[l].value > enough; l++)
                write_found(f, &f->labels[l], &ret_found[found++]);
        return found;
}
