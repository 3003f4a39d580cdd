/* cmd: the command line. A subcommand is one file cmd_NAME.c, which defines a struct cmd: its words for help, its options, its `run`; and
 * one entry in the table of table.c.
 *
 * The table has four readers, so that they cannot disagree: argp (parsing and --help), the overview, the man page and the completions.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/err.h"

/* How the value of an option is read, and into what. */
enum cmd_value {
        VALUE_HEADING, /* no option: a heading above those that follow */
        VALUE_SWITCH,  /* bool: true */
        VALUE_TIMES,   /* unsigned: how often it was given */
        VALUE_TEXT,    /* const char * */
        VALUE_FILE,    /* const char *; completed as a file */
        VALUE_NUMBER,  /* double in min..max; a trailing '%' is fine where `arg` is "PCT" */
        VALUE_COUNT,   /* unsigned in min..max */
        VALUE_WORD,    /* unsigned: index of the word in `words` */
        VALUE_LIST,    /* struct cmd_list: comma separated; each in `words` if given */
        VALUE_OUTPUT,  /* struct cmd_outputs: FORMAT[=FILE] */
        VALUE_HELP,    /* shows the help and ends */
};

#define CMD_LIST_MAX 256
struct cmd_list {
        unsigned count;
        char *items[CMD_LIST_MAX]; /* freed when the run has ended */
};

enum cmd_format { FORMAT_TEXT, FORMAT_JSON, FORMAT_YAML, FORMAT_HTML, FORMAT_MAX };

struct cmd_outputs {
        unsigned count;
        struct {
                enum cmd_format format;
                const char *file; /* "-" is standard output */
        } items[FORMAT_MAX];
};

/* The index-th word an option allows, NULL past the last. */
typedef const char *(*cmd_words)(size_t index);

struct cmd_option {
        const char *name; /* long; a heading's text */
        char letter;      /* 0 = none */
        enum cmd_value value;
        const char *arg; /* the value's name in help */
        const char *help;
        size_t offset; /* of the field in the command's (or the common) arguments */
        double min, max;
        cmd_words words;
        bool (*knows)(const char *word); /* also allowed: other names of the same things; NULL = none */
        const char *word_is;             /* what an unknown word was meant to be: "instance type" */
};

enum { COLOR_AUTO, COLOR_ALWAYS, COLOR_NEVER };

/* What the options that every command has say. */
struct cmd_common {
        struct cmd_outputs outputs; /* at least one after parsing */
        unsigned verbose, color, log_format;
        bool quiet;
};

/* One run of a command, from its parsed command line. */
struct cmd_run {
        const struct cmd *cmd;
        const char *program; /* as the user calls it: "carve" or "kubectl carve" */
        struct cmd_common common;
        bool color; /* on standard output */
        void *args; /* of the type the command's options point into */
        size_t operand_count;
        const char **operands;
};

struct cmd {
        const char *name;
        const char *operands;             /* "[FILE|DIR|-]...", NULL = none */
        unsigned operands_max;            /* more are a usage error */
        const char *summary;              /* one line, for the overview */
        const char *description;          /* paragraphs */
        const char *examples;             /* lines to type, NULL = none */
        unsigned formats;                 /* bit per enum cmd_format it can print; 0 = no -o */
        const struct cmd_option *options; /* ends with a row without name; may be NULL */
        size_t args_bytes;
        void (*set_defaults)(void *args); /* NULL = all zero */
        cmd_words operand_words;          /* completion of operands; NULL = files */
        int (*run)(const struct cmd_run *run, struct err *e);
};

extern const struct cmd cmd_completion, cmd_help, cmd_plan, cmd_version;

/* table.c: all commands, ending with NULL; the options that every command has. */
extern const struct cmd *const cmd_table[];
extern const struct cmd_option cmd_common_options[];

/* table.c: what the exit statuses mean, ending with a row without meaning. */
struct cmd_exit_status {
        int status;
        const char *meaning;
};
extern const struct cmd_exit_status cmd_exit_statuses[];

const struct cmd *cmd_find(const char *name);     /* NULL if unknown */
const char *cmd_name_at(size_t index);            /* a cmd_words */
int cmd_unknown(const char *name, struct err *e); /* ERR_USAGE, with the nearest names */
const char *cmd_format_name(enum cmd_format format);

/* value.c: read `text` into the option's field of `args`; not for headings, outputs and help. Errors: ERR_USAGE, without the option's name.
 */
int cmd_value_read(const struct cmd_option *option, const char *text, void *args, struct err *e);

/* parse.c: parse argv[1..] of `cmd` and run it. argv[0] is "carve COMMAND". Does not return when help was asked for or the usage is wrong.
 */
int cmd_parse_and_run(const struct cmd *cmd, const char *program, int argc, char **argv, struct err *e);
/* parse.c: print the help of `cmd` to standard output. */
void cmd_print_help(const struct cmd *cmd, const char *program);

/* overview.c, man.c, completion.c: what is made of the table. */
void cmd_overview(const char *program, struct buf *out);
void cmd_man(struct buf *out);
void cmd_complete_bash(struct buf *out);
void cmd_complete_zsh(struct buf *out);
void cmd_complete_fish(struct buf *out);
