#include "base/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"

static bool make_room(struct buf *b, size_t bytes) {
        if (b->overflowed || bytes > b->max_bytes - b->length) {
                b->overflowed = true;
                return false;
        }
        size_t need = b->length + bytes + 1;
        if (need > b->capacity) {
                size_t bigger = MAX(need, b->capacity + b->capacity / 2);
                b->text = mem_realloc(b->text, bigger, 1);
                b->capacity = bigger;
        }
        return true;
}

void buf_add(struct buf *b, const char *text, size_t bytes) {
        if (!make_room(b, bytes))
                return;
        memcpy(b->text + b->length, text, bytes);
        b->length += bytes;
        b->text[b->length] = '\0';
}

void buf_adds(struct buf *b, const char *text) {
        buf_add(b, text, strlen(text));
}

void buf_addc(struct buf *b, char c) {
        buf_add(b, &c, 1);
}

void buf_printf(struct buf *b, const char *fmt, ...) {
        va_list args, again;

        va_start(args, fmt);
        va_copy(again, args);
        int n = vsnprintf(NULL, 0, fmt, args);
        va_end(args);
        if (n >= 0 && make_room(b, (size_t)n)) {
                vsnprintf(b->text + b->length, (size_t)n + 1, fmt, again);
                b->length += (size_t)n;
        }
        va_end(again);
}

void buf_repeat(struct buf *b, const char *text, unsigned times) {
        for (unsigned i = 0; i < times; i++)
                buf_adds(b, text);
}

const char *buf_text(const struct buf *b) {
        return b->text ? b->text : "";
}

void buf_done(struct buf *b) {
        free(b->text);
        *b = BUF(b->max_bytes);
}
