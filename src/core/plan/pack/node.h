/* node: one instance being filled with pods.
 *
 * A node knows what is left of its CPU, memory and pods, and of each GPU its mode and what it still takes: thousandths for shares, a state
 * of the model's multiset graph (mig_states) for MIG. Pods are only added. Where a pod goes is one rule for all greedy engines: a slice
 * goes onto the fullest GPU in use that takes one of its options (smallest option first), else onto an empty GPU; whole GPUs are empty
 * ones.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/mem.h"
#include "core/plan/pack/mig_states.h"
#include "core/plan/pack/pack.h"

/* What adding needs to know of a problem, prepared once: the MIG graphs, and each item's options by model and size. */
struct node_rules {
        const struct pack_problem *problem;
        uint32_t model_count;
        const struct gpu_model **models; /* [model_count] those of the problem's types */
        struct mig_states **mig;         /* [model_count] NULL where no option is a MIG one */
        uint16_t model_of_type[PACK_TYPES_MAX];
        struct node_options *options; /* [item_count * model_count] */
        uint16_t *order;              /* option indices, all items one after the other */
        uint32_t *milli_least;        /* [item_count] what the smallest option takes of a GPU; 0 for whole ones */
};

struct node_options { /* the options of one item on one model: order[first .. first + count), smallest first */
        uint32_t first;
        uint16_t count;
};

struct node_rules *node_rules_new(const struct pack_problem *problem);
struct node_rules *node_rules_free(struct node_rules *r);
DEFINE_CLEANUP(struct node_rules *, node_rules_free)

/* Thousandths of a GPU that an option takes; for MIG its part of the memory slices. */
uint32_t node_option_milli(const struct pack_option *option);

struct node_gpu {
        enum gpu_mode mode; /* GPU_WHOLE also when empty */
        uint8_t count;      /* slices on it, or 1 for a whole one */
        uint16_t milli_left;
        int16_t state; /* GPU_MIG */
};

struct node_part { /* `count` pods of an item in one place */
        uint32_t item;
        uint16_t option;
        uint16_t gpus; /* bit per GPU */
        uint16_t count;
};

struct node {
        uint32_t type;
        uint32_t cpu_milli, memory_mib, pods; /* left */
        struct node_gpu gpus[PACK_GPUS_MAX];
        size_t part_count, part_capacity;
        struct node_part *parts; /* in the order they were added */
};

void node_init(struct node *n, const struct node_rules *rules, uint32_t type);
void node_copy(struct node *n, const struct node *from); /* `n` uninitialised */
void node_done(struct node *n);

/* May one pod of `item` stand here, as far as CPU, memory, pods and type go? Quick; node_takes() has the last word. */
static inline bool node_may_hold(const struct node *n, const struct pack_item *item) {
        return n->cpu_milli >= item->cpu_milli && n->memory_mib >= item->memory_mib && n->pods > 0 &&
               (item->types[n->type / 64] >> n->type % 64 & 1);
}

bool node_takes(const struct node *n, const struct node_rules *rules, uint32_t item);

/* Add up to `want` pods of `item`, one by one; answers how many found room. */
uint32_t node_add(struct node *n, const struct node_rules *rules, uint32_t item, uint32_t want);

/* How many of `item` one empty node of `type` holds, at most `want`. */
uint32_t node_room(const struct node_rules *rules, uint32_t type, uint32_t item, uint32_t want);

/* What is left of all GPUs, in thousandths. */
uint32_t node_milli_left(const struct node *n, const struct node_rules *rules);

/* As a node of a solution, with placements for MIG. ERR_BUG if a GPU's slices have none. */
int node_finish(const struct node *n, const struct node_rules *rules, uint32_t count, struct pack_node *ret_node, struct err *e);
