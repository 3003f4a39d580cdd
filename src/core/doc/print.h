/* print: values -> JSON or YAML text.
 *
 * Written piece by piece, so that a report of any size needs no tree; a jansson tree is written with print_value(). Both formats come out
 * of the same calls, in the order of the calls (a tree: in the order its keys were set). Text is made valid UTF-8 on the way.
 *
 *     print_map(p, PRINT_BLOCK);
 *     print_key(p, "count"), print_int(p, 3);
 *     print_end(p);
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <jansson.h>

#include "base/buf.h"

#define PRINT_DEPTH_MAX 128 /* containers in containers; more is a bug */

enum print_format { PRINT_JSON, PRINT_YAML };

/* A container on lines of its own, indented by two, or all of it on one line. */
enum print_style { PRINT_BLOCK, PRINT_LINE };

/* Appends one document to `out`; the text is whole after printer_free(). */
struct printer;
struct printer *printer_new(enum print_format format, struct buf *out);
struct printer *printer_free(struct printer *p); /* takes NULL, returns NULL */

void print_map(struct printer *p, enum print_style style);
void print_seq(struct printer *p, enum print_style style);
void print_end(struct printer *p); /* of the innermost map or sequence */
void print_key(struct printer *p, const char *key);

void print_string(struct printer *p, const char *text);
void print_int(struct printer *p, int64_t value);
void print_bool(struct printer *p, bool value);
void print_null(struct printer *p);
/* The shortest text that says `value` rounded to `decimals` places ("1.5", "0.000001", "12"); null for what is not a finite number. */
void print_real(struct printer *p, double value, unsigned decimals);

/* A key and its value. NULL is "". */
void print_key_string(struct printer *p, const char *key, const char *text);
void print_key_int(struct printer *p, const char *key, int64_t value);
void print_key_bool(struct printer *p, const char *key, bool value);

void print_value(struct printer *p, const json_t *value);

/* A whole document from a tree. */
void print_document(enum print_format format, const json_t *value, struct buf *out);
