/* utf8: text as a terminal and a reader see it: characters, their width in columns, and which of them may be shown.
 *
 * Names come from files that others wrote. Invalid bytes, control characters (a terminal obeys them) and bidirectional controls (they
 * make a text read as another) are never shown as they are: they become U+FFFD.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

#define UTF8_REPLACEMENT 0xfffdu

/* The character at *text, stepping over it; 0 at the end. An invalid byte is UTF8_REPLACEMENT and one step. */
uint32_t utf8_next(const char **text);

/* The same, with control characters and bidirectional controls replaced as well (a tab or line break becomes a space). */
uint32_t utf8_next_shown(const char **text);

void utf8_add(struct buf *b, uint32_t c);

/* Columns on a terminal: 0 for combining marks, 2 for wide characters (Unicode 15 East Asian Width W and F, emoji), else 1. */
unsigned utf8_width(uint32_t c);
size_t utf8_columns(const char *text);

/* Append `text` as shown, cut to `columns` with a final "…" where it is longer. Returns the columns taken. */
size_t utf8_add_cut(struct buf *b, const char *text, size_t columns);
