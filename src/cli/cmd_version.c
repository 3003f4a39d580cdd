/* version: which build of the program this is. */
#include "cli/cmd.h"
#include "io/file/file.h"

static int run_version(const struct cmd_run *run, struct err *e) {
        static const struct {
                const char *before, *after;
        } forms[FORMAT_MAX] = {
                [FORMAT_TEXT] = { "", "\n" },
                [FORMAT_JSON] = { "{\"version\": \"", "\"}\n" },
                [FORMAT_YAML] = { "version: \"", "\"\n" },
        };
        const struct cmd_outputs *outputs = &run->common.outputs;
        int r = 0;

        for (unsigned i = 0; i < outputs->count && r == 0; i++) {
                struct buf out = BUF(4096);
                enum cmd_format format = outputs->items[i].format;
                if (format == FORMAT_TEXT)
                        buf_printf(&out, "%s ", run->of->name);
                buf_printf(&out, "%s%s%s", forms[format].before, CARVE_VERSION, forms[format].after);
                r = file_write(outputs->items[i].file, buf_text(&out), out.length, e);
                buf_done(&out);
        }
        return r;
}

const struct cmd cmd_version = {
        .name = "version",
        .summary = "Print the version",
        .description = "",
        .formats = 1u << FORMAT_TEXT | 1u << FORMAT_JSON | 1u << FORMAT_YAML,
        .run = run_version,
};
