#include "core/plan/policy.h"

#include <fnmatch.h>

#include "base/mem.h"
#include "base/near.h"

#define RULES_MAX 10000
#define PATTERN_MAX 512 /* fnmatch() may take time that grows with it */

struct document {
        const char *file;
        struct demand *demand;
};

static const char *hint(const char *word, const char *const *known, size_t count, char *text) {
        struct near near = near_to(word);

        for (size_t i = 0; i < count; i++)
                near_offer(&near, known[i]);
        return near_hint(&near, text);
}

/* A word of a fixed list, as its place in the list. */
static int decode_word(const struct document *doc, const struct doc_node *node, const char *const *words, size_t count, unsigned *ret_index,
                       struct err *e) {
        const char *text = doc_string(node);

        if (!text)
                return doc_err(e, doc->file, node, "expected a word, found %s", doc_kind_name(node->kind));
        for (unsigned i = 0; i < count; i++)
                if (strcmp(words[i], text) == 0) {
                        *ret_index = i;
                        return 0;
                }
        return doc_err(e, doc->file, node, "unknown word '%s'%s", text, hint(text, words, count, (char[NEAR_HINT_MAX]){ 0 }));
}

static int set_mode(const struct document *doc, const struct doc_node *node, struct workload *w, struct err *e) {
        const char *words[GPU_MODE_MAX];
        unsigned index;

        for (enum gpu_mode m = 0; m < GPU_MODE_MAX; m++)
                words[m] = gpu_mode_name(m);
        int r = decode_word(doc, node, words, ARRAY_SIZE(words), &index, e);
        if (r < 0)
                return r;
        w->forced_mode = (enum gpu_mode)index;
        w->mode_forced = true;
        return 0;
}

static int set_isolation(const struct document *doc, const struct doc_node *node, struct workload *w, struct err *e) {
        static const char *const words[] = { "none", "memory", "hardware" };
        static const enum isolation values[] = { ISOLATION_NONE, ISOLATION_MEMORY, ISOLATION_HARDWARE };
        unsigned index;

        int r = decode_word(doc, node, words, ARRAY_SIZE(words), &index, e);
        if (r < 0)
                return r;
        w->isolation = values[index];
        return 0;
}

static int set_latency(const struct document *doc, const struct doc_node *node, struct workload *w, struct err *e) {
        static const char *const words[] = { "batch", "interactive", "strict" };
        static const enum latency_class values[] = { LATENCY_BATCH, LATENCY_INTERACTIVE, LATENCY_STRICT };
        unsigned index;

        int r = decode_word(doc, node, words, ARRAY_SIZE(words), &index, e);
        if (r < 0)
                return r;
        w->latency = values[index];
        return 0;
}

static int set_headroom(const struct document *doc, const struct doc_node *node, struct workload *w, struct err *e) {
        if (node->kind != DOC_INT || node->integer < 0 || node->integer > 1000)
                return doc_err(e, doc->file, node, "expected a whole number of percent in 0..1000");
        w->headroom_percent = (int)node->integer;
        return 0;
}

static int set_below_request(const struct document *doc, const struct doc_node *node, struct workload *w, struct err *e) {
        if (node->kind != DOC_BOOL)
                return doc_err(e, doc->file, node, "expected true or false, found %s", doc_kind_name(node->kind));
        w->below_request = node->boolean;
        return 0;
}

static int expect_list(const struct document *doc, const struct doc_node *node, struct err *e) {
        if (node->kind != DOC_SEQ || node->count == 0)
                return doc_err(e, doc->file, node, "expected a list of at least one word, found %s", doc_kind_name(node->kind));
        return 0;
}

static int set_gpus(const struct document *doc, const struct doc_node *node, struct workload *w, struct err *e) {
        const char *words[DEMAND_GPUS_MAX];
        size_t known = MIN(gpu_model_count(), ARRAY_SIZE(words));
        uint64_t gpus = 0;

        int r = expect_list(doc, node, e);
        if (r < 0)
                return r;
        for (size_t i = 0; i < known; i++)
                words[i] = gpu_model_at(i)->key;
        for (uint32_t i = 0; i < node->count; i++) {
                const struct gpu_model *model = gpu_model_find(doc_string(node->items[i]) ?: "");
                unsigned index;
                if (model)
                        index = (unsigned)gpu_model_index(model);
                else if ((r = decode_word(doc, node->items[i], words, known, &index, e)) < 0)
                        return r;
                gpus |= UINT64_C(1) << index;
        }
        w->gpus_allowed = gpus;
        return 0;
}

static int set_capacity(const struct document *doc, const struct doc_node *node, struct workload *w, struct err *e) {
        const char *words[CAPACITY_MAX];
        uint8_t allowed = 0;

        int r = expect_list(doc, node, e);
        if (r < 0)
                return r;
        for (enum capacity_type c = 0; c < CAPACITY_MAX; c++)
                words[c] = capacity_type_name(c);
        for (uint32_t i = 0; i < node->count; i++) {
                unsigned index;
                r = decode_word(doc, node->items[i], words, ARRAY_SIZE(words), &index, e);
                if (r < 0)
                        return r;
                allowed |= (uint8_t)(1u << index);
        }
        w->capacity_allowed = allowed;
        return 0;
}

typedef int (*setter)(const struct document *doc, const struct doc_node *node, struct workload *w, struct err *e);

static const struct {
        const char *key;
        setter set;
} settings[] = {
        { "mode", set_mode },
        { "isolation", set_isolation },
        { "latencyClass", set_latency },
        { "headroomPercent", set_headroom },
        { "belowRequest", set_below_request },
        { "gpus", set_gpus },
        { "capacityTypes", set_capacity },
};

/* Every key of a map is one of `known`. */
static int check_keys(const struct document *doc, const struct doc_node *map, const char *const *known, size_t count, const char *what,
                      struct err *e) {
        if (!map || map->kind != DOC_MAP)
                return doc_err(e, doc->file, map, "%s: expected a map, found %s", what, map ? doc_kind_name(map->kind) : "nothing");
        for (uint32_t i = 0; i < map->count; i++) {
                const char *key = map->pairs[i].key;
                bool found = false;
                for (size_t k = 0; k < count; k++)
                        found |= strcmp(key, known[k]) == 0;
                if (found)
                        continue;
                struct doc_node at = *map->pairs[i].value;
                at.line = map->pairs[i].line;
                at.column = map->pairs[i].column;
                return doc_err(e, doc->file, &at, "%s: unknown key '%s'%s", what, key, hint(key, known, count, (char[NEAR_HINT_MAX]){ 0 }));
        }
        return 0;
}

static int check_pattern(const struct document *doc, const struct doc_node *node, struct err *e) {
        const char *text = doc_string(node);

        if (!text || strlen(text) > PATTERN_MAX)
                return doc_err(e, doc->file, node, "expected a name or pattern of at most %d characters, found %s", PATTERN_MAX,
                               doc_kind_name(node->kind));
        return 0;
}

static int check_match(const struct document *doc, const struct doc_node *match, struct err *e) {
        static const char *const keys[] = { "namespace", "name", "kind", "labels" };

        int r = check_keys(doc, match, keys, ARRAY_SIZE(keys), "match", e);
        for (uint32_t i = 0; r == 0 && i < match->count; i++) {
                const struct doc_node *value = match->pairs[i].value;
                if (strcmp(match->pairs[i].key, "labels") != 0) {
                        r = check_pattern(doc, value, e);
                        continue;
                }
                if (value->kind != DOC_MAP)
                        return doc_err(e, doc->file, value, "labels: expected a map, found %s", doc_kind_name(value->kind));
                for (uint32_t l = 0; r == 0 && l < value->count; l++)
                        r = check_pattern(doc, value->pairs[l].value, e);
        }
        return r;
}

/* Each value once, against a workload that is thrown away: so a wrong rule is refused even where it matches nothing. */
static int check_set(const struct document *doc, const struct doc_node *set, struct err *e) {
        const char *keys[ARRAY_SIZE(settings)];
        struct workload scratch = { 0 };

        for (size_t i = 0; i < ARRAY_SIZE(settings); i++)
                keys[i] = settings[i].key;
        int r = check_keys(doc, set, keys, ARRAY_SIZE(keys), "set", e);
        for (size_t i = 0; r == 0 && i < ARRAY_SIZE(settings); i++) {
                const struct doc_node *value = doc_get(set, settings[i].key);
                if (value)
                        r = settings[i].set(doc, value, &scratch, e);
        }
        return r;
}

static bool matches_text(const struct doc_node *pattern, const char *text) {
        return !pattern || (text && fnmatch(doc_string(pattern), text, 0) == 0);
}

static bool has_label(const struct workload *w, const struct doc_pair *wanted) {
        for (uint32_t i = 0; i < w->label_count; i++)
                if (strcmp(w->labels[i].key, wanted->key) == 0)
                        return matches_text(wanted->value, w->labels[i].value);
        return false;
}

static bool matches(const struct doc_node *match, const struct workload *w) {
        const struct doc_node *labels = doc_get(match, "labels");

        if (!matches_text(doc_get(match, "namespace"), w->namespace) || !matches_text(doc_get(match, "name"), w->name) ||
            !matches_text(doc_get(match, "kind"), w->kind))
                return false;
        for (uint32_t i = 0; labels && i < labels->count; i++)
                if (!has_label(w, &labels->pairs[i]))
                        return false;
        return true;
}

static int check_rule(const struct document *doc, const struct doc_node *rule, struct err *e) {
        static const char *const keys[] = { "match", "set" };
        const struct doc_node *match = doc_get(rule, "match");

        int r = check_keys(doc, rule, keys, ARRAY_SIZE(keys), "rule", e);
        if (r == 0 && match)
                r = check_match(doc, match, e);
        if (r == 0 && !doc_get(rule, "set"))
                return doc_err(e, doc->file, rule, "a rule without set changes nothing");
        return r < 0 ? r : check_set(doc, doc_get(rule, "set"), e);
}

static int apply_rule(const struct document *doc, const struct doc_node *rule, struct err *e) {
        const struct doc_node *match = doc_get(rule, "match"), *set = doc_get(rule, "set");
        struct demand *d = doc->demand;

        for (size_t i = 0; i < d->count; i++) {
                if (!matches(match, &d->workloads[i]))
                        continue;
                for (size_t s = 0; s < ARRAY_SIZE(settings); s++) {
                        const struct doc_node *value = doc_get(set, settings[s].key);
                        int r = value ? settings[s].set(doc, value, &d->workloads[i], e) : 0;
                        if (r < 0)
                                return r;
                }
        }
        return 0;
}

static int check_head(const struct document *doc, const struct doc_node *root, struct err *e) {
        static const char *const keys[] = { "apiVersion", "kind", "metadata", "rules" };
        static const struct { const char *key, *value; } head[] = { { "apiVersion", "carve.dev/v1alpha1" }, { "kind", "PlanPolicy" } };

        int r = check_keys(doc, root, keys, ARRAY_SIZE(keys), "policy", e);
        for (size_t i = 0; r == 0 && i < ARRAY_SIZE(head); i++) {
                const struct doc_node *node = doc_get(root, head[i].key);
                const char *text = doc_string(node);
                if (!text || strcmp(text, head[i].value) != 0)
                        return doc_err(e, doc->file, node ? node : root, "a policy needs %s: %s", head[i].key, head[i].value);
        }
        return r;
}

int policy_apply(struct demand *d, const char *name, const struct doc_node *root, struct err *e) {
        const struct document doc = { .file = name, .demand = d };
        const struct doc_node *rules = doc_get(root, "rules");

        int r = check_head(&doc, root, e);
        if (r < 0)
                return r;
        if (!rules || rules->kind != DOC_SEQ)
                return doc_err(e, name, rules ? rules : root, "a policy needs rules: a list");
        if (rules->count > RULES_MAX)
                return doc_err(e, name, rules, "%u rules; at most %d are read", rules->count, RULES_MAX);
        for (uint32_t i = 0; i < rules->count; i++)
                if ((r = check_rule(&doc, rules->items[i], e)) < 0)
                        return r;
        for (uint32_t i = 0; i < rules->count; i++)
                if ((r = apply_rule(&doc, rules->items[i], e)) < 0)
                        return r;
        return 0;
}
