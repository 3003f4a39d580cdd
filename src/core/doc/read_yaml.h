/* read_yaml: YAML by libyaml's events, one document at a time. */
#pragma once

#include <stddef.h>

#include "core/doc/tree.h"

struct yaml_stream;

/* `text` is UTF-8 without a byte order mark (text_check) and outlives the reader. */
struct yaml_stream *yaml_stream_new(const char *name, const char *text, size_t bytes);
struct yaml_stream *yaml_stream_free(struct yaml_stream *y); /* takes NULL, returns NULL */

/* 1 a document is in `t`, 0 the end of the stream. Errors: ERR_INPUT, after which the reader must not be asked again. */
int yaml_stream_next(struct yaml_stream *y, struct tree *t, struct err *e);
