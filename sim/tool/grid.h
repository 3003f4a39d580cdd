/* grid: a table on a page: heads, rows, columns as wide as what stands in them. */
#pragma once

#include "base/arena.h"
#include "base/paper.h"

#define GRID_COLUMNS_MAX 12

struct grid_head {
        const char *text;
        bool right; /* numbers */
};

struct grid {
        const struct grid_head *heads; /* ends with one without text */
        unsigned columns;
        size_t widths[GRID_COLUMNS_MAX];
        struct arena arena;
        struct grid_cell *cells; /* row by row */
        size_t count, capacity;
};

struct grid grid_new(const struct grid_head *heads);
/* The next cell; after the last of a row comes the first of the next. */
void grid_add(struct grid *g, enum ink ink, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
/* Writes it and frees what it holds. */
void grid_print(struct grid *g, const struct paper *paper);
