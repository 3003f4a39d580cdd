/* want: what one GPU should have, by a mig-parted configuration, by a preset's name, or by a layout's text.
 *
 * Pure. Profiles are found by the names that the GPU's own driver gives them: the same hardware slice is called 3g.39gb by one driver and
 * 3g.40gb by another.
 */
#pragma once

#include "core/gpu/layout_change.h"
#include "core/migparted/file.h"

#define PCI_VENDOR_NVIDIA 0x10DE

struct want_gpu {
        unsigned index;
        const char *product;
        uint16_t device, vendor, board, board_vendor; /* PCI ids */
        const struct gpu_model *model;                /* profiles by the names that its driver has for them; NULL: no MIG on it */
};

struct want {
        bool said;  /* something is said of this GPU; if not, all else is empty */
        bool named; /* said of this GPU by its index, not of all */
        bool mig;
        unsigned slice_count;
        struct change_to slices[LAYOUT_SLICES_MAX]; /* empty for a GPU without MIG */
};

/* The last entry that means this GPU. Errors: ERR_IMPOSSIBLE it has no such slices, with the position in the file. */
int want_from_config(const struct migparted_file *file, const struct migparted_config *config, const struct want_gpu *gpu,
                     struct want *ret_want, struct err *e);

/* all-disabled, all-enabled, all-<profile> (as many as fit; '+' may be written '.'), all-balanced (7 compute slices: two 1g, one 2g, one
 * 3g; 4: two 1g, one 2g): what mig-parted's own configuration has under these names. Errors: ERR_IMPOSSIBLE none such on this GPU. */
bool want_is_preset(const char *text);
int want_from_preset(const char *text, const struct want_gpu *gpu, struct want *ret_want, struct err *e);

/* "1g.10gb@0,3g.40gb@4", "1g.10gb:2,3g.40gb", "1c.3g.40gb:3": PROFILE[@START][:COUNT] joined by commas. Errors: ERR_INPUT it cannot be
 * read, ERR_IMPOSSIBLE the GPU has no such slices. */
int want_from_text(const char *text, const struct want_gpu *gpu, struct want *ret_want, struct err *e);
