/* master: the linear program over the columns: cover every item, pay least. Solved by CLP, warm from the last basis. */
#pragma once

#include <stdbool.h>

#include "core/plan/pack/coin.h"
#include "core/plan/pack/column.h"

struct master;

/* Rows are the items; `demand[item]` pods must be covered (0: row without effect). */
struct master *master_new(const struct coin *coin, const struct pack_problem *problem, const double *demand);
struct master *master_free(struct master *m);

/* Add the pool's columns that it does not have yet and solve. `ret_duals` [items] >= 0, `ret_x` [pool->count]. Answers the objective, or a
 * negative number if CLP gave up. */
double master_solve(struct master *m, const struct column_pool *pool, double *ret_duals, double *ret_x);

/* The same with the columns j for which use[j] is false left out. `ret_x` is 0 for them. */
double master_solve_among(struct master *m, const struct column_pool *pool, const bool *use, double *ret_duals, double *ret_x);
