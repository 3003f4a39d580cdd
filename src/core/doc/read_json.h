/* read_json: JSON to the letter (RFC 8259), several documents one after another.
 *
 * Kept apart from the YAML reader because YAML reads more than JSON (comments, single quotes, trailing commas) and libyaml less (keys above
 * 1024 characters, escapes of characters outside the basic plane). It is also the quicker one.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "core/doc/tree.h"

struct json_stream {
        const char *name, *at, *end;
        const char *line_start; /* of the line that was last looked at; places are asked for in rising order */
        const char *counted;    /* up to here the columns of that line are counted */
        uint32_t line, column;
};

void json_stream_open(struct json_stream *j, const char *name, const char *text, size_t bytes);

/* 1 a document is in `t`, 0 only white space was left. Errors: ERR_INPUT. */
int json_stream_next(struct json_stream *j, struct tree *t, struct err *e);

/* Skips white space; the next character, '\0' at the end. */
char json_stream_peek(struct json_stream *j);
