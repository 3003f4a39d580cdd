/* layout_search: find places for a multiset of slices in what is left of a GPU. Private to core/gpu. */
#pragma once

#include "core/gpu/room.h"

/* Is there any arrangement of counts[profile index] slices in `room`? */
bool search_any(const struct places *p, const struct room *room, const uint8_t counts[GPU_PROFILES_MAX]);

/* The arrangement that leaves the most places free, added to `layout` (whose slices `room` already lacks). False if there is none. */
bool search_best(const struct places *p, const struct room *room, const uint8_t counts[GPU_PROFILES_MAX], struct layout *layout);
