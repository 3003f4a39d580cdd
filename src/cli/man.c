/* man: the manual page of a program, in the man(7) macros. */
#include <ctype.h>
#include <string.h>

#include "cli/cmd.h"

/* Text as roff wants it: no leading dot, hyphens that stay hyphens. */
static void add_text(struct buf *out, const char *text) {
        bool line_start = true;

        for (; *text; text++) {
                if (line_start && (*text == '.' || *text == '\''))
                        buf_adds(out, "\\&");
                if (*text == '\\')
                        buf_adds(out, "\\e");
                else if (*text == '-')
                        buf_adds(out, "\\-");
                else
                        buf_addc(out, *text);
                line_start = *text == '\n';
        }
}

static void add_paragraphs(struct buf *out, const char *text) {
        const char *end;

        while ((end = strstr(text, "\n\n"))) {
                char part[4096];
                size_t length = (size_t)(end - text) < sizeof part ? (size_t)(end - text) : sizeof part - 1;
                memcpy(part, text, length);
                part[length] = '\0';
                add_text(out, part);
                buf_adds(out, "\n.PP\n");
                text = end + 2;
        }
        add_text(out, text);
        buf_addc(out, '\n');
}

static void add_option(struct buf *out, const struct cmd_option *o) {
        buf_adds(out, ".TP\n");
        if (o->letter)
                buf_printf(out, "\\fB\\-%c\\fR, ", o->letter);
        buf_adds(out, "\\fB\\-\\-");
        add_text(out, o->name);
        buf_adds(out, "\\fR");
        if (o->arg) {
                buf_adds(out, "=\\fI");
                add_text(out, o->arg);
                buf_adds(out, "\\fR");
        }
        buf_addc(out, '\n');
        add_text(out, o->help);
        buf_addc(out, '\n');
}

static void add_options(struct buf *out, const struct cmd_option *options) {
        for (const struct cmd_option *o = options; o && o->name; o++)
                if (o->value == VALUE_HEADING) {
                        buf_adds(out, ".PP\n");
                        add_text(out, o->name);
                        buf_addc(out, '\n');
                } else
                        add_option(out, o);
}

static void add_command(struct buf *out, const struct cmd_program *of, const struct cmd *cmd) {
        buf_adds(out, ".SS ");
        add_text(out, of->name);
        buf_printf(out, " %s", cmd->name);
        buf_printf(out, "%s%s\n", cmd->operands || cmd->options ? " " : "", cmd->options ? "[OPTION...] " : "");
        if (cmd->operands)
                buf_printf(out, ".I %s\n.PP\n", cmd->operands);
        add_text(out, cmd->summary);
        buf_adds(out, ".\n");
        if (*cmd->description) {
                buf_adds(out, ".PP\n");
                add_paragraphs(out, cmd->description);
        }
        add_options(out, cmd->options);
        if (cmd->examples) {
                buf_adds(out, ".PP\nExamples:\n.PP\n.nf\n");
                add_text(out, cmd->examples);
                buf_adds(out, "\n.fi\n");
        }
}

static void add_exit_status(struct buf *out, const struct cmd_exit_status *statuses) {
        buf_adds(out, ".SH EXIT STATUS\n");
        for (size_t i = 0; statuses[i].meaning; i++)
                buf_printf(out, ".TP\n%d\n%s\n", statuses[i].status, statuses[i].meaning);
}

static void add_title(struct buf *out, const char *name) {
        buf_adds(out, ".TH ");
        for (const char *c = name; *c; c++)
                buf_addc(out, (char)toupper((unsigned char)*c));
        buf_adds(out, " 1 \"\" \"carve " CARVE_VERSION "\" \"User Commands\"\n");
}

void cmd_man(const struct cmd_program *of, struct buf *out) {
        add_title(out, of->name);
        buf_adds(out, ".SH NAME\n");
        add_text(out, of->name);
        buf_printf(out, " \\- %s\n.SH SYNOPSIS\n.B ", of->purpose);
        add_text(out, of->name);
        buf_adds(out, "\n.I COMMAND\n[\\fIOPTION\\fR...]\n.SH DESCRIPTION\n");
        add_paragraphs(out, of->description);
        buf_adds(out, ".SH COMMANDS\n");
        for (size_t i = 0; of->commands[i]; i++)
                add_command(out, of, of->commands[i]);
        buf_adds(out, ".SH OPTIONS OF EVERY COMMAND\n");
        add_options(out, cmd_common_options + 1); /* past the heading */
        add_exit_status(out, of->exit_statuses);
}
