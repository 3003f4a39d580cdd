/* column: one pattern of the optimisation: an instance type with what one node of it holds.
 *
 * The master problem sees a column as how many pods of each item it holds; the solution needs which GPU holds what. Columns are kept in a
 * pool that knows each content once.
 */
#pragma once

#include "base/arena.h"
#include "core/plan/pack/pack.h"

#define COLUMN_POOL_MAX 200000 /* columns of one solve */

struct column_pod { /* one pod of a node */
        uint32_t item;
        uint16_t option; /* of the item; 0 for whole GPUs */
        uint8_t gpu;     /* first GPU it stands on; a pod of g whole GPUs stands on gpu .. gpu+g-1 */
};

struct column_count {
        uint32_t item, count;
};

struct column {
        uint32_t type;
        double price;
        uint64_t options; /* a digest of its pods' options; 0 where they do not matter */
        uint32_t pod_count;
        struct column_pod *pods; /* by rising GPU */
        uint32_t count_count;
        struct column_count *counts; /* by rising item */
};

struct column_pool {
        const struct pack_problem *problem;
        struct arena arena;
        struct column *columns;
        size_t count, capacity;
        bool by_option; /* columns that differ only in the options of their pods are different */
        uint32_t *hash; /* open addressing over the columns' contents; index + 1, 0 = empty */
        size_t hash_size;
};

void column_pool_init(struct column_pool *pool, const struct pack_problem *problem);
void column_pool_done(struct column_pool *pool);

/* Add the column of `pods` (copied, in any order of items) on `type`. Answers its index, that of the present column if the pool holds the
 * same counts on the same type already (pool->count tells), or -1 if the pool is full. */
long column_pool_add(struct column_pool *pool, uint32_t type, const struct column_pod *pods, uint32_t pod_count);

/* Turn columns and how many nodes of each into the nodes of a solution (MIG slices get their placements here). Columns with count 0 are
 * left out. ERR_BUG if a content cannot stand. */
int column_to_node(const struct pack_problem *problem, const struct column *column, uint32_t count, struct pack_node *ret_node,
                   struct err *e);
