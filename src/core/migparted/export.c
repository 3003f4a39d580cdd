#include "core/migparted/export.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

#define FILTER_MAX 16
#define LABEL_MAX 200
#define LINE_WIDTH 80 /* where the YAML printer breaks lists (gopkg.in/yaml.v2) */

struct device_count {
        const char *name;
        unsigned count;
};

/* GPUs with the same slices, in one entry. */
struct entry {
        bool mig;
        unsigned device_count;
        struct device_count devices[EXPORT_DEVICES_MAX];
        unsigned gpu_count;
        unsigned gpus[EXPORT_GPUS_MAX]; /* positions, rising */
        unsigned filter_count;
        char filters[EXPORT_GPUS_MAX][FILTER_MAX]; /* sorted */
        bool all;
};

/* As the YAML printer sorts keys: numbers by value, letters behind all else. */
static int compare_natural(const char *a, const char *b) {
        while (*a && *a == *b)
                a++, b++;
        bool letter_a = isalpha((unsigned char)*a), letter_b = isalpha((unsigned char)*b);
        if (!*a || !*b || (letter_a && letter_b))
                return (unsigned char)*a - (unsigned char)*b;
        if (letter_a || letter_b)
                return letter_b ? -1 : 1;
        if (isdigit((unsigned char)*a) || isdigit((unsigned char)*b)) {
                unsigned long x = isdigit((unsigned char)*a) ? strtoul(a, NULL, 10) : 0;
                unsigned long y = isdigit((unsigned char)*b) ? strtoul(b, NULL, 10) : 0;
                if (x != y)
                        return x < y ? -1 : 1;
        }
        return (unsigned char)*a - (unsigned char)*b;
}

static int by_yaml(const void *a, const void *b) {
        return compare_natural(((const struct device_count *)a)->name, ((const struct device_count *)b)->name);
}

static int by_bytes(const void *a, const void *b) {
        return strcmp(((const struct device_count *)a)->name, ((const struct device_count *)b)->name);
}

static void count_devices(const struct export_gpu *gpu, enum print_format format, struct entry *entry) {
        for (unsigned i = 0; i < gpu->device_count; i++) {
                unsigned d = 0;
                while (d < entry->device_count && strcmp(entry->devices[d].name, gpu->devices[i]) != 0)
                        d++;
                if (d == entry->device_count)
                        entry->devices[entry->device_count++] = (struct device_count){ gpu->devices[i], 0 };
                entry->devices[d].count++;
        }
        qsort(entry->devices, entry->device_count, sizeof *entry->devices, format == PRINT_YAML ? by_yaml : by_bytes);
}

static bool same_slices(const struct entry *a, const struct entry *b) {
        bool same = a->mig == b->mig && a->device_count == b->device_count;

        for (unsigned i = 0; same && i < a->device_count; i++)
                same = strcmp(a->devices[i].name, b->devices[i].name) == 0 && a->devices[i].count == b->devices[i].count;
        return same;
}

static void add_filter(struct entry *entry, const char *filter) {
        unsigned at = 0;

        while (at < entry->filter_count && strcmp(entry->filters[at], filter) < 0)
                at++;
        if (at < entry->filter_count && strcmp(entry->filters[at], filter) == 0)
                return;
        memmove(entry->filters[at + 1], entry->filters[at], (entry->filter_count - at) * sizeof *entry->filters);
        snprintf(entry->filters[at], FILTER_MAX, "%s", filter);
        entry->filter_count++;
}

static void filter_of(const struct export_gpu *gpu, char filter[FILTER_MAX]) {
        snprintf(filter, FILTER_MAX, "0x%04X%04X", gpu->device, gpu->vendor);
}

static bool has_filter(const struct entry *entry, const char *filter) {
        for (unsigned i = 0; i < entry->filter_count; i++)
                if (strcmp(entry->filters[i], filter) == 0)
                        return true;
        return false;
}

/* Does the entry have every GPU of the models that it names? Then it says "all". */
static void settle(struct entry *entry, const struct export_gpu *gpus, unsigned count) {
        unsigned of_filters = 0;
        char filter[FILTER_MAX];

        for (unsigned i = 0; i < count; i++) {
                filter_of(&gpus[i], filter);
                of_filters += has_filter(entry, filter);
        }
        entry->all = of_filters == entry->gpu_count;
}

static unsigned gather(const struct export_gpu *gpus, unsigned count, enum print_format format, struct entry *entries) {
        struct entry all = { 0 };
        char filter[FILTER_MAX];
        unsigned entry_count = 0;

        for (unsigned i = 0; i < count; i++) {
                struct entry *one = &entries[entry_count];
                unsigned found = 0;
                *one = (struct entry){ .mig = gpus[i].mig };
                if (gpus[i].mig)
                        count_devices(&gpus[i], format, one);
                while (!same_slices(&entries[found], one))
                        found++;
                entry_count += found == entry_count;
                filter_of(&gpus[i], filter);
                add_filter(&entries[found], filter);
                add_filter(&all, filter);
                entries[found].gpus[entries[found].gpu_count++] = gpus[i].index;
        }
        for (unsigned i = 0; i < entry_count; i++)
                settle(&entries[i], gpus, count);
        for (unsigned i = 0; i < entry_count; i++)
                if (all.filter_count == 1 || entry_count == 1)
                        entries[i].filter_count = 0;
        return entry_count;
}

bool migparted_label_ok(const char *label) {
        static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./+";

        return isalnum((unsigned char)*label) && !label[strspn(label, allowed)] && strlen(label) <= LABEL_MAX;
}

/* Would YAML take it for a number, a date, a truth value or nothing? */
static bool needs_quotes(const char *label) {
        static const char *const words[] = {
                "y",  "Y",  "yes", "Yes",   "YES",   "true",  "True", "TRUE", "on",  "On",   "ON",   "n",    "N",
                "no", "No", "NO",  "false", "False", "FALSE", "off",  "Off",  "OFF", "null", "Null", "NULL",
        };

        for (unsigned i = 0; i < ARRAY_SIZE(words); i++)
                if (strcmp(label, words[i]) == 0)
                        return true;
        return isdigit((unsigned char)*label) &&
               (!label[strspn(label, "0123456789_.eE+-:")] || (label[0] == '0' && strchr("xXoObB", label[1])));
}

/* "    key: [a, b]", broken where a line grows past its width. */
static void yaml_list(struct buf *out, const char *begin, const char *items, const char *quote) {
        size_t column = strlen(begin);

        buf_adds(out, begin);
        while (*items) {
                size_t length = strcspn(items, ",");
                buf_printf(out, "%s%.*s%s", quote, (int)length, items, quote);
                column += length + 2 * strlen(quote);
                items += length;
                if (!*items)
                        break;
                items++;
                column++;
                buf_adds(out, column > LINE_WIDTH ? ",\n      " : ", ");
                column = column > LINE_WIDTH ? 6 : column + 1;
        }
        buf_adds(out, "]\n");
}

/* The indexes, or the filters, joined by commas. */
static void join_gpus(const struct entry *entry, struct buf *joined) {
        for (unsigned i = 0; i < entry->gpu_count; i++)
                buf_printf(joined, "%s%u", i ? "," : "", entry->gpus[i]);
}

static void join_filters(const struct entry *entry, struct buf *joined) {
        for (unsigned i = 0; i < entry->filter_count; i++)
                buf_printf(joined, "%s%s", i ? "," : "", entry->filters[i]);
}

static void yaml_entry(const struct entry *entry, struct buf *out) {
        struct buf joined = BUF(64u << 10);

        if (entry->filter_count == 1) {
                buf_printf(out, "  - device-filter: \"%s\"\n", entry->filters[0]);
        } else if (entry->filter_count > 1) {
                join_filters(entry, &joined);
                yaml_list(out, "  - device-filter: [", buf_text(&joined), "\"");
                buf_done(&joined);
        }
        if (entry->all) {
                buf_adds(out, entry->filter_count ? "    devices: all\n" : "  - devices: all\n");
        } else {
                join_gpus(entry, &joined);
                yaml_list(out, entry->filter_count ? "    devices: [" : "  - devices: [", buf_text(&joined), "");
        }
        buf_printf(out, "    mig-enabled: %s\n    mig-devices:%s\n", entry->mig ? "true" : "false", entry->device_count ? "" : " {}");
        for (unsigned i = 0; i < entry->device_count; i++)
                buf_printf(out, "      %s: %u\n", entry->devices[i].name, entry->devices[i].count);
        buf_done(&joined);
}

static void json_list(struct buf *out, const char *key, const char *items, const char *quote) {
        buf_printf(out, "        \"%s\": [\n", key);
        while (*items) {
                size_t length = strcspn(items, ",");
                buf_printf(out, "          %s%.*s%s%s\n", quote, (int)length, items, quote, items[length] ? "," : "");
                items += length + (items[length] != '\0');
        }
        buf_adds(out, "        ],\n");
}

static void json_entry(const struct entry *entry, struct buf *out) {
        struct buf joined = BUF(64u << 10);

        buf_adds(out, "      {\n");
        if (entry->filter_count == 1) {
                buf_printf(out, "        \"device-filter\": \"%s\",\n", entry->filters[0]);
        } else if (entry->filter_count > 1) {
                join_filters(entry, &joined);
                json_list(out, "device-filter", buf_text(&joined), "\"");
                buf_done(&joined);
        }
        if (entry->all) {
                buf_adds(out, "        \"devices\": \"all\",\n");
        } else {
                join_gpus(entry, &joined);
                json_list(out, "devices", buf_text(&joined), "");
        }
        buf_printf(out, "        \"mig-enabled\": %s,\n        \"mig-devices\": {%s", entry->mig ? "true" : "false",
                   entry->device_count ? "\n" : "}\n");
        for (unsigned i = 0; i < entry->device_count; i++)
                buf_printf(out, "          \"%s\": %u%s\n", entry->devices[i].name, entry->devices[i].count,
                           i + 1 < entry->device_count ? "," : "");
        buf_adds(out, entry->device_count ? "        }\n      }" : "      }");
        buf_done(&joined);
}

static void print_yaml(const struct entry *entries, unsigned count, const char *label, struct buf *out) {
        const char *quote = needs_quotes(label) ? "\"" : "";

        buf_printf(out, "version: v1\nmig-configs:\n  %s%s%s:%s\n", quote, label, quote, count ? "" : " []");
        for (unsigned i = 0; i < count; i++)
                yaml_entry(&entries[i], out);
}

/* No newline at the end, as there. */
static void print_json(const struct entry *entries, unsigned count, const char *label, struct buf *out) {
        buf_printf(out, "{\n  \"version\": \"v1\",\n  \"mig-configs\": {\n    \"%s\": [%s", label, count ? "\n" : "]");
        for (unsigned i = 0; i < count; i++) {
                json_entry(&entries[i], out);
                buf_adds(out, i + 1 < count ? ",\n" : "\n    ]");
        }
        buf_adds(out, "\n  }\n}");
}

void migparted_export(const struct export_gpu *gpus, unsigned count, const char *label, enum print_format format, struct buf *out) {
        struct entry *entries = mem_zalloc(count + 1, sizeof *entries);
        unsigned entry_count = gather(gpus, count, format, entries);

        (format == PRINT_YAML ? print_yaml : print_json)(entries, entry_count, label, out);
        free(entries);
}
