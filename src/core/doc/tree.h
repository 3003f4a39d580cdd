/* tree: what the YAML and the JSON reader build, and where the limits of doc.h are kept.
 *
 * Both readers report what they meet in order; the tree puts it together: it counts nodes and depth, refuses duplicate keys and applies
 * merge keys. Everything that lasts goes into the arena of the document; the tree itself is reused from document to document.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "core/doc/doc.h"

/* How large a node is once every alias in it is written out; kept because a few aliases can stand for billions of nodes. */
struct tree_weight {
        uint64_t nodes;
        unsigned height; /* 1 for a scalar or an empty collection */
};

#define TREE_LEAF ((struct tree_weight){ .nodes = 1, .height = 1 })

struct tree_frame {
        struct doc_node *node;
        size_t first; /* its first entry on the stack */
        struct tree_weight weight;
        const char *key; /* read, its value not yet; NULL in a sequence and before a key */
        uint32_t key_line, key_column;
        bool merges; /* has a merge key */
};

struct tree_entry {
        struct doc_pair pair;
        bool merged; /* came in by a merge key */
};

struct tree {
        const char *name; /* of the file */
        struct arena arena;
        struct tree_frame frames[DOC_DEPTH_MAX];
        unsigned depth;
        struct tree_entry *entries; /* children of all open collections */
        size_t count, capacity;
        uint64_t nodes; /* so far, against DOC_NODES_MAX */
        struct doc_node *root;
};

void tree_reset(struct tree *t); /* forget the document; its nodes are gone */
void tree_done(struct tree *t);

/* Is a key due next (and not a value)? */
bool tree_wants_key(const struct tree *t);

/* A key, in the arena. `merge`: it is the YAML merge key, its value's pairs belong to this map. */
void tree_key(struct tree *t, const char *key, bool merge, uint32_t line, uint32_t column);

/* A collection begins; its node. Errors: ERR_INPUT too deep, too many nodes. */
int tree_open(struct tree *t, enum doc_kind kind, uint32_t line, uint32_t column, struct doc_node **ret_node, struct err *e);
/* The innermost collection ends. Errors: ERR_INPUT a key given twice, a merge of what is no map. */
int tree_close(struct tree *t, struct tree_weight *ret_weight, struct err *e);

/* A whole node stands here: a scalar (TREE_LEAF), or one that an alias means. */
int tree_add(struct tree *t, struct doc_node *node, struct tree_weight weight, uint32_t line, uint32_t column, struct err *e);
struct doc_node *tree_scalar(struct tree *t, enum doc_kind kind, const char *text, bool plain, uint32_t line, uint32_t column);
