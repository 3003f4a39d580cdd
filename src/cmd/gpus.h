/* gpus: the parts of `carve gpus`. Private to cmd. */
#pragma once

#include "cmd/cmd.h"
#include "core/doc/print.h"
#include "core/migparted/want.h"
#include "io/nvml/driver.h"

struct gpus_args {
        const char *config_file, *selected_config, *label;
        struct cmd_list gpus;
        bool dry_run, mode_only, valid_config, skip_reset, watch;
        unsigned export_json; /* 1: export prints JSON, whatever -o says */
};

/* A GPU's own profiles, as core/gpu sees GPUs: names and sizes as its driver has them. The model points into itself and into the GPU:
 * neither may move. */
struct live_model {
        struct gpu_model model;
        struct gpu_profile profiles[GPU_PROFILES_MAX];
        char names[GPU_PROFILES_MAX][PROFILE_NAME_MAX];
        uint32_t ids[GPU_PROFILES_MAX]; /* driver_profile.id */
};

/* What stands on the GPU. False: something that the model does not allow, so nothing can be said about places. */
bool live_layout(const struct live_model *live, const struct driver_gpu *gpu, struct layout *ret_layout);
/* NULL: none such. */
const struct gpu_profile *live_profile(const struct live_model *live, uint32_t profile_id);

/* The machine, and which of its GPUs are meant. */
struct gpus_node {
        struct driver *driver;
        struct driver_node node;
        struct live_model *live; /* one per GPU */
        bool meant[DRIVER_GPUS_MAX];
};

/* Errors: ERR_GPU no driver, ERR_USAGE a GPU that is not there. */
int gpus_open(const struct cmd_list *meant, struct gpus_node *ret_node, struct err *e);
int gpus_read_again(struct gpus_node *n, struct err *e);               /* all GPUs */
int gpus_read_gpu(struct gpus_node *n, unsigned index, struct err *e); /* one of them */
void gpus_close(struct gpus_node *n);

/* What LAYOUT or a configuration file asks for. */
struct gpus_layout {
        const char *text; /* LAYOUT; NULL with a file */
        struct migparted_file file;
        const struct migparted_config *config; /* of `file`; NULL without */
};

/* `name` NULL: not given. Errors: ERR_USAGE, ERR_INPUT. */
int gpus_layout_read(const struct gpus_args *args, const char *name, struct gpus_layout *ret_layout, struct err *e);
void gpus_layout_done(struct gpus_layout *layout);
/* What GPU `index` should have. With `mode_only` a file's slices are not looked at: they need not exist, and `ret_want` has none. Errors:
 * ERR_INPUT, ERR_IMPOSSIBLE. */
int gpus_want(const struct gpus_layout *layout, const struct gpus_node *n, unsigned index, bool mode_only, struct want *ret_want,
              struct err *e);
/* Has the GPU these slices now? If not, `why` (of GPUS_WHY_MAX bytes) says what is otherwise. */
#define GPUS_WHY_MAX ERR_TEXT_MAX
bool gpus_has(const struct gpus_node *n, unsigned index, const struct want *want, char *why);

/* `carve gpus`, and its actions. */
void gpus_print_text(const struct cmd_run *run, const struct gpus_node *n, struct buf *out);
void gpus_print_data(const struct gpus_node *n, enum print_format format, struct buf *out);
int gpus_watch(const struct cmd_run *run, struct gpus_node *n, struct err *e);
int gpus_apply(const struct cmd_run *run, const char *layout, struct err *e);
int gpus_assert(const struct cmd_run *run, const char *layout, struct err *e);
int gpus_export(const struct cmd_run *run, struct err *e);

/* The starts at which `profile` could be added to `layout` now, as bits. */
uint32_t gpus_free_starts(const struct layout *layout, const struct gpu_profile *profile);
/* "python (pid 4711), pid 4712" of a slice, or of the GPU (gi_id DRIVER_NONE). Returns how many there are. */
unsigned gpus_process_names(const struct driver_gpu *gpu, uint32_t gi_id, char *text, size_t bytes);
