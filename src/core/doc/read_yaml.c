#include "core/doc/read_yaml.h"

#include <search.h>
#include <stdlib.h>
#include <string.h>

#include <yaml.h>

#include "base/mem.h"
#include "core/doc/scalar.h"
#include "core/doc/text.h"

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

/* libyaml says what broke its grammar; these say what to do about it. */
static const struct {
        const char *problem, *advice;
} advices[] = {
        { "mapping values are not allowed in this context", "a ':' that cannot start a value here; expected the line to be indented like "
                                                            "its neighbours, or text with ': ' in it to be quoted" },
        { "did not find expected key", "expected a key at the indentation of its neighbours" },
        { "did not find expected '-' indicator", "expected '- ' at the indentation of its neighbours" },
        { "could not find expected ':'", "expected ':' after a key" },
        { "did not find expected ',' or '}'", "expected ',' or '}'" },
        { "did not find expected ',' or ']'", "expected ',' or ']'" },
        { "did not find expected <document start>", "expected '---' or the end of the file" },
        { "found unexpected end of stream", "the file ends inside a quoted text; expected its closing quote" },
        { "found unexpected document indicator", "'---' inside a quoted text; expected its closing quote" },
        { "did not find expected node content", "expected a value" },
        { "block sequence entries are not allowed in this context", "'- ' cannot start a list here; expected it on a line of its own" },
        { "control characters are not allowed", "a control character; expected text (write it escaped, in double quotes)" },
        { "found incompatible YAML document", "expected %YAML 1.1 or 1.2" },
        { "found undefined tag handle", "a tag whose prefix is not declared; expected !name, !!name or a %TAG line before '---'" },
};

static const char *advice_for(const char *problem, char character, char out[static 128]) {
        for (size_t i = 0; i < ARRAY_SIZE(advices); i++)
                if (strcmp(problem, advices[i].problem) == 0)
                        return advices[i].advice;
        if (strcmp(problem, "found character that cannot start any token") == 0) {
                if (character == '\t')
                        return "a tab; expected spaces, which alone may indent YAML";
                snprintf(out, 128, "'%c' cannot start a value; expected it in quotes", character);
                return out;
        }
        return problem;
}

static int refuse_syntax(const struct yaml_stream *y, struct err *e) {
        const yaml_parser_t *p = &y->parser;
        struct text_place at = { (uint32_t)p->problem_mark.line + 1, (uint32_t)p->problem_mark.column + 1 };
        size_t offset = text_offset(y->text, y->bytes, p->problem_mark.index);
        char buffer[128];

        if (p->error == YAML_MEMORY_ERROR)
                abort(); /* see mem.h */
        if (p->error == YAML_READER_ERROR) {
                offset = p->problem_offset;
                at = text_place(y->text, offset);
        }
        const char *advice = advice_for(p->problem, offset < y->bytes ? y->text[offset] : ' ', buffer);
        if (p->context && p->context_mark.line != p->problem_mark.line)
                return err_set(e, ERR_INPUT, "%s:%u:%u: %s (%s that starts in line %zu)", y->name, at.line, at.column, advice, p->context,
                               p->context_mark.line + 1);
        return err_set(e, ERR_INPUT, "%s:%u:%u: %s", y->name, at.line, at.column, advice);
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

static int refuse_key(const struct yaml_stream *y, struct text_place at, const char *what, struct err *e) {
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
                return refuse_key(y, at, map ? "a map" : "a list", e);
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
                return refuse_key(y, at, "an alias of a collection", e);
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
                        return refuse_syntax(y, e);
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
