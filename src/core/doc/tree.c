#include "core/doc/tree.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

/* Stands for "<<" where it merges; known by its address, for "<<" in quotes is an ordinary key. */
static const char merge_key[] = "<<";

void tree_reset(struct tree *t) {
        arena_done(&t->arena);
        t->depth = 0;
        t->count = 0;
        t->nodes = 0;
        t->root = NULL;
}

void tree_done(struct tree *t) {
        tree_reset(t);
        free(t->entries);
        t->entries = NULL;
        t->capacity = 0;
}

bool tree_wants_key(const struct tree *t) {
        if (t->depth == 0)
                return false;
        const struct tree_frame *top = &t->frames[t->depth - 1];
        return top->node->kind == DOC_MAP && !top->key;
}

void tree_key(struct tree *t, const char *key, bool merge, uint32_t line, uint32_t column) {
        struct tree_frame *top = &t->frames[t->depth - 1];

        top->key = merge ? merge_key : key;
        top->key_line = line;
        top->key_column = column;
        top->merges |= merge;
}

struct doc_node *tree_scalar(struct tree *t, enum doc_kind kind, const char *text, bool plain, uint32_t line, uint32_t column) {
        struct doc_node *node = arena_alloc(&t->arena, sizeof *node);

        *node = (struct doc_node){ .kind = kind, .line = line, .column = column, .plain = plain, .text = text };
        return node;
}

static void push(struct tree *t, struct doc_pair pair, bool merged) {
        MEM_GROW(t->entries, t->count, t->capacity);
        t->entries[t->count++] = (struct tree_entry){ pair, merged };
}

/* Makes `node` the next child of the innermost collection, or the root. */
static void attach(struct tree *t, struct doc_node *node, struct tree_weight weight) {
        if (t->depth == 0) {
                t->root = node;
                return;
        }
        struct tree_frame *top = &t->frames[t->depth - 1];
        top->weight.nodes += weight.nodes;
        top->weight.height = MAX(top->weight.height, weight.height + 1);

        push(t, (struct doc_pair){ top->key, top->key_line, top->key_column, node }, false);
        top->key = NULL;
}

/* Is there room for something of this weight here? Asked before anything is built, so that memory is never filled first. */
static int admit(struct tree *t, struct tree_weight weight, uint32_t line, uint32_t column, struct err *e) {
        if (t->depth + weight.height > DOC_DEPTH_MAX)
                return err_set(e, ERR_INPUT, "%s:%u:%u: nested deeper than %d levels", t->name, line, column, DOC_DEPTH_MAX);
        t->nodes += weight.nodes;
        if (t->nodes > DOC_NODES_MAX)
                return err_set(e, ERR_INPUT, "%s:%u:%u: the document has more than %u nodes (an alias counts as all it stands for)",
                               t->name, line, column, DOC_NODES_MAX);
        return 0;
}

int tree_add(struct tree *t, struct doc_node *node, struct tree_weight weight, uint32_t line, uint32_t column, struct err *e) {
        int r = admit(t, weight, line, column, e);
        if (r < 0)
                return r;
        attach(t, node, weight);
        return 0;
}

int tree_open(struct tree *t, enum doc_kind kind, uint32_t line, uint32_t column, struct doc_node **ret_node, struct err *e) {
        int r = admit(t, TREE_LEAF, line, column, e);
        if (r < 0)
                return r;
        struct doc_node *node = tree_scalar(t, kind, NULL, false, line, column);
        t->frames[t->depth++] = (struct tree_frame){ .node = node, .first = t->count, .weight = TREE_LEAF };
        *ret_node = node;
        return 0;
}

/* By key, then in the order written. */
static int compare_entries(const void *a, const void *b) {
        const struct tree_entry *p = *(const struct tree_entry *const *)a, *q = *(const struct tree_entry *const *)b;
        int by_key = strcmp(p->pair.key, q->pair.key);

        return by_key ? by_key : (p > q) - (p < q);
}

/* For the few keys of an ordinary map this is quicker than sorting them. */
static bool all_differ(const struct tree_entry *entries, size_t count) {
        if (count > 16)
                return false;
        for (size_t i = 1; i < count; i++)
                for (size_t k = 0; k < i; k++)
                        if (strcmp(entries[i].pair.key, entries[k].pair.key) == 0)
                                return false;
        return true;
}

/* Of entries with the same key the last one stays, the others lose their value; but a map may not itself write a key twice. */
static int drop_repeated(const char *name, struct tree_entry *entries, size_t count, struct err *e) {
        if (all_differ(entries, count))
                return 0;
        _cleanup_free_ struct tree_entry **sorted = mem_zalloc(count, sizeof *sorted);

        for (size_t i = 0; i < count; i++)
                sorted[i] = &entries[i];
        qsort(sorted, count, sizeof *sorted, compare_entries);

        const struct tree_entry *own = NULL, *before = NULL, *twice = NULL;
        for (size_t i = 0; i < count; i++) {
                bool same = i > 0 && strcmp(sorted[i - 1]->pair.key, sorted[i]->pair.key) == 0;
                if (same)
                        sorted[i - 1]->pair.value = NULL;
                else
                        own = NULL;
                if (sorted[i]->merged)
                        continue;
                if (own && (!twice || sorted[i] < twice)) {
                        before = own;
                        twice = sorted[i];
                }
                own = sorted[i];
        }
        if (!twice)
                return 0;
        return err_set(e, ERR_INPUT, "%s:%u:%u: key \"%.64s\" again; it stands already in line %u, and a key may stand only once", name,
                       twice->pair.line, twice->pair.column, twice->pair.key, before->pair.line);
}

static int push_merged(struct tree *t, const struct doc_pair *merge, const struct doc_node *map, struct err *e) {
        if (map->kind != DOC_MAP)
                return err_set(e, ERR_INPUT, "%s:%u:%u: \"<<\" merges %s; expected a map or a list of maps", t->name, merge->line,
                               merge->column, doc_kind_name(map->kind));
        for (uint32_t i = 0; i < map->count; i++)
                push(t, map->pairs[i], true);
        return 0;
}

/* "<<: *base" puts the pairs of that map in its place; of "<<: [*a, *b]" the first map that has a key gives its value. What is written
 * later wins, which is the way of Kubernetes' reader; yaml.org/type/merge.html lets own keys win wherever they stand, which comes to the
 * same where "<<" stands first. */
static int expand_merges(struct tree *t, const struct tree_frame *frame, struct err *e) {
        size_t count = t->count - frame->first;
        _cleanup_free_ struct tree_entry *written = mem_alloc(count * sizeof *written);

        memcpy(written, t->entries + frame->first, count * sizeof *written);
        t->count = frame->first;
        for (size_t i = 0; i < count; i++) {
                const struct doc_pair *pair = &written[i].pair;
                const struct doc_node *value = pair->value;

                if (pair->key != merge_key) {
                        push(t, *pair, false);
                        continue;
                }
                for (uint32_t k = value->kind == DOC_SEQ ? value->count : 1; k-- > 0;) {
                        int r = push_merged(t, pair, value->kind == DOC_SEQ ? value->items[k] : value, e);
                        if (r < 0)
                                return r;
                }
        }
        return 0;
}

static int close_map(struct tree *t, const struct tree_frame *frame, struct err *e) {
        int r = frame->merges ? expand_merges(t, frame, e) : 0;
        if (r < 0)
                return r;
        size_t count = t->count - frame->first, kept = 0;
        if (count == 0)
                return 0;
        struct tree_entry *entries = t->entries + frame->first;
        r = drop_repeated(t->name, entries, count, e);
        if (r < 0)
                return r;

        struct doc_node *node = frame->node;
        node->pairs = arena_alloc(&t->arena, count * sizeof *node->pairs);
        for (size_t i = 0; i < count; i++)
                if (entries[i].pair.value)
                        node->pairs[kept++] = entries[i].pair;
        node->count = (uint32_t)kept;
        return 0;
}

static void close_seq(struct tree *t, struct tree_frame *frame) {
        struct doc_node *node = frame->node;

        node->count = (uint32_t)(t->count - frame->first);
        node->items = arena_alloc(&t->arena, node->count * sizeof *node->items);
        for (uint32_t i = 0; i < node->count; i++)
                node->items[i] = t->entries[frame->first + i].pair.value;
}

int tree_close(struct tree *t, struct tree_weight *ret_weight, struct err *e) {
        struct tree_frame *frame = &t->frames[t->depth - 1];

        if (frame->node->kind == DOC_MAP) {
                int r = close_map(t, frame, e);
                if (r < 0)
                        return r;
        } else
                close_seq(t, frame);

        struct tree_weight weight = frame->weight;
        t->count = frame->first;
        t->depth--;
        attach(t, frame->node, weight);
        *ret_weight = weight;
        return 0;
}
