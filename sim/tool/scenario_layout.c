/* scenario_layout: the slices of a scenario's GPU, as one text or as a list. */
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/near.h"
#include "sim/tool/scenario_parts.h"

struct slice_values {
        const char *profile;
        const struct doc_node *compute;
        int64_t start, count;
};
static const struct field slice_fields[] = {
        TEXT(slice_values, "profile", profile, 31),
        WHOLE(slice_values, "start", start, 0, GPU_STARTS_MAX - 1),
        WHOLE(slice_values, "count", count, 1, NODE_GIS_MAX),
        NODE(slice_values, "compute", compute),
        { 0 },
};

/* A compute instance: "1c", "1c.3g.40gb" or, for all of the slice, "3g.40gb". */
static int read_compute(struct scenario *s, const struct doc_node *item, void *context, struct err *e) {
        struct scenario_slice *slice = context;
        const struct gpu_profile *profile = slice->profile;
        const char *text = doc_string(item);

        for (unsigned i = 0; text && i < profile->compute_count; i++) {
                unsigned slices = profile->compute[i].slices;
                char brief[8], full[48];
                snprintf(brief, sizeof brief, "%uc", slices);
                snprintf(full, sizeof full, "%s.%s", brief, profile->name);
                bool whole = i + 1U == profile->compute_count && !strcmp(text, profile->name);
                if (whole || !strcmp(text, brief) || !strcmp(text, full)) {
                        slice->compute[slice->compute_count++] = (uint8_t)slices;
                        return 0;
                }
        }
        return doc_err(e, s->file, item,
                       "compute: expected the size of a compute instance of %s (as %uc, or %s for all of it), found %s%s%s", profile->name,
                       profile->compute[0].slices, profile->name, text ? "'" : doc_kind_name(item->kind), text ? text : "",
                       text ? "'" : "");
}

static int add_slice(const char *file, struct scenario_gpu *gpu, const struct scenario_slice *slice, struct err *e) {
        if (gpu->slice_count == NODE_GIS_MAX)
                return fields_fault(e, file, slice->place, "layout: more than %d slices, which is what a GPU can have", NODE_GIS_MAX);
        gpu->slices[gpu->slice_count++] = *slice;
        return 0;
}

static int find_profile(const char *file, const struct scenario_gpu *gpu, const char *name, struct scenario_slice *slice, struct err *e) {
        struct near near = near_to(name);
        char hint[NEAR_HINT_MAX], title[GPU_TITLE_MAX];

        slice->profile = gpu_profile_find(gpu->model, name);
        if (slice->profile && slice->profile->start_count > 0)
                return 0;
        gpu_model_title(gpu->model, title);
        if (!gpu_has_mig(gpu->model))
                return fields_fault(e, file, slice->place, "layout: %s has no MIG (or nobody has published how it is cut)", title);
        for (unsigned i = 0; i < gpu->model->profile_count; i++)
                near_offer(&near, gpu->model->profiles[i].name);
        near_hint(&near, hint);
        return fields_fault(e, file, slice->place, "layout: %s has no slice '%s'%s", title, name, hint);
}

/* Cuts what stands behind the last `mark` off `word`: a number of one or two digits, or `missing`. False: something else stands there. */
static bool take_number(char *word, char mark, int missing, int *ret_number) {
        char *at = strrchr(word, mark);
        size_t digits = at ? strspn(at + 1, "0123456789") : 0;

        *ret_number = missing;
        if (!at)
                return true;
        if (digits == 0 || digits > 2 || at[1 + digits])
                return false;
        *ret_number = (int)strtol(at + 1, NULL, 10);
        *at = '\0';
        return true;
}

/* "3g.40gb@4", "1g.10gb:3" (as carve gpus apply has it) */
static int read_word(const char *file, struct text_place place, const char *text, size_t length, struct scenario_gpu *gpu, struct err *e) {
        struct scenario_slice slice = { .place = place, .start = -1 };
        char name[32], whole[32];
        int count;

        if (length == 0 || length >= sizeof name)
                return fields_fault(e, file, place, "layout: expected a slice as 1g.10gb, 1g.10gb@0 or 1g.10gb:3");
        memcpy(name, text, length);
        name[length] = '\0';
        memcpy(whole, name, sizeof whole);
        if (!take_number(name, ':', 1, &count) || count == 0)
                return fields_fault(e, file, place, "layout: '%s': expected how many behind the ':', as 1g.10gb:3", whole);
        if (!take_number(name, '@', -1, &slice.start))
                return fields_fault(e, file, place, "layout: '%s': expected the first memory slice behind the '@', as 1g.10gb@0", whole);
        if (slice.start >= 0 && count > 1)
                return fields_fault(e, file, place, "layout: '%s': a slice with a start is one", whole);
        int r = find_profile(file, gpu, name, &slice, e);
        for (; r >= 0 && count > 0; count--)
                r = add_slice(file, gpu, &slice, e);
        return r;
}

int scenario_layout(const char *file, struct text_place place, const char *text, struct scenario_gpu *gpu, struct err *e) {
        const char *from = text;

        for (;;) {
                from += strspn(from, " ");
                size_t length = strcspn(from, ", ");
                struct text_place here = { place.line, place.column + (uint32_t)(from - text) };
                int r = read_word(file, here, from, length, gpu, e);
                if (r < 0)
                        return r;
                from += length;
                from += strspn(from, " ");
                if (!*from)
                        return 0;
                if (*from++ != ',')
                        return fields_fault(e, file, here, "layout: slices are separated by ','");
        }
}

static int read_slice(struct scenario *s, const struct doc_node *item, void *context, struct err *e) {
        struct slice_values v = { .start = -1, .count = 1 };
        struct scenario_slice slice = { .place = fields_place(item) };
        struct scenario_gpu *gpu = context;
        const char *text = doc_string(item);
        int r;

        if (text)
                return read_word(s->file, slice.place, text, strlen(text), gpu, e);
        if ((r = fields_read(s->file, item, "a slice", slice_fields, &v, e)) < 0)
                return r;
        if (!v.profile)
                return doc_err(e, s->file, item, "a slice needs its profile, as profile: 1g.10gb");
        if (v.start >= 0 && v.count > 1)
                return doc_err(e, s->file, item, "a slice with a start is one: it has no count");
        slice.start = (int)v.start;
        if ((r = find_profile(s->file, gpu, v.profile, &slice, e)) < 0)
                return r;
        slice.compute_given = v.compute;
        if ((r = scenario_list(s, v.compute, "compute", NODE_CIS_MAX, read_compute, &slice, e)) < 0)
                return r;
        for (int64_t i = 0; i < v.count && r >= 0; i++)
                r = add_slice(s->file, gpu, &slice, e);
        return r;
}

int scenario_read_layout(struct scenario *s, const struct doc_node *layout, struct scenario_gpu *gpu, struct err *e) {
        const char *text = layout ? doc_string(layout) : NULL;

        if (!layout || (text && !*text))
                return 0;
        if (text) {
                struct text_place place = fields_place(layout);
                place.column += !layout->plain; /* the quote */
                return scenario_layout(s->file, place, text, gpu, e);
        }
        if (layout->kind != DOC_SEQ)
                return doc_err(e, s->file, layout, "layout: expected slices (\"3g.40gb@4,1g.10gb\" or a list of them), found %s",
                               doc_kind_name(layout->kind));
        return scenario_list(s, layout, "layout", NODE_GIS_MAX, read_slice, gpu, e);
}
