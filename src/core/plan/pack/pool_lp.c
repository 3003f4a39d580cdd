#include "core/plan/pack/pool_lp.h"

#include <string.h>

#include "base/mem.h"
#include "core/plan/pack/group.h"

#define SLACK 1e-4 /* a column must promise this much more than its price */

/* ---- columns ---- */

static void set_fits(struct pool_lp *lp, size_t column) {
        const struct column *c = &lp->columns.columns[column];

        memset(lp->fits[column], 0, sizeof *lp->fits);
        for (uint32_t k = 0; k < lp->cut_count; k++)
                if (lp->cuts[k].type == c->type && cut_holds(lp->exact->problem, &lp->cuts[k], c->pods, c->pod_count, NULL))
                        lp->fits[column][k / 64] |= 1ull << k % 64;
}

/* Answers whether it is new. */
static bool add_column(struct pool_lp *lp, uint32_t type, const struct column_pod *pods, uint32_t pod_count) {
        size_t before = lp->columns.count;

        column_pool_add(&lp->columns, type, pods, pod_count);
        if (lp->columns.count == before)
                return false;
        if (lp->columns.count > lp->fits_capacity) {
                lp->fits_capacity = 2 * lp->columns.count;
                lp->fits = mem_realloc(lp->fits, lp->fits_capacity, sizeof *lp->fits);
        }
        set_fits(lp, before);
        return true;
}

/* One pod alone on a node of the type, in each way: with these any set that covers has a solution. */
static void seed_type(struct pool_lp *lp, uint32_t type) {
        const struct pack_problem *problem = lp->exact->problem;

        if (lp->seeded[type])
                return;
        lp->seeded[type] = true;
        for (uint32_t i = 0; i < problem->item_count; i++) {
                const struct pack_item *item = &problem->items[i];
                if (lp->exact->demand[i] < 1 || !item_fits_type(problem, i, type))
                        continue;
                for (uint16_t o = 0; o < MAX(item->option_count, 1u); o++)
                        if (item->gpus > 0 || item->options[o].gpu == problem->types[type].gpu)
                                add_column(lp, type, &(struct column_pod){ .item = i, .option = item->gpus > 0 ? 0 : o }, 1);
        }
}

void pool_lp_init(struct pool_lp *lp, const struct exact *exact) {
        size_t items = exact->problem->item_count;

        memset(lp, 0, sizeof *lp);
        lp->exact = exact;
        column_pool_init(&lp->columns, exact->problem);
        lp->columns.by_option = true;
        lp->fill = fill_new(exact->problem, exact->demand);
        lp->found = mem_alloc(FILL_FOUND_MAX * sizeof *lp->found);
        lp->master = master_new(exact->coin, exact->problem, exact->demand);
        lp->duals = mem_zalloc(items + 1, sizeof *lp->duals);
        lp->x_capacity = exact->pool.count + 1;
        lp->x = mem_zalloc(lp->x_capacity, sizeof *lp->x);
        for (size_t j = 0; j < exact->pool.count; j++) {
                const struct column *c = &exact->pool.columns[j];
                if (add_column(lp, c->type, c->pods, c->pod_count))
                        lp->x[lp->columns.count - 1] = exact->x[j] + (j < exact->best_columns ? exact->best[j] : 0);
        }
        lp->x_count = lp->columns.count;
}

void pool_lp_done(struct pool_lp *lp) {
        arena_done(&lp->arena);
        column_pool_done(&lp->columns);
        fill_free(lp->fill);
        master_free(lp->master);
        free(lp->found);
        free(lp->fits);
        free(lp->duals);
        free(lp->x);
}

/* ---- cuts ---- */

/* Which GPU a slot is on makes no difference to what fits. */
static bool same_sizes(const struct cut *a, const struct cut *b) {
        if (a->type != b->type || a->count != b->count)
                return false;
        for (uint32_t i = 0; i < a->count; i++)
                if (a->slots[i].mode != b->slots[i].mode || a->slots[i].size != b->slots[i].size)
                        return false;
        return true;
}

static bool *covered_by(struct pool_lp *lp, const struct cut *cut) {
        const struct pack_problem *problem = lp->exact->problem;
        bool *covers = arena_zalloc(&lp->arena, (problem->item_count + 1) * sizeof *covers);

        for (uint32_t i = 0; i < problem->item_count; i++) {
                const struct pack_item *item = &problem->items[i];
                for (uint16_t o = 0; o < MAX(item->option_count, 1u) && !covers[i] && item_fits_type(problem, i, cut->type); o++)
                        covers[i] = (item->gpus > 0 || item->options[o].gpu == problem->types[cut->type].gpu) &&
                                    cut_holds(problem, cut, &(struct column_pod){ .item = i, .option = item->gpus > 0 ? 0 : o }, 1, NULL);
        }
        return covers;
}

long pool_lp_add_cut(struct pool_lp *lp, const struct cut *cut) {
        for (uint32_t k = 0; k < lp->cut_count; k++)
                if (same_sizes(&lp->cuts[k], cut))
                        return k;
        if (lp->cut_count >= POOL_CUTS_MAX)
                return -1;

        uint32_t index = lp->cut_count++;
        struct cut *c = &lp->cuts[index];
        *c = *cut;
        c->slots = arena_alloc(&lp->arena, cut->count * sizeof *cut->slots);
        memcpy(c->slots, cut->slots, cut->count * sizeof *cut->slots);
        lp->covers[index] = covered_by(lp, c);
        for (size_t j = 0; j < lp->columns.count; j++) {
                const struct column *column = &lp->columns.columns[j];
                if (column->type == c->type && cut_holds(lp->exact->problem, c, column->pods, column->pod_count, NULL))
                        lp->fits[j][index / 64] |= 1ull << index % 64;
        }
        seed_type(lp, c->type);
        return index;
}

bool pool_lp_covers(const struct pool_lp *lp, const struct pool_set *set, long without) {
        for (size_t i = 0; i < lp->exact->problem->item_count; i++) {
                bool covered = lp->exact->demand[i] < 1;
                for (uint32_t k = 0; k < lp->cut_count && !covered; k++)
                        covered = k != without && pool_set_has(set, k) && lp->covers[k][i];
                if (!covered)
                        return false;
        }
        return true;
}

/* ---- solving ---- */

bool pool_lp_column_in(const struct pool_lp *lp, size_t column, const struct pool_set *set) {
        for (unsigned w = 0; w < POOL_WORDS; w++)
                if (lp->fits[column][w] & set->bits[w])
                        return true;
        return false;
}

static int solve(struct pool_lp *lp, const struct pool_set *set, struct err *e) {
        size_t n = lp->columns.count;
        _cleanup_free_ bool *use = mem_alloc((n + 1) * sizeof *use);

        if (n > lp->x_capacity) {
                lp->x_capacity = n + n / 2;
                lp->x = mem_realloc(lp->x, lp->x_capacity, sizeof *lp->x);
        }
        for (size_t j = 0; j < n; j++)
                use[j] = pool_lp_column_in(lp, j, set);
        lp->cost = master_solve_among(lp->master, &lp->columns, use, lp->duals, lp->x);
        lp->x_count = n;
        return lp->cost < 0 ? err_set(e, ERR_BUG, "the linear program over %u pools could not be solved", set->count) : 0;
}

/* What `pods` save if as many such nodes are bought as the demand for one of them allows. */
static double saving(const struct pool_lp *lp, const struct fill_found *found, double price) {
        double nodes = 1e30;

        for (uint32_t p = 0; p < found->pod_count; p++) {
                unsigned same = 0;
                for (uint32_t q = 0; q < found->pod_count; q++)
                        same += found->pods[q].item == found->pods[p].item;
                nodes = MIN(nodes, lp->exact->demand[found->pods[p].item] / same);
        }
        return (found->value - price) * nodes;
}

double pool_lp_price(struct pool_lp *lp, uint32_t cut) {
        double price = lp->exact->problem->types[lp->cuts[cut].type].usd_per_hour, most = 0;
        uint32_t n = fill_best(lp->fill, &lp->cuts[cut], lp->duals, price * (1 + SLACK), lp->found);

        for (uint32_t i = 0; i < n; i++) {
                add_column(lp, lp->cuts[cut].type, lp->found[i].pods, lp->found[i].pod_count);
                most = MAX(most, saving(lp, &lp->found[i], price));
        }
        return most;
}

int pool_lp_solve(struct pool_lp *lp, const struct pool_set *set, unsigned rounds, struct err *e) {
        int r = solve(lp, set, e);

        for (unsigned round = 0; round < rounds && r == 0; round++) {
                size_t before = lp->columns.count;
                for (uint32_t k = 0; k < lp->cut_count; k++)
                        if (pool_set_has(set, k))
                                pool_lp_price(lp, k);
                if (lp->columns.count == before)
                        break;
                r = solve(lp, set, e);
        }
        return r;
}
