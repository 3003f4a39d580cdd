#include "core/migparted/want.h"

#include <string.h>

#include "base/mem.h"
#include "core/migparted/slices.h"

static bool means(const struct migparted_entry *entry, const struct want_gpu *gpu) {
        bool matches = entry->filter_count == 0, listed = entry->all;

        for (unsigned i = 0; i < entry->filter_count; i++)
                matches |= device_filter_matches(&entry->filters[i], gpu->device, gpu->vendor, gpu->board, gpu->board_vendor);
        for (unsigned i = 0; i < entry->index_count; i++)
                listed |= entry->indexes[i] == (int64_t)gpu->index;
        return matches && listed;
}

static int gather(const struct migparted_file *file, const struct migparted_entry *entry, const struct want_gpu *gpu, struct want *want,
                  struct err *e) {
        _cleanup_free_ struct asked_slices *asked = mem_zalloc(entry->slice_count + 1, sizeof *asked);
        unsigned count = 0;

        for (unsigned i = 0; i < entry->slice_count; i++) {
                const struct wanted_slices *w = &entry->slices[i];
                if (w->count == 0)
                        continue;
                asked[count] = (struct asked_slices){ .name = w->name, .start = CHANGE_ANYWHERE, .count = w->count };
                int r = asked_find(gpu, w->text, &asked[count++], e);
                if (r < 0)
                        return err_wrap(e, "%s:%u:%u", file->name, w->line, w->column);
        }
        int r = asked_gather(gpu, asked, count, want, e);
        return r < 0 ? err_wrap(e, "%s:%u:%u", file->name, entry->line, entry->column) : 0;
}

int want_from_config(const struct migparted_file *file, const struct migparted_config *config, const struct want_gpu *gpu,
                     struct want *ret_want, struct err *e) {
        const struct migparted_entry *entry = NULL;
        struct want want = { 0 };

        for (unsigned i = 0; i < config->entry_count; i++)
                if (means(&config->entries[i], gpu))
                        entry = &config->entries[i];
        if (entry) {
                want = (struct want){ .said = true, .named = !entry->all, .mig = entry->mig };
                int r = gpu->model ? gather(file, entry, gpu, &want, e) : 0;
                if (r < 0)
                        return r;
        }
        *ret_want = want;
        return 0;
}

/* NAME[@START][:COUNT]. Changes `text`. */
static int parse_item(char *text, struct asked_slices *a, struct err *e) {
        static const char form[] = "write PROFILE, PROFILE:COUNT or PROFILE@START, such as 1g.10gb:2,3g.40gb@4";
        char *mark = strpbrk(text, "@:");
        struct err why;

        *a = (struct asked_slices){ .start = CHANGE_ANYWHERE, .count = 1 };
        if (mark) {
                char *number = mark + 1, kind = *mark;
                if (!*number || strlen(number) > 2 || number[strspn(number, "0123456789")])
                        return err_set(e, ERR_USAGE, "'%.64s' is no slice: %s", text, form);
                *mark = '\0';
                if (kind == '@')
                        a->start = (uint8_t)strtoul(number, NULL, 10);
                else
                        a->count = (unsigned)strtoul(number, NULL, 10);
        }
        if (slice_name_parse(text, &a->name, &why) < 0)
                return err_set(e, ERR_USAGE, "'%.64s' is neither a preset nor a slice: %s", text, form);
        return 0;
}

int want_from_text(const char *text, const struct want_gpu *gpu, struct want *ret_want, struct err *e) {
        struct asked_slices asked[SLICES_ASKED_MAX];
        struct want want = { .said = true, .mig = true };
        _cleanup_free_ char *copy = mem_strdup(text);
        char *rest = copy;
        unsigned count = 0;

        for (char *item; (item = strsep(&rest, ","));) {
                if (count == SLICES_ASKED_MAX)
                        return err_set(e, ERR_USAGE, "a layout has at most %d slices", SLICES_ASKED_MAX);
                int r = parse_item(item, &asked[count], e);
                if (r < 0 || (gpu->model && (r = asked_find(gpu, item, &asked[count], e)) < 0))
                        return r;
                count++;
        }
        int r = gpu->model ? asked_gather(gpu, asked, count, &want, e) : 0;
        if (r < 0)
                return r;
        *ret_want = want;
        return 0;
}
