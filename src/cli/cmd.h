/* cmd: a command line of subcommands. A subcommand is one file cmd_NAME.c, which defines a struct cmd: its words for help, its options, its
 * `run`; and one entry in the table of its program (struct cmd_program).
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
        const struct cmd_program *of;
        const struct cmd *cmd;
        const char *program; /* as the user calls it: "carve" or "kubectl carve" */
        struct cmd_common common;
        bool color;       /* on standard output */
        unsigned columns; /* of the terminal there, 80..160 */
        void *args;       /* of the type the command's options point into */
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
        cmd_words operand_words;          /* completion: what one of the operands can be, the others are files; NULL = all are */
        unsigned operand_words_at;        /* … behind so many others */
        bool operand_is_command;          /* completion: the names of all commands */
        int (*run)(const struct cmd_run *run, struct err *e);
};

/* What the exit statuses mean; a list ends with a row without meaning. */
struct cmd_exit_status {
        int status;
        const char *meaning;
};

struct cmd_program {
        const char *name;             /* "carve"; completion scripts, the man page and the log go by it */
        const char *also_file, *also; /* called by this file name, it is that to its user ("kubectl-carve", "kubectl carve"); or NULL */
        const char *purpose;          /* a few words, for the man page */
        const char *overview;         /* one sentence above the list of commands */
        const char *description;      /* paragraphs, for the man page */
        const struct cmd *const *commands; /* ends with NULL */
        const struct cmd_exit_status *exit_statuses;
};

/* program.c: the whole of main(): finds the command, runs it and turns its result into an exit status. */
int cmd_main(const struct cmd_program *of, int argc, char **argv);

/* Commands that every program has. */
extern const struct cmd cmd_completion, cmd_help, cmd_version;

/* table.c: the options that every command has, and look-ups. */
extern const struct cmd_option cmd_common_options[];
const struct cmd *cmd_find(const struct cmd_program *of, const char *name);     /* NULL if unknown */
int cmd_unknown(const struct cmd_program *of, const char *name, struct err *e); /* ERR_USAGE, with the nearest names */
const char *cmd_format_name(enum cmd_format format);

/* value.c: read `text` into the option's field of `args`; not for headings, outputs and help. Errors: ERR_USAGE, without the option's name.
 */
int cmd_value_read(const struct cmd_option *option, const char *text, void *args, struct err *e);

/* parse.c: parse argv[1..] of `cmd` and run it. argv[0] is "carve COMMAND". Does not return when help was asked for or the usage is wrong.
 */
int cmd_parse_and_run(const struct cmd_program *of, const struct cmd *cmd, const char *program, int argc, char **argv, struct err *e);
/* parse.c: print the help of `cmd` to standard output. */
void cmd_print_help(const struct cmd *cmd, const char *program);

/* overview.c, man.c, completion.c: what is made of the table. */
void cmd_overview(const struct cmd_program *of, const char *program, struct buf *out);
void cmd_man(const struct cmd_program *of, struct buf *out);
void cmd_complete_bash(const struct cmd_program *of, struct buf *out);
void cmd_complete_zsh(const struct cmd_program *of, struct buf *out);
void cmd_complete_fish(const struct cmd_program *of, struct buf *out);
