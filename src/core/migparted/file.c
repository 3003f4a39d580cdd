#include "core/migparted/file.h"

#include <limits.h>
#include <string.h>

#include "base/mem.h"
#include "base/near.h"
#include "core/doc/doc.h"

#define COUNT_MAX 10000 /* more of one slice than any GPU has; larger counts are read as this */

struct reading {
        const char *name;
        struct arena *arena;
};

/* A key's position, for messages. */
static struct doc_node at_key(const struct doc_pair *pair) {
        return (struct doc_node){ .line = pair->line, .column = pair->column };
}

static int expected(const struct reading *r, const struct doc_node *node, const char *key, const char *what, struct err *e) {
        return doc_err(e, r->name, node, "%s: expected %s, found %s", key, what, doc_kind_name(node->kind));
}

static int check_keys(const struct reading *r, const struct doc_node *map, const char *const *known, size_t count, struct err *e) {
        for (uint32_t i = 0; i < map->count; i++) {
                const char *key = map->pairs[i].key;
                struct near near = near_to(key);
                bool found = false;
                for (size_t k = 0; k < count; k++) {
                        found |= strcmp(key, known[k]) == 0;
                        near_offer(&near, known[k]);
                }
                if (found)
                        continue;
                const struct doc_node at = at_key(&map->pairs[i]);
                return doc_err(e, r->name, &at, "unexpected field: %s%s", key, near_hint(&near, (char[NEAR_HINT_MAX]){ 0 }));
        }
        return 0;
}

/* The text of a string; "" for null, as mig-parted reads it. NULL: it is something else. */
static const char *text_of(const struct doc_node *node) {
        return node->kind == DOC_NULL ? "" : doc_string(node);
}

static struct device_filter filter_of(const struct reading *r, const struct doc_node *node) {
        struct device_filter filter = device_filter_parse(arena_strdup(r->arena, text_of(node)));

        filter.line = node->line;
        filter.column = node->column;
        return filter;
}

static int read_filter(const struct reading *r, const struct doc_node *node, struct migparted_entry *entry, struct err *e) {
        static const char what[] = "a device id in quotes, as \"0x233010DE\", or a list of them";
        const char *text = text_of(node);

        if (text && !*text)
                return 0;
        if (!text && node->kind != DOC_SEQ)
                return expected(r, node, "device-filter", what, e);
        unsigned count = text ? 1 : node->count;
        struct device_filter *filters = arena_zalloc(r->arena, (count + 1) * sizeof *filters);
        for (unsigned i = 0; i < count; i++) {
                const struct doc_node *item = text ? node : node->items[i];
                if (!text_of(item))
                        return expected(r, item, "device-filter", what, e);
                filters[i] = filter_of(r, item);
        }
        entry->filters = filters;
        entry->filter_count = count;
        return 0;
}

/* A whole number, however written. */
static bool integer_of(const struct doc_node *node, int64_t *ret_number) {
        if (node->kind == DOC_NULL)
                *ret_number = 0;
        else if (node->kind == DOC_INT)
                *ret_number = node->integer;
        else if (node->kind == DOC_REAL && node->real >= -1e15 && node->real <= 1e15 && (double)(int64_t)node->real == node->real)
                *ret_number = (int64_t)node->real;
        else
                return false;
        return true;
}

static int read_devices(const struct reading *r, const struct doc_node *node, struct migparted_entry *entry, struct err *e) {
        const char *text = text_of(node);

        if (text && strcmp(text, "all") != 0)
                return doc_err(e, r->name, node, "invalid string input for 'devices': %s", text);
        if (text) {
                entry->all = true;
                return 0;
        }
        if (node->kind != DOC_SEQ)
                return expected(r, node, "devices", "all or a list of GPU indexes", e);
        int64_t *indexes = arena_zalloc(r->arena, (node->count + 1) * sizeof *indexes);
        for (uint32_t i = 0; i < node->count; i++)
                if (!integer_of(node->items[i], &indexes[i]))
                        return expected(r, node->items[i], "devices", "the index of a GPU", e);
        entry->indexes = indexes;
        entry->index_count = node->count;
        return 0;
}

static int read_enabled(const struct reading *r, const struct doc_node *node, struct migparted_entry *entry, struct err *e) {
        if (node->kind != DOC_BOOL && node->kind != DOC_NULL)
                return expected(r, node, "mig-enabled", "true or false", e);
        entry->mig = node->kind == DOC_BOOL && node->boolean;
        return 0;
}

static int read_count(const struct reading *r, const struct doc_pair *pair, struct wanted_slices *slices, struct err *e) {
        const struct doc_node key = at_key(pair);
        int64_t count;

        slices->text = arena_strdup(r->arena, pair->key);
        slices->line = pair->line;
        slices->column = pair->column;
        if (!integer_of(pair->value, &count))
                return expected(r, pair->value, pair->key, "how many of these slices", e);
        if (slice_name_parse(pair->key, &slices->name, e) < 0) {
                char reason[ERR_TEXT_MAX];
                memcpy(reason, e->text, sizeof reason);
                return doc_err(e, r->name, &key, "error validating values in 'mig-devices' field: invalid format for '%s': %s", pair->key,
                               reason);
        }
        if (count < 0)
                return doc_err(e, r->name, pair->value, "error validating values in 'mig-devices' field: invalid count for '%lld'",
                               (long long)count);
        slices->count = (unsigned)MIN(count, (int64_t)COUNT_MAX);
        return 0;
}

static int read_slices(const struct reading *r, const struct doc_node *node, struct migparted_entry *entry, struct err *e) {
        bool any = node->kind == DOC_NULL || node->count == 0;

        if (node->kind == DOC_NULL)
                return 0;
        if (node->kind != DOC_MAP)
                return expected(r, node, "mig-devices", "slices and how many, as {\"1g.10gb\": 7}", e);
        struct wanted_slices *slices = arena_zalloc(r->arena, (node->count + 1) * sizeof *slices);
        for (uint32_t i = 0; i < node->count; i++) {
                int result = read_count(r, &node->pairs[i], &slices[i], e);
                if (result < 0)
                        return result;
                any |= slices[i].count > 0;
        }
        if (!any)
                return doc_err(e, r->name, node, "error validating values in 'mig-devices' field: all counts for all MigProfiles are 0");
        entry->slices = slices;
        entry->slice_count = node->count;
        return 0;
}

typedef int (*field_reader)(const struct reading *r, const struct doc_node *node, struct migparted_entry *entry, struct err *e);

static const struct {
        const char *key;
        bool required;
        field_reader read;
} fields[] = {
        { "device-filter", false, read_filter },
        { "devices", true, read_devices },
        { "mig-enabled", true, read_enabled },
        { "mig-devices", false, read_slices },
};

static int read_entry(const struct reading *r, const struct doc_node *node, struct migparted_entry *entry, struct err *e) {
        const char *known[ARRAY_SIZE(fields)];
        int result;

        if (node->kind != DOC_MAP && node->kind != DOC_NULL)
                return expected(r, node, "an entry", "a map", e);
        entry->line = node->line;
        entry->column = node->column;
        for (unsigned i = 0; i < ARRAY_SIZE(fields); i++) {
                known[i] = fields[i].key;
                if (fields[i].required && !doc_get(node, fields[i].key))
                        return doc_err(e, r->name, node, "missing required field: %s", fields[i].key);
        }
        if ((result = check_keys(r, node, known, ARRAY_SIZE(known), e)) < 0)
                return result;
        for (unsigned i = 0; i < ARRAY_SIZE(fields); i++) {
                const struct doc_node *value = doc_get(node, fields[i].key);
                if (value && (result = fields[i].read(r, value, entry, e)) < 0)
                        return result;
        }
        const struct doc_node *devices = doc_get(node, "mig-devices");
        if (entry->mig && (!devices || devices->kind == DOC_NULL))
                return doc_err(e, r->name, node, "missing required field 'mig-devices' when 'mig-enabled' is true");
        if (!entry->mig && entry->slice_count > 0)
                return doc_err(e, r->name, devices, "MIG devices included when 'mig-enabled' is false");
        return 0;
}

static int read_config(const struct reading *r, const struct doc_pair *pair, struct migparted_config *config, struct err *e) {
        const struct doc_node *list = pair->value, key = at_key(pair);

        config->name = arena_strdup(r->arena, pair->key);
        if (list->kind == DOC_NULL || (list->kind == DOC_SEQ && list->count == 0))
                return doc_err(e, r->name, &key, "at least one entry in '%s' is required", pair->key);
        if (list->kind != DOC_SEQ)
                return expected(r, list, pair->key, "a list of entries", e);
        struct migparted_entry *entries = arena_zalloc(r->arena, list->count * sizeof *entries);
        for (uint32_t i = 0; i < list->count; i++) {
                int result = read_entry(r, list->items[i], &entries[i], e);
                if (result < 0)
                        return result;
        }
        config->entries = entries;
        config->entry_count = list->count;
        return 0;
}

static int read_configs(const struct reading *r, const struct doc_pair *pair, struct migparted_file *file, struct err *e) {
        const struct doc_node *map = pair->value, key = at_key(pair);

        if (map->kind == DOC_NULL || (map->kind == DOC_MAP && map->count == 0))
                return doc_err(e, r->name, &key, "at least one entry in 'mig-configs' is required");
        if (map->kind != DOC_MAP)
                return expected(r, map, "mig-configs", "a map of names to lists", e);
        struct migparted_config *configs = arena_zalloc(r->arena, map->count * sizeof *configs);
        for (uint32_t i = 0; i < map->count; i++) {
                int result = read_config(r, &map->pairs[i], &configs[i], e);
                if (result < 0)
                        return result;
        }
        file->configs = configs;
        file->config_count = map->count;
        return 0;
}

static int read_root(const struct reading *r, const struct doc_node *root, struct migparted_file *file, struct err *e) {
        static const char *const known[] = { "version", "mig-configs" };
        const struct doc_node *version = doc_get(root, "version");
        int result;

        if (root->kind != DOC_MAP)
                return expected(r, root, "the file", "a map with 'version' and 'mig-configs'", e);
        if (!version && root->count > 0)
                return doc_err(e, r->name, root, "unable to parse with missing 'version' field");
        if (version && !text_of(version))
                return expected(r, version, "version", "a string", e);
        if (!version || strcmp(text_of(version), "v1") != 0)
                return doc_err(e, r->name, version ?: root, "unknown version: %s", version ? text_of(version) : "");
        if ((result = check_keys(r, root, known, ARRAY_SIZE(known), e)) < 0)
                return result;
        const struct doc_pair *configs = doc_get_pair(root, "mig-configs");
        return configs ? read_configs(r, configs, file, e) : 0;
}

int migparted_file_read(const char *name, const char *text, size_t bytes, struct migparted_file *ret_file, struct err *e) {
        struct doc_reader *reader = doc_reader_new(name, text, bytes);
        struct migparted_file file = { 0 };
        const struct reading reading = { .name = name, .arena = &file.arena };
        const struct doc_node *root;

        file.name = arena_strdup(&file.arena, name);
        int r = doc_reader_next(reader, &root, e);
        if (r > 0)
                r = read_root(&reading, root, &file, e);
        doc_reader_free(reader);
        if (r < 0)
                arena_done(&file.arena);
        else
                *ret_file = file;
        return r;
}

void migparted_file_done(struct migparted_file *file) {
        arena_done(&file->arena);
}

int migparted_file_select(const struct migparted_file *file, const char *name, const struct migparted_config **ret_config, struct err *e) {
        struct near near = near_to(name ?: "");

        if (!name || !*name) {
                if (file->config_count > 1)
                        return err_set(e, ERR_USAGE,
                                       "missing required flag 'selected-config' when more than one config available: %s has %u", file->name,
                                       file->config_count);
                name = file->config_count ? file->configs[0].name : "";
        }
        for (unsigned i = 0; i < file->config_count; i++) {
                near_offer(&near, file->configs[i].name);
                if (strcmp(file->configs[i].name, name) == 0) {
                        *ret_config = &file->configs[i];
                        return 0;
                }
        }
        return err_set(e, ERR_INPUT, "%s: selected mig-config not present: %s%s", file->name, name,
                       near_hint(&near, (char[NEAR_HINT_MAX]){ 0 }));
}
