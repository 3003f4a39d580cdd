#include "core/gpu/layout.h"

#include <string.h>

#include "base/mem.h"
#include "core/gpu/room.h"

#define NVML_1_SLICE_REV2 9 /* the 1g with the memory of two: NVML_GPU_INSTANCE_PROFILE_1_SLICE_REV2 */

static const char *const engine_names[GPU_ENGINE_MAX] = {
        [GPU_ENGINE_COPY] = "copy", [GPU_ENGINE_DECODE] = "decode",    [GPU_ENGINE_ENCODE] = "encode",
        [GPU_ENGINE_JPEG] = "JPEG", [GPU_ENGINE_OFA] = "optical flow",
};

/* Rule 1. */
static int check_place(const struct layout *layout, const struct slice *slice, struct err *e) {
        const struct gpu_profile *profile = slice->profile;
        if (!profile->start_count)
                return err_set(e, ERR_IMPOSSIBLE, "where a %s may stand on the %s is not published", profile->name, layout->model->key);
        if (!memchr(profile->starts, slice->start, profile->start_count))
                return err_set(e, ERR_IMPOSSIBLE, "%s cannot start at memory slice %u of the %s", profile->name, slice->start,
                               layout->model->key);

        struct place place = place_of(slice);
        for (unsigned i = 0; i < layout->count; i++)
                if (place_of(&layout->slices[i]).mask & place.mask)
                        return err_set(e, ERR_IMPOSSIBLE, "%s at %u would overlap the %s at %u", profile->name, slice->start,
                                       layout->slices[i].profile->name, layout->slices[i].start);
        return 0;
}

/* Rule 2. */
static int check_engines(const struct layout *layout, const struct slice *slice, struct err *e) {
        struct places p;
        places_init(&p, layout->model);
        const struct room empty = room_new(&p), room = room_of(layout, &p);
        if (room_has_engines(&room, p.engines[slice->profile->index]))
                return 0;

        for (unsigned engine = 0; engine < GPU_ENGINE_MAX; engine++) {
                unsigned left = (uint8_t)(room.engines >> (8 * engine)), all = (uint8_t)(empty.engines >> (8 * engine));
                if (slice->profile->engines[engine] <= left)
                        continue;
                if (layout->count == 0) /* a model that contradicts itself, as a driver may */
                        return err_set(e, ERR_IMPOSSIBLE, "%s needs %u %s engines, and the %s has %u", slice->profile->name,
                                       slice->profile->engines[engine], engine_names[engine], layout->model->key, all);
                unsigned holder = 0;
                for (unsigned i = 1; i < layout->count; i++)
                        if (layout->slices[i].profile->engines[engine] > layout->slices[holder].profile->engines[engine])
                                holder = i;
                const struct slice *most = &layout->slices[holder];
                return err_set(e, ERR_IMPOSSIBLE, "%s needs %u of the %u %s engines of the %s, and %u are left: the %s at %u has %u",
                               slice->profile->name, slice->profile->engines[engine], all, engine_names[engine], layout->model->key, left,
                               most->profile->name, most->start, most->profile->engines[engine]);
        }
        return err_set(e, ERR_BUG, "engines of the %s do not add up", layout->model->key);
}

/* Rule 3. */
static int check_count(const struct layout *layout, const struct slice *slice, struct err *e) {
        unsigned count = 0;
        for (unsigned i = 0; i < layout->count; i++)
                count += layout->slices[i].profile == slice->profile;
        if (count < slice->profile->max_count)
                return 0;
        return err_set(e, ERR_IMPOSSIBLE, "the %s can have at most %u of %s", layout->model->key, slice->profile->max_count,
                       slice->profile->name);
}

int layout_can_add(const struct layout *layout, struct slice slice, struct err *e) {
        static int (*const rules[])(const struct layout *, const struct slice *, struct err *) = { check_place, check_count,
                                                                                                   check_engines };
        for (unsigned i = 0; i < ARRAY_SIZE(rules); i++) {
                int r = rules[i](layout, &slice, e);
                if (r < 0)
                        return r;
        }
        return 0;
}

int layout_add(struct layout *layout, struct slice slice, struct err *e) {
        int r = layout_can_add(layout, slice, e);
        if (r < 0)
                return r;

        layout_insert(layout, slice);
        return 0;
}

void layout_remove(struct layout *layout, unsigned index) {
        layout->count--;
        for (unsigned i = index; i < layout->count; i++)
                layout->slices[i] = layout->slices[i + 1];
        layout->slices[layout->count] = (struct slice){ 0 };
}

void layout_free_placements(const struct layout *layout, uint8_t counts[GPU_PROFILES_MAX]) {
        struct places p;
        places_init(&p, layout->model);
        const struct room room = room_of(layout, &p);

        memset(counts, 0, GPU_PROFILES_MAX);
        for (unsigned i = 0; i < p.count; i++)
                counts[p.at[i].profile] += room_fits(&room, &p, &p.at[i]);
}

/* NVIDIA's driver, left to itself, was never seen to take the last pair of memory slices for the 1g with double memory while another place
 * was free. No compute slice lies under the very last memory slice, so nothing but this profile could use it there. */
static bool last_resort(const struct gpu_profile *profile, const struct place *place) {
        return profile->nvml == NVML_1_SLICE_REV2 && place->start == 6;
}

int layout_best_start(const struct layout *layout, const struct gpu_profile *profile, uint8_t *ret_start, struct err *e) {
        struct places p;
        places_init(&p, layout->model);
        const struct room room = room_of(layout, &p);
        const struct place *best = NULL;
        unsigned best_left = 0;

        for (unsigned i = 0; i < p.count; i++) {
                const struct place *place = &p.at[i];
                if (place->profile != profile->index || !room_fits(&room, &p, place))
                        continue;
                struct room after = room;
                room_take(&after, &p, place);
                unsigned left = room_places(&after, &p);
                if (!best || last_resort(profile, best) || (left > best_left && !last_resort(profile, place))) {
                        best = place;
                        best_left = left;
                }
        }
        if (!best)
                return err_set(e, ERR_IMPOSSIBLE, "no place is left for a %s on this %s", profile->name, layout->model->key);
        *ret_start = best->start;
        return 0;
}
