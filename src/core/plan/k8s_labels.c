#include "core/plan/k8s_labels.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

static const char *const operators[OP_MAX] = { "In", "NotIn", "Exists", "DoesNotExist", "Gt", "Lt" };

const char *k8s_operator_name(enum k8s_operator op) {
        return operators[op];
}

int k8s_labels_read(const struct k8s_object *o, const struct doc_node *map, const char *key, struct arena *a, struct k8s_labels *ret_labels,
                    struct err *e) {
        const struct doc_node *node = NULL;
        int r = k8s_get_map(o, map, key, &node, e);

        if (r < 0)
                return r;
        uint32_t count = node ? node->count : 0;
        if (count > K8S_LABELS_MAX)
                return k8s_err(o, node, e, "%s: more than %d entries", key, K8S_LABELS_MAX);
        struct label *labels = count ? arena_alloc(a, count * sizeof *labels) : NULL;
        for (uint32_t i = 0; i < count; i++) {
                const struct doc_pair *pair = &node->pairs[i];
                if (pair->value->kind != DOC_STRING && pair->value->kind != DOC_NULL)
                        return k8s_err(o, pair->value, e, "%s: \"%s\" must be a string, not %s: put it in quotes", key, pair->key,
                                       doc_kind_name(pair->value->kind));
                labels[i] = (struct label){ .key = arena_strdup(a, pair->key), .value = arena_strdup(a, doc_string(pair->value) ?: "") };
        }
        *ret_labels = (struct k8s_labels){ .items = labels, .count = count };
        return 0;
}

const char *k8s_labels_get(const struct k8s_labels *labels, const char *key) {
        for (uint32_t i = 0; i < labels->count; i++)
                if (!strcmp(labels->items[i].key, key))
                        return labels->items[i].value;
        return NULL;
}

static int read_operator(const struct k8s_object *o, const struct doc_node *node, bool of_node, enum k8s_operator *ret_op, struct err *e) {
        const char *text = NULL;
        int r = k8s_get_string(o, node, "operator", &text, e);

        if (r < 0)
                return r;
        for (unsigned i = 0; text && i < (of_node ? OP_MAX : OP_GT); i++) {
                if (!strcmp(operators[i], text)) {
                        *ret_op = i;
                        return 0;
                }
        }
        return k8s_err(o, doc_get(node, "operator") ?: node, e, "operator \"%s\" is not In, NotIn, Exists, DoesNotExist%s", text ?: "",
                       of_node ? ", Gt or Lt" : "");
}

static int read_values(const struct k8s_object *o, const struct doc_node *node, struct arena *a, struct k8s_requirement *q, struct err *e) {
        const struct doc_node *values = NULL;
        int r = k8s_get_seq(o, node, "values", &values, e);

        if (r < 0)
                return r;
        q->count = values ? values->count : 0;
        q->values = q->count ? arena_alloc(a, q->count * sizeof *q->values) : NULL;
        for (uint32_t i = 0; i < q->count; i++) {
                const struct doc_node *value = values->items[i];
                if (value->kind != DOC_STRING)
                        return k8s_err(o, value, e, "values of %s must be strings, not %s: put it in quotes", q->key,
                                       doc_kind_name(value->kind));
                q->values[i] = arena_strdup(a, value->text);
        }

        bool takes_values = q->op != OP_EXISTS && q->op != OP_DOES_NOT_EXIST;
        if (takes_values && !q->count)
                return k8s_err(o, node, e, "%s: operator %s needs values", q->key, operators[q->op]);
        if (!takes_values && q->count)
                return k8s_err(o, values, e, "%s: operator %s takes no values", q->key, operators[q->op]);
        if ((q->op == OP_GT || q->op == OP_LT) && q->count != 1)
                return k8s_err(o, values, e, "%s: operator %s takes exactly one whole number", q->key, operators[q->op]);
        return 0;
}

int k8s_requirement_read(const struct k8s_object *o, const struct doc_node *node, bool of_node, struct arena *a,
                         struct k8s_requirement *ret_requirement, struct err *e) {
        struct k8s_requirement q = { 0 };
        const char *key = NULL;
        int r;

        if (node->kind != DOC_MAP)
                return k8s_err(o, node, e, "an expression must be a map with key, operator and values, not %s", doc_kind_name(node->kind));
        if ((r = k8s_get_string(o, node, "key", &key, e)) < 0)
                return r;
        if (!key || !*key)
                return k8s_err(o, node, e, "an expression needs a key");
        q.key = arena_strdup(a, key);
        if ((r = read_operator(o, node, of_node, &q.op, e)) < 0 || (r = read_values(o, node, a, &q, e)) < 0)
                return r;
        *ret_requirement = q;
        return 0;
}

static bool parse_number(const char *text, long long *ret_value) {
        char *end;

        errno = 0;
        long long value = strtoll(text, &end, 10);
        if (end == text || *end || errno)
                return false;
        *ret_value = value;
        return true;
}

static bool holds_order(const struct k8s_requirement *q, const char *value) {
        long long has, bound;

        if (!value || !parse_number(value, &has) || !parse_number(q->values[0], &bound))
                return false;
        return q->op == OP_GT ? has > bound : has < bound;
}

bool k8s_requirement_holds(const struct k8s_requirement *q, const char *value) {
        bool among = false;

        if (q->op == OP_GT || q->op == OP_LT)
                return holds_order(q, value);
        if (q->op == OP_EXISTS || q->op == OP_DOES_NOT_EXIST)
                return (value != NULL) == (q->op == OP_EXISTS);
        for (uint32_t i = 0; value && i < q->count && !among; i++)
                among = !strcmp(q->values[i], value);
        return among == (q->op == OP_IN);
}

static int read_match_labels(const struct k8s_object *o, const struct doc_node *selector, struct arena *a, struct k8s_selector *s,
                             struct err *e) {
        struct k8s_labels labels;
        int r = k8s_labels_read(o, selector, "matchLabels", a, &labels, e);

        if (r < 0)
                return r;
        for (uint32_t i = 0; i < labels.count; i++) {
                const char **value = arena_alloc(a, sizeof *value);
                *value = labels.items[i].value;
                s->requirements[s->count++] =
                        (struct k8s_requirement){ .key = labels.items[i].key, .op = OP_IN, .values = value, .count = 1 };
        }
        return 0;
}

int k8s_selector_read(const struct k8s_object *o, const struct doc_node *map, const char *key, struct arena *a,
                      struct k8s_selector *ret_selector, struct err *e) {
        const struct doc_node *selector = NULL, *labels = NULL, *expressions = NULL;
        struct k8s_selector s = { 0 };
        int r;

        if ((r = k8s_get_map(o, map, key, &selector, e)) < 0 || (r = k8s_get_map(o, selector, "matchLabels", &labels, e)) < 0 ||
            (r = k8s_get_seq(o, selector, "matchExpressions", &expressions, e)) < 0)
                return r;
        uint32_t max = (labels ? labels->count : 0) + (expressions ? expressions->count : 0);
        if (max > K8S_REQUIREMENTS_MAX)
                return k8s_err(o, selector, e, "%s: more than %d requirements", key, K8S_REQUIREMENTS_MAX);
        s.nothing = !selector;
        s.requirements = max ? arena_alloc(a, max * sizeof *s.requirements) : NULL;
        if ((r = read_match_labels(o, selector, a, &s, e)) < 0)
                return r;
        for (uint32_t i = 0; expressions && i < expressions->count; i++)
                if ((r = k8s_requirement_read(o, expressions->items[i], false, a, &s.requirements[s.count++], e)) < 0)
                        return r;
        *ret_selector = s;
        return 0;
}

bool k8s_selector_matches(const struct k8s_selector *s, const struct k8s_labels *labels) {
        for (uint32_t i = 0; i < s->count; i++)
                if (!k8s_requirement_holds(&s->requirements[i], k8s_labels_get(labels, s->requirements[i].key)))
                        return false;
        return !s->nothing;
}
