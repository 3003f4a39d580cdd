/* room: what is left of a GPU while slices are put on it. Private to core/gpu.
 *
 * The three rules of layout.h become three numbers that shrink: free memory slices as bits, engines as one byte each, and how often each
 * profile may still come as four bits each. All three of a slice are known before the search, so a step is a few instructions.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "core/gpu/layout.h"

#define PLACES_MAX (GPU_PROFILES_MAX * GPU_STARTS_MAX)

/* One slice that a GPU could hold. */
struct place {
        uint8_t profile, start;
        uint16_t mask; /* memory slices */
};

/* What a model can hold at all: every place by rising start, then by profile. */
struct places {
        const struct gpu_model *model;
        uint64_t engines[GPU_PROFILES_MAX]; /* of one slice, packed */
        unsigned count;
        struct place at[PLACES_MAX];
};

struct room {
        uint16_t memory;  /* free memory slices */
        uint64_t engines; /* free engines, packed */
        uint64_t counts;  /* how often profile i may still come, in bits 4i..4i+3 */
};

void places_init(struct places *p, const struct gpu_model *model);
struct place place_of(const struct slice *slice);

struct room room_new(const struct places *p); /* an empty GPU */
struct room room_of(const struct layout *layout, const struct places *p);

/* Put a slice where rising starts want it, unchecked. */
void layout_insert(struct layout *layout, struct slice slice);

/* Engine counts are at most 127 (scripts/gen-catalogue.py), so bit 7 of each byte shows where a subtraction would borrow. */
#define ROOM_GUARD 0x8080808080808080u

static inline bool room_has_engines(const struct room *room, uint64_t engines) {
        return (((room->engines | ROOM_GUARD) - engines) & ROOM_GUARD) == ROOM_GUARD;
}

static inline unsigned room_count(const struct room *room, unsigned profile) {
        return (unsigned)(room->counts >> (4 * profile)) & 15;
}

static inline bool room_fits(const struct room *room, const struct places *p, const struct place *place) {
        return (room->memory & place->mask) == place->mask && room_count(room, place->profile) > 0 &&
               room_has_engines(room, p->engines[place->profile]);
}

static inline void room_take(struct room *room, const struct places *p, const struct place *place) {
        room->memory = (uint16_t)(room->memory & ~place->mask);
        room->engines -= p->engines[place->profile];
        room->counts -= UINT64_C(1) << (4 * place->profile);
}

/* How many places are left of it. */
unsigned room_places(const struct room *room, const struct places *p);
