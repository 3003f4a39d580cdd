/* table: the options that every command has, and look-ups in the table of commands. */
#include <string.h>

#include "base/mem.h"
#include "base/near.h"
#include "cli/cmd.h"

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

const struct cmd *cmd_find(const struct cmd_program *of, const char *name) {
        for (size_t i = 0; of->commands[i]; i++)
                if (!strcmp(of->commands[i]->name, name))
                        return of->commands[i];
        return NULL;
}

int cmd_unknown(const struct cmd_program *of, const char *name, struct err *e) {
        struct near near = near_to(name);
        char hint[NEAR_HINT_MAX];

        for (size_t i = 0; of->commands[i]; i++)
                near_offer(&near, of->commands[i]->name);
        return err_set(e, ERR_USAGE, "no command '%s'%s", name, near_hint(&near, hint));
}
