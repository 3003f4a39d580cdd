/* reboot: the power goes off and on, or one GPU is reset. */
#include <stddef.h>

#include "sim/tool/folder.h"
#include "sim/tool/place.h"
#include "sim/tool/tool.h"

struct args {
        unsigned gpu;
};

static int reboot(struct node *n, void *context, uint64_t now_us, struct err *e) {
        const struct args *args = context;

        if (args->gpu == TOOL_UNSET) {
                node_reboot(n, now_us);
                return 0;
        }
        int r = place_check_gpu(n, args->gpu, e);
        if (r < 0)
                return r;
        if (node_reset_gpu(n, args->gpu, now_us) != NVML_SUCCESS)
                return err_set(e, ERR_GPU, "GPU %u cannot be reset while something uses it", args->gpu);
        return 0;
}

static int run_reboot(const struct cmd_run *run, struct err *e) {
        const char *dir;
        int r = tool_dir(run, &dir, e);

        return r < 0 ? r : folder_edit(dir, reboot, run->args, e);
}

static void set_defaults(void *a) {
        *(struct args *)a = (struct args){ .gpu = TOOL_UNSET };
}

static const struct cmd_option options[] = {
        { .name = "What to reset:" },
        { .name = "gpu",
          .letter = 'g',
          .value = VALUE_COUNT,
          .arg = "I",
          .help = "Only this GPU, as nvidia-smi --gpu-reset does",
          .offset = offsetof(struct args, gpu),
          .max = NODE_GPUS_MAX - 1 },
        { 0 },
};

const struct cmd cmd_reboot = {
        .name = "reboot",
        .operands = "DIR",
        .operands_max = 1,
        .summary = "Switch the node off and on, or reset a GPU",
        .description = "Slices, processes, faults and volatile counters are gone, lost GPUs are back. MIG mode stays on Ampere and goes on "
                       "later generations, as on real boards; what was pending takes effect. Programs that hold the library open must "
                       "initialise it anew.",
        .options = options,
        .args_bytes = sizeof(struct args),
        .set_defaults = set_defaults,
        .run = run_reboot,
};
