/* doc: a YAML or JSON document as a tree that remembers where everything stood.
 *
 * One tree for both, so positions (line and column, from 1) exist for both and lint can point at them. Plain scalars mean what they mean
 * to Kubernetes (scalar.h); a name that ends in .json asks for JSON to the letter, any other stream is what it looks like
 * (docs/design/yaml.md). Anchors, aliases and merge keys are resolved within a budget: behind an alias stands the anchor's own node, with
 * the anchor's line. Duplicate keys, NUL bytes, invalid UTF-8 and anything past the limits are errors with file, line, column and what was
 * expected.
 *
 * A stream is read document by document, so that memory stays flat however many there are. All nodes of a document live in its arena.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define DOC_DEPTH_MAX 128
#define DOC_NODES_MAX (4u << 20)   /* per document, aliases counted each time they are used */
#define DOC_BYTES_MAX (256u << 20) /* per stream */

enum doc_kind { DOC_NULL, DOC_BOOL, DOC_INT, DOC_REAL, DOC_STRING, DOC_SEQ, DOC_MAP };

struct doc_node {
        enum doc_kind kind;
        uint32_t line, column; /* from 1, of its first character */
        uint32_t count;        /* children of a seq; key/value pairs of a map */
        bool plain;            /* an unquoted scalar */
        union {
                bool boolean;
                int64_t integer;
                double real;
                struct doc_node **items; /* DOC_SEQ */
                struct doc_pair *pairs;  /* DOC_MAP, in the order written */
        };
        const char *text; /* scalars: as written, unquoted and unescaped, UTF-8, never containing NUL; else NULL */
};

struct doc_pair {
        const char *key;
        uint32_t line, column; /* of the key */
        struct doc_node *value;
};

/* Reads documents one after another out of `text` (not copied; must outlive the reader). `name` is used in messages. */
struct doc_reader;
struct doc_reader *doc_reader_new(const char *name, const char *text, size_t bytes);
struct doc_reader *doc_reader_free(struct doc_reader *r); /* returns NULL */

/* 1 and the root of the next non-empty document in `ret_root`, 0 at the end, or a negative error (ERR_INPUT) after which the reader is
 * at its end. The nodes live until the next call or doc_reader_free(). */
int doc_reader_next(struct doc_reader *r, const struct doc_node **ret_root, struct err *e);

/* Look-ups; all take NULL nodes and then answer NULL, so they can be chained. */
const struct doc_node *doc_get(const struct doc_node *map, const char *key);
const struct doc_pair *doc_get_pair(const struct doc_node *map, const char *key);
const struct doc_node *doc_at(const struct doc_node *root, const char *path); /* "spec.template.spec"; keys without dots only */
const struct doc_node *doc_item(const struct doc_node *seq, uint32_t index);

/* The text of a string scalar, NULL for anything else (also for a NULL node). */
const char *doc_string(const struct doc_node *node);

/* What a node is, for messages: "a string", "a map", … */
const char *doc_kind_name(enum doc_kind kind);

/* Set `e` to "name:line:column: …". Returns -ERR_INPUT. */
int doc_err(struct err *e, const char *name, const struct doc_node *node, const char *fmt, ...) __attribute__((format(printf, 4, 5)));
