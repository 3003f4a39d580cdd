/* show: what a node is and does. */
#include "base/mem.h"
#include "io/file/file.h"
#include "sim/tool/folder.h"
#include "sim/tool/show.h"
#include "sim/tool/tool.h"

#define SHOW_BYTES_MAX (16u << 20)

int show_write(const struct cmd_run *run, const struct node *n, const struct show_subject *subject, struct err *e) {
        const struct show show = { .node = n, .now_us = folder_now_us() };
        const struct cmd_outputs *outputs = &run->common.outputs;
        int r = 0;

        for (unsigned i = 0; i < outputs->count && r >= 0; i++) {
                struct buf out = BUF(SHOW_BYTES_MAX);
                if (outputs->items[i].format == FORMAT_TEXT) {
                        subject->text(&show, run->color, run->columns, &out);
                } else {
                        struct printer *p = printer_new(outputs->items[i].format == FORMAT_JSON ? PRINT_JSON : PRINT_YAML, &out);
                        subject->document(&show, p);
                        printer_free(p);
                }
                r = file_write(outputs->items[i].file, buf_text(&out), out.length, e);
                buf_done(&out);
        }
        return r;
}

static int run_show(const struct cmd_run *run, struct err *e) {
        _cleanup_free_ struct node *n = mem_alloc(sizeof *n);
        const char *dir;
        int r = tool_dir(run, &dir, e);

        if (r < 0 || (r = folder_read(dir, n, e)) < 0)
                return r;
        return show_write(run, n, &show_all, e);
}

const struct cmd cmd_show = {
        .name = "show",
        .operands = "DIR",
        .operands_max = 1,
        .summary = "Show a node: GPUs, slices, processes, faults, events",
        .description = "The text is for people; -o json and -o yaml say everything and are for programs.",
        .examples = "  carve-sim show node\n"
                    "  carve-sim show node -o json | jq -r '.gpus[].slices[].uuid'",
        .formats = 1u << FORMAT_TEXT | 1u << FORMAT_JSON | 1u << FORMAT_YAML,
        .run = run_show,
};
