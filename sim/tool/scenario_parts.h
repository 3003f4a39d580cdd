/* scenario_parts: what the readers of a scenario share. Private to scenario_*.c. */
#pragma once

#include <stddef.h>

#include "sim/tool/fields.h"
#include "sim/tool/scenario.h"

#define VALUE(type, field_kind, key, field, ...)                                                                                           \
        { .name = key, .kind = field_kind, .offset = offsetof(struct type, field), __VA_ARGS__ }
#define WHOLE(type, key, field, least, most) VALUE(type, FIELD_WHOLE, key, field, .min = least, .max = most)
#define PERCENT(type, key, field) WHOLE(type, key, field, 0, 100)
#define BOOL(type, key, field) VALUE(type, FIELD_BOOL, key, field, .max = 1)
#define WORD(type, key, field, list) VALUE(type, FIELD_WORD, key, field, .words = list)
#define TEXT(type, key, field, most) VALUE(type, FIELD_TEXT, key, field, .max = most)
#define NODE(type, key, field) VALUE(type, FIELD_NODE, key, field, .max = 0)

/* Calls `read` for each item of a list of at most `max`; no list is an empty one. */
typedef int (*item_reader)(struct scenario *s, const struct doc_node *item, void *context, struct err *e);
int scenario_list(struct scenario *s, const struct doc_node *list, const char *what, unsigned max, item_reader read, void *context,
                  struct err *e);

/* The value of `layout:`, into gpu->slices; gpu->model is known. */
int scenario_read_layout(struct scenario *s, const struct doc_node *layout, struct scenario_gpu *gpu, struct err *e);
