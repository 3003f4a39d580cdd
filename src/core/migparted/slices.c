#include "core/migparted/slices.h"

#include <string.h>

#include "base/mem.h"
#include "base/near.h"

/* May a slice of this profile be cut into pieces of so many compute slices? How often? */
static unsigned pieces_max(const struct gpu_profile *profile, unsigned compute) {
        for (unsigned i = 0; i < profile->compute_count; i++)
                if (profile->compute[i].slices == compute)
                        return profile->compute[i].max_count;
        return profile->compute_count || compute > profile->compute_slices ? 0 : profile->compute_slices / compute;
}

int asked_find(const struct want_gpu *gpu, const char *text, struct asked_slices *a, struct err *e) {
        struct near near = near_to(text);

        a->profile = slice_name_find(gpu->model, &a->name);
        if (a->profile && a->name.compute <= COMPUTE_SLICES_MAX && pieces_max(a->profile, (unsigned)a->name.compute) > 0)
                return 0;
        for (unsigned i = 0; i < gpu->model->profile_count; i++)
                near_offer(&near, gpu->model->profiles[i].name);
        return err_set(e, ERR_IMPOSSIBLE, "GPU %u (%s) has no slices '%.64s'%s", gpu->index, gpu->product, text,
                       near_hint(&near, (char[NEAR_HINT_MAX]){ 0 }));
}

/* Large ones first, as mig-parted begins with them. */
static int compare(const void *a, const void *b) {
        const struct slice_name *x = &((const struct asked_slices *)a)->name, *y = &((const struct asked_slices *)b)->name;

        if (x->slices != y->slices)
                return y->slices - x->slices;
        if (x->compute != y->compute)
                return y->compute - x->compute;
        int order = strcmp(y->attributes, x->attributes);
        return order ? order : y->gb - x->gb;
}

static bool takes(const struct change_to *slice, const struct asked_slices *a) {
        unsigned used = 0;

        for (unsigned n = 1; n <= COMPUTE_SLICES_MAX; n++)
                used += n * slice->cut.of[n];
        return slice->profile == a->profile && slice->start == a->start && used + (unsigned)a->name.compute <= a->profile->compute_slices &&
               slice->cut.of[a->name.compute] < pieces_max(a->profile, (unsigned)a->name.compute);
}

int asked_gather(const struct want_gpu *gpu, struct asked_slices *asked, unsigned count, struct want *want, struct err *e) {
        uint64_t total = 0;

        for (unsigned i = 0; i < count; i++)
                total += asked[i].count;
        if (total > SLICES_ASKED_MAX)
                return err_set(e, ERR_IMPOSSIBLE, "GPU %u (%s) cannot hold %llu slices", gpu->index, gpu->product,
                               (unsigned long long)total);
        qsort(asked, count, sizeof *asked, compare);
        for (unsigned i = 0; i < count; i++)
                for (unsigned n = 0; n < asked[i].count; n++) {
                        unsigned s = 0;
                        while (s < want->slice_count && !takes(&want->slices[s], &asked[i]))
                                s++;
                        if (s == LAYOUT_SLICES_MAX)
                                return err_set(e, ERR_IMPOSSIBLE, "GPU %u (%s) cannot hold more than %d slices", gpu->index, gpu->product,
                                               LAYOUT_SLICES_MAX);
                        if (s == want->slice_count)
                                want->slices[want->slice_count++] = (struct change_to){ asked[i].profile, asked[i].start, { { 0 } } };
                        want->slices[s].cut.of[asked[i].name.compute]++;
                }
        return 0;
}
