#include "core/gpu/room.h"

_Static_assert(GPU_PROFILES_MAX * 4 <= 64, "room.counts has four bits per profile");
_Static_assert(GPU_ENGINE_MAX <= 8, "room.engines has one byte per engine");

static uint64_t pack_engines(const struct gpu_profile *profile) {
        uint64_t packed = 0;
        for (unsigned i = 0; i < GPU_ENGINE_MAX; i++)
                packed |= (uint64_t)profile->engines[i] << (8 * i);
        return packed;
}

struct place place_of(const struct slice *slice) {
        unsigned size = slice->profile->memory_slices;
        return (struct place){
                .profile = slice->profile->index,
                .start = slice->start,
                .mask = (uint16_t)(((1u << size) - 1) << slice->start),
        };
}

static bool starts_at(const struct gpu_profile *profile, unsigned start) {
        for (unsigned i = 0; i < profile->start_count; i++)
                if (profile->starts[i] == start)
                        return true;
        return false;
}

void places_init(struct places *p, const struct gpu_model *model) {
        p->model = model;
        p->count = 0;
        for (unsigned i = 0; i < model->profile_count; i++)
                p->engines[i] = pack_engines(&model->profiles[i]);
        for (unsigned start = 0; start < model->memory_slices; start++)
                for (unsigned i = 0; i < model->profile_count; i++)
                        if (starts_at(&model->profiles[i], start))
                                p->at[p->count++] = place_of(&(struct slice){ &model->profiles[i], (uint8_t)start });
}

/* The engines of the whole GPU are those of the profile that takes all of it. */
static uint64_t full_engines(const struct places *p) {
        for (unsigned i = 0; i < p->model->profile_count; i++)
                if (p->model->profiles[i].compute_slices == p->model->compute_slices)
                        return p->engines[i];
        return 0;
}

struct room room_new(const struct places *p) {
        struct room room = { .memory = (uint16_t)((1u << p->model->memory_slices) - 1), .engines = full_engines(p) };
        for (unsigned i = 0; i < p->model->profile_count; i++)
                room.counts |= (uint64_t)p->model->profiles[i].max_count << (4 * i);
        return room;
}

unsigned room_places(const struct room *room, const struct places *p) {
        unsigned count = 0;
        for (unsigned i = 0; i < p->count; i++)
                count += room_fits(room, p, &p->at[i]);
        return count;
}

struct room room_of(const struct layout *layout, const struct places *p) {
        struct room room = room_new(p);
        for (unsigned i = 0; i < layout->count; i++) {
                struct place place = place_of(&layout->slices[i]);
                room_take(&room, p, &place);
        }
        return room;
}

void layout_insert(struct layout *layout, struct slice slice) {
        unsigned at = layout->count++;
        for (; at > 0 && layout->slices[at - 1].start > slice.start; at--)
                layout->slices[at] = layout->slices[at - 1];
        layout->slices[at] = slice;
}
