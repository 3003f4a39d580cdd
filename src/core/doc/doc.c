/* YAML is read by libyaml 0.2.5. Of the two C libraries it is the one that refuses NUL bytes and broken UTF-8, keeps memory flat on hostile
 * input, is quicker on files of many documents, and shares its grammar with the reader of Kubernetes, a translation of it. JSON has a
 * reader of its own (read_json.h). The measurements are in docs/design/yaml.md. */
#include "core/doc/doc.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "core/doc/read_json.h"
#include "core/doc/read_yaml.h"
#include "core/doc/text.h"
#include "core/doc/tree.h"

enum state { STATE_NEW, STATE_JSON, STATE_YAML, STATE_END };

struct doc_reader {
        char *name;
        const char *text;
        size_t bytes;
        enum state state;
        struct json_stream json;
        struct yaml_stream *yaml;
        struct tree tree;
};

struct doc_reader *doc_reader_new(const char *name, const char *text, size_t bytes) {
        struct doc_reader *r = mem_zalloc(1, sizeof *r);

        r->name = mem_strdup(name);
        r->text = bytes > 0 ? text : "";
        r->bytes = bytes;
        r->tree.name = r->name;
        return r;
}

struct doc_reader *doc_reader_free(struct doc_reader *r) {
        if (!r)
                return NULL;
        yaml_stream_free(r->yaml);
        tree_done(&r->tree);
        free(r->name);
        free(r);
        return NULL;
}

static bool ends_in(const char *text, const char *end) {
        size_t length = strlen(text), end_length = strlen(end);

        return length >= end_length && strcmp(text + length - end_length, end) == 0;
}

/* Brackets, then a double quote: someone meant JSON, and what its reader has to say is the useful message. */
static bool looks_like_json(const struct doc_reader *r) {
        struct json_stream j;
        char c;

        json_stream_open(&j, r->name, r->text, r->bytes);
        for (c = json_stream_peek(&j); c == '{' || c == '['; c = json_stream_peek(&j))
                j.at++;
        return c == '"';
}

static int next_json(struct doc_reader *r, struct err *e) {
        tree_reset(&r->tree);
        return json_stream_next(&r->json, &r->tree, e);
}

static int next_yaml(struct doc_reader *r, struct err *e) {
        tree_reset(&r->tree);
        return yaml_stream_next(r->yaml, &r->tree, e);
}

static int start_yaml(struct doc_reader *r, struct err *e) {
        r->state = STATE_YAML;
        r->yaml = yaml_stream_new(r->name, r->text, r->bytes);
        return next_yaml(r, e);
}

/* Flow YAML starts like JSON, so where the name does not promise JSON the first document decides, as it does for kubectl: if it and the
 * start of what follows are JSON, the stream is. */
static int start_either(struct doc_reader *r, struct err *e) {
        struct err json_error, yaml_error;
        int json_result = next_json(r, &json_error);
        char follows = json_result > 0 ? json_stream_peek(&r->json) : '\0';

        r->state = STATE_JSON;
        if (json_result > 0 && (follows == '\0' || follows == '{' || follows == '['))
                return json_result;

        int yaml_result = start_yaml(r, &yaml_error);
        if (yaml_result < 0)
                *e = json_result < 0 && looks_like_json(r) ? json_error : yaml_error;
        return yaml_result;
}

static int start(struct doc_reader *r, struct err *e) {
        if (r->bytes > DOC_BYTES_MAX)
                return err_set(e, ERR_INPUT, "%s: %zu MiB; expected at most %u MiB", r->name, r->bytes >> 20, DOC_BYTES_MAX >> 20);
        int checked = text_check(r->name, r->text, r->bytes, e);
        if (checked < 0)
                return checked;
        size_t mark = text_mark_bytes(r->text, r->bytes);
        r->text += mark;
        r->bytes -= mark;

        json_stream_open(&r->json, r->name, r->text, r->bytes);
        char first = json_stream_peek(&r->json);
        if (ends_in(r->name, ".json")) {
                r->state = STATE_JSON;
                return next_json(r, e);
        }
        return first == '{' || first == '[' ? start_either(r, e) : start_yaml(r, e);
}

static int next(struct doc_reader *r, struct err *e) {
        switch (r->state) {
        case STATE_NEW:
                return start(r, e);
        case STATE_JSON:
                return next_json(r, e);
        case STATE_YAML:
                return next_yaml(r, e);
        default:
                tree_reset(&r->tree);
                return 0;
        }
}

int doc_reader_next(struct doc_reader *r, const struct doc_node **ret_root, struct err *e) {
        int result;

        /* A document that is null says nothing: "---" and comments, or what a template that is switched off leaves. */
        do
                result = next(r, e);
        while (result > 0 && r->tree.root->kind == DOC_NULL);

        if (result <= 0)
                r->state = STATE_END;
        else
                *ret_root = r->tree.root;
        return result;
}

static const struct doc_pair *find_pair(const struct doc_node *map, const char *key, size_t length) {
        if (!map || map->kind != DOC_MAP)
                return NULL;
        for (uint32_t i = 0; i < map->count; i++)
                if (strncmp(map->pairs[i].key, key, length) == 0 && map->pairs[i].key[length] == '\0')
                        return &map->pairs[i];
        return NULL;
}

const struct doc_pair *doc_get_pair(const struct doc_node *map, const char *key) {
        return find_pair(map, key, strlen(key));
}

const struct doc_node *doc_get(const struct doc_node *map, const char *key) {
        const struct doc_pair *pair = doc_get_pair(map, key);

        return pair ? pair->value : NULL;
}

const struct doc_node *doc_at(const struct doc_node *root, const char *path) {
        while (root && *path) {
                size_t length = strcspn(path, ".");
                const struct doc_pair *pair = find_pair(root, path, length);
                root = pair ? pair->value : NULL;
                path += length + (path[length] == '.');
        }
        return root;
}

const struct doc_node *doc_item(const struct doc_node *seq, uint32_t index) {
        return seq && seq->kind == DOC_SEQ && index < seq->count ? seq->items[index] : NULL;
}

const char *doc_string(const struct doc_node *node) {
        return node && node->kind == DOC_STRING ? node->text : NULL;
}

const char *doc_kind_name(enum doc_kind kind) {
        static const char *const names[] = {
                [DOC_NULL] = "null",       [DOC_BOOL] = "a boolean", [DOC_INT] = "a whole number", [DOC_REAL] = "a number with a fraction",
                [DOC_STRING] = "a string", [DOC_SEQ] = "a list",     [DOC_MAP] = "a map",
        };

        return names[kind];
}

int doc_err(struct err *e, const char *name, const struct doc_node *node, const char *fmt, ...) {
        char text[ERR_TEXT_MAX];
        va_list args;

        va_start(args, fmt);
        vsnprintf(text, sizeof text, fmt, args);
        va_end(args);
        if (!node)
                return err_set(e, ERR_INPUT, "%s: %s", name, text);
        return err_set(e, ERR_INPUT, "%s:%u:%u: %s", name, node->line, node->column, text);
}
