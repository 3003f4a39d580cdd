/* place: the slice of a simulated node that somebody named. */
#pragma once

#include "sim/node/node.h"

struct place {
        uint8_t gpu, gi_slot, ci_slot; /* slots NODE_NONE: the whole GPU; ci_slot alone: a GPU instance that has no compute instance */
};

/* Errors: ERR_NOT_FOUND where the node has no GPU of that index. */
int place_check_gpu(const struct node *n, int64_t gpu, struct err *e);

/* `text` is one of
 *     MIG-…        the UUID of a MIG device
 *     0:1          GPU and MIG device, by index, as in NVIDIA_VISIBLE_DEVICES
 *     1            MIG device of `gpu`
 *     3g.40gb@4    where it stands on `gpu`; "3g.40gb@4/1": its second compute instance
 * `gpu` is NODE_NONE where it was not said. Errors: ERR_USAGE (none of these forms, or of another GPU than `gpu`), ERR_NOT_FOUND (no such
 * slice now; says which there are). */
int place_read(const struct node *n, unsigned gpu, const char *text, struct place *ret_place, struct err *e);

/* "3g.40gb@4", and "/1" behind it where the GPU instance has more than one compute instance. */
#define PLACE_TEXT_MAX 64
void place_print(const struct node *n, const struct place *place, char text[PLACE_TEXT_MAX]);

/* One after another: every compute instance, and every GPU instance that has none, by GPU and memory slice. Begin with *ret_step = 0. */
bool place_next(const struct node *n, unsigned gpu, unsigned *step, struct place *ret_place);
