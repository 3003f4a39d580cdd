/* layout_change: from the slices a GPU has to those it should have, without touching one that is in use.
 *
 * Pure, exact: of all ways it finds one that destroys the fewest slices, and of those one that leaves the most places free for more. Every
 * slice to be made has its place, so they can be made in any order once what goes is gone. A slice whose compute is divided otherwise than
 * wanted is another slice.
 */
#pragma once

#include "core/gpu/layout.h"

#define COMPUTE_SLICES_MAX 8
#define CHANGE_ANYWHERE 0xFF
#define CHANGE_GOES 0xFF

/* How a slice's compute is divided: of[n] compute instances of n compute slices each. */
struct compute_cut {
        uint8_t of[COMPUTE_SLICES_MAX + 1];
};

/* A slice that is there. */
struct change_from {
        struct slice slice;
        struct compute_cut cut;
        bool busy; /* in use: it must stay */
};

/* A slice that should be there. */
struct change_to {
        const struct gpu_profile *profile;
        uint8_t start; /* CHANGE_ANYWHERE: where it fits best */
        struct compute_cut cut;
};

struct change {
        uint8_t becomes[LAYOUT_SLICES_MAX]; /* for each slice of now: which of the wanted it is from now on, or CHANGE_GOES */
        uint8_t starts[LAYOUT_SLICES_MAX];  /* for each wanted slice: its first memory slice */
        bool stays[LAYOUT_SLICES_MAX];      /* for each wanted slice: it is there already */
        unsigned destroyed, created;        /* slices */
        struct layout after;
};

/* The whole of `profile` as one compute instance, which is what a profile without "1c." means. */
struct compute_cut compute_whole(const struct gpu_profile *profile);
bool compute_equal(const struct compute_cut *a, const struct compute_cut *b);

/* Errors: ERR_IMPOSSIBLE the GPU cannot hold what is wanted, whatever goes; ERR_AGAIN slices in use stand in the way: the text names the
 * fewest that would have to end. At most LAYOUT_SLICES_MAX of each. */
int layout_change(const struct gpu_model *model, const struct change_from *from, unsigned from_count, const struct change_to *to,
                  unsigned to_count, struct change *ret_change, struct err *e);

/* A bit for each slice in use that would have to end (the fewest); 0 if none has to. Errors: ERR_IMPOSSIBLE. */
int layout_change_blockers(const struct gpu_model *model, const struct change_from *from, unsigned from_count, const struct change_to *to,
                           unsigned to_count, uint32_t *ret_blockers, struct err *e);
