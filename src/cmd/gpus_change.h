/* gpus_change: what is to be done to one GPU so that it has what is wanted, and doing it. Private to cmd. */
#pragma once

#include "cmd/gpus.h"

struct gpu_plan {
        unsigned gpu;
        bool left_alone; /* nothing is said of it, or it has no MIG and all GPUs were meant */
        bool switches;   /* MIG, to want.mig */
        bool cuts;       /* slices: `from` becomes want.slices by `change` */
        struct want want;
        unsigned from_count;
        struct change_from from[LAYOUT_SLICES_MAX];
        uint32_t from_ids[LAYOUT_SLICES_MAX]; /* driver_slice.id */
        struct change change;
};

/* Errors: ERR_INPUT, ERR_IMPOSSIBLE the GPU cannot have that; ERR_GPU something is in use: the text names it. */
int gpu_plan_make(const struct gpus_node *n, unsigned index, const struct gpus_layout *layout, bool mode_only, struct gpu_plan *ret_plan,
                  struct err *e);
static inline bool gpu_plan_is_empty(const struct gpu_plan *p) {
        return !p->switches && !p->cuts;
}
/* What stays, goes and comes, in lines. */
void gpu_plan_print(const struct gpus_node *n, const struct gpu_plan *p, struct buf *out);

/* Do it. On failure `undone` says what was done and what was not. Errors: ERR_GPU. */
int gpu_plan_do(struct gpus_node *n, const struct gpus_layout *layout, const struct gpu_plan *plan, bool mode_only, struct buf *undone,
                struct err *e);
