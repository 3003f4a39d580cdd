/* fleet: nodes being filled, as groups of identical ones in the order they were opened.
 *
 * A run of n identical pods that goes into a group of c nodes, each with room for k of them, fills n / k nodes, gives one the rest, and
 * leaves the others: the group splits in at most three, which stay side by side, so the order of opening is kept.
 */
#pragma once

#include "core/plan/pack/node.h"

struct fleet_group {
        struct node node;
        uint32_t count;
};

/* A group as a search sees it: with tens of thousands of groups, most must be passed over without touching them. */
struct fleet_slot {
        struct fleet_group *group;
        uint32_t cpu_milli, memory_mib; /* left of a node */
        uint16_t milli_most;            /* left of the GPU with most left; 1000 if one is cut by MIG, where thousandths say too little */
        uint8_t gpus_empty;
};

struct fleet {
        const struct node_rules *rules;
        size_t count, capacity;
        struct fleet_slot *slots; /* oldest first */
};

void fleet_done(struct fleet *f);

/* Append `count` empty nodes of `type`; answers the index of their group. */
size_t fleet_open(struct fleet *f, uint32_t type, uint32_t count);

/* Put up to `want` pods of `item` into each node of the group at `index`; answers how many each took. */
uint32_t fleet_add(struct fleet *f, size_t index, uint32_t item, uint32_t want);

/* The next group from `index` on that may have room for `item`, or f->count. */
size_t fleet_next(const struct fleet *f, size_t index, uint32_t item);

/* Put up to `want` pods of `item` into the group at `index`, node by node. Answers how many found room; `ret_groups` is how many groups now
 * stand where the one stood (1 to 3). */
uint32_t fleet_fill(struct fleet *f, size_t index, uint32_t item, uint32_t want, size_t *ret_groups);

/* The same into the oldest nodes that have room. Answers how many pods are left. */
uint32_t fleet_first_fit(struct fleet *f, uint32_t item, uint32_t want);

/* Open nodes for `want` pods of `item`, each time of the type that costs least per pod it takes, and full of them. So no cheaper type can
 * hold a node's content, now or later: it would hold these pods too, for less per pod. Answers how many pods no type could hold. */
uint32_t fleet_buy(struct fleet *f, uint32_t item, uint32_t want);

/* As a solution: nodes, price. `unplaced` [item_count] is handed over. Errors: ERR_BUG. */
int fleet_finish(const struct fleet *f, uint32_t *unplaced, struct pack_solution *ret_solution, struct err *e);
