#include "base/paper.h"

#include <string.h>

#include "base/mem.h"
#include "base/utf8.h"

#define COLUMNS_LEAST 60
#define COLUMNS_MOST 200

struct paper paper_new(bool color, unsigned columns, struct buf *out) {
        return (struct paper){ .out = out, .color = color, .columns = MIN(MAX(columns, COLUMNS_LEAST), COLUMNS_MOST) };
}

/* The 16 colours that a terminal's own theme sets, so that both light and dark ones stay readable. */
static void ink_on(const struct paper *p, enum ink ink) {
        static const char *const codes[] = {
                [INK_PLAIN] = "",        [INK_BOLD] = "\x1b[1m", [INK_DIM] = "\x1b[2m",
                [INK_GOOD] = "\x1b[32m", [INK_BAD] = "\x1b[33m", [INK_MARK] = "\x1b[36m",
        };

        if (p->color)
                buf_adds(p->out, codes[ink]);
}

static void ink_off(const struct paper *p, enum ink ink) {
        if (p->color && ink != INK_PLAIN)
                buf_adds(p->out, "\x1b[0m");
}

static size_t put_cut(const struct paper *p, enum ink ink, const char *text, size_t columns) {
        ink_on(p, ink);
        size_t taken = utf8_add_cut(p->out, text, columns);
        ink_off(p, ink);
        return taken;
}

void paper_put(const struct paper *p, enum ink ink, const char *text) {
        put_cut(p, ink, text, SIZE_MAX);
}

void paper_space(const struct paper *p, size_t columns) {
        buf_repeat(p->out, " ", (unsigned)columns);
}

void paper_left(const struct paper *p, enum ink ink, const char *text, size_t columns) {
        paper_space(p, columns - put_cut(p, ink, text, columns));
}

void paper_right(const struct paper *p, enum ink ink, const char *text, size_t columns) {
        size_t needed = utf8_columns(text);

        if (needed < columns)
                paper_space(p, columns - needed);
        put_cut(p, ink, text, columns);
}

void paper_end(const struct paper *p) {
        struct buf *b = p->out;

        while (b->length && b->text[b->length - 1] == ' ')
                b->text[--b->length] = '\0';
        buf_addc(b, '\n');
}

void paper_heading(const struct paper *p, const char *title, const char *about) {
        paper_end(p);
        paper_put(p, INK_BOLD, title);
        if (*about) {
                paper_space(p, 2);
                put_cut(p, INK_DIM, about, p->columns - utf8_columns(title) - 2);
        }
        paper_end(p);
}

struct paragraph paper_paragraph(const struct paper *p, unsigned indent, unsigned taken) {
        if (taken < indent)
                paper_space(p, indent - taken);
        return (struct paragraph){ .paper = p, .indent = indent, .column = MAX(taken, indent) };
}

static void put_word(struct paragraph *g, const char *word) {
        struct buf *out = g->paper->out;
        size_t columns = g->paper->columns;

        if (g->column > g->indent && g->column + g->inside + utf8_columns(word) > columns) {
                buf_addc(out, '\n');
                paper_space(g->paper, g->indent);
                g->column = g->indent;
        } else if (g->inside) {
                buf_addc(out, ' ');
                g->column++;
        }
        g->inside = true;
        g->column += utf8_add_cut(out, word, columns - g->indent);
}

void paper_words(struct paragraph *g, enum ink ink, const char *text) {
        static const char blanks[] = " \n\t\r";

        ink_on(g->paper, ink);
        for (const char *word = text + strspn(text, blanks); *word;) {
                size_t bytes = strcspn(word, blanks);
                _cleanup_free_ char *copy = mem_strndup(word, bytes);
                put_word(g, copy);
                word += bytes;
                word += strspn(word, blanks);
        }
        ink_off(g->paper, ink);
}

void paper_wrap(const struct paper *p, enum ink ink, const char *text, unsigned indent, unsigned taken) {
        struct paragraph g = paper_paragraph(p, indent, taken);

        paper_words(&g, ink, text);
        paper_end(p);
}

void paper_bar(const struct paper *p, enum ink ink, double fraction, unsigned columns) {
        static const char *const parts[] = { "", "▏", "▎", "▍", "▌", "▋", "▊", "▉" };
        double clamped = MIN(MAX(fraction, 0.0), 1.0);
        unsigned eighths = (unsigned)(clamped * columns * 8 + 0.5);

        if (eighths == 0 && fraction > 0)
                eighths = 1;
        ink_on(p, ink);
        buf_repeat(p->out, "█", eighths / 8);
        buf_adds(p->out, parts[eighths % 8]);
        ink_off(p, ink);
        paper_space(p, columns - (eighths + 7) / 8);
}
