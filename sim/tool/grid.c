#include "sim/tool/grid.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/mem.h"
#include "base/utf8.h"

#define CELL_BYTES_MAX 256
#define BETWEEN 2 /* blanks */

struct grid_cell {
        enum ink ink;
        const char *text;
};

struct grid grid_new(const struct grid_head *heads) {
        struct grid g = { .heads = heads };

        while (heads[g.columns].text) {
                g.widths[g.columns] = utf8_columns(heads[g.columns].text);
                g.columns++;
        }
        return g;
}

void grid_add(struct grid *g, enum ink ink, const char *fmt, ...) {
        char text[CELL_BYTES_MAX];
        va_list args;

        va_start(args, fmt);
        vsnprintf(text, sizeof text, fmt, args);
        va_end(args);
        size_t column = g->count % g->columns;
        MEM_GROW(g->cells, g->count, g->capacity);
        g->cells[g->count++] = (struct grid_cell){ ink, arena_strdup(&g->arena, text) };
        g->widths[column] = MAX(g->widths[column], utf8_columns(text));
}

static void put(const struct grid *g, const struct paper *paper, size_t column, enum ink ink, const char *text) {
        if (column > 0)
                paper_space(paper, BETWEEN);
        if (g->heads[column].right)
                paper_right(paper, ink, text, g->widths[column]);
        else if (column + 1 < g->columns)
                paper_left(paper, ink, text, g->widths[column]);
        else
                paper_put(paper, ink, text);
}

void grid_print(struct grid *g, const struct paper *paper) {
        for (size_t i = 0; i < g->columns; i++)
                put(g, paper, i, INK_DIM, g->heads[i].text);
        paper_end(paper);
        for (size_t i = 0; i < g->count; i++) {
                put(g, paper, i % g->columns, g->cells[i].ink, g->cells[i].text);
                if ((i + 1) % g->columns == 0)
                        paper_end(paper);
        }
        free(g->cells);
        arena_done(&g->arena);
        *g = (struct grid){ 0 };
}
