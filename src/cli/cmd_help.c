/* help: the overview, or one command's help. */
#include "base/near.h"
#include "cli/cmd.h"
#include "io/file/file.h"

static int run_help(const struct cmd_run *run, struct err *e) {
        if (run->operand_count > 0) {
                const struct cmd *cmd = cmd_find(run->of, run->operands[0]);
                if (!cmd)
                        return cmd_unknown(run->of, run->operands[0], e);
                cmd_print_help(cmd, run->program);
                return 0;
        }
        struct buf out = BUF(64u << 10);
        cmd_overview(run->of, run->program, &out);
        int r = file_write("-", buf_text(&out), out.length, e);
        buf_done(&out);
        return r;
}

const struct cmd cmd_help = {
        .name = "help",
        .operands = "[COMMAND]",
        .operands_max = 1,
        .operand_is_command = true,
        .summary = "Show what the commands do",
        .description = "Without COMMAND, lists all commands.",
        .run = run_help,
};
