/* carve: the table of all commands. */
#include "cmd/cmd.h"

static const struct cmd *const commands[] = { &cmd_plan, &cmd_gpus, &cmd_completion, &cmd_help, &cmd_version, NULL };

/* Only those that some command can give now (docs/reference/exit-status.md). */
static const struct cmd_exit_status exit_statuses[] = {
        { 0, "Done." },
        { 1, "plan: there is no such plan, as nothing is to be planned for or no allowed instance type can hold any of it. "
             "gpus: the GPUs cannot have such slices, or (assert) have others." },
        { 2, "The command line is wrong." },
        { 3, "An input cannot be read or is not valid, or an output cannot be written." },
        { 5, "The driver or a GPU: there is none, it refused or does not answer, or something that is in use is in the way." },
        { 70, "A bug in carve." },
        { 0 },
};

const struct cmd_program cmd_carve = {
        .name = "carve",
        .also_file = "kubectl-carve", /* kubectl runs it for `kubectl carve` */
        .also = "kubectl carve",
        .purpose = "GPU slicing for Kubernetes on EKS",
        .overview = "GPU slicing for Kubernetes on EKS: what it would save, and how to cut and buy.",
        .description = "carve finds what slicing GPUs would save on a cluster, and proves how far its answer is from the cheapest possible "
                       "one. Installed as kubectl-carve it is also kubectl carve.",
        .commands = commands,
        .exit_statuses = exit_statuses,
};
