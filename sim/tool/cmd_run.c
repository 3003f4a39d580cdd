/* run, env: programs that see a simulated node's GPUs. */
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "io/file/file.h"
#include "sim/tool/library.h"
#include "sim/tool/tool.h"

/* As shells have it. */
#define STATUS_CANNOT_RUN 126
#define STATUS_NO_COMMAND 127

struct args {
        const char *library;
        bool plain;
};

static int run_run(const struct cmd_run *run, struct err *e) {
        const struct args *args = run->args;
        struct library_env env;
        const char *dir;
        int r = tool_dir(run, &dir, e);

        if (r < 0)
                return r;
        if (run->operand_count < 2)
                return err_set(e, ERR_USAGE, "name the command to run, behind a --");
        if ((r = library_env(dir, args->library, &env, e)) < 0)
                return r;
        size_t count = run->operand_count - 1;
        char **argv = mem_zalloc(count + 1, sizeof *argv);
        for (size_t i = 0; i < count; i++)
                argv[i] = mem_strdup(run->operands[i + 1]);
        setenv("CARVE_SIM", env.sim, 1);
        setenv("LD_LIBRARY_PATH", env.path, 1);
        execvp(argv[0], argv);
        int error = errno;
        log_error("%s: %s", argv[0], strerror(error));
        for (size_t i = 0; i < count; i++)
                free(argv[i]);
        free(argv);
        exit(error == ENOENT ? STATUS_NO_COMMAND : STATUS_CANNOT_RUN);
}

/* As a word of a shell. */
static void add_word(struct buf *out, const char *text) {
        buf_addc(out, '\'');
        for (; *text; text++)
                if (*text == '\'')
                        buf_adds(out, "'\\''");
                else
                        buf_addc(out, *text);
        buf_addc(out, '\'');
}

static int run_env(const struct cmd_run *run, struct err *e) {
        const struct args *args = run->args;
        struct buf out = BUF(64u << 10);
        struct library_env env;
        const char *dir;
        int r = tool_dir(run, &dir, e);

        if (r < 0 || (r = library_env(dir, args->library, &env, e)) < 0)
                return r;
        const char *const pairs[][2] = { { "CARVE_SIM", env.sim }, { "LD_LIBRARY_PATH", env.path } };
        for (unsigned i = 0; i < ARRAY_SIZE(pairs); i++) {
                buf_printf(&out, "%s%s=", args->plain ? "" : "export ", pairs[i][0]);
                if (args->plain && strchr(pairs[i][1], '\n')) {
                        buf_done(&out);
                        return err_set(e, ERR_INPUT, "a path with a line break cannot be written without quotes");
                }
                if (args->plain)
                        buf_adds(&out, pairs[i][1]);
                else
                        add_word(&out, pairs[i][1]);
                buf_addc(&out, '\n');
        }
        r = file_write("-", buf_text(&out), out.length, e);
        buf_done(&out);
        return r;
}

#define FIELD(field) offsetof(struct args, field)
#define LIBRARY                                                                                                                            \
        {                                                                                                                                  \
                .name = "library", .value = VALUE_FILE, .arg = "FOLDER",                                                                   \
                .help = "Where libnvidia-ml.so.1 lies (default: beside this program)", .offset = FIELD(library)                            \
        }
static const struct cmd_option run_options[] = { LIBRARY, { 0 } };
static const struct cmd_option env_options[] = {
        LIBRARY,
        { .name = "plain",
          .value = VALUE_SWITCH,
          .help = "NAME=value without quotes, as docker --env-file and $GITHUB_ENV want it",
          .offset = FIELD(plain) },
        { 0 },
};
#undef LIBRARY
#undef FIELD

const struct cmd cmd_run = {
        .name = "run",
        .operands = "DIR -- COMMAND...",
        .operands_max = 65536,
        .summary = "Run a program that sees the node's GPUs",
        .description = "Sets CARVE_SIM and LD_LIBRARY_PATH and becomes COMMAND; its exit status is the program's.",
        .examples = "  carve-sim run node -- carve gpus\n"
                    "  carve-sim run node -- python3 -m nvitop --once",
        .options = run_options,
        .args_bytes = sizeof(struct args),
        .run = run_run,
};

const struct cmd cmd_env = {
        .name = "env",
        .operands = "DIR",
        .operands_max = 1,
        .summary = "Print the environment of such a program",
        .description = "Two lines for a shell: the node's folder, and the library path in front of the one that is set.",
        .examples = "  eval \"$(carve-sim env node)\"\n"
                    "  carve-sim env --plain node >> \"$GITHUB_ENV\"",
        .options = env_options,
        .args_bytes = sizeof(struct args),
        .run = run_env,
};
