#include "core/plan/k8s_object.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "core/plan/demand.h"

#define KEY_BYTES_MAX 128
#define NOTE_BYTES_MAX 320

const char *k8s_group_of(const char *api_version, struct arena *a) {
        const char *slash = strchr(api_version, '/');

        if (!slash)
                return "";
        if (!strncmp(api_version, "extensions/", 11))
                return "apps";
        return arena_strndup(a, api_version, (size_t)(slash - api_version));
}

int k8s_err(const struct k8s_object *o, const struct doc_node *node, struct err *e, const char *fmt, ...) {
        char text[ERR_TEXT_MAX];
        va_list args;

        va_start(args, fmt);
        vsnprintf(text, sizeof text, fmt, args);
        va_end(args);
        return doc_err(e, o->file, node, "%.64s %.128s: %s", o->kind, o->name, text);
}

static bool is_absent(const struct doc_node *node) {
        return !node || node->kind == DOC_NULL;
}

static int wrong_kind(const struct k8s_object *o, const char *key, const struct doc_node *node, const char *expected, struct err *e) {
        return k8s_err(o, node, e, "%s must be %s, not %s", key, expected, doc_kind_name(node->kind));
}

static int get_kind(const struct k8s_object *o, const struct doc_node *map, const char *key, enum doc_kind kind,
                    const struct doc_node **ret_node, struct err *e) {
        const struct doc_node *node = doc_get(map, key);

        if (is_absent(node)) {
                *ret_node = NULL;
                return 0;
        }
        if (node->kind != kind)
                return wrong_kind(o, key, node, doc_kind_name(kind), e);
        *ret_node = node;
        return 0;
}

int k8s_get_map(const struct k8s_object *o, const struct doc_node *map, const char *key, const struct doc_node **ret_node, struct err *e) {
        return get_kind(o, map, key, DOC_MAP, ret_node, e);
}

int k8s_get_seq(const struct k8s_object *o, const struct doc_node *map, const char *key, const struct doc_node **ret_node, struct err *e) {
        return get_kind(o, map, key, DOC_SEQ, ret_node, e);
}

int k8s_get_string(const struct k8s_object *o, const struct doc_node *map, const char *key, const char **ret_text, struct err *e) {
        const struct doc_node *node = doc_get(map, key);

        if (is_absent(node)) {
                *ret_text = NULL;
                return 0;
        }
        if (node->kind != DOC_STRING)
                return wrong_kind(o, key, node, node->text ? "a string (put it in quotes)" : "a string", e);
        *ret_text = node->text;
        return 0;
}

int k8s_get_bool(const struct k8s_object *o, const struct doc_node *map, const char *key, bool *ret_value, struct err *e) {
        const struct doc_node *node = NULL;
        int r = get_kind(o, map, key, DOC_BOOL, &node, e);

        if (r < 0)
                return r;
        if (node)
                *ret_value = node->boolean;
        return 0;
}

static int read_count(const struct k8s_object *o, const char *key, const struct doc_node *node, uint32_t *ret_value, struct err *e) {
        if (node->kind == DOC_STRING)
                return k8s_err(o, node, e, "%s must be a whole number, not a string: write it without quotes", key);
        if (node->kind != DOC_INT)
                return wrong_kind(o, key, node, "a whole number", e);
        if (node->integer < 0 || node->integer > DEMAND_PODS_MAX)
                return k8s_err(o, node, e, "%s: %s is not in 0..%d", key, node->text, DEMAND_PODS_MAX);
        *ret_value = (uint32_t)node->integer;
        return 0;
}

int k8s_get_count(const struct k8s_object *o, const struct doc_node *map, const char *key, uint32_t *ret_value, struct err *e) {
        const struct doc_node *node = doc_get(map, key);

        return is_absent(node) ? 0 : read_count(o, key, node, ret_value, e);
}

int k8s_walk(const struct k8s_object *o, const struct doc_node *from, const char *path, const struct doc_node **ret_node, struct err *e) {
        const struct doc_node *node = from;

        for (const char *p = path; *p && node;) {
                size_t n = strcspn(p, ".");
                char key[KEY_BYTES_MAX];

                snprintf(key, sizeof key, "%.*s", (int)n, p);
                if (node->kind != DOC_MAP)
                        return k8s_err(o, node, e, "must be a map with the key \"%s\", not %s", key, doc_kind_name(node->kind));
                node = doc_get(node, key);
                if (is_absent(node))
                        node = NULL;
                p += n + (p[n] == '.');
        }
        *ret_node = node;
        return 0;
}

int k8s_count_at(const struct k8s_object *o, const struct doc_node *map, const char *path, uint32_t *ret_value, struct err *e) {
        const struct doc_node *node = NULL;
        int r = k8s_walk(o, map, path, &node, e);

        if (r < 0 || !node)
                return r;
        r = read_count(o, path, node, ret_value, e);
        return r < 0 ? r : 1;
}

/* The name a reader of the plan will look for. */
static int read_name(struct k8s_object *o, const struct doc_node *metadata, struct err *e) {
        const char *namespace = NULL, *name = NULL, *generated = NULL;
        int r;

        if ((r = k8s_get_string(o, metadata, "name", &name, e)) < 0 || (r = k8s_get_string(o, metadata, "namespace", &namespace, e)) < 0 ||
            (r = k8s_get_string(o, metadata, "generateName", &generated, e)) < 0)
                return r;
        if (namespace && *namespace)
                o->namespace = namespace;
        o->generated_name = !name || !*name;
        if (!o->generated_name)
                o->name = name;
        else if (generated && *generated)
                o->name = arena_printf(o->scratch, "%s*", generated);
        return 0;
}

int k8s_object_open(const char *file, const struct doc_node *root, const char *api_version, const char *kind, struct arena *scratch,
                    struct k8s_object *ret_object, struct err *e) {
        const struct doc_node *api_node = doc_get(root, "apiVersion"), *kind_node = doc_get(root, "kind"), *metadata = NULL;
        struct k8s_object o = { .file = file, .root = root, .scratch = scratch, .namespace = "default", .name = "(no name)" };
        int r;

        if (!root || root->kind != DOC_MAP)
                return 0;
        o.kind = doc_string(kind_node) ?: (kind ?: "object");
        api_version = doc_string(api_node) ?: api_version;
        kind = doc_string(kind_node) ?: kind;
        if (!kind || !*kind || !api_version || !*api_version) {
                /* A chart's values may well have a "kind" and Chart.yaml an "apiVersion"; with metadata and spec beside it, it is meant. */
                if ((!kind && !api_version) || !doc_get(root, "metadata") || !doc_get(root, "spec"))
                        return 0;
                const char *key = !kind || !*kind ? "kind" : "apiVersion";
                const struct doc_node *at = doc_get(root, key) ?: root;
                return doc_err(e, file, at, "\"%s\" must be a text here, as in \"apiVersion: apps/v1\", \"kind: Deployment\"", key);
        }
        o.kind = kind;
        o.group = k8s_group_of(api_version, scratch);
        if ((r = k8s_get_map(&o, root, "metadata", &metadata, e)) < 0 || (r = read_name(&o, metadata, e)) < 0)
                return r;
        *ret_object = o;
        return 1;
}

void k8s_note(struct k8s_notes *n, const char *fmt, ...) {
        char text[NOTE_BYTES_MAX];
        va_list args;

        va_start(args, fmt);
        vsnprintf(text, sizeof text, fmt, args);
        va_end(args);
        if (strstr(buf_text(&n->text), text))
                return;
        if (n->text.length)
                buf_adds(&n->text, "; ");
        buf_adds(&n->text, text);
}

void k8s_notes_done(struct k8s_notes *n) {
        buf_done(&n->text);
}
