/* overview: what a program alone and its `help` say. */
#include "cli/cmd.h"

void cmd_overview(const struct cmd_program *of, const char *program, struct buf *out) {
        buf_printf(out, "Usage: %s COMMAND [OPTION...]\n%s\n\n", program, of->overview);
        for (size_t i = 0; of->commands[i]; i++)
                buf_printf(out, "  %-12s %s\n", of->commands[i]->name, of->commands[i]->summary);
        buf_printf(out, "\n`%s help COMMAND` or `%s COMMAND --help` shows a command's options.\n", program, program);
}
