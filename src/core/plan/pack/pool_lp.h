/* pool_lp: the linear program when only some pools are allowed.
 *
 * Columns are nodes as in exact.h; one may be used when it fits a cut of the chosen set, and pricing asks fill.h for each cut of the set.
 * Cuts are candidates, numbered as they come; columns stay when a set changes, so that many sets can be tried after one another.
 */
#pragma once

#include "core/plan/pack/exact.h"
#include "core/plan/pack/fill.h"

#define POOL_CUTS_MAX 1024
#define POOL_WORDS (POOL_CUTS_MAX / 64)

struct pool_set {
        uint32_t count;
        uint64_t bits[POOL_WORDS];
};

static inline bool pool_set_has(const struct pool_set *s, uint32_t cut) {
        return s->bits[cut / 64] >> cut % 64 & 1;
}

static inline void pool_set_flip(struct pool_set *s, uint32_t cut) {
        s->count += pool_set_has(s, cut) ? -1u : 1u;
        s->bits[cut / 64] ^= 1ull << cut % 64;
}

struct pool_lp {
        const struct exact *exact; /* the problem without the limit, solved */
        struct arena arena;
        uint32_t cut_count;
        struct cut cuts[POOL_CUTS_MAX];
        bool *covers[POOL_CUTS_MAX]; /* [item] can stand in a node of the cut */
        bool seeded[PACK_TYPES_MAX]; /* the type's columns of one pod are there */
        struct column_pool columns;
        uint64_t (*fits)[POOL_WORDS]; /* [columns.count] which cuts hold the column */
        size_t fits_capacity;
        struct fill *fill;
        struct fill_found *found; /* [FILL_FOUND_MAX] */
        struct master *master;
        double *duals, *x, cost; /* of the last solution; columns from x_count on are not in it */
        size_t x_count, x_capacity;
};

/* Takes over the columns of `exact`; x says how much the LP and the best plan use them together. */
void pool_lp_init(struct pool_lp *lp, const struct exact *exact);
void pool_lp_done(struct pool_lp *lp);

/* The candidate that holds what `cut` holds (copied); -1 if there are POOL_CUTS_MAX. */
long pool_lp_add_cut(struct pool_lp *lp, const struct cut *cut);

/* Can every item that has demand stand in some cut of the set? (without the cut `without`; -1: none) */
bool pool_lp_covers(const struct pool_lp *lp, const struct pool_set *set, long without);

/* Solve over the set's columns; then up to `rounds` times price the set's cuts and solve again. The set must cover. */
int pool_lp_solve(struct pool_lp *lp, const struct pool_set *set, unsigned rounds, struct err *e);

/* Add the best nodes of one cut to the columns; answers about how much they could save with their pods' demand alone. */
double pool_lp_price(struct pool_lp *lp, uint32_t cut);

bool pool_lp_column_in(const struct pool_lp *lp, size_t column, const struct pool_set *set);
