/* table: all commands, and the options that every one has. */
#include <string.h>

#include "base/mem.h"
#include "base/near.h"
#include "cmd/cmd.h"

static const char *const formats[] = {
        [FORMAT_TEXT] = "text",
        [FORMAT_JSON] = "json",
        [FORMAT_YAML] = "yaml",
        [FORMAT_HTML] = "html",
};

const char *cmd_format_name(enum cmd_format format) {
        return formats[format];
}

static const char *color_at(size_t i) {
        static const char *const words[] = { [COLOR_AUTO] = "auto", [COLOR_ALWAYS] = "always", [COLOR_NEVER] = "never" };

        return i < ARRAY_SIZE(words) ? words[i] : NULL;
}

static const char *log_format_at(size_t i) {
        static const char *const words[] = { "text", "json" };

        return i < ARRAY_SIZE(words) ? words[i] : NULL;
}

#define FIELD(field) offsetof(struct cmd_common, field)
const struct cmd_option cmd_common_options[] = {
        { .name = "Everywhere:" },
        { .name = "output",
          .letter = 'o',
          .value = VALUE_OUTPUT,
          .arg = "FORMAT[=FILE]",
          .help = "What to print, and where if not to standard output; may be given once per format",
          .offset = FIELD(outputs) },
        { .name = "verbose", .letter = 'v', .value = VALUE_TIMES, .help = "Say more; twice for still more", .offset = FIELD(verbose) },
        { .name = "quiet",
          .letter = 'q',
          .value = VALUE_SWITCH,
          .help = "No progress and no warnings, only errors",
          .offset = FIELD(quiet) },
        { .name = "color",
          .value = VALUE_WORD,
          .arg = "WHEN",
          .help = "auto (the default), always or never",
          .offset = FIELD(color),
          .words = color_at,
          .word_is = "auto, always or never" },
        { .name = "log-format",
          .value = VALUE_WORD,
          .arg = "FORMAT",
          .help = "text (the default) or json, for what goes to standard error",
          .offset = FIELD(log_format),
          .words = log_format_at,
          .word_is = "text or json" },
        { .name = "help", .letter = 'h', .value = VALUE_HELP, .help = "Show the command's help" },
        { 0 },
};
#undef FIELD

const struct cmd *const cmd_table[] = { &cmd_plan, &cmd_completion, &cmd_help, &cmd_version, NULL };

const struct cmd *cmd_find(const char *name) {
        for (size_t i = 0; cmd_table[i]; i++)
                if (!strcmp(cmd_table[i]->name, name))
                        return cmd_table[i];
        return NULL;
}

const char *cmd_name_at(size_t index) {
        return index + 1 < ARRAY_SIZE(cmd_table) ? cmd_table[index]->name : NULL;
}

int cmd_unknown(const char *name, struct err *e) {
        struct near near = near_to(name);
        char hint[NEAR_HINT_MAX];

        for (size_t i = 0; cmd_table[i]; i++)
                near_offer(&near, cmd_table[i]->name);
        return err_set(e, ERR_USAGE, "no command '%s'%s", name, near_hint(&near, hint));
}

/* Only those that some command can give now. */
const struct cmd_exit_status cmd_exit_statuses[] = {
        { 0, "Done." },
        { 1, "There is no such plan: nothing to plan for, or no allowed instance type can hold any of it." },
        { 2, "The command line is wrong." },
        { 3, "An input cannot be read or is not valid, or an output cannot be written." },
        { 70, "A bug in carve." },
        { 0 },
};
