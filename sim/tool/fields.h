/* fields: what a map of a document says, read by a table. Wrong keys, types and values are told with file, line, column, what was expected
 * and the nearest name.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "core/doc/doc.h"
#include "core/doc/text.h"

#define FIELD_UNSET (-1) /* what the caller puts into numbers beforehand, to see which were given */

enum field_kind {
        FIELD_BOOL,  /* int64_t: 0 or 1 */
        FIELD_WHOLE, /* int64_t in min..max */
        FIELD_WORD,  /* int64_t: index in `words` */
        FIELD_BYTES, /* int64_t in min..max, from a quantity ("4Gi") */
        FIELD_TEXT,  /* const char *, of 1..max bytes; a number is taken as it is written */
        FIELD_NODE,  /* const struct doc_node *: the caller reads on */
};

struct field {
        const char *name;
        enum field_kind kind;
        size_t offset; /* in the values */
        int64_t min, max;
        const char *const *words; /* ends with NULL */
};

/* `fields` ends with a row without name; `what` names the map in messages ("a GPU"). Keys that are missing leave their value alone; a null
 * value is a missing one. Errors: ERR_INPUT. */
int fields_read(const char *file, const struct doc_node *map, const char *what, const struct field *fields, void *values, struct err *e);

static inline struct text_place fields_place(const struct doc_node *node) {
        return (struct text_place){ node->line, node->column };
}

/* "file:line:column: …"; -ERR_INPUT. A place of line 0 stands in no file: then only the sentence. */
int fields_fault(struct err *e, const char *file, struct text_place place, const char *fmt, ...) __attribute__((format(printf, 4, 5)));
