/* text: is a text one that a document may be made of, and where in it a byte stands for a person. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/* A place in a text. Lines end at LF, CR LF or a lone CR; a column counts characters, not bytes. Both from 1. */
struct text_place {
        uint32_t line, column;
};

struct text_place text_place(const char *text, size_t offset);

/* Where the character stands that has `characters` before it; at most `bytes`. */
size_t text_offset(const char *text, size_t bytes, size_t characters);

/* The bytes of a leading byte order mark: 3 or 0. */
size_t text_mark_bytes(const char *text, size_t bytes);

/* The bytes of the valid UTF-8 character (never a surrogate, never overlong) at `text`, 0 where there is none. */
size_t text_char_bytes(const char *text, size_t bytes);

/* Appends the character to `out` (at least 4 bytes) and returns how many bytes that took. */
size_t text_encode(uint32_t character, char *out);

/* Refuses UTF-16, NUL bytes and anything that is not UTF-8, with position. Errors: ERR_INPUT. */
int text_check(const char *name, const char *text, size_t bytes, struct err *e);
