#include "naive.h"

#include <assert.h>
#include <string.h>

#include "base/mem.h"

static unsigned milli_of(const struct pack_option *o) {
        return o->mode == GPU_MIG ? 1000 * o->profile->memory_slices / o->gpu->memory_slices : o->milli;
}

/* Thousandths first, then compute slices among MIG profiles. */
static unsigned size_of_option(const struct pack_option *o) {
        return 100 * milli_of(o) + (o->mode == GPU_MIG ? o->profile->compute_slices : 0);
}

static bool gpu_takes(const struct naive_gpu *gpu, const struct pack_option *o) {
        if (gpu->count > 0 && gpu->mode != o->mode)
                return false;
        if (o->mode != GPU_MIG)
                return gpu->milli + o->milli <= 1000 && gpu->count < PACK_SLICES_MAX;
        uint8_t counts[GPU_PROFILES_MAX];
        struct layout layout;
        struct err e;
        memcpy(counts, gpu->profiles, sizeof counts);
        counts[o->profile->index]++;
        return layout_place(o->gpu, counts, &layout, &e) == 0;
}

static bool put_slice(struct naive_node *n, const struct pack_type *type, const struct pack_item *item) {
        for (int used = 1; used >= 0; used--) {
                bool tried[PACK_OPTIONS_MAX] = { false };
                for (;;) { /* options from the smallest on */
                        const struct pack_option *o = NULL;
                        for (unsigned i = 0; i < item->option_count; i++)
                                if (!tried[i] && item->options[i].gpu == type->gpu &&
                                    (!o || size_of_option(&item->options[i]) < size_of_option(o)))
                                        o = &item->options[i];
                        if (!o)
                                break;
                        tried[o - item->options] = true;
                        struct naive_gpu *best = NULL;
                        for (unsigned g = 0; g < type->gpus; g++)
                                if ((n->gpus[g].count > 0) == used && gpu_takes(&n->gpus[g], o) &&
                                    (!best || n->gpus[g].milli > best->milli))
                                        best = &n->gpus[g];
                        if (!best)
                                continue;
                        best->mode = o->mode;
                        best->count++;
                        best->milli = MIN(best->milli + milli_of(o), 1000u);
                        if (o->mode == GPU_MIG)
                                best->profiles[o->profile->index]++;
                        return true;
                }
        }
        return false;
}

static bool put_whole(struct naive_node *n, const struct pack_type *type, unsigned gpus) {
        unsigned empty = 0;

        for (unsigned g = 0; g < type->gpus; g++)
                empty += n->gpus[g].count == 0;
        for (unsigned g = 0; empty >= gpus && g < type->gpus && gpus > 0; g++)
                if (n->gpus[g].count == 0) {
                        n->gpus[g] = (struct naive_gpu){ .mode = GPU_WHOLE, .count = 1, .milli = 1000 };
                        gpus--;
                }
        return gpus == 0;
}

/* Add one pod if it fits; the node is untouched otherwise. */
static bool add(const struct pack_problem *problem, struct naive_node *n, unsigned item) {
        const struct pack_type *type = &problem->types[n->type];
        const struct pack_item *it = &problem->items[item];
        uint64_t cpu = it->cpu_milli, memory = it->memory_mib;
        unsigned same = 0;

        for (unsigned p = 0; p < n->pod_count; p++) {
                cpu += problem->items[n->pods[p]].cpu_milli;
                memory += problem->items[n->pods[p]].memory_mib;
                same += n->pods[p] == item;
        }
        if (!(it->types[n->type / 64] >> n->type % 64 & 1) || cpu > type->cpu_milli || memory > type->memory_mib ||
            n->pod_count >= type->pods || (it->max_per_node > 0 && same >= it->max_per_node))
                return false;
        if (!(it->gpus > 0 ? put_whole(n, type, it->gpus) : put_slice(n, type, it)))
                return false;
        assert(n->pod_count < NAIVE_PODS_MAX);
        n->pods[n->pod_count++] = item;
        return true;
}

static struct naive_node *open_node(struct naive *s, unsigned type) {
        assert(s->node_count < NAIVE_NODES_MAX);
        s->nodes[s->node_count] = (struct naive_node){ .type = type };
        return &s->nodes[s->node_count++];
}

/* Of the nodes that take one pod of `item`, the one with the least left (`best_fit`) or the oldest. */
static bool place(struct naive *s, unsigned item, bool best_fit, const double scale[3]) {
        double least = 0;
        int best = -1;

        for (unsigned i = 0; i < s->node_count; i++) {
                const struct pack_type *type = &s->problem->types[s->nodes[i].type];
                struct naive_node after = s->nodes[i];
                double cpu = type->cpu_milli, memory = type->memory_mib, gpu = 1000 * type->gpus;
                if (!add(s->problem, &after, item))
                        continue;
                for (unsigned p = 0; p < s->nodes[i].pod_count; p++) {
                        cpu -= s->problem->items[s->nodes[i].pods[p]].cpu_milli;
                        memory -= s->problem->items[s->nodes[i].pods[p]].memory_mib;
                }
                for (unsigned g = 0; g < type->gpus; g++)
                        gpu -= s->nodes[i].gpus[g].milli;
                double left = cpu / scale[0] + memory / scale[1] + gpu / scale[2];
                if (best < 0 || (best_fit && left < least)) {
                        best = (int)i;
                        least = left;
                }
        }
        return best >= 0 && add(s->problem, &s->nodes[best], item);
}

/* The type with the least price per pod, when `waiting` pods of the item are still to come. */
static bool buy(struct naive *s, unsigned item, unsigned waiting) {
        double least = 0, price = 0;
        int best = -1;

        for (unsigned t = 0; t < s->problem->type_count; t++) {
                struct naive_node n = { .type = t };
                unsigned room = 0;
                while (room < waiting && add(s->problem, &n, item))
                        room++;
                double usd = s->problem->types[t].usd_per_hour;
                if (room > 0 && (best < 0 || usd / room < least || (usd / room == least && usd < price))) {
                        best = (int)t;
                        least = usd / room;
                        price = usd;
                }
        }
        return best >= 0 && add(s->problem, open_node(s, (unsigned)best), item);
}

/* The engines need no such step: what they buy cannot be had for less (fleet_buy). Here it is taken in earnest. */
static void downsize(struct naive *s, struct naive_node *n) {
        struct naive_node best = *n;

        for (unsigned t = 0; t < s->problem->type_count; t++) {
                struct naive_node moved = { .type = t };
                while (moved.pod_count < n->pod_count && add(s->problem, &moved, n->pods[moved.pod_count]))
                        ;
                if (moved.pod_count == n->pod_count && s->problem->types[t].usd_per_hour < s->problem->types[best.type].usd_per_hour)
                        best = moved;
        }
        *n = best;
}

static void add_up(struct naive *s) {
        for (unsigned i = 0; i < s->node_count; i++)
                s->usd_per_hour += s->problem->types[s->nodes[i].type].usd_per_hour;
}

static double size_of(const struct pack_item *item, const double scale[3]) {
        double gpu = item->gpus > 0 ? 1000.0 * item->gpus : 1000;

        for (unsigned o = 0; item->gpus == 0 && o < item->option_count; o++)
                gpu = MIN(gpu, milli_of(&item->options[o]));
        double part = MAX(item->cpu_milli / scale[0], item->memory_mib / scale[1]);
        return MAX(part, gpu / scale[2]);
}

static void greedy(const struct pack_problem *problem, bool best_fit, struct naive *s) {
        bool done[NAIVE_ITEMS_MAX] = { false };
        double scale[3] = { 1, 1, 1 };

        *s = (struct naive){ .problem = problem };
        for (unsigned t = 0; t < problem->type_count; t++) {
                scale[0] = MAX(scale[0], problem->types[t].cpu_milli);
                scale[1] = MAX(scale[1], problem->types[t].memory_mib);
                scale[2] = MAX(scale[2], 1000.0 * problem->types[t].gpus);
        }
        for (unsigned k = 0; k < problem->item_count; k++) {
                int largest = -1;
                for (unsigned i = 0; i < problem->item_count; i++)
                        if (!done[i] && (largest < 0 || size_of(&problem->items[i], scale) > size_of(&problem->items[largest], scale)))
                                largest = (int)i;
                done[largest] = true;
                for (unsigned left = problem->items[largest].count; left > 0; left--)
                        if (!place(s, (unsigned)largest, best_fit, scale) && !buy(s, (unsigned)largest, left))
                                s->unplaced[largest]++;
        }
        for (unsigned i = 0; i < s->node_count; i++)
                downsize(s, &s->nodes[i]);
        add_up(s);
}

void naive_first_fit(const struct pack_problem *problem, struct naive *ret_naive) {
        greedy(problem, false, ret_naive);
}

void naive_best_fit(const struct pack_problem *problem, struct naive *ret_naive) {
        greedy(problem, true, ret_naive);
}

/* Does type `t` hold the sum of these pods, as Karpenter adds them up? */
static bool sum_fits(const struct pack_problem *problem, const struct naive_node *claim, unsigned t) {
        const struct pack_type *type = &problem->types[t];
        uint64_t cpu = 0, memory = 0, milli = 0;

        for (unsigned p = 0; p < claim->pod_count; p++) {
                const struct pack_item *item = &problem->items[claim->pods[p]];
                unsigned need = item->gpus * 1000u, same = 0;
                for (unsigned o = 0; o < item->option_count && item->gpus == 0; o++)
                        if (item->options[o].gpu == type->gpu && (need == 0 || milli_of(&item->options[o]) < need))
                                need = milli_of(&item->options[o]);
                for (unsigned q = 0; q <= p; q++)
                        same += claim->pods[q] == claim->pods[p];
                if (need == 0 || !(item->types[t / 64] >> t % 64 & 1) || (item->max_per_node > 0 && same > item->max_per_node))
                        return false;
                cpu += item->cpu_milli;
                memory += item->memory_mib;
                milli += need;
        }
        return cpu <= type->cpu_milli && memory <= type->memory_mib && milli <= 1000u * type->gpus && claim->pod_count <= type->pods;
}

static int cheapest(const struct pack_problem *problem, const struct naive_node *claim) {
        int best = -1;

        for (unsigned t = 0; t < problem->type_count; t++)
                if (sum_fits(problem, claim, t) && (best < 0 || problem->types[t].usd_per_hour < problem->types[best].usd_per_hour))
                        best = (int)t;
        return best;
}

static bool claim_add(const struct pack_problem *problem, struct naive_node *claim, unsigned item) {
        struct naive_node after = *claim;

        assert(after.pod_count < NAIVE_PODS_MAX);
        after.pods[after.pod_count++] = item;
        if (cheapest(problem, &after) < 0)
                return false;
        *claim = after;
        return true;
}

/* A pod of the batch: the claim with the fewest pods that takes it, or a new one. */
static bool schedule(const struct pack_problem *problem, struct naive_node *claims, unsigned *count, unsigned item) {
        int best = -1;

        for (unsigned c = 0; c < *count; c++) {
                struct naive_node after = claims[c];
                if ((best < 0 || claims[c].pod_count < claims[best].pod_count) && claim_add(problem, &after, item))
                        best = (int)c;
        }
        if (best >= 0)
                return claim_add(problem, &claims[best], item);
        assert(*count < NAIVE_NODES_MAX);
        claims[*count] = (struct naive_node){ 0 };
        if (!claim_add(problem, &claims[*count], item))
                return false;
        (*count)++;
        return true;
}

static bool bind(struct naive *s, unsigned item) {
        for (unsigned i = 0; i < s->node_count; i++)
                if (add(s->problem, &s->nodes[i], item))
                        return true;
        return false;
}

static int next_item(const struct pack_problem *problem, const bool *done) {
        int next = -1;

        for (unsigned i = 0; i < problem->item_count; i++) {
                const struct pack_item *x = &problem->items[i], *y = next < 0 ? NULL : &problem->items[next];
                if (!done[i] && (!y || x->cpu_milli > y->cpu_milli || (x->cpu_milli == y->cpu_milli && x->memory_mib > y->memory_mib)))
                        next = (int)i;
        }
        return next;
}

static bool batch(struct naive *s, unsigned *waiting) {
        static struct naive_node claims[NAIVE_NODES_MAX];
        bool done[NAIVE_ITEMS_MAX] = { false }, again = false;
        unsigned count = 0;

        for (int i; (i = next_item(s->problem, done)) >= 0; done[i] = true)
                for (; waiting[i] > 0; waiting[i]--)
                        if (!bind(s, (unsigned)i) && !schedule(s->problem, claims, &count, (unsigned)i))
                                s->unplaced[i]++;
        for (unsigned c = 0; c < count; c++) {
                struct naive_node *n = open_node(s, (unsigned)cheapest(s->problem, &claims[c]));
                for (unsigned p = 0; p < claims[c].pod_count; p++)
                        if (!add(s->problem, n, claims[c].pods[p])) {
                                waiting[claims[c].pods[p]]++;
                                again = true;
                        }
        }
        return again;
}

void naive_karpenter(const struct pack_problem *problem, struct naive *ret_naive) {
        unsigned waiting[NAIVE_ITEMS_MAX];

        *ret_naive = (struct naive){ .problem = problem };
        for (unsigned i = 0; i < problem->item_count; i++)
                waiting[i] = problem->items[i].count;
        while (batch(ret_naive, waiting))
                ;
        add_up(ret_naive);
}
