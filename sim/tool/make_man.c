/* make_man: prints the man page; runs while building. */
#include <stdio.h>

#include "sim/tool/tool.h"

int main(void) {
        struct buf out = BUF(1u << 20);

        cmd_man(&tool_program, &out);
        int r = fputs(buf_text(&out), stdout) < 0 || fflush(stdout) != 0;
        buf_done(&out);
        return r;
}
