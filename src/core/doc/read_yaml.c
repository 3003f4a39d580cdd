#include "core/doc/read_yaml.h"

#include <search.h>
#include <stdlib.h>
#include <string.h>

#include <yaml.h>

#include "base/mem.h"
#include "core/doc/scalar.h"
#include "core/doc/text.h"
#include "core/doc/yaml_fault.h"

/* What an anchor means. A search tree of them and not a hash table, so that no choice of names can make look-ups slow. */
struct anchor {
        char *name;
        struct doc_node *node;
        struct tree_weight weight;
        bool open; /* the collection has not ended: an alias here would hold itself */
};

struct yaml_stream {
        const char *name, *text;
        size_t bytes;
        yaml_parser_t parser;
        void *anchors;                      /* of this document, tsearch(3) */
        struct anchor *open[DOC_DEPTH_MAX]; /* those of the open collections, by depth; NULL where there is none */
};

struct yaml_stream *yaml_stream_new(const char *name, const char *text, size_t bytes) {
        struct yaml_stream *y = mem_zalloc(1, sizeof *y);

        y->name = name;
        y->text = text;
        y->bytes = bytes;
        if (!yaml_parser_initialize(&y->parser))
                abort(); /* out of memory, see mem.h */
        yaml_parser_set_encoding(&y->parser, YAML_UTF8_ENCODING);
        yaml_parser_set_input_string(&y->parser, (const unsigned char *)text, bytes);
        return y;
}

static void free_anchor(void *p) {
        struct anchor *anchor = p;

        free(anchor->name);
        free(anchor);
}

static void forget_anchors(struct yaml_stream *y) {
        tdestroy(y->anchors, free_anchor);
        y->anchors = NULL;
}

struct yaml_stream *yaml_stream_free(struct yaml_stream *y) {
        if (!y)
                return NULL;
        forget_anchors(y);
        yaml_parser_delete(&y->parser);
        free(y);
        return NULL;
}

static int compare_anchors(const void *a, const void *b) {
        return strcmp(((const struct anchor *)a)->name, ((const struct anchor *)b)->name);
}

/* `name` means `node` from here on; a name may be given anew. */
static struct anchor *bind_anchor(struct yaml_stream *y, const yaml_char_t *name, struct doc_node *node, bool open) {
        struct anchor *fresh = mem_zalloc(1, sizeof *fresh);

        fresh->name = mem_strdup((const char *)name);
        struct anchor **slot = tsearch(fresh, &y->anchors, compare_anchors);
        if (!slot)
                abort(); /* out of memory, see mem.h */
        if (*slot != fresh)
                free_anchor(fresh);
        (*slot)->node = node;
        (*slot)->weight = TREE_LEAF;
        (*slot)->open = open;
        return *slot;
}

static struct text_place mark_place(const yaml_event_t *event) {
        return (struct text_place){ (uint32_t)event->start_mark.line + 1, (uint32_t)event->start_mark.column + 1 };
}

/* Most often "{{ … }}": a template that was not rendered. */
static int refuse_key(const struct yaml_stream *y, const yaml_event_t *event, const char *what, struct err *e) {
        struct text_place at = mark_place(event);
        size_t offset = text_offset(y->text, y->bytes, event->start_mark.index);
        bool template = offset > 0 && offset < y->bytes && memcmp(y->text + offset - 1, "{{", 2) == 0;

        if (template)
                return err_set(e, ERR_INPUT, "%s:%u:%u: \"{{\" of a template; expected it rendered (helm template, for example)", y->name,
                               at.line, at.column - 1);
        return err_set(e, ERR_INPUT, "%s:%u:%u: %s as a key; expected text", y->name, at.line, at.column, what);
}

/* Kind and value of a scalar from its style and tag. */
static int resolve(const struct yaml_stream *y, const yaml_event_t *event, struct doc_node *node, struct err *e) {
        const char *tag = (const char *)event->data.scalar.tag;

        if (tag && !scalar_resolve_tag(node, tag)) {
                const char *type = strrchr(tag, ':');
                return err_set(e, ERR_INPUT, "%s:%u:%u: \"%.64s\" is tagged !!%s but is none", y->name, node->line, node->column,
                               node->text, type ? type + 1 : tag);
        }
        if (!tag && event->data.scalar.plain_implicit)
                scalar_resolve(node);
        return 0;
}

static int on_scalar(struct yaml_stream *y, struct tree *t, const yaml_event_t *event, struct err *e) {
        const char *value = (const char *)event->data.scalar.value;
        size_t length = event->data.scalar.length;
        struct text_place at = mark_place(event);
        bool plain = event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;

        if (memchr(value, '\0', length))
                return err_set(e, ERR_INPUT, "%s:%u:%u: \\0 in a text, which may hold no NUL", y->name, at.line, at.column);
        const char *text = arena_strndup(&t->arena, value, length);
        struct doc_node *node = tree_scalar(t, DOC_STRING, text, plain, at.line, at.column);
        int r = resolve(y, event, node, e);
        if (r < 0)
                return r;
        if (event->data.scalar.anchor)
                bind_anchor(y, event->data.scalar.anchor, node, false);
        if (!tree_wants_key(t))
                return tree_add(t, node, TREE_LEAF, at.line, at.column, e);
        tree_key(t, text, plain && !event->data.scalar.tag && strcmp(text, "<<") == 0, at.line, at.column);
        return 0;
}

static int on_open(struct yaml_stream *y, struct tree *t, const yaml_event_t *event, struct err *e) {
        bool map = event->type == YAML_MAPPING_START_EVENT;
        const yaml_char_t *anchor = map ? event->data.mapping_start.anchor : event->data.sequence_start.anchor;
        struct text_place at = mark_place(event);
        struct doc_node *node;

        if (tree_wants_key(t))
                return refuse_key(y, event, map ? "a map" : "a list", e);
        int r = tree_open(t, map ? DOC_MAP : DOC_SEQ, at.line, at.column, &node, e);
        if (r < 0)
                return r;
        y->open[t->depth - 1] = anchor ? bind_anchor(y, anchor, node, true) : NULL;
        return 0;
}

static int on_close(struct yaml_stream *y, struct tree *t, struct err *e) {
        struct anchor *anchor = y->open[t->depth - 1];
        const struct doc_node *node = t->frames[t->depth - 1].node;
        struct tree_weight weight;
        int r = tree_close(t, &weight, e);
        if (r < 0)
                return r;

        /* Unless the name was given to something inside. */
        if (anchor && anchor->node == node) {
                anchor->weight = weight;
                anchor->open = false;
        }
        return 0;
}

static int on_alias(struct yaml_stream *y, struct tree *t, const yaml_event_t *event, struct err *e) {
        struct anchor wanted = { .name = (char *)event->data.alias.anchor };
        struct anchor *const *slot = tfind(&wanted, &y->anchors, compare_anchors);
        struct text_place at = mark_place(event);

        if (!slot)
                return err_set(e, ERR_INPUT, "%s:%u:%u: *%.64s: no &%.64s stands before it in this document", y->name, at.line, at.column,
                               wanted.name, wanted.name);
        const struct anchor *anchor = *slot;
        if (anchor->open)
                return err_set(e, ERR_INPUT, "%s:%u:%u: *%.64s stands inside &%.64s of line %u and would hold itself", y->name, at.line,
                               at.column, wanted.name, wanted.name, anchor->node->line);
        if (!tree_wants_key(t))
                return tree_add(t, anchor->node, anchor->weight, at.line, at.column, e);
        if (!anchor->node->text)
                return refuse_key(y, event, "an alias of a collection", e);
        tree_key(t, anchor->node->text, false, at.line, at.column);
        return 0;
}

static int on_event(struct yaml_stream *y, struct tree *t, const yaml_event_t *event, struct err *e) {
        switch (event->type) {
        case YAML_SCALAR_EVENT:
                return on_scalar(y, t, event, e);
        case YAML_ALIAS_EVENT:
                return on_alias(y, t, event, e);
        case YAML_SEQUENCE_START_EVENT:
        case YAML_MAPPING_START_EVENT:
                return on_open(y, t, event, e);
        case YAML_SEQUENCE_END_EVENT:
        case YAML_MAPPING_END_EVENT:
                return on_close(y, t, e);
        default:
                return 0;
        }
}

int yaml_stream_next(struct yaml_stream *y, struct tree *t, struct err *e) {
        forget_anchors(y);
        for (;;) {
                yaml_event_t event;
                if (!yaml_parser_parse(&y->parser, &event))
                        return yaml_fault(y->name, y->text, y->bytes, &y->parser, e);
                yaml_event_type_t type = event.type;
                int r = on_event(y, t, &event, e);
                yaml_event_delete(&event);
                if (r < 0)
                        return r;
                if (type == YAML_DOCUMENT_END_EVENT)
                        return 1;
                if (type == YAML_STREAM_END_EVENT)
                        return 0;
        }
}
