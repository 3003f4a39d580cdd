/* make_man: prints the man page; runs while building. */
#include <stdio.h>

#include "cmd/cmd.h"

int main(void) {
        struct buf out = BUF(1u << 20);

        cmd_man(&cmd_carve, &out);
        int r = fputs(buf_text(&out), stdout) < 0 || fflush(stdout) != 0;
        buf_done(&out);
        return r;
}
