#include "core/plan/pack/combine.h"

#include <string.h>

#include "base/mem.h"
#include "core/plan/pack/front.h"

#define GRID 128
#define RAW_MAX (4u << 20) /* partial nodes looked at per number of GPUs before dominance; more = not complete */

/* A node with its first GPUs filled. */
struct part {
        double value;
        double bound; /* what a node with this part can be worth at most */
        uint32_t cpu_milli, memory_mib;
        uint32_t from;   /* index among the parts with fewer GPUs */
        uint32_t choice; /* index of the choice put on top: none below it has a higher one */
        uint64_t key;    /* of the set of choices; settles ties the same way whatever is added */
        uint8_t gpus;    /* filled */
};

/* Parts with the same number of GPUs filled. */
struct level {
        struct part *parts;
        size_t count, capacity;
};

/* A content by what choosing it costs the bound of the node. */
struct choice {
        double loss;
        uint64_t key;
        uint32_t content;
};

struct combine {
        struct level levels[PACK_GPUS_MAX + 1];
        struct level halves;             /* the parts with up to half of the GPUs filled, by falling value */
        double grid[GRID + 1][GRID + 1]; /* [x][y]: the best value of the level's candidates within (x, y) cells of CPU and memory */
        struct front front;
        struct choice *choices;
        size_t choice_capacity;
};

#define OTHER_BOUNDS 3

struct other_bound {
        struct multipliers m;
        double rate; /* the most a GPU can be worth then */
};

/* One call's constants. */
struct task {
        struct combine *c;
        const struct pack_type *type;
        const struct content *contents;
        uint32_t count;
        uint32_t choice_count;
        struct other_bound others[OTHER_BOUNDS];
        unsigned other_count;
        double enough, cells_per_cpu, cells_per_mib;
        const struct combine_effort *effort;
        bool complete;
};

struct combine *combine_new(void) {
        return mem_zalloc(1, sizeof(struct combine));
}

struct combine *combine_free(struct combine *c) {
        if (c) {
                for (unsigned k = 0; k <= PACK_GPUS_MAX; k++)
                        free(c->levels[k].parts);
                free(c->halves.parts);
                free(c->choices);
                front_done(&c->front);
                free(c);
        }
        return NULL;
}

/* Cells never err on the wrong side: one above is never too low, one below never too high. */
static unsigned cell_above(double amount, double per_cell) {
        return MIN((unsigned)(amount * per_cell) + 1, (unsigned)GRID);
}

static unsigned cell_below(double amount, double per_cell) {
        return (unsigned)(amount * per_cell * (1 - 1e-9));
}

static double *cell_of(const struct task *t, const struct part *part) {
        return &t->c->grid[cell_above(part->cpu_milli, t->cells_per_cpu)][cell_above(part->memory_mib, t->cells_per_mib)];
}

static bool proved_dominated(const struct task *t, const struct part *part) {
        return t->c->grid[cell_below(part->cpu_milli, t->cells_per_cpu)][cell_below(part->memory_mib, t->cells_per_mib)] > part->value;
}

/* What is left of the node, valued by other multipliers than those of part.bound. */
static bool other_bounds_allow(const struct task *t, const struct part *part, unsigned gpus_left) {
        for (unsigned i = 0; i < t->other_count; i++) {
                const struct other_bound *o = &t->others[i];
                if (part->value + o->rate * gpus_left + o->m.cpu * (t->type->cpu_milli - part->cpu_milli) +
                            o->m.memory * (t->type->memory_mib - part->memory_mib) <=
                    t->enough)
                        return false;
        }
        return true;
}

/* Every set of contents on k GPUs, in one order only, that fits and could still become worth enough: first to fill the grid, then to keep
 * what the grid does not prove dominated. One order is enough: where a part gives way to a better one, so does every set that contains it,
 * and ties go to the lower key whatever else the sets hold. Contents come by rising loss and parts by falling bound, so each loop ends as
 * soon as nothing more can be worth enough. */
static void each_candidate(struct task *t, unsigned k, bool keep) {
        struct level *level = &t->c->levels[k];

        for (uint32_t i = 0; i < t->choice_count; i++) {
                const struct choice *choice = &t->c->choices[i];
                if (t->effort->must_end(t->effort->context)) {
                        t->complete = false;
                        return;
                }
                const struct content *content = &t->contents[choice->content];
                if (content->gpus > k)
                        continue;
                const struct level *below = &t->c->levels[k - content->gpus];
                for (size_t j = 0; j < below->count && below->parts[j].bound - choice->loss > t->enough; j++) {
                        const struct part *base = &below->parts[j];
                        if (base->choice > i)
                                continue;
                        struct part part = {
                                .value = base->value + content->value,
                                .bound = base->bound - choice->loss,
                                .cpu_milli = base->cpu_milli + content->cpu_milli,
                                .memory_mib = base->memory_mib + content->memory_mib,
                                .from = (uint32_t)j,
                                .choice = i,
                                .key = base->key + choice->key,
                                .gpus = (uint8_t)k,
                        };
                        if (part.cpu_milli > t->type->cpu_milli || part.memory_mib > t->type->memory_mib ||
                            !other_bounds_allow(t, &part, t->type->gpus - k))
                                continue;
                        if (!keep) {
                                double *cell = cell_of(t, &part);
                                *cell = MAX(*cell, part.value);
                        } else if (!proved_dominated(t, &part)) {
                                if (level->count >= RAW_MAX) {
                                        t->complete = false;
                                        return;
                                }
                                MEM_GROW(level->parts, level->count, level->capacity);
                                level->parts[level->count++] = part;
                        }
                }
        }
}

/* Each cell becomes the best of all cells within it. */
static void accumulate(double grid[GRID + 1][GRID + 1]) {
        for (unsigned x = 0; x <= GRID; x++)
                for (unsigned y = 0; y <= GRID; y++) {
                        if (x > 0)
                                grid[x][y] = MAX(grid[x][y], grid[x - 1][y]);
                        if (y > 0)
                                grid[x][y] = MAX(grid[x][y], grid[x][y - 1]);
                }
}

static int by_value_down(const void *a, const void *b) {
        const struct part *x = a, *y = b;

        if (x->value != y->value)
                return x->value < y->value ? 1 : -1;
        if (x->cpu_milli != y->cpu_milli)
                return x->cpu_milli < y->cpu_milli ? -1 : 1;
        if (x->memory_mib != y->memory_mib)
                return x->memory_mib < y->memory_mib ? -1 : 1;
        return x->key < y->key ? -1 : x->key > y->key;
}

static int by_bound_down(const void *a, const void *b) {
        const struct part *x = a, *y = b;

        return x->bound != y->bound ? (x->bound < y->bound ? 1 : -1) : by_value_down(a, b);
}

/* Leave the parts that no more valuable one beats in CPU and memory; at most `beam`, the most promising. */
static void drop_dominated(struct task *t, struct level *level) {
        size_t kept = 0;

        if (level->count == 0)
                return;
        qsort(level->parts, level->count, sizeof *level->parts, by_value_down);
        front_clear(&t->c->front);
        for (size_t i = 0; i < level->count; i++)
                if (front_admit(&t->c->front, level->parts[i].cpu_milli, level->parts[i].memory_mib))
                        level->parts[kept++] = level->parts[i];
        level->count = MIN(kept, t->effort->beam);
        t->complete &= kept <= t->effort->beam;
        qsort(level->parts, kept, sizeof *level->parts, by_bound_down);
}

static void fill_level(struct task *t, unsigned k) {
        t->c->levels[k].count = 0;
        memset(t->c->grid, 0, sizeof t->c->grid);
        each_candidate(t, k, false);
        accumulate(t->c->grid);
        each_candidate(t, k, true);
        drop_dominated(t, &t->c->levels[k]);
}

/* The contents of `part`, appended to `node`. */
static void unfold(const struct task *t, const struct part *part, struct combined *node) {
        while (part->gpus > 0) {
                const struct content *content = &t->contents[t->c->choices[part->choice].content];
                node->contents[node->count++] = content;
                part = &t->c->levels[part->gpus - content->gpus].parts[part->from];
        }
}

/* Note a node of one part, or of two halves, among the best found. */
static void note(const struct task *t, const struct part *a, const struct part *b, struct combine_result *result) {
        struct combined node = { .value = a->value + (b ? b->value : 0) };
        unsigned at = result->found;

        while (at > 0 && result->nodes[at - 1].value < node.value)
                at--;
        if (node.value <= t->enough || at >= COMBINE_FOUND_MAX)
                return;
        unfold(t, a, &node);
        if (b)
                unfold(t, b, &node);
        unsigned last = MIN(result->found, COMBINE_FOUND_MAX - 1u);
        memmove(&result->nodes[at + 1], &result->nodes[at], (last - at) * sizeof *result->nodes);
        result->nodes[at] = node;
        result->found = last + 1;
}

/* Can every set of several contents be split into two halves? So it is when all sizes are powers of two; a pod of all GPUs stands alone. */
static bool splits_in_halves(const struct task *t) {
        unsigned gpus = t->type->gpus;
        bool splits = gpus > 2 && (gpus & (gpus - 1)) == 0;

        for (uint32_t i = 0; i < t->count && splits; i++)
                splits = t->contents[i].gpus > gpus || (t->contents[i].gpus & (t->contents[i].gpus - 1)) == 0;
        return splits;
}

/* All parts with up to half of the GPUs filled, undominated; the grid then tells the best half for what another leaves. */
static void gather_halves(struct task *t) {
        struct level *halves = &t->c->halves;

        halves->count = 0;
        for (unsigned k = 0; k <= t->type->gpus / 2u; k++)
                for (size_t i = 0; i < t->c->levels[k].count; i++) {
                        MEM_GROW(halves->parts, halves->count, halves->capacity);
                        halves->parts[halves->count++] = t->c->levels[k].parts[i];
                }
        drop_dominated(t, halves);
        qsort(halves->parts, halves->count, sizeof *halves->parts, by_value_down);
        memset(t->c->grid, 0, sizeof t->c->grid);
        for (size_t i = 0; i < halves->count; i++) {
                double *cell = cell_of(t, &halves->parts[i]);
                *cell = MAX(*cell, halves->parts[i].value);
        }
        accumulate(t->c->grid);
}

/* The best pairs of halves. Only halves that the grid says could beat the best so far are tried against the others. */
static void join_halves(struct task *t, struct combine_result *result) {
        const struct level *halves = &t->c->halves;

        for (size_t i = 0; i < halves->count; i++) {
                double worst = result->found < COMBINE_FOUND_MAX ? t->enough : result->nodes[COMBINE_FOUND_MAX - 1].value;
                const struct part *a = &halves->parts[i];
                uint32_t cpu = t->type->cpu_milli - a->cpu_milli, memory = t->type->memory_mib - a->memory_mib;
                if (a->value + t->c->grid[cell_above(cpu, t->cells_per_cpu)][cell_above(memory, t->cells_per_mib)] <= worst)
                        continue;
                for (size_t j = i; j < halves->count && a->value + halves->parts[j].value > worst; j++) {
                        const struct part *b = &halves->parts[j];
                        if (b->cpu_milli > cpu || b->memory_mib > memory)
                                continue;
                        note(t, a, b, result);
                        break;
                }
        }
}

/* Pods that take every GPU of the node. */
static void note_full(struct task *t, struct combine_result *result) {
        for (uint32_t i = 0; i < t->choice_count; i++) {
                const struct content *content = &t->contents[t->c->choices[i].content];
                struct part full = { .value = content->value, .choice = i, .gpus = t->type->gpus };
                if (content->gpus == t->type->gpus)
                        note(t, &full, NULL, result);
        }
}

static void join_levels(struct task *t, struct combine_result *result) {
        for (unsigned k = 1; k <= t->type->gpus; k++)
                for (size_t i = 0; i < t->c->levels[k].count; i++)
                        note(t, &t->c->levels[k].parts[i], NULL, result);
}

static int by_loss(const void *a, const void *b) {
        const struct choice *x = a, *y = b;

        return x->loss != y->loss ? (x->loss < y->loss ? -1 : 1) : x->content < y->content ? -1 : x->content > y->content;
}

/* The contents that can be part of a node worth enough, the least loss first. */
static void make_choices(struct task *t, struct multipliers m, double relaxed) {
        double rate = (relaxed - m.cpu * t->type->cpu_milli - m.memory * t->type->memory_mib) / t->type->gpus;

        if (t->count > t->c->choice_capacity) {
                t->c->choice_capacity = t->count;
                t->c->choices = mem_realloc(t->c->choices, t->count, sizeof *t->c->choices);
        }
        for (uint32_t i = 0; i < t->count; i++) {
                const struct content *c = &t->contents[i];
                double loss = rate * c->gpus - (c->value - m.cpu * c->cpu_milli - m.memory * c->memory_mib);
                if (content_fits(c, t->type) && relaxed - loss > t->enough)
                        t->c->choices[t->choice_count++] = (struct choice){ .loss = loss, .content = i };
        }
        if (t->choice_count > 0)
                qsort(t->c->choices, t->choice_count, sizeof *t->c->choices, by_loss);
        for (uint32_t i = 0; i < t->choice_count; i++)
                t->c->choices[i].key = (i + 1) * 0x9e3779b97f4a7c15u >> 8;
}

/* One pair of multipliers values a node's rest well only where CPU and memory run out together: these are best for half a node that has
 * little CPU, little memory or little of both left. */
static void make_other_bounds(struct task *t) {
        static const struct { double cpu, memory; } rest[OTHER_BOUNDS] = { { 0.5, 0.25 }, { 0.25, 0.5 }, { 0.3, 0.3 } };

        for (unsigned i = 0; i < OTHER_BOUNDS; i++) {
                struct pack_type half = *t->type;
                struct other_bound *o = &t->others[t->other_count];
                const struct content *best;
                half.gpus = (uint8_t)(t->type->gpus / 2);
                half.cpu_milli = (uint32_t)(rest[i].cpu * t->type->cpu_milli);
                half.memory_mib = (uint32_t)(rest[i].memory * t->type->memory_mib);
                relax_best(&half, t->contents, t->count, &o->m);
                double bound = relax(t->type, t->contents, t->count, o->m, &best);
                o->rate = (bound - o->m.cpu * t->type->cpu_milli - o->m.memory * t->type->memory_mib) / t->type->gpus;
                t->other_count++;
        }
}

void combine_best(struct combine *c, const struct pack_type *type, const struct content *contents, uint32_t count, struct multipliers m,
                  double relaxed, double enough, const struct combine_effort *effort, struct combine_result *ret_result) {
        struct task t = {
                .c = c,
                .type = type,
                .contents = contents,
                .count = count,
                .enough = enough,
                .cells_per_cpu = (double)GRID / MAX(type->cpu_milli, 1u),
                .cells_per_mib = (double)GRID / MAX(type->memory_mib, 1u),
                .effort = effort,
                .complete = true,
        };
        struct combine_result result = { 0 };

        make_choices(&t, m, relaxed);
        if (type->gpus > 2)
                make_other_bounds(&t);
        c->levels[0].count = 0;
        MEM_GROW(c->levels[0].parts, c->levels[0].count, c->levels[0].capacity);
        c->levels[0].parts[c->levels[0].count++] = (struct part){ .bound = relaxed };
        bool halves = splits_in_halves(&t);
        for (unsigned k = 1; k <= (halves ? type->gpus / 2u : type->gpus); k++)
                fill_level(&t, k);
        if (halves) {
                gather_halves(&t);
                join_halves(&t, &result);
                note_full(&t, &result);
        } else {
                join_levels(&t, &result);
        }
        result.complete = t.complete;
        result.bound = !t.complete ? relaxed : result.found > 0 ? result.nodes[0].value : enough;
        *ret_result = result;
}
