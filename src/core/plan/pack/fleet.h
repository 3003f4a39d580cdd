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

struct fleet {
        const struct node_rules *rules;
        size_t count, capacity;
        struct fleet_group **groups; /* oldest first */
};

void fleet_done(struct fleet *f);

/* Append `count` empty nodes of `type`. */
struct fleet_group *fleet_open(struct fleet *f, uint32_t type, uint32_t count);

/* Put up to `want` pods of `item` into the group at `index`, node by node. Answers how many found room; `ret_groups` is how many groups now
 * stand where the one stood (1 to 3). */
uint32_t fleet_fill(struct fleet *f, size_t index, uint32_t item, uint32_t want, size_t *ret_groups);

/* Open nodes for `want` pods of `item`, each time of the type that costs least per pod it takes. Answers how many pods no type could hold.
 */
uint32_t fleet_buy(struct fleet *f, uint32_t item, uint32_t want);

/* Turn each node into the cheapest type that holds its content. */
void fleet_downsize(struct fleet *f);

/* As a solution: nodes, price. `unplaced` [item_count] is handed over. Errors: ERR_BUG. */
int fleet_finish(const struct fleet *f, uint32_t *unplaced, struct pack_solution *ret_solution, struct err *e);
