/* slices: names and how many of each, as slices to be made. Private to core/migparted. */
#pragma once

#include "core/migparted/want.h"

#define SLICES_ASKED_MAX (LAYOUT_SLICES_MAX * COMPUTE_SLICES_MAX)

/* So many MIG devices of one name. */
struct asked_slices {
        struct slice_name name;
        const struct gpu_profile *profile;
        uint8_t start; /* CHANGE_ANYWHERE */
        unsigned count;
};

/* Look up the profile of a.name. Errors: ERR_IMPOSSIBLE this GPU has none of that name (`text`), with the nearest. */
int asked_find(const struct want_gpu *gpu, const char *text, struct asked_slices *a, struct err *e);

/* The fewest slices that hold them all: devices that take a part of a slice's compute ("1c.3g.40gb") share slices. Changes the order of
 * `asked`. Errors: ERR_IMPOSSIBLE more than any GPU holds. */
int asked_gather(const struct want_gpu *gpu, struct asked_slices *asked, unsigned count, struct want *want, struct err *e);
