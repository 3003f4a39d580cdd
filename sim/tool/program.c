/* program: the table of all commands of carve-sim. */
#include "sim/tool/tool.h"

static const struct cmd *const commands[] = { &cmd_new,    &cmd_show,   &cmd_run,        &cmd_env,  &cmd_process, &cmd_load,
                                              &cmd_inject, &cmd_reboot, &cmd_completion, &cmd_help, &cmd_version, NULL };

static const struct cmd_exit_status exit_statuses[] = {
        { 0, "Done. Of run: the status of the command that was run." },
        { 2, "The command line is wrong." },
        { 3, "A scenario or a folder cannot be read, written or used, or there is no such GPU, slice or process." },
        { 4, "Another writer held the folder for too long." },
        { 5, "The simulated hardware or its driver does not allow it." },
        { 70, "A bug in carve-sim." },
        { 126, "Of run: the command cannot be run." },
        { 127, "Of run: there is no such command." },
        { 0 },
};

int tool_dir(const struct cmd_run *run, const char **ret_dir, struct err *e) {
        if (run->operand_count == 0)
                return err_set(e, ERR_USAGE, "name the folder of a simulated node");
        *ret_dir = run->operands[0];
        return 0;
}

const struct cmd_program tool_program = {
        .name = "carve-sim",
        .purpose = "simulated NVIDIA GPUs behind the driver's own interface",
        .overview = "Simulated NVIDIA GPUs with MIG: a node is a folder, and programs see it through NVML.",
        .description =
                "carve-sim makes and changes simulated GPU nodes. A node is a folder; a program whose environment says CARVE_SIM=FOLDER "
                "and whose library path leads to carve's libnvidia-ml.so.1 finds that node's GPUs where it would find real ones. "
                "Any number of programs may use a folder at the same time.",
        .commands = commands,
        .exit_statuses = exit_statuses,
};
