/* name: the name of a MIG slice as mig-parted reads it: "1g.10gb", "1c.3g.40gb", "1g.24gb+me.all", "1g.24gb-me".
 *
 * Looser than core/gpu/profile.h: what mig-parted takes ("01g.5gb", attributes in any order) is taken here, and refused in its words
 * (go-nvlib v0.12, profile names).
 */
#pragma once

#include <stdbool.h>

#include "base/err.h"
#include "core/gpu/model.h"

#define SLICE_ATTRIBUTES_MAX 64 /* longer ones are cut, and are no GPU's */

struct slice_name {
        int compute, slices, gb;
        char sign;                             /* '+', '-', or 0: no attributes */
        char attributes[SLICE_ATTRIBUTES_MAX]; /* sorted, joined by ',' */
};

/* Errors: ERR_INPUT, without position. */
int slice_name_parse(const char *text, struct slice_name *ret_name, struct err *e);

/* The profile of `model` that is cut (by `name.compute`) into such slices. NULL: it has none. */
const struct gpu_profile *slice_name_find(const struct gpu_model *model, const struct slice_name *name);
