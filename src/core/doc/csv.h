/* csv: a comma-separated table with a header line, row by row, with positions (RFC 4180 quoting; LF or CRLF; a UTF-8 byte order mark is
 * skipped).
 *
 * Rows are handed out one at a time; fields are NUL-terminated texts that live until the next row.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define CSV_COLUMNS_MAX 256
#define CSV_FIELD_MAX (64u << 10)

struct csv;

/* Reads the header. `text` is not copied and must outlive the table; `name` is used in messages. Errors: ERR_INPUT. */
int csv_open(const char *name, const char *text, size_t bytes, struct csv **ret_csv, struct err *e);
struct csv *csv_free(struct csv *c); /* takes NULL, returns NULL */

/* The index of a column by its exact name, or -1. */
int csv_column(const struct csv *c, const char *name);

/* 1 a row was read (empty lines are skipped), 0 the end, negative ERR_INPUT: a row with too few or too many fields, a stray quote, NUL. */
int csv_next(struct csv *c, struct err *e);

const char *csv_field(const struct csv *c, int column); /* "" for column -1 */
uint32_t csv_line(const struct csv *c);                 /* of the row last read */

/* A field as a whole number in min..max. Errors: ERR_INPUT "file:line: column: 'x' is not a whole number in 0..8". */
int csv_int(const struct csv *c, int column, int64_t min, int64_t max, int64_t *ret_value, struct err *e);
/* A field as a decimal number in min..max (no NaN, no infinity, no hex). */
int csv_real(const struct csv *c, int column, double min, double max, double *ret_value, struct err *e);
