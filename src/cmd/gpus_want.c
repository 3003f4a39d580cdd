/* What is asked for: LAYOUT, or a configuration of a mig-parted file; and whether a GPU has it. */
#include <string.h>

#include "base/log.h"
#include "cmd/gpus.h"
#include "io/file/file.h"

static const char *or_environment(const char *given, const char *variable) {
        const char *value = getenv(variable);

        return given ? given : value && *value ? value : NULL;
}

/* A filter that is no number never matches: mig-parted is silent about it. */
static void warn_of_filters(const struct gpus_layout *layout) {
        for (unsigned i = 0; i < layout->config->entry_count; i++)
                for (unsigned k = 0; k < layout->config->entries[i].filter_count; k++) {
                        const struct device_filter *f = &layout->config->entries[i].filters[k];
                        if (!f->valid)
                                log_warning("%s:%u:%u: device-filter '%s' is no device id such as 0x233010DE: it means no GPU",
                                            layout->file.name, f->line, f->column, f->text);
                }
}

static int read_config(const char *path, const char *name, struct gpus_layout *layout, struct err *e) {
        _cleanup_free_ char *text = NULL;
        size_t bytes;
        int r = file_read(path, MIGPARTED_BYTES_MAX, &text, &bytes, e);

        if (r == 0)
                r = migparted_file_read(strcmp(path, "-") ? path : "standard input", text, bytes, &layout->file, e);
        if (r < 0)
                return r;
        r = migparted_file_select(&layout->file, name, &layout->config, e);
        if (r < 0)
                migparted_file_done(&layout->file);
        else
                warn_of_filters(layout);
        return r;
}

int gpus_layout_read(const struct gpus_args *args, const char *name, struct gpus_layout *ret_layout, struct err *e) {
        struct gpus_layout layout = { 0 };
        bool from_environment = !name && !args->selected_config;
        const char *file = args->config_file || name ? args->config_file : or_environment(NULL, "MIG_PARTED_CONFIG_FILE");

        if (name && args->selected_config && strcmp(name, args->selected_config) != 0)
                return err_set(e, ERR_USAGE, "two layouts: %s and --selected-config=%s", name, args->selected_config);
        name = name ? name : args->selected_config;
        if (file) {
                name = from_environment ? or_environment(NULL, "MIG_PARTED_SELECTED_CONFIG") : name;
                int r = read_config(file, name, &layout, e);
                if (r < 0)
                        return r;
        } else if (!name) {
                return err_set(e, ERR_USAGE, "name a layout (such as all-balanced or 1g.10gb:2,3g.40gb), or a file of them with -f");
        }
        layout.text = file ? NULL : name;
        *ret_layout = layout;
        return 0;
}

void gpus_layout_done(struct gpus_layout *layout) {
        migparted_file_done(&layout->file);
}

int gpus_want(const struct gpus_layout *layout, const struct gpus_node *n, unsigned index, bool mode_only, struct want *ret_want,
              struct err *e) {
        const struct driver_gpu *g = &n->node.gpus[index];
        bool slices = g->mig_capable && !(mode_only && layout->config);
        const struct want_gpu gpu = { .index = index,
                                      .product = g->product,
                                      .device = g->pci_device_id,
                                      .vendor = g->pci_vendor_id,
                                      .board = g->pci_subsystem_id,
                                      .board_vendor = g->pci_subsystem_vendor_id,
                                      .model = slices ? &n->live[index].model : NULL };

        if (layout->config)
                return want_from_config(&layout->file, layout->config, &gpu, ret_want, e);
        return (want_is_preset(layout->text) ? want_from_preset : want_from_text)(layout->text, &gpu, ret_want, e);
}

#define DEVICES_MAX (DRIVER_SLICES_MAX * DRIVER_COMPUTE_MAX + LAYOUT_SLICES_MAX * COMPUTE_SLICES_MAX)

struct devices {
        unsigned count;
        char names[DEVICES_MAX][PROFILE_NAME_MAX];
};

static int compare_names(const void *a, const void *b) {
        return strcmp(a, b);
}

static void devices_there(const struct driver_gpu *gpu, struct devices *d) {
        d->count = 0;
        for (unsigned i = 0; i < gpu->slice_count; i++)
                for (unsigned k = 0; k < gpu->slices[i].compute_count; k++)
                        memcpy(d->names[d->count++], gpu->slices[i].compute[k].name, PROFILE_NAME_MAX);
        qsort(d->names, d->count, sizeof *d->names, compare_names);
}

static void devices_wanted(const struct want *want, struct devices *d) {
        d->count = 0;
        for (unsigned i = 0; i < want->slice_count; i++) {
                const struct change_to *s = &want->slices[i];
                for (unsigned size = 1; size <= COMPUTE_SLICES_MAX; size++)
                        for (unsigned k = 0; k < s->cut.of[size]; k++) {
                                char *name = d->names[d->count++];
                                if (size == s->profile->compute_slices)
                                        snprintf(name, PROFILE_NAME_MAX, "%s", s->profile->name);
                                else
                                        snprintf(name, PROFILE_NAME_MAX, "%uc.%s", size, s->profile->name);
                        }
        }
        qsort(d->names, d->count, sizeof *d->names, compare_names);
}

/* "2 x 1g.10gb, 1 x 3g.40gb" */
static void devices_text(const struct devices *d, char *text, size_t bytes) {
        size_t used = (size_t)snprintf(text, bytes, "%s", d->count ? "" : "no slices");

        for (unsigned i = 0, n; i < d->count && used < bytes; i += n) {
                for (n = 1; i + n < d->count && strcmp(d->names[i], d->names[i + n]) == 0;)
                        n++;
                used += (size_t)snprintf(text + used, bytes - used, "%s%u x %s", i ? ", " : "", n, d->names[i]);
        }
}

/* Every slice that is wanted at a certain place stands there. */
static bool places_right(const struct live_model *live, const struct driver_gpu *gpu, const struct want *want) {
        for (unsigned i = 0; i < want->slice_count; i++) {
                bool found = want->slices[i].start == CHANGE_ANYWHERE;
                for (unsigned k = 0; k < gpu->slice_count; k++)
                        found |= gpu->slices[k].start == want->slices[i].start &&
                                 live_profile(live, gpu->slices[k].profile_id) == want->slices[i].profile;
                if (!found)
                        return false;
        }
        return true;
}

bool gpus_has(const struct gpus_node *n, unsigned index, const struct want *want, char *why) {
        const struct driver_gpu *gpu = &n->node.gpus[index];
        _cleanup_free_ struct devices *has = mem_zalloc(1, sizeof *has);
        _cleanup_free_ struct devices *wants = mem_zalloc(1, sizeof *wants);
        char has_text[GPUS_WHY_MAX / 3], wants_text[GPUS_WHY_MAX / 3];

        *why = '\0';
        if (want->mig != gpu->mig_on)
                snprintf(why, GPUS_WHY_MAX, "MIG is %s", gpu->mig_on ? "on" : "off");
        if (want->mig != gpu->mig_on || !want->mig)
                return want->mig == gpu->mig_on;
        devices_there(gpu, has);
        devices_wanted(want, wants);
        bool same = has->count == wants->count;
        for (unsigned i = 0; same && i < has->count; i++)
                same = strcmp(has->names[i], wants->names[i]) == 0;
        if (same && places_right(&n->live[index], gpu, want))
                return true;
        devices_text(has, has_text, sizeof has_text);
        devices_text(wants, wants_text, sizeof wants_text);
        snprintf(why, GPUS_WHY_MAX, same ? "its slices stand at other places" : "it has %s; wanted: %s", has_text, wants_text);
        return false;
}
