/* assign_node: one group of equal nodes as the plan shows it: GPUs with their layouts and slices, pods, what they take, pool numbers.
 */
#pragma once

#include "core/plan/assign.h"

/* One pod's place on a node of a pattern. */
struct pattern_place {
        uint32_t item, workload;
        uint16_t option;
        uint8_t start;
        uint8_t gpu_count, gpus[PACK_GPUS_MAX];
};

struct node_writer {
        const struct choices *choices;
        const struct problem *problem;
        struct arena *arena;
        struct plan_node *nodes;
        size_t count, capacity;
        struct node_text *texts; /* hash: layouts repeat */
        struct arena hash;
        uint64_t crowded;
};

void node_write(struct node_writer *w, const struct pack_node *node, const struct pattern_place *places, size_t place_count,
                uint32_t count);

/* Order the nodes, number the pools, hand all to `ret`. */
void node_writer_finish(struct node_writer *w, struct assigned *ret);
