#include "sim/tool/fields.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/near.h"
#include "base/quantity.h"
#include "sim/node/node.h"

int fields_fault(struct err *e, const char *file, struct text_place place, const char *fmt, ...) {
        const struct doc_node node = { .line = place.line, .column = place.column };
        char text[ERR_TEXT_MAX];
        va_list args;

        va_start(args, fmt);
        vsnprintf(text, sizeof text, fmt, args);
        va_end(args);
        return place.line ? doc_err(e, file, &node, "%s", text) : err_set(e, ERR_INPUT, "%s", text);
}

static int read_bool(const char *file, const struct doc_node *node, const struct field *field, void *value, struct err *e) {
        if (node->kind != DOC_BOOL)
                return doc_err(e, file, node, "%s: expected true or false, found %s", field->name, doc_kind_name(node->kind));
        *(int64_t *)value = node->boolean;
        return 0;
}

static int read_whole(const char *file, const struct doc_node *node, const struct field *field, void *value, struct err *e) {
        if (node->kind != DOC_INT)
                return doc_err(e, file, node, "%s: expected a whole number in %ld..%ld, found %s", field->name, (long)field->min,
                               (long)field->max, doc_kind_name(node->kind));
        if (node->integer < field->min || node->integer > field->max)
                return doc_err(e, file, node, "%s: %ld is not in %ld..%ld", field->name, (long)node->integer, (long)field->min,
                               (long)field->max);
        *(int64_t *)value = node->integer;
        return 0;
}

static int read_word(const char *file, const struct doc_node *node, const struct field *field, void *value, struct err *e) {
        const char *text = doc_string(node);
        struct near near = near_to(text ? text : "");
        char hint[NEAR_HINT_MAX], all[256] = "";

        for (int64_t i = 0; field->words[i]; i++) {
                if (text && !strcmp(field->words[i], text)) {
                        *(int64_t *)value = i;
                        return 0;
                }
                near_offer(&near, field->words[i]);
                size_t used = strlen(all);
                snprintf(all + used, sizeof all - used, "%s%s", i ? ", " : "", field->words[i]);
        }
        if (!text)
                return doc_err(e, file, node, "%s: expected one of %s; found %s", field->name, all, doc_kind_name(node->kind));
        return doc_err(e, file, node, "%s: '%s' is not one of %s%s", field->name, text, all, near_hint(&near, hint));
}

static int read_bytes(const char *file, const struct doc_node *node, const struct field *field, void *value, struct err *e) {
        int64_t bytes;

        if (node->kind != DOC_STRING && node->kind != DOC_INT && node->kind != DOC_REAL)
                return doc_err(e, file, node, "%s: expected a quantity as 4Gi or 500Mi, found %s", field->name, doc_kind_name(node->kind));
        if (quantity_value(node->text, &bytes, e) < 0)
                return doc_err(e, file, node, "%s: expected a quantity as 4Gi or 500Mi, found '%s'", field->name, node->text);
        if (bytes < field->min || bytes > field->max)
                return doc_err(e, file, node, "%s: %s is not in %ld..%ld bytes", field->name, node->text, (long)field->min,
                               (long)field->max);
        *(int64_t *)value = bytes;
        return 0;
}

static int read_text(const char *file, const struct doc_node *node, const struct field *field, void *value, struct err *e) {
        if (!node->text || node->kind == DOC_BOOL)
                return doc_err(e, file, node, "%s: expected a text, found %s", field->name, doc_kind_name(node->kind));
        if (!*node->text || strlen(node->text) > (size_t)field->max)
                return doc_err(e, file, node, "%s: expected a text of 1..%ld bytes", field->name, (long)field->max);
        if (!node_is_plain(node->text))
                return doc_err(e, file, node, "%s: expected a text without control characters", field->name);
        *(const char **)value = node->text;
        return 0;
}

static int read_node(const char *file, const struct doc_node *node, const struct field *field, void *value, struct err *e) {
        (void)file, (void)field, (void)e;
        *(const struct doc_node **)value = node;
        return 0;
}

static int read_one(const char *file, const struct doc_node *node, const struct field *field, void *values, struct err *e) {
        static int (*const readers[])(const char *, const struct doc_node *, const struct field *, void *, struct err *) = {
                [FIELD_BOOL] = read_bool,   [FIELD_WHOLE] = read_whole, [FIELD_WORD] = read_word,
                [FIELD_BYTES] = read_bytes, [FIELD_TEXT] = read_text,   [FIELD_NODE] = read_node,
        };

        return readers[field->kind](file, node, field, (char *)values + field->offset, e);
}

static int unknown_key(const char *file, const struct doc_pair *pair, const char *what, const struct field *fields, struct err *e) {
        struct near near = near_to(pair->key);
        char hint[NEAR_HINT_MAX];

        for (const struct field *f = fields; f->name; f++)
                near_offer(&near, f->name);
        near_hint(&near, hint);
        return fields_fault(e, file, (struct text_place){ pair->line, pair->column }, "%s has no '%s'%s", what, pair->key, hint);
}

int fields_read(const char *file, const struct doc_node *map, const char *what, const struct field *fields, void *values, struct err *e) {
        if (map->kind != DOC_MAP)
                return doc_err(e, file, map, "expected %s (a map), found %s", what, doc_kind_name(map->kind));
        for (uint32_t i = 0; i < map->count; i++) {
                const struct doc_pair *pair = &map->pairs[i];
                const struct field *field = fields;
                while (field->name && strcmp(field->name, pair->key) != 0)
                        field++;
                if (!field->name)
                        return unknown_key(file, pair, what, fields, e);
                if (pair->value->kind == DOC_NULL)
                        continue;
                int r = read_one(file, pair->value, field, values, e);
                if (r < 0)
                        return r;
        }
        return 0;
}
