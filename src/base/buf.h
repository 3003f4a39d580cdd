/* buf: a text that grows up to a stated maximum.
 *
 * Appending never fails at the call: past the maximum the buffer remembers it overflowed and drops what comes, and the one who
 * takes the text asks buf_overflowed(). The text is always NUL-terminated.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct buf {
        char *text; /* NULL until something was appended */
        size_t length, capacity, max_bytes;
        bool overflowed;
};

#define BUF(max) ((struct buf){ .max_bytes = (max) })

void buf_add(struct buf *b, const char *text, size_t bytes);
void buf_adds(struct buf *b, const char *text);
void buf_addc(struct buf *b, char c);
void buf_printf(struct buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void buf_repeat(struct buf *b, const char *text, unsigned times);

static inline bool buf_overflowed(const struct buf *b) {
        return b->overflowed;
}

/* The text so far, "" when nothing was appended. Owned by `b`. */
const char *buf_text(const struct buf *b);

/* Free the text; `b` is empty and usable again. */
void buf_done(struct buf *b);
