#include "core/doc/csv.h"

#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "core/doc/text.h"

struct csv {
        char *name;
        const char *at, *end;
        uint32_t next_line; /* of the text at `at` */
        uint32_t line;      /* of the row last read */
        int columns;
        char *header[CSV_COLUMNS_MAX];
        /* The row: its fields one after another, each with its NUL; where each starts. */
        char *row;
        size_t row_bytes, row_capacity;
        size_t starts[CSV_COLUMNS_MAX];
        int fields;
};

struct csv *csv_free(struct csv *c) {
        if (!c)
                return NULL;
        for (int i = 0; i < c->columns; i++)
                free(c->header[i]);
        free(c->row);
        free(c->name);
        free(c);
        return NULL;
}
DEFINE_CLEANUP(struct csv *, csv_free)

static int refuse(const struct csv *c, struct err *e, const char *what) {
        return err_set(e, ERR_INPUT, "%s:%u: %s", c->name, c->next_line, what);
}

static void put(struct csv *c, char byte) {
        if (c->row_bytes == c->row_capacity)
                MEM_GROW(c->row, c->row_bytes, c->row_capacity);
        c->row[c->row_bytes++] = byte;
}

static bool at_line_end(const struct csv *c) {
        return c->at == c->end || *c->at == '\n' || (*c->at == '\r' && (c->at + 1 == c->end || c->at[1] == '\n'));
}

static void skip_line_end(struct csv *c) {
        if (c->at < c->end && *c->at == '\r')
                c->at++;
        if (c->at < c->end && *c->at == '\n')
                c->at++;
        c->next_line++;
}

static int read_plain(struct csv *c, struct err *e) {
        while (!at_line_end(c) && *c->at != ',') {
                if (*c->at == '"')
                        return refuse(c, e, "a quote inside a field; expected the whole field in quotes and the quote doubled");
                put(c, *c->at++);
        }
        return 0;
}

static const char too_long[] = "a field longer than 64 KiB";

static int read_quoted(struct csv *c, struct err *e) {
        size_t start = c->row_bytes;
        uint32_t lines = 0;

        for (c->at++;; c->at++) {
                if (c->row_bytes - start > CSV_FIELD_MAX)
                        return refuse(c, e, too_long);
                if (c->at == c->end)
                        return refuse(c, e, "a quoted field does not end; expected its closing quote");
                if (*c->at == '"') {
                        if (c->at + 1 == c->end || c->at[1] != '"')
                                break;
                        c->at++;
                }
                lines += *c->at == '\n';
                put(c, *c->at);
        }
        c->at++;
        if (!at_line_end(c) && *c->at != ',')
                return refuse(c, e, "text after a quoted field; expected ',' or the end of the line");
        c->next_line += lines;
        return 0;
}

/* Reads one line's fields. 1, or 0 at the end of the file; empty lines are skipped. */
static int read_row(struct csv *c, struct err *e) {
        while (c->at < c->end && at_line_end(c))
                skip_line_end(c);
        if (c->at == c->end)
                return 0;

        c->line = c->next_line;
        c->row_bytes = 0;
        for (c->fields = 0;; c->at++) {
                if (c->fields == CSV_COLUMNS_MAX)
                        return refuse(c, e, "more than 256 fields");
                size_t start = c->starts[c->fields++] = c->row_bytes;
                int r = c->at < c->end && *c->at == '"' ? read_quoted(c, e) : read_plain(c, e);
                if (r < 0)
                        return r;
                if (c->row_bytes - start > CSV_FIELD_MAX)
                        return refuse(c, e, too_long);
                put(c, '\0');
                if (at_line_end(c))
                        break;
        }
        skip_line_end(c);
        return 1;
}

static int read_header(struct csv *c, struct err *e) {
        int r = read_row(c, e);
        if (r < 0)
                return r;
        if (r == 0)
                return err_set(e, ERR_INPUT, "%s: empty; expected a header line", c->name);
        for (int i = 0; i < c->fields; i++) {
                const char *column = c->row + c->starts[i];
                if (csv_column(c, column) >= 0)
                        return err_set(e, ERR_INPUT, "%s:%u: column \"%.64s\" twice", c->name, c->line, column);
                c->header[c->columns++] = mem_strdup(column);
        }
        return 0;
}

int csv_open(const char *name, const char *text, size_t bytes, struct csv **ret_csv, struct err *e) {
        int r = text_check(name, text, bytes, e);
        if (r < 0)
                return r;

        _cleanup_(csv_freep) struct csv *c = mem_zalloc(1, sizeof *c);
        c->name = mem_strdup(name);
        text = bytes > 0 ? text : "";
        c->at = text + text_mark_bytes(text, bytes);
        c->end = text + bytes;
        c->next_line = 1;
        r = read_header(c, e);
        if (r < 0)
                return r;
        *ret_csv = TAKE_PTR(c);
        return 0;
}

int csv_column(const struct csv *c, const char *name) {
        for (int i = 0; i < c->columns; i++)
                if (strcmp(c->header[i], name) == 0)
                        return i;
        return -1;
}

int csv_next(struct csv *c, struct err *e) {
        int r = read_row(c, e);

        if (r > 0 && c->fields != c->columns)
                r = err_set(e, ERR_INPUT, "%s:%u: %d fields; expected %d, as in the header", c->name, c->line, c->fields, c->columns);
        if (r <= 0) {
                c->at = c->end;
                c->fields = 0;
        }
        return r;
}

const char *csv_field(const struct csv *c, int column) {
        return column >= 0 && column < c->fields ? c->row + c->starts[column] : "";
}

uint32_t csv_line(const struct csv *c) {
        return c->line;
}

static const char *column_name(const struct csv *c, int column) {
        return column >= 0 && column < c->columns ? c->header[column] : "(missing column)";
}

int csv_int(const struct csv *c, int column, int64_t min, int64_t max, int64_t *ret_value, struct err *e) {
        const char *text = csv_field(c, column), *digits = text + (*text == '-');
        bool whole = *digits && digits[strspn(digits, "0123456789")] == '\0';

        errno = 0;
        long long value = whole ? strtoll(text, NULL, 10) : 0;
        if (!whole || errno || value < min || value > max)
                return err_set(e, ERR_INPUT, "%s:%u: %.64s: '%.64s' is not a whole number in %lld..%lld", c->name, c->line,
                               column_name(c, column), text, (long long)min, (long long)max);
        *ret_value = value;
        return 0;
}

int csv_real(const struct csv *c, int column, double min, double max, double *ret_value, struct err *e) {
        const char *text = csv_field(c, column);
        char *end;
        /* strtod alone would also take "inf", "nan", "0x1p3" and leading space. */
        bool decimal = *text && text[strspn(text, "+-.0123456789eE")] == '\0';
        double value = decimal ? strtod(text, &end) : 0;

        if (!decimal || *end || !isfinite(value) || value < min || value > max)
                return err_set(e, ERR_INPUT, "%s:%u: %.64s: '%.64s' is not a number in %g..%g", c->name, c->line, column_name(c, column),
                               text, min, max);
        *ret_value = value;
        return 0;
}
