/* reboot: the power goes off and on. */
#include "sim/tool/folder.h"
#include "sim/tool/tool.h"

static int reboot(struct node *n, void *context, uint64_t now_us, struct err *e) {
        (void)context, (void)e;
        node_reboot(n, now_us);
        return 0;
}

static int run_reboot(const struct cmd_run *run, struct err *e) {
        const char *dir;
        int r = tool_dir(run, &dir, e);

        return r < 0 ? r : folder_edit(dir, reboot, NULL, e);
}

const struct cmd cmd_reboot = {
        .name = "reboot",
        .operands = "DIR",
        .operands_max = 1,
        .summary = "Switch the node off and on",
        .description = "Slices, processes, faults and volatile counters are gone, lost GPUs are back. MIG mode stays on Ampere and goes on "
                       "later generations, as on real boards; what was pending takes effect. Programs that hold the library open must "
                       "initialise it anew.",
        .run = run_reboot,
};
