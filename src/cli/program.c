/* program: finds the command and turns its result into an exit status (docs/reference/exit-status.md). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "cli/cmd.h"

static const char *program_name(const struct cmd_program *of, const char *path) {
        const char *slash = strrchr(path, '/');

        return of->also_file && !strcmp(slash ? slash + 1 : path, of->also_file) ? of->also : of->name;
}

static int no_command(const struct cmd_program *of, const char *program) {
        struct buf out = BUF(64u << 10);

        cmd_overview(of, program, &out);
        fputs(buf_text(&out), stderr);
        buf_done(&out);
        return 2;
}

static const struct cmd *choose(const struct cmd_program *of, const char *word, struct err *e) {
        static const struct {
                const char *option;
                const struct cmd *cmd;
        } aliases[] = { { "--help", &cmd_help }, { "-h", &cmd_help }, { "--version", &cmd_version }, { "-V", &cmd_version } };

        for (unsigned i = 0; i < ARRAY_SIZE(aliases); i++)
                if (!strcmp(aliases[i].option, word))
                        return aliases[i].cmd;
        if (*word == '-') {
                err_set(e, ERR_USAGE, "the command comes first, then its options: %s", word);
                return NULL;
        }
        const struct cmd *cmd = cmd_find(of, word);
        if (!cmd)
                cmd_unknown(of, word, e);
        return cmd;
}

static int fail(const struct cmd_program *of, const char *program, const struct cmd *cmd, const struct err *e) {
        log_error("%s", e->text);
        if (e->code == ERR_USAGE)
                log_event(LOG_ERROR, cmd ? "see `%s %s --help`" : "see `%s help`", program, cmd ? cmd->name : "");
        if (e->code == ERR_BUG)
                log_error("this is a bug in %s " CARVE_VERSION "; please report it with the command line and, if you may, the input",
                          of->name);
        return err_exit_status(e);
}

int cmd_main(const struct cmd_program *of, int argc, char **argv) {
        const char *program = program_name(of, argc > 0 ? argv[0] : of->name);
        struct err e = { 0 };

        log_setup((struct log_settings){ .program = of->name, .level = LOG_WARNING });
        if (argc < 2)
                return no_command(of, program);
        const struct cmd *cmd = choose(of, argv[1], &e);
        if (!cmd)
                return fail(of, program, NULL, &e);
        _cleanup_free_ char *name = mem_printf("%s %s", program, cmd->name);
        argv[1] = name; /* what argp calls the program in its messages */
        if (cmd_parse_and_run(of, cmd, program, argc - 1, argv + 1, &e) < 0)
                return fail(of, program, cmd == &cmd_help ? NULL : cmd, &e);
        return 0;
}
