/* paper: a page for a terminal: colour if asked for, text wrapped and padded to columns.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"

enum ink { INK_PLAIN, INK_BOLD, INK_DIM, INK_GOOD, INK_BAD, INK_MARK };

struct paper {
        struct buf *out;
        bool color;
        unsigned columns; /* 60..200 */
};

struct paper paper_new(bool color, unsigned columns, struct buf *out);

/* Text as given, in `ink`; a newline in it would break the layout, so it is shown as a space. */
void paper_put(const struct paper *p, enum ink ink, const char *text);
/* Padded (or cut, with "…") to `columns`. */
void paper_left(const struct paper *p, enum ink ink, const char *text, size_t columns);
void paper_right(const struct paper *p, enum ink ink, const char *text, size_t columns);
void paper_space(const struct paper *p, size_t columns);
void paper_end(const struct paper *p); /* of a line; blanks before it are taken back */

/* An empty line, then "TITLE" and, dim, what it is about. */
void paper_heading(const struct paper *p, const char *title, const char *about);
/* A paragraph put together from words of several inks: begins at column `taken` of a line, goes on at `indent`; ends with paper_end(). */
struct paragraph {
        const struct paper *paper;
        size_t indent, column;
        bool inside; /* a word came before */
};
struct paragraph paper_paragraph(const struct paper *p, unsigned indent, unsigned taken);
void paper_words(struct paragraph *g, enum ink ink, const char *text);
/* Paragraph of words, from `indent` on, where the first line has `taken` columns already. */
void paper_wrap(const struct paper *p, enum ink ink, const char *text, unsigned indent, unsigned taken);
/* A bar of `fraction` (0..1) of `columns`, to an eighth of a column. */
void paper_bar(const struct paper *p, enum ink ink, double fraction, unsigned columns);
