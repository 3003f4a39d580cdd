/* The layouts that everybody calls by the same name. */
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/near.h"
#include "core/migparted/slices.h"

#define PREFIX "all-"
#define PRESET_NAME_MAX 64

bool want_is_preset(const char *text) {
        return strncmp(text, PREFIX, sizeof PREFIX - 1) == 0;
}

/* "all-1g.10gb.me" for 1g.10gb+me. */
static const char *preset_name(const struct gpu_profile *profile, char name[PRESET_NAME_MAX]) {
        snprintf(name, PRESET_NAME_MAX, PREFIX "%s", profile->name);
        for (char *c = name; *c; c++)
                if (*c == '+')
                        *c = '.';
        return name;
}

static void add(struct want *want, const struct gpu_profile *profile, unsigned count) {
        for (unsigned i = 0; i < count && want->slice_count < LAYOUT_SLICES_MAX; i++)
                want->slices[want->slice_count++] = (struct change_to){ profile, CHANGE_ANYWHERE, compute_whole(profile) };
}

/* The plain profile (without attributes) of so many compute slices; of several the smallest. */
static const struct gpu_profile *plain(const struct gpu_model *model, unsigned compute_slices) {
        const struct gpu_profile *best = NULL;

        for (unsigned i = 0; i < model->profile_count; i++) {
                const struct gpu_profile *p = &model->profiles[i];
                if (p->compute_slices == compute_slices && !strpbrk(p->name, "+-") && (!best || p->max_count > best->max_count))
                        best = p;
        }
        return best;
}

static int balanced(const struct want_gpu *gpu, struct want *want, struct err *e) {
        static const struct {
                unsigned compute_slices;
                unsigned counts[4]; /* of 1g, 2g, 3g at index 1, 2, 3 */
        } formulas[] = { { 7, { 0, 2, 1, 1 } }, { 4, { 0, 2, 1, 0 } } };

        for (unsigned i = 0; i < ARRAY_SIZE(formulas); i++) {
                if (formulas[i].compute_slices != gpu->model->compute_slices)
                        continue;
                for (unsigned n = 3; n >= 1; n--) {
                        const struct gpu_profile *p = plain(gpu->model, n);
                        if (!p && formulas[i].counts[n])
                                return err_set(e, ERR_IMPOSSIBLE, "GPU %u (%s) has no plain slice of %u compute slices for all-balanced",
                                               gpu->index, gpu->product, n);
                        add(want, p, formulas[i].counts[n]);
                }
                return 0;
        }
        return err_set(e, ERR_IMPOSSIBLE, "GPU %u (%s) has %u compute slices: all-balanced is for 7 or 4", gpu->index, gpu->product,
                       gpu->model->compute_slices);
}

static int of_profile(const char *text, const struct want_gpu *gpu, struct want *want, struct err *e) {
        char names[GPU_PROFILES_MAX][PRESET_NAME_MAX], wanted[PRESET_NAME_MAX];
        struct near near = near_to(text);

        snprintf(wanted, sizeof wanted, "%s", text);
        for (char *c = wanted; *c; c++)
                if (*c == '+')
                        *c = '.';
        near_offer(&near, "all-balanced");
        near_offer(&near, "all-disabled");
        near_offer(&near, "all-enabled");
        for (unsigned i = 0; i < gpu->model->profile_count; i++) {
                const struct gpu_profile *p = &gpu->model->profiles[i];
                near_offer(&near, preset_name(p, names[i]));
                if (strcmp(names[i], wanted) == 0) {
                        add(want, p, p->start_count ? MIN(p->max_count, p->start_count) : p->max_count);
                        return 0;
                }
        }
        return err_set(e, ERR_IMPOSSIBLE, "no preset '%.64s' for GPU %u (%s)%s", text, gpu->index, gpu->product,
                       near_hint(&near, (char[NEAR_HINT_MAX]){ 0 }));
}

int want_from_preset(const char *text, const struct want_gpu *gpu, struct want *ret_want, struct err *e) {
        struct want want = { .said = true, .mig = strcmp(text, "all-disabled") != 0 };
        int r = 0;

        if (want.mig && gpu->model && strcmp(text, "all-enabled") != 0)
                r = strcmp(text, "all-balanced") ? of_profile(text, gpu, &want, e) : balanced(gpu, &want, e);
        if (r < 0)
                return r;
        *ret_want = want;
        return 0;
}
