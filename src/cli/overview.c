/* overview: what `carve` alone and `carve help` say. */
#include "cmd/cmd.h"

void cmd_overview(const char *program, struct buf *out) {
        buf_printf(out,
                   "Usage: %s COMMAND [OPTION...]\n"
                   "GPU slicing for Kubernetes on EKS: what it would save, and how to cut and buy.\n\n",
                   program);
        for (size_t i = 0; cmd_table[i]; i++)
                buf_printf(out, "  %-12s %s\n", cmd_table[i]->name, cmd_table[i]->summary);
        buf_printf(out, "\n`%s help COMMAND` or `%s COMMAND --help` shows a command's options.\n", program, program);
}
