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

/* Makes `node` the next child of the innermost collection, or the root. */
static void attach(struct tree *t, struct doc_node *node, struct tree_weight weight) {
        if (t->depth == 0) {
                t->root = node;
                return;
        }
        struct tree_frame *top = &t->frames[t->depth - 1];
        top->weight.nodes += weight.nodes;
        top->weight.height = MAX(top->weight.height, weight.height + 1);

        MEM_GROW(t->entries, t->count, t->capacity);
        t->entries[t->count++] = (struct doc_pair){ top->key, top->key_line, top->key_column, node };
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
static int compare_pairs(const void *a, const void *b) {
        const struct doc_pair *p = *(const struct doc_pair *const *)a, *q = *(const struct doc_pair *const *)b;
        int by_key = strcmp(p->key, q->key);

        return by_key ? by_key : (p > q) - (p < q);
}

/* For the few keys of an ordinary map this is quicker than sorting them. */
static bool all_differ(const struct doc_pair *pairs, size_t count) {
        if (count > 16)
                return false;
        for (size_t i = 1; i < count; i++)
                for (size_t k = 0; k < i; k++)
                        if (strcmp(pairs[i].key, pairs[k].key) == 0)
                                return false;
        return true;
}

/* Drops the value of every pair whose key came before; `own` of them were written in this map, the rest are merged into it, and only
 * those may repeat. */
static int drop_repeated(const char *name, struct doc_pair *pairs, size_t count, size_t own, struct err *e) {
        if (all_differ(pairs, count))
                return 0;
        _cleanup_free_ struct doc_pair **sorted = mem_zalloc(count, sizeof *sorted);

        for (size_t i = 0; i < count; i++)
                sorted[i] = &pairs[i];
        qsort(sorted, count, sizeof *sorted, compare_pairs);

        struct doc_pair *first = sorted[0], *twice = NULL, *before = NULL;
        for (size_t i = 1; i < count; i++) {
                if (strcmp(first->key, sorted[i]->key) != 0)
                        first = sorted[i];
                else if (sorted[i] >= pairs + own)
                        sorted[i]->value = NULL;
                else if (!twice || sorted[i] < twice) {
                        twice = sorted[i];
                        before = first;
                }
        }
        if (!twice)
                return 0;
        return err_set(e, ERR_INPUT, "%s:%u:%u: key \"%.64s\" again; it stands already in line %u, and a key may stand only once", name,
                       twice->line, twice->column, twice->key, before->line);
}

static void append_pairs(struct tree *t, const struct doc_node *map) {
        for (uint32_t i = 0; i < map->count; i++) {
                MEM_GROW(t->entries, t->count, t->capacity);
                t->entries[t->count++] = map->pairs[i];
        }
}

/* "<<: *base" or "<<: [*a, *b]": the pairs of those maps follow the own ones, and earlier ones win (yaml.org/type/merge.html). */
static int expand_merges(struct tree *t, struct tree_frame *frame, size_t *ret_own, struct err *e) {
        size_t end = t->count, own = frame->first;
        _cleanup_free_ struct doc_pair *merges = NULL;
        size_t merge_count = 0, merge_capacity = 0;

        for (size_t i = frame->first; i < end; i++) {
                if (t->entries[i].key == merge_key) {
                        MEM_GROW(merges, merge_count, merge_capacity);
                        merges[merge_count++] = t->entries[i];
                } else
                        t->entries[own++] = t->entries[i];
        }
        t->count = own;
        *ret_own = own - frame->first;

        for (size_t i = 0; i < merge_count; i++) {
                const struct doc_node *value = merges[i].value;
                uint32_t maps = value->kind == DOC_SEQ ? value->count : 1;

                for (uint32_t k = 0; k < maps; k++) {
                        const struct doc_node *map = value->kind == DOC_SEQ ? value->items[k] : value;
                        if (map->kind != DOC_MAP)
                                return err_set(e, ERR_INPUT, "%s:%u:%u: \"<<\" merges %s; expected a map or a list of maps", t->name,
                                               merges[i].line, merges[i].column, doc_kind_name(map->kind));
                        append_pairs(t, map);
                }
        }
        return 0;
}

static int close_map(struct tree *t, struct tree_frame *frame, struct err *e) {
        size_t own = t->count - frame->first;
        int r = frame->merges ? expand_merges(t, frame, &own, e) : 0;
        if (r < 0)
                return r;

        size_t count = t->count - frame->first, kept = 0;
        if (count == 0)
                return 0;
        struct doc_pair *pairs = t->entries + frame->first;
        r = drop_repeated(t->name, pairs, count, own, e);
        if (r < 0)
                return r;

        struct doc_node *node = frame->node;
        node->pairs = arena_alloc(&t->arena, count * sizeof *pairs);
        for (size_t i = 0; i < count; i++)
                if (pairs[i].value)
                        node->pairs[kept++] = pairs[i];
        node->count = (uint32_t)kept;
        return 0;
}

static void close_seq(struct tree *t, struct tree_frame *frame) {
        struct doc_node *node = frame->node;

        node->count = (uint32_t)(t->count - frame->first);
        node->items = arena_alloc(&t->arena, node->count * sizeof *node->items);
        for (uint32_t i = 0; i < node->count; i++)
                node->items[i] = t->entries[frame->first + i].value;
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
