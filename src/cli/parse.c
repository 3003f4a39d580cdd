/* parse: one command line, read by argp from a command's rows. */
#include <argp.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "cli/cmd.h"

#define OPTIONS_MAX 64
#define OPERANDS_MAX 65536
#define COLUMNS_MIN 80
#define COLUMNS_MAX 160
#define FIRST_KEY 0x1000 /* options without a letter get a key above all characters */

/* One row as argp knows it: the row, and which arguments it writes to. */
struct bound_option {
        const struct cmd_option *option;
        void *args;
};

struct parse {
        const struct cmd *cmd;
        struct cmd_run *run;
        size_t operand_capacity;
        unsigned option_count;
        struct bound_option options[OPTIONS_MAX];
        struct argp_option rows[OPTIONS_MAX + 1];
};

static bool takes_value(enum cmd_value value) {
        return value != VALUE_HEADING && value != VALUE_SWITCH && value != VALUE_TIMES && value != VALUE_HELP;
}

static void add_options(struct parse *p, const struct cmd_option *options, void *args) {
        for (const struct cmd_option *o = options; o && o->name; o++) {
                if (o->value == VALUE_OUTPUT && p->cmd->formats == 0)
                        continue;
                struct argp_option *row = &p->rows[p->option_count];
                *row = (struct argp_option){ .doc = o->help };
                if (o->value == VALUE_HEADING) {
                        row->doc = o->name;
                } else if (o->value == VALUE_HELP) {
                        row->key = o->letter; /* argp brings --help, but not -h */
                        row->flags = OPTION_HIDDEN;
                } else {
                        row->name = o->name;
                        row->key = o->letter ? o->letter : FIRST_KEY + (int)p->option_count;
                        row->arg = takes_value(o->value) ? o->arg : NULL;
                }
                p->options[p->option_count++] = (struct bound_option){ o, args };
        }
}

static const struct bound_option *find_option(const struct parse *p, int key) {
        for (unsigned i = 0; i < p->option_count; i++)
                if (p->rows[i].key == key)
                        return &p->options[i];
        return NULL;
}

/* "html=plan.html": what to print and where. */
static int read_output(const struct cmd *cmd, const char *text, struct cmd_outputs *outputs, struct err *e) {
        size_t length = strcspn(text, "=");
        const char *file = text[length] ? text + length + 1 : "-";
        struct buf known = BUF(256);
        unsigned format;

        for (format = 0; format < FORMAT_MAX; format++) {
                const char *name = cmd_format_name(format);
                if (!(cmd->formats & 1u << format))
                        continue;
                if (strlen(name) == length && !strncasecmp(name, text, length))
                        break;
                buf_printf(&known, "%s%s", known.length ? ", " : "", name);
        }
        if (format == FORMAT_MAX) {
                err_set(e, ERR_USAGE, "'%.*s' is not one of %s", (int)length, text, buf_text(&known));
                buf_done(&known);
                return -ERR_USAGE;
        }
        buf_done(&known);
        if (!*file)
                return err_set(e, ERR_USAGE, "'%s' names no file", text);
        for (unsigned i = 0; i < outputs->count; i++)
                if (outputs->items[i].format == format || !strcmp(outputs->items[i].file, file))
                        return err_set(e, ERR_USAGE, "'%s' and '%s' collide: each format once, each to a place of its own",
                                       cmd_format_name(outputs->items[i].format), text);
        outputs->items[outputs->count].format = format;
        outputs->items[outputs->count++].file = file;
        return 0;
}

static void read_operand(struct parse *p, const char *text, struct argp_state *state) {
        struct cmd_run *run = p->run;

        if (run->operand_count == MIN(p->cmd->operands_max, OPERANDS_MAX))
                argp_error(state, run->operand_count ? "one argument too many: '%s'" : "takes no arguments, but was given '%s'", text);
        MEM_GROW(run->operands, run->operand_count, p->operand_capacity);
        run->operands[run->operand_count++] = text;
}

static error_t parse_one(int key, char *text, struct argp_state *state) {
        struct parse *p = state->input;
        const struct bound_option *bound = find_option(p, key);
        struct err e;
        int r;

        if (key == ARGP_KEY_ARG) {
                read_operand(p, text, state);
                return 0;
        }
        if (!bound || key == 0)
                return ARGP_ERR_UNKNOWN;
        if (bound->option->value == VALUE_HELP)
                argp_state_help(state, stdout, ARGP_HELP_STD_HELP);
        if (bound->option->value == VALUE_OUTPUT)
                r = read_output(p->cmd, text, &p->run->common.outputs, &e);
        else
                r = cmd_value_read(bound->option, text, bound->args, &e);
        if (r < 0)
                argp_error(state, "--%s: %s", bound->option->name, e.text);
        return 0;
}

/* What argp prints around the options: the summary above, description and examples below. */
static void add_doc(const struct cmd *cmd, struct buf *doc) {
        buf_printf(doc, "%s\v%s", cmd->summary, cmd->description);
        if (cmd->examples)
                buf_printf(doc, "\n\nExamples:\n%s", cmd->examples);
}

static void bind(struct parse *p, const struct cmd *cmd, struct cmd_run *run) {
        *p = (struct parse){ .cmd = cmd, .run = run };
        add_options(p, cmd->options, run->args);
        add_options(p, cmd_common_options, &run->common);
}

void cmd_print_help(const struct cmd *cmd, const char *program) {
        struct cmd_run run = { .program = program };
        struct buf doc = BUF(64u << 10);
        _cleanup_free_ char *name = mem_printf("%s %s", program, cmd->name);
        struct parse p;

        bind(&p, cmd, &run);
        add_doc(cmd, &doc);
        struct argp argp = { .options = p.rows, .parser = parse_one, .args_doc = cmd->operands, .doc = buf_text(&doc) };
        argp_help(&argp, stdout, ARGP_HELP_SHORT_USAGE | ARGP_HELP_LONG | ARGP_HELP_DOC, name);
        buf_done(&doc);
}

static void free_lists(const struct cmd *cmd, void *args) {
        for (const struct cmd_option *o = cmd->options; o && o->name; o++) {
                struct cmd_list *list = (struct cmd_list *)((char *)args + o->offset);
                for (unsigned i = 0; o->value == VALUE_LIST && i < list->count; i++)
                        free(list->items[i]);
        }
}

static bool use_color(unsigned when, int fd) {
        const char *no_color = getenv("NO_COLOR"), *term = getenv("TERM"); /* no-color.org */

        if (when != COLOR_AUTO)
                return when == COLOR_ALWAYS;
        return isatty(fd) && !(no_color && *no_color) && !(term && !strcmp(term, "dumb"));
}

static unsigned columns_of_terminal(void) {
        struct winsize size;

        if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) < 0)
                return COLUMNS_MIN;
        return MIN(MAX(size.ws_col, COLUMNS_MIN), COLUMNS_MAX);
}

/* What the common options say, once they are all read. */
static void settle(struct cmd_run *run) {
        struct cmd_common *c = &run->common;
        enum log_level level = c->verbose > 1 ? LOG_DEBUG : c->verbose ? LOG_INFO : LOG_WARNING;

        if (c->outputs.count == 0) {
                c->outputs.items[0].file = "-";
                c->outputs.count = 1;
        }
        run->color = use_color(c->color, STDOUT_FILENO);
        run->columns = columns_of_terminal();
        log_setup((struct log_settings){ .program = run->of->name,
                                         .level = c->quiet ? LOG_ERROR : level,
                                         .format = c->log_format ? LOG_JSON : LOG_TEXT,
                                         .color = use_color(c->color, STDERR_FILENO) });
}

int cmd_parse_and_run(const struct cmd_program *of, const struct cmd *cmd, const char *program, int argc, char **argv, struct err *e) {
        _cleanup_free_ void *args = mem_zalloc(1, MAX(cmd->args_bytes, (size_t)1));
        struct cmd_run run = { .of = of, .cmd = cmd, .program = program, .args = args };
        struct buf doc = BUF(64u << 10);
        struct parse p;

        if (cmd->set_defaults)
                cmd->set_defaults(args);
        bind(&p, cmd, &run);
        add_doc(cmd, &doc);
        struct argp argp = { .options = p.rows, .parser = parse_one, .args_doc = cmd->operands, .doc = buf_text(&doc) };
        argp_err_exit_status = 2;
        int r = argp_parse(&argp, argc, argv, 0, NULL, &p) == 0 ? 0 : err_set(e, ERR_BUG, "argp refused its table");
        if (r == 0) {
                settle(&run);
                r = cmd->run(&run, e);
        }
        free_lists(cmd, args);
        free(run.operands);
        buf_done(&doc);
        return r;
}
