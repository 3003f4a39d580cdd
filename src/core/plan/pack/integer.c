#include "core/plan/pack/integer.h"

#include <math.h>
#include <stdio.h>

#include "base/mem.h"

/* The rest that CBC gets: what the LP plan leaves after keeping floor(x) - back nodes of each column, covered by columns whose reduced
 * cost is at most `reduced` of their price. Small and sharp first; each row is wider than the one above. */
static const struct attempt {
        double back, reduced, seconds;
} attempts[] = {
        { 0, 0.01, 1.0 }, { 0, 0.03, 1.0 }, { 1, 0.02, 2.0 }, { 2, 0.05, 4.0 }, { 1e9, 0.1, 8.0 }, { 1e9, 1.0, 16.0 },
};

/* One program for CBC. */
struct program {
        uint32_t *kept; /* [pool.count] nodes that are not CBC's */
        double *rest;   /* [items] pods left to cover */
        double kept_cost;
        int columns, entries;
        int *starts, *rows;
        double *elements, *price;
        size_t *column_of; /* program column -> pool column */
};

static void program_done(struct program *p) {
        free(p->kept);
        free(p->rest);
        free(p->starts);
        free(p->rows);
        free(p->elements);
        free(p->price);
        free(p->column_of);
}

/* Keep the sure part of the LP's plan; what it does not cover is the rest. */
static void keep_floor(const struct exact *x, double back, struct program *p) {
        size_t items = x->problem->item_count;

        p->kept = mem_zalloc(x->pool.count, sizeof *p->kept);
        p->rest = mem_alloc((items + 1) * sizeof *p->rest);
        for (size_t i = 0; i < items; i++)
                p->rest[i] = x->demand[i];
        for (size_t j = 0; j < x->pool.count; j++) {
                const struct column *c = &x->pool.columns[j];
                double nodes = floor(x->x[j] + 1e-7) - back;
                if (nodes < 1)
                        continue;
                p->kept[j] = (uint32_t)nodes;
                p->kept_cost += nodes * c->price;
                for (uint32_t k = 0; k < c->count_count; k++)
                        p->rest[c->counts[k].item] -= nodes * c->counts[k].count;
        }
        for (size_t i = 0; i < items; i++)
                p->rest[i] = MAX(p->rest[i], 0.0);
}

static double reduced_cost(const struct exact *x, const struct column *c) {
        double cost = c->price;

        for (uint32_t k = 0; k < c->count_count; k++)
                cost -= x->duals[c->counts[k].item] * c->counts[k].count;
        return cost;
}

static void choose_columns(const struct exact *x, double reduced, struct program *p) {
        size_t n = x->pool.count, entries = 0;

        for (size_t j = 0; j < n; j++)
                entries += x->pool.columns[j].count_count;
        p->starts = mem_alloc((n + 1) * sizeof *p->starts);
        p->price = mem_alloc((n + 1) * sizeof *p->price);
        p->column_of = mem_alloc((n + 1) * sizeof *p->column_of);
        p->rows = mem_alloc((entries + 1) * sizeof *p->rows);
        p->elements = mem_alloc((entries + 1) * sizeof *p->elements);
        for (size_t j = 0; j < n; j++) {
                const struct column *c = &x->pool.columns[j];
                double cost = reduced_cost(x, c);
                int first = p->entries;
                if (cost > reduced * c->price || cost > x->best_cost - x->bound)
                        continue;
                for (uint32_t k = 0; k < c->count_count; k++)
                        if (p->rest[c->counts[k].item] > 0) {
                                p->rows[p->entries] = (int)c->counts[k].item;
                                p->elements[p->entries++] = MIN((double)c->counts[k].count, p->rest[c->counts[k].item]);
                        }
                if (p->entries == first)
                        continue;
                p->starts[p->columns] = first;
                p->price[p->columns] = c->price;
                p->column_of[p->columns++] = j;
        }
        p->starts[p->columns] = p->entries;
}

static void *load(const struct exact *x, const struct program *p) {
        _cleanup_free_ double *lower = mem_zalloc((size_t)p->columns + 1, sizeof *lower);
        _cleanup_free_ double *upper = mem_alloc(((size_t)p->columns + 1) * sizeof *upper);
        _cleanup_free_ double *row_upper = mem_alloc((x->problem->item_count + 1) * sizeof *row_upper);
        void *cbc = x->coin->Cbc_newModel();

        for (int j = 0; j < p->columns; j++)
                upper[j] = 1e9;
        for (size_t i = 0; i < x->problem->item_count; i++)
                row_upper[i] = 1e30;
        x->coin->Cbc_setLogLevel(cbc, 0);
        x->coin->Cbc_loadProblem(cbc, p->columns, (int)x->problem->item_count, p->starts, p->rows, p->elements, lower, upper, p->price,
                                 p->rest, row_upper);
        for (int j = 0; j < p->columns; j++)
                x->coin->Cbc_setInteger(cbc, j);
        return cbc;
}

static void try(struct exact *x, const struct attempt *attempt) {
        _cleanup_(program_done) struct program p = { 0 };
        double seconds = attempt->seconds, limit = x->limits->seconds;
        char text[32];

        if (limit > 0)
                seconds = MIN(seconds, MAX(limit - exact_seconds(x), 0.05));
        keep_floor(x, attempt->back, &p);
        choose_columns(x, attempt->reduced, &p);
        void *cbc = load(x, &p);
        snprintf(text, sizeof text, "%.3f", seconds);
        x->coin->Cbc_setParameter(cbc, "log", "0");
        x->coin->Cbc_setParameter(cbc, "seconds", text);
        snprintf(text, sizeof text, "%.6f", MAX(0.5 * (x->bound * (1 + x->limits->gap) - x->lp), 1e-6 * x->bound));
        x->coin->Cbc_setParameter(cbc, "allowableGap", text);
        x->coin->Cbc_solve(cbc);
        const double *nodes = x->coin->Cbc_bestSolution(cbc);
        if (nodes) {
                for (int j = 0; j < p.columns; j++)
                        p.kept[p.column_of[j]] += (uint32_t)MAX(0.0, floor(nodes[j] + 0.5));
                exact_offer(x, p.kept);
        }
        x->coin->Cbc_deleteModel(cbc);
}

void integer_improve(struct exact *x) {
        for (size_t i = 0; i < ARRAY_SIZE(attempts) && !exact_gap_reached(x) && !exact_must_end(x, 1.0); i++)
                try(x, &attempts[i]);
}
