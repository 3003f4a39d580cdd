#include "core/plan/assign.h"

#include <string.h>

#include "base/buf.h"
#include "base/hash.h"
#include "base/mem.h"
#include "core/plan/assign_node.h"

/* A stretch of equal nodes whose place is taken by one workload. */
struct run {
        uint32_t end; /* node index after the last */
        uint32_t workload;
};

/* One pod's place in a pattern. */
struct place {
        struct pattern_place at;
        struct run *runs;
        size_t run_count, run_capacity, next;
        uint32_t column; /* it is the item's column-th place on the node */
};

struct pattern {
        const struct pack_node *node;
        struct place *places;
        size_t count, capacity;
};

/* The pods of an item still to be dealt out. */
struct queue {
        uint32_t *members;          /* the largest workload first */
        uint32_t count, next, left; /* left: pods of members[next] */
};

struct dealing {
        const struct choices *choices;
        const struct problem *problem;
        struct pattern *patterns;
        size_t pattern_count;
        struct queue *queues; /* [items] */
        uint32_t *members;
        uint32_t columns; /* most places of one item on one node */
};

static void dealing_done(struct dealing *d) {
        for (size_t p = 0; p < d->pattern_count; p++) {
                for (size_t i = 0; i < d->patterns[p].count; i++)
                        free(d->patterns[p].places[i].runs);
                free(d->patterns[p].places);
        }
        free(d->patterns);
        free(d->queues);
        free(d->members);
}

static int by_replicas(const void *a, const void *b, void *context) {
        const struct demand *d = context;
        uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
        uint32_t rx = d->workloads[x].replicas, ry = d->workloads[y].replicas;

        if (rx != ry)
                return rx < ry ? 1 : -1;
        return (x > y) - (x < y);
}

static void fill_queues(struct dealing *d) {
        const struct problem *p = d->problem;
        struct demand *demand = (struct demand *)d->choices->world.demand;
        size_t items = p->pack.item_count;

        d->members = mem_zalloc(MAX(p->first_member[items], 1u), sizeof *d->members);
        memcpy(d->members, p->members, p->first_member[items] * sizeof *d->members);
        d->queues = mem_zalloc(MAX(items, 1u), sizeof *d->queues);
        for (size_t i = 0; i < items; i++) {
                struct queue *q = &d->queues[i];
                q->members = d->members + p->first_member[i];
                q->count = p->first_member[i + 1] - p->first_member[i];
                qsort_r(q->members, q->count, sizeof *q->members, by_replicas, demand);
                if (q->count > 0)
                        q->left = demand->workloads[q->members[0]].replicas;
        }
}

static void add_place(struct pattern *pattern, struct pattern_place at) {
        struct place place = { .at = at };

        for (size_t i = 0; i < pattern->count; i++)
                place.column += pattern->places[i].at.item == at.item;
        MEM_GROW(pattern->places, pattern->count, pattern->capacity);
        pattern->places[pattern->count++] = place;
}

/* Pods of several whole GPUs have an entry on each of theirs; consecutive ones belong to one pod. */
static void find_places(struct dealing *d, struct pattern *pattern) {
        const struct pack_node *node = pattern->node;
        unsigned gpus = d->problem->pack.types[node->type].gpus;

        for (unsigned g = 0; g < gpus; g++)
                for (unsigned s = 0; s < node->gpus[g].count; s++) {
                        const struct pack_slice *slice = &node->gpus[g].slices[s];
                        unsigned width = d->problem->items[slice->item].gpus ?: 1;
                        struct place *open = NULL;
                        for (size_t i = 0; i < pattern->count && width > 1; i++)
                                if (pattern->places[i].at.item == slice->item && pattern->places[i].at.gpu_count < width)
                                        open = &pattern->places[i];
                        if (!open) {
                                add_place(pattern,
                                          (struct pattern_place){ .item = slice->item, .option = slice->option, .start = slice->start });
                                open = &pattern->places[pattern->count - 1];
                        }
                        open->at.gpus[open->at.gpu_count++] = (uint8_t)g;
                }
        for (size_t i = 0; i < pattern->count; i++)
                d->columns = MAX(d->columns, pattern->places[i].column + 1);
}

static int deal_place(struct dealing *d, const struct pattern *pattern, struct place *place, struct err *e) {
        const struct workload *workloads = d->choices->world.demand->workloads;
        struct queue *q = &d->queues[place->at.item];
        uint32_t at = 0, nodes = pattern->node->count;

        while (at < nodes) {
                while (q->left == 0 && q->next + 1 < q->count)
                        q->left = workloads[q->members[++q->next]].replicas;
                if (q->left == 0)
                        return err_set(e, ERR_BUG, "the plan holds more pods of item %u than there are", place->at.item);
                uint32_t take = MIN(q->left, nodes - at);
                MEM_GROW(place->runs, place->run_count, place->run_capacity);
                at += take;
                q->left -= take;
                place->runs[place->run_count++] = (struct run){ .end = at, .workload = q->members[q->next] };
        }
        return 0;
}

static int deal(struct dealing *d, struct err *e) {
        for (uint32_t column = 0; column < d->columns; column++)
                for (size_t p = 0; p < d->pattern_count; p++)
                        for (size_t i = 0; i < d->patterns[p].count; i++) {
                                struct place *place = &d->patterns[p].places[i];
                                int r = place->column == column ? deal_place(d, &d->patterns[p], place, e) : 0;
                                if (r < 0)
                                        return r;
                        }
        return 0;
}

static uint32_t *take_unplaced(const struct dealing *d) {
        const struct demand *demand = d->choices->world.demand;
        uint32_t *unplaced = mem_zalloc(MAX(demand->count, 1u), sizeof *unplaced);

        for (size_t i = 0; i < demand->count; i++)
                if (d->problem->item_of[i] == PROBLEM_NO_ITEM)
                        unplaced[i] = demand->workloads[i].replicas;
        for (size_t i = 0; i < d->problem->pack.item_count; i++) {
                const struct queue *q = &d->queues[i];
                for (uint32_t m = q->next; m < q->count; m++)
                        unplaced[q->members[m]] = m == q->next ? q->left : demand->workloads[q->members[m]].replicas;
        }
        return unplaced;
}

/* Cut a pattern's nodes where any place changes its workload. */
static void emit_nodes(struct pattern *pattern, struct node_writer *writer) {
        struct pattern_place *places = mem_zalloc(MAX(pattern->count, 1u), sizeof *places);
        uint32_t at = 0;

        for (size_t i = 0; i < pattern->count; i++)
                places[i] = pattern->places[i].at;
        while (at < pattern->node->count) {
                uint32_t end = pattern->node->count;
                for (size_t i = 0; i < pattern->count; i++) {
                        struct place *place = &pattern->places[i];
                        if (place->runs[place->next].end == at)
                                place->next++;
                        places[i].workload = place->runs[place->next].workload;
                        end = MIN(end, place->runs[place->next].end);
                }
                node_write(writer, pattern->node, places, pattern->count, end - at);
                at = end;
        }
        free(places);
}

int assign_pods(const struct choices *c, const struct problem *p, const struct pack_solution *solution, struct arena *arena,
                struct assigned *ret_assigned, struct err *e) {
        _cleanup_(dealing_done) struct dealing d = { .choices = c, .problem = p, .pattern_count = solution->node_count };
        struct node_writer writer = { .choices = c, .problem = p, .arena = arena };

        d.patterns = mem_zalloc(MAX(d.pattern_count, 1u), sizeof *d.patterns);
        fill_queues(&d);
        for (size_t i = 0; i < d.pattern_count; i++) {
                d.patterns[i].node = &solution->nodes[i];
                find_places(&d, &d.patterns[i]);
        }
        int r = deal(&d, e);
        if (r < 0)
                return r;
        for (size_t i = 0; i < d.pattern_count; i++)
                emit_nodes(&d.patterns[i], &writer);
        *ret_assigned = (struct assigned){ .unplaced = take_unplaced(&d) };
        node_writer_finish(&writer, ret_assigned);
        return 0;
}
