#include "core/plan/pack/master.h"

#include <float.h>
#include <string.h>

#include "base/mem.h"

struct master {
        const struct coin *coin;
        void *clp;
        size_t rows, columns;
};

struct master *master_new(const struct coin *coin, const struct pack_problem *problem, const double *demand) {
        struct master *m = mem_zalloc(1, sizeof *m);

        m->coin = coin;
        m->rows = problem->item_count;
        m->clp = coin->Clp_newModel();
        coin->Clp_setLogLevel(m->clp, 0);
        coin->Clp_resize(m->clp, (int)m->rows, 0);
        coin->Clp_chgRowLower(m->clp, demand);
        return m;
}

struct master *master_free(struct master *m) {
        if (m) {
                m->coin->Clp_deleteModel(m->clp);
                free(m);
        }
        return NULL;
}

static void add_columns(struct master *m, const struct column_pool *pool) {
        size_t n = pool->count - m->columns, entries = 0;

        if (n == 0)
                return;
        for (size_t i = m->columns; i < pool->count; i++)
                entries += pool->columns[i].count_count;
        _cleanup_free_ double *lower = mem_zalloc(n, sizeof *lower), *upper = mem_alloc(n * sizeof *upper),
                              *price = mem_alloc(n * sizeof *price);
        _cleanup_free_ double *elements = mem_alloc((entries + 1) * sizeof *elements);
        _cleanup_free_ int *starts = mem_alloc((n + 1) * sizeof *starts), *rows = mem_alloc((entries + 1) * sizeof *rows);
        int entry = 0;
        for (size_t i = 0; i < n; i++) {
                const struct column *c = &pool->columns[m->columns + i];
                upper[i] = DBL_MAX;
                price[i] = c->price;
                starts[i] = entry;
                for (uint32_t k = 0; k < c->count_count; k++, entry++) {
                        rows[entry] = (int)c->counts[k].item;
                        elements[entry] = c->counts[k].count;
                }
        }
        starts[n] = entry;
        m->coin->Clp_addColumns(m->clp, (int)n, lower, upper, price, starts, rows, elements);
        m->columns = pool->count;
}

static double solve(struct master *m, double *ret_duals, double *ret_x) {
        if (m->coin->Clp_primal(m->clp, 0) != 0)
                return -1;
        const double *duals = m->coin->Clp_dualRowSolution(m->clp);
        for (size_t i = 0; i < m->rows; i++)
                ret_duals[i] = MAX(duals[i], 0.0);
        memcpy(ret_x, m->coin->Clp_primalColumnSolution(m->clp), m->columns * sizeof *ret_x);
        return m->coin->Clp_objectiveValue(m->clp);
}

double master_solve(struct master *m, const struct column_pool *pool, double *ret_duals, double *ret_x) {
        add_columns(m, pool);
        return solve(m, ret_duals, ret_x);
}

double master_solve_among(struct master *m, const struct column_pool *pool, const bool *use, double *ret_duals, double *ret_x) {
        _cleanup_free_ double *upper = mem_alloc((pool->count + 1) * sizeof *upper);

        add_columns(m, pool);
        for (size_t j = 0; j < pool->count; j++)
                upper[j] = use[j] ? DBL_MAX : 0;
        m->coin->Clp_chgColumnUpper(m->clp, upper);
        return solve(m, ret_duals, ret_x);
}
