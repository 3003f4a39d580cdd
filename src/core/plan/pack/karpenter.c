/* karpenter: what Karpenter buys for a batch of pending pods.
 *
 * The rule, read in kubernetes-sigs/karpenter at 2266468 (pkg/controllers/provisioning/scheduling):
 *   - pods by falling CPU request, then falling memory (queue.go; GPUs are not in the key). Ties go by creation time, which a plan does not
 *     know: here by the order of the items.
 *   - a pod goes to the node claim of this batch with the fewest pods that takes it (scheduler.go, add: sorted anew before each pod with a
 * sort that is not stable, so ties are open: here the oldest claim).
 *   - a claim takes a pod as long as one instance type is left that allows the pod and holds the sum of all requests (nodeclaim.go); it
 * then keeps the types that do. No type is chosen yet, so a claim grows as long as the largest type has room.
 *   - if no claim takes it, a new claim starts with all types.
 *   - in the end each claim becomes the cheapest type it has left (what EC2 Fleet's lowest-price gives).
 *
 * Karpenter sums extended resources over a node and knows no single GPU: a slice counts as its thousandths of the node's GPUs (a MIG
 * profile as its part of the memory). So the slices of a claim may not fit the GPUs one by one. In reality such a pod is bound and fails on
 * the device, or waits beside a node on which Karpenter believes there is room. A plan must run every pod, so here it waits until the nodes
 * are there, goes to one of them that really has room, or else is in the next batch. That flatters Karpenter. Consolidation, which later
 * deletes or replaces single nodes, is not modelled.
 */
#include <string.h>

#include "base/mem.h"
#include "core/plan/pack/engines.h"
#include "core/plan/pack/fleet.h"

#define TYPE_WORDS (PACK_TYPES_MAX / 64)
#define CANNOT UINT32_MAX

struct left {
        uint32_t cpu_milli, memory_mib, milli;
};

struct pods {
        uint32_t item, count;
};

struct claim {          /* `count` node claims of the same content */
        uint32_t first; /* number of the oldest of them; they follow each other */
        uint32_t count;
        uint32_t pods;
        uint64_t cpu_milli, memory_mib;
        uint64_t *milli; /* [model_count] of the GPUs, if it became a type of that model */
        uint64_t types[TYPE_WORDS];
        size_t slot; /* its own */
        size_t part_count, part_capacity;
        struct pods *parts; /* in the order they came */
};

/* A claim as a search sees it: most are passed over without touching them. */
struct slot {
        struct claim *claim;
        struct left most; /* of each resource, over the types the claim still has */
};

struct batch {
        const struct node_rules *rules;
        uint32_t *need; /* [item * model_count + model]: thousandths of the node's GPUs; CANNOT = not on this model */
        uint32_t opened;
        size_t count, capacity;
        struct slot *slots;
};

static struct claim *claim_new(struct batch *b, uint32_t count) {
        struct claim *c = mem_zalloc(1, sizeof *c);

        c->milli = mem_zalloc(b->rules->model_count + 1, sizeof *c->milli);
        c->count = count;
        memset(c->types, 0xff, sizeof c->types);
        c->slot = b->count;
        MEM_GROW(b->slots, b->count, b->capacity);
        b->slots[b->count++] = (struct slot){ .claim = c, .most = { UINT32_MAX, UINT32_MAX, UINT32_MAX } };
        return c;
}

static void claim_free(struct claim *c) {
        free(c->milli);
        free(c->parts);
        free(c);
}

static void batch_done(struct batch *b) {
        for (size_t c = 0; c < b->count; c++)
                claim_free(b->slots[c].claim);
        free(b->slots);
        b->slots = NULL;
        b->count = b->capacity = b->opened = 0;
}

/* Part the claim in its `taken` oldest and the rest, which stays as it is now. */
static void claim_split(struct batch *b, struct claim *c, uint32_t taken) {
        struct claim *rest = claim_new(b, c->count - taken);
        struct claim own = *rest;

        *rest = *c;
        rest->milli = own.milli;
        rest->count = own.count;
        rest->slot = own.slot;
        rest->first = c->first + taken;
        rest->part_capacity = c->part_count;
        rest->parts = mem_alloc(c->part_count * sizeof *c->parts);
        memcpy(rest->milli, c->milli, b->rules->model_count * sizeof *c->milli);
        memcpy(rest->parts, c->parts, c->part_count * sizeof *c->parts);
        b->slots[rest->slot].most = b->slots[c->slot].most;
        c->count = taken;
}

/* What type `t` would have left with one more pod of `item`; false if it cannot hold it. */
static bool left_on_type(const struct batch *b, const struct claim *c, uint32_t item, uint32_t t, struct left *ret_left) {
        const struct pack_item *it = &b->rules->problem->items[item];
        const struct pack_type *type = &b->rules->problem->types[t];
        uint32_t m = b->rules->model_of_type[t], need = b->need[item * b->rules->model_count + m];
        uint64_t cpu = c->cpu_milli + it->cpu_milli, memory = c->memory_mib + it->memory_mib, milli = c->milli[m] + need;

        if (need == CANNOT || cpu > type->cpu_milli || memory > type->memory_mib || milli > 1000u * type->gpus || c->pods >= type->pods)
                return false;
        *ret_left = (struct left){
                .cpu_milli = (uint32_t)(type->cpu_milli - cpu),
                .memory_mib = (uint32_t)(type->memory_mib - memory),
                .milli = (uint32_t)(1000u * type->gpus - milli),
        };
        return true;
}

static bool at_limit(const struct claim *c, uint32_t item, uint32_t max_per_node) {
        return max_per_node > 0 && c->part_count > 0 && c->parts[c->part_count - 1].item == item &&
               c->parts[c->part_count - 1].count >= max_per_node;
}

/* Would the claim take a pod of `item`, and what would it then have left? */
static bool claim_takes(const struct batch *b, const struct claim *c, uint32_t item, uint64_t ret_types[TYPE_WORDS],
                        struct left *ret_most) {
        const struct pack_item *it = &b->rules->problem->items[item];
        bool any = false;

        if (at_limit(c, item, it->max_per_node))
                return false;
        memset(ret_types, 0, TYPE_WORDS * sizeof *ret_types);
        *ret_most = (struct left){ 0 };
        for (uint32_t t = 0; t < b->rules->problem->type_count; t++) {
                struct left left;
                if (!(c->types[t / 64] & it->types[t / 64] & UINT64_C(1) << t % 64) || !left_on_type(b, c, item, t, &left))
                        continue;
                any = true;
                ret_types[t / 64] |= UINT64_C(1) << t % 64;
                ret_most->cpu_milli = MAX(ret_most->cpu_milli, left.cpu_milli);
                ret_most->memory_mib = MAX(ret_most->memory_mib, left.memory_mib);
                ret_most->milli = MAX(ret_most->milli, left.milli);
        }
        return any;
}

static bool claim_add(const struct batch *b, struct claim *c, uint32_t item) {
        const struct pack_item *it = &b->rules->problem->items[item];
        uint64_t types[TYPE_WORDS];
        struct left most;

        if (!claim_takes(b, c, item, types, &most))
                return false;
        memcpy(c->types, types, sizeof types);
        b->slots[c->slot].most = most;
        c->cpu_milli += it->cpu_milli;
        c->memory_mib += it->memory_mib;
        c->pods++;
        for (uint32_t m = 0; m < b->rules->model_count; m++) /* a model it cannot stand on has no type left */
                c->milli[m] += b->need[item * b->rules->model_count + m];
        if (c->part_count == 0 || c->parts[c->part_count - 1].item != item) {
                MEM_GROW(c->parts, c->part_count, c->part_capacity);
                c->parts[c->part_count++] = (struct pods){ .item = item };
        }
        c->parts[c->part_count - 1].count++;
        return true;
}

static int by_age(const void *a, const void *b) {
        const struct claim *x = ((const struct slot *)a)->claim, *y = ((const struct slot *)b)->claim;

        return (x->first > y->first) - (x->first < y->first);
}

static int by_pods(const void *a, const void *b) {
        const struct claim *x = *(struct claim *const *)a, *y = *(struct claim *const *)b;

        if (x->pods != y->pods)
                return x->pods < y->pods ? -1 : 1;
        return (x->first > y->first) - (x->first < y->first);
}

/* The top of the heap has changed: let it sink to its place. */
static void sink(struct claim **heap, size_t count) {
        for (size_t at = 0, child = 1; child < count; at = child, child = 2 * at + 1) {
                if (child + 1 < count && by_pods(&heap[child + 1], &heap[child]) < 0)
                        child++;
                if (by_pods(&heap[at], &heap[child]) <= 0)
                        return;
                struct claim *up = heap[child];
                heap[child] = heap[at];
                heap[at] = up;
        }
}

/* The claims that take a pod of `item`. */
static size_t takers(const struct batch *b, uint32_t item, struct claim **claims) {
        const struct pack_item *it = &b->rules->problem->items[item];
        uint32_t cpu = it->cpu_milli, memory = it->memory_mib, milli = it->gpus > 0 ? 1000u * it->gpus : b->rules->milli_least[item];
        uint64_t types[TYPE_WORDS];
        struct left most;
        size_t count = 0;

        for (size_t k = 0; k < b->count; k++) {
                const struct slot *s = &b->slots[k];
                if (s->most.cpu_milli >= cpu && s->most.memory_mib >= memory && s->most.milli >= milli &&
                    claim_takes(b, s->claim, item, types, &most))
                        claims[count++] = s->claim;
        }
        return count;
}

/* Level out: always the claims with the fewest pods take one each. Answers how many pods no claim took. */
static uint32_t fill_claims(struct batch *b, uint32_t item, uint32_t want) {
        _cleanup_free_ struct claim **heap = mem_alloc((b->count + 1) * sizeof *heap);
        size_t count = takers(b, item, heap);

        qsort(heap, count, sizeof *heap, by_pods);
        while (want > 0 && count > 0) {
                struct claim *c = heap[0];
                if (c->count > want)
                        claim_split(b, c, want);
                if (claim_add(b, c, item))
                        want -= c->count;
                else
                        heap[0] = heap[--count];
                sink(heap, count);
        }
        return want;
}

/* New claims, each filled before the next is opened: it has the fewest pods, and no older one takes the item. Answers how many pods no type
 * can hold. */
static uint32_t open_claims(struct batch *b, uint32_t item, uint32_t want) {
        while (want > 0) {
                struct claim *c = claim_new(b, 1);
                uint32_t room = 0;
                while (room < want && claim_add(b, c, item))
                        room++;
                if (room == 0) {
                        claim_free(b->slots[--b->count].claim);
                        break;
                }
                c->first = b->opened;
                c->count = want / room;
                b->opened += c->count;
                want -= c->count * room;
        }
        return want;
}

static int by_request(const void *a, const void *b, void *items) {
        const struct pack_item *x = (const struct pack_item *)items + *(const uint32_t *)a;
        const struct pack_item *y = (const struct pack_item *)items + *(const uint32_t *)b;

        if (x->cpu_milli != y->cpu_milli)
                return x->cpu_milli > y->cpu_milli ? -1 : 1;
        if (x->memory_mib != y->memory_mib)
                return x->memory_mib > y->memory_mib ? -1 : 1;
        return (x > y) - (x < y);
}

/* The claim as nodes of its cheapest type; what does not fit their GPUs one by one is added to `waiting`. */
static void launch(const struct batch *b, const struct claim *c, struct fleet *fleet, uint32_t *waiting) {
        const struct pack_problem *problem = b->rules->problem;
        uint32_t cheapest = PACK_TYPES_MAX;

        for (uint32_t t = 0; t < problem->type_count; t++)
                if ((c->types[t / 64] >> t % 64 & 1) &&
                    (cheapest == PACK_TYPES_MAX || problem->types[t].usd_per_hour < problem->types[cheapest].usd_per_hour))
                        cheapest = t;
        size_t group = fleet_open(fleet, cheapest, c->count);
        for (size_t p = 0; p < c->part_count; p++) {
                uint32_t added = fleet_add(fleet, group, c->parts[p].item, c->parts[p].count);
                waiting[c->parts[p].item] += (c->parts[p].count - added) * c->count;
        }
}

static uint32_t *needs(const struct node_rules *rules) {
        const struct pack_problem *problem = rules->problem;
        uint32_t *need = mem_alloc((problem->item_count * rules->model_count + 1) * sizeof *need);

        for (size_t i = 0; i < problem->item_count; i++)
                for (uint32_t m = 0; m < rules->model_count; m++) {
                        const struct node_options *range = &rules->options[i * rules->model_count + m];
                        uint32_t slice =
                                range->count > 0 ? node_option_milli(&problem->items[i].options[rules->order[range->first]]) : CANNOT;
                        need[i * rules->model_count + m] = problem->items[i].gpus > 0 ? 1000u * problem->items[i].gpus : slice;
                }
        return need;
}

/* One batch: pods that wait go to nodes that really have room, oldest first; for the rest nodes are bought. */
static void provision(struct batch *b, const uint32_t *order, struct fleet *fleet, uint32_t *waiting, uint32_t *unplaced) {
        for (size_t i = 0; i < b->rules->problem->item_count; i++) {
                uint32_t item = order[i];
                if (waiting[item] == 0)
                        continue;
                uint32_t left = fleet_first_fit(fleet, item, waiting[item]);
                waiting[item] = 0;
                unplaced[item] += open_claims(b, item, fill_claims(b, item, left));
        }
        if (b->count > 0) /* without a claim there is no array either */
                qsort(b->slots, b->count, sizeof *b->slots, by_age);
        for (size_t c = 0; c < b->count; c++)
                launch(b, b->slots[c].claim, fleet, waiting);
        batch_done(b);
}

static bool any(const uint32_t *counts, size_t count) {
        for (size_t i = 0; i < count; i++)
                if (counts[i] > 0)
                        return true;
        return false;
}

int pack_karpenter(const struct pack_problem *problem, const struct pack_env *env, struct pack_solution *ret_solution, struct err *e) {
        double start = env->now_seconds(env->context);
        _cleanup_(node_rules_freep) struct node_rules *rules = node_rules_new(problem);
        _cleanup_(fleet_done) struct fleet fleet = { .rules = rules };
        _cleanup_free_ uint32_t *unplaced = mem_zalloc(problem->item_count + 1, sizeof *unplaced);
        _cleanup_free_ uint32_t *waiting = mem_zalloc(problem->item_count + 1, sizeof *waiting);
        _cleanup_free_ uint32_t *order = mem_zalloc(problem->item_count + 1, sizeof *order);
        _cleanup_free_ uint32_t *need = needs(rules);
        struct batch batch = { .rules = rules, .need = need };

        for (uint32_t i = 0; i < problem->item_count; i++) {
                order[i] = i;
                waiting[i] = problem->items[i].count;
        }
        qsort_r(order, problem->item_count, sizeof *order, by_request, (void *)problem->items);
        while (any(waiting, problem->item_count)) /* every new node runs at least its first pod, so this ends */
                provision(&batch, order, &fleet, waiting, unplaced);
        int r = fleet_finish(&fleet, unplaced, ret_solution, e);
        if (r < 0)
                return r;
        TAKE_PTR(unplaced);
        ret_solution->seconds = env->now_seconds(env->context) - start;
        return 0;
}
