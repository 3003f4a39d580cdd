/* layout: the MIG slices of one GPU, and whether the hardware allows them side by side.
 *
 * Pure: values in, values out. A layout is a small value without pointers into itself; copy it with '='.
 *
 * Three rules are the whole geometry (NVIDIA MIG user guide; tables in data/gpu):
 *   1. a slice stands only at a start that its profile lists, and slices never overlap in memory slices;
 *   2. engines (copy, decoder, …) of all slices together stay within those of the full GPU;
 *   3. no profile exceeds its own maximum count.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "core/gpu/model.h"

#define LAYOUT_SLICES_MAX 12 /* RTX PRO 6000 has 12 memory slices; no GPU has more */

struct slice {
        const struct gpu_profile *profile;
        uint8_t start; /* first memory slice */
};

struct layout {
        const struct gpu_model *model;
        uint8_t count;
        struct slice slices[LAYOUT_SLICES_MAX]; /* by rising start */
};

/* Could `slice` be added to `layout` as it stands? If not, `e` names the rule that forbids it and the slice in the way. Errors:
 * ERR_IMPOSSIBLE. */
int layout_can_add(const struct layout *layout, struct slice slice, struct err *e);
/* Add it, or fail with `layout` untouched. */
int layout_add(struct layout *layout, struct slice slice, struct err *e);
void layout_remove(struct layout *layout, unsigned index);

/* Where should a `profile` go so that the most still-possible placements survive? Ties go to the lowest start, and the double-memory 1g
 * takes start 6 only when nothing else is left. This is what NVIDIA's driver was seen to do when it chooses itself (eight captured
 * sequences); its own rule is not published. Errors: ERR_IMPOSSIBLE. */
int layout_best_start(const struct layout *layout, const struct gpu_profile *profile, uint8_t *ret_start, struct err *e);

/* How often each profile could still be added alone: counts[profile index] = number of free placements that are allowed now. */
void layout_free_placements(const struct layout *layout, uint8_t counts[GPU_PROFILES_MAX]);

/* Find placements for a multiset of slices, counts[profile index], on an empty GPU of `model`: those that leave the most places for more.
 * Errors: ERR_IMPOSSIBLE. */
int layout_place(const struct gpu_model *model, const uint8_t counts[GPU_PROFILES_MAX], struct layout *ret_layout, struct err *e);

/* Call `visit` with every valid layout of `model`, the empty one included, each once (or only with the maximal ones, to which nothing can
 * be added). Stops early when `visit` returns non-zero and returns that value. */
typedef int (*layout_visit)(const struct layout *layout, void *context);
int layout_each(const struct gpu_model *model, layout_visit visit, void *context);
int layout_each_maximal(const struct gpu_model *model, layout_visit visit, void *context);

/* The same for multisets: counts[profile index], each distinct multiset that some layout realises, once. */
typedef int (*layout_visit_counts)(const uint8_t counts[GPU_PROFILES_MAX], void *context);
int layout_each_multiset(const struct gpu_model *model, layout_visit_counts visit, void *context);

/* Which of the present slices must move (fewest slices, then fewest memory slices) so that `profile` fits?
 * `ret_move` gets a bit per slice index that must leave its place, `ret_after` the layout after the move with `profile` in it.
 * Errors: ERR_IMPOSSIBLE when no arrangement of all of them exists. */
int layout_admit(const struct layout *layout, const struct gpu_profile *profile, uint32_t *ret_move, struct layout *ret_after,
                 struct err *e);

/* Text form "1g.10gb@0,3g.40gb@4"; "" is the empty layout. Errors of parsing: ERR_INPUT, ERR_IMPOSSIBLE. Every layout prints into
 * LAYOUT_TEXT_MAX bytes; in fewer the text is cut short. */
#define LAYOUT_TEXT_MAX 512
int layout_parse(const struct gpu_model *model, const char *text, struct layout *ret_layout, struct err *e);
void layout_print(const struct layout *layout, char *text, unsigned bytes);
