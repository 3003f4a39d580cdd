/* completion: scripts for bash, fish and zsh, written from the table of commands. */
#include <string.h>

#include "base/mem.h"
#include "cli/cmd.h"

static bool has_value(const struct cmd_option *o) {
        return o->arg != NULL;
}

/* Calls `add` for each option of the command, its own and those of every command. */
typedef void (*option_writer)(const struct cmd_program *, const struct cmd *, const struct cmd_option *, struct buf *);

static void each_option(const struct cmd_program *of, const struct cmd *cmd, option_writer add, struct buf *out) {
        const struct cmd_option *const lists[] = { cmd->options, cmd_common_options };

        for (unsigned i = 0; i < ARRAY_SIZE(lists); i++)
                for (const struct cmd_option *o = lists[i]; o && o->name; o++)
                        if (o->value != VALUE_HEADING && (o->value != VALUE_OUTPUT || cmd->formats))
                                add(of, cmd, o, out);
}

static bool is_file(const struct cmd_option *o) {
        return o->value == VALUE_FILE;
}

/* The words an option's value can be, separated by spaces; nothing if it has no fixed ones. */
static void add_words(const struct cmd *cmd, const struct cmd_option *o, struct buf *out) {
        const char *word, *space = "";

        for (size_t i = 0; o->words && (word = o->words(i)); i++, space = " ")
                buf_printf(out, "%s%s", space, word);
        for (unsigned f = 0; o->value == VALUE_OUTPUT && f < FORMAT_MAX; f++)
                if (cmd->formats & 1u << f) {
                        buf_printf(out, "%s%s", space, cmd_format_name(f));
                        space = " ";
                }
}

static void add_command_names(const struct cmd_program *of, struct buf *out) {
        for (size_t i = 0; of->commands[i]; i++)
                buf_printf(out, "%s%s", i ? " " : "", of->commands[i]->name);
}

static bool has_words(const struct cmd *cmd) {
        return cmd->operand_words || cmd->operand_is_command;
}

/* May an operand behind the one with fixed words be a file? */
static bool has_files_behind(const struct cmd *cmd) {
        return cmd->operands_max > cmd->operand_words_at + 1;
}

static void add_operand_words(const struct cmd_program *of, const struct cmd *cmd, struct buf *out) {
        const char *word, *space = "";

        for (size_t i = 0; cmd->operand_words && (word = cmd->operand_words(i)); i++, space = " ")
                buf_printf(out, "%s%s", space, word);
        if (cmd->operand_is_command)
                add_command_names(of, out);
}

/* What a script calls its function ("_carve_sim"), and the file names that the program goes by. */
struct names {
        char function[64], files[128];
};

static struct names names_of(const struct cmd_program *of) {
        struct names n;

        snprintf(n.function, sizeof n.function, "_%s", of->name);
        for (char *c = n.function; *c; c++)
                *c = *c == '-' ? '_' : *c;
        snprintf(n.files, sizeof n.files, "%s%s%s", of->name, of->also_file ? " " : "", of->also_file ? of->also_file : "");
        return n;
}

/* bash: one case per command and option; a comma-separated list completes its last item. */

static void bash_name(const struct cmd_program *of, const struct cmd *cmd, const struct cmd_option *o, struct buf *out) {
        (void)of, (void)cmd;
        buf_printf(out, " --%s%s", o->name, has_value(o) ? "=" : "");
        if (o->letter)
                buf_printf(out, " -%c", o->letter);
}

static void bash_value(const struct cmd_program *of, const struct cmd *cmd, const struct cmd_option *o, struct buf *out) {
        (void)of;
        if (!has_value(o))
                return;
        buf_printf(out, "                '%s --%s')", cmd->name, o->name);
        buf_adds(out, is_file(o) ? " files=1" : " words='");
        if (!is_file(o)) {
                add_words(cmd, o, out);
                buf_addc(out, '\'');
        }
        buf_adds(out, " ;;\n");
}

void cmd_complete_bash(const struct cmd_program *of, struct buf *out) {
        const struct names n = names_of(of);

        buf_printf(out, "# bash completion for %s\n%s() {\n", n.files, n.function);
        buf_adds(
                out,
                "        local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} command=${COMP_WORDS[1]-} words='' files=''\n"
                "        if ((COMP_CWORD == 1)); then\n"
                "                mapfile -t COMPREPLY < <(compgen -W '");
        add_command_names(of, out);
        buf_adds(out, "' -- \"$cur\")\n"
                      "                return\n"
                      "        fi\n"
                      "        # --option=value arrives as three words\n"
                      "        [[ $cur == '=' ]] && cur=''\n"
                      "        [[ $prev == '=' ]] && prev=${COMP_WORDS[COMP_CWORD-2]}\n"
                      "        [[ $prev == -o ]] && prev=--output\n"
                      "        local at=0 word before=''\n"
                      "        for word in \"${COMP_WORDS[@]:2:COMP_CWORD-2}\"; do\n"
                      "                [[ $word == [-=]* || $before == '=' ]] || ((at += 1))\n"
                      "                before=$word\n"
                      "        done\n"
                      "        case \"$command $prev\" in\n");
        for (size_t i = 0; of->commands[i]; i++)
                each_option(of, of->commands[i], bash_value, out);
        buf_adds(out, "                *)\n"
                      "                        if [[ $cur == -* ]]; then\n"
                      "                                case $command in\n");
        for (size_t i = 0; of->commands[i]; i++) {
                buf_printf(out, "                                %s) words='", of->commands[i]->name);
                each_option(of, of->commands[i], bash_name, out);
                buf_adds(out, "' ;;\n");
        }
        buf_adds(out, "                                esac\n"
                      "                        else\n"
                      "                                files=1\n"
                      "                                case $command:$at in\n");
        for (size_t i = 0; of->commands[i]; i++) {
                const struct cmd *cmd = of->commands[i];
                if (has_words(cmd)) {
                        buf_printf(out, "                                %s:%u) files='' words='", cmd->name, cmd->operand_words_at);
                        add_operand_words(of, cmd, out);
                        buf_adds(out, "' ;;\n");
                }
                if (!cmd->operands || (has_words(cmd) && !has_files_behind(cmd)))
                        buf_printf(out, "                                %s:*) files='' ;;\n", cmd->name);
        }
        buf_adds(out, "                                esac\n"
                      "                        fi\n"
                      "                        ;;\n"
                      "        esac\n"
                      "        if [[ $files ]]; then\n"
                      "                compopt -o default\n"
                      "                COMPREPLY=()\n"
                      "                return\n"
                      "        fi\n"
                      "        local head=''\n"
                      "        [[ $cur == *,* ]] && head=${cur%,*},\n"
                      "        mapfile -t COMPREPLY < <(compgen -P \"$head\" -W \"$words\" -- \"${cur##*,}\")\n"
                      "        [[ ${COMPREPLY[0]-} == *= ]] && compopt -o nospace\n"
                      "        return 0\n"
                      "}\n");
        buf_printf(out, "complete -F %s %s\n", n.function, n.files);
}

/* fish: one line per command, option and operand list. */

/* Text between single quotes. */
static void add_quoted(struct buf *out, const char *text) {
        buf_addc(out, '\'');
        for (; *text; text++)
                if (*text == '\'')
                        buf_adds(out, "'\\''");
                else
                        buf_addc(out, *text);
        buf_addc(out, '\'');
}

static void fish_option(const struct cmd_program *of, const struct cmd *cmd, const struct cmd_option *o, struct buf *out) {
        buf_printf(out, "complete -c %s -n '__fish_seen_subcommand_from %s' -l %s", of->name, cmd->name, o->name);
        if (o->letter)
                buf_printf(out, " -s %c", o->letter);
        if (has_value(o))
                buf_adds(out, is_file(o) ? " -r -F" : " -x -a '");
        if (has_value(o) && !is_file(o)) {
                add_words(cmd, o, out);
                buf_addc(out, '\'');
        }
        buf_adds(out, " -d ");
        add_quoted(out, o->help);
        buf_addc(out, '\n');
}

/* How many operands stand before the cursor: words that are no options, less the program and the command. */
static void fish_operands(const struct cmd_program *of, const struct cmd *cmd, struct buf *out) {
        if (has_words(cmd)) {
                buf_printf(out,
                           "complete -c %s -n '__fish_seen_subcommand_from %s; and test (count (commandline -opc | string match -v -- "
                           "\"-*\")) -eq %u' -f -a '",
                           of->name, cmd->name, 2 + cmd->operand_words_at);
                add_operand_words(of, cmd, out);
                buf_adds(out, "'\n");
        }
        if (!cmd->operands || (has_words(cmd) && !has_files_behind(cmd)))
                buf_printf(out, "complete -c %s -n '__fish_seen_subcommand_from %s' -f\n", of->name, cmd->name);
}

void cmd_complete_fish(const struct cmd_program *of, struct buf *out) {
        buf_printf(out, "# fish completion for %s\ncomplete -c %s -n __fish_use_subcommand -f\n", of->name, of->name);
        for (size_t i = 0; of->commands[i]; i++) {
                const struct cmd *cmd = of->commands[i];
                buf_printf(out, "complete -c %s -n __fish_use_subcommand -a %s -d ", of->name, cmd->name);
                add_quoted(out, cmd->summary);
                buf_addc(out, '\n');
                fish_operands(of, cmd, out);
                each_option(of, cmd, fish_option, out);
        }
}

/* zsh: _arguments does the work. */

/* Help text inside "[…]" of an _arguments specification, itself between single quotes. */
static void add_zsh_help(struct buf *out, const char *text) {
        for (; *text; text++)
                if (*text == '\'')
                        buf_adds(out, "'\\''");
                else if (*text == '[' || *text == ']' || *text == ':')
                        buf_printf(out, "\\%c", *text);
                else
                        buf_addc(out, *text);
}

static void zsh_option(const struct cmd_program *of, const struct cmd *cmd, const struct cmd_option *o, struct buf *out) {
        (void)of;
        buf_adds(out, "                        ");
        if (o->letter)
                buf_printf(out, "{-%c%s,--%s%s}", o->letter, has_value(o) ? "+" : "", o->name, has_value(o) ? "=" : "");
        else
                buf_printf(out, "--%s%s", o->name, has_value(o) ? "=" : "");
        buf_adds(out, "'[");
        add_zsh_help(out, o->help);
        buf_addc(out, ']');
        if (has_value(o)) {
                buf_adds(out, ":value:");
                buf_adds(out, is_file(o) ? "_files" : "");
        }
        if (has_value(o) && !is_file(o) && (o->words || o->value == VALUE_OUTPUT)) {
                buf_adds(out, o->value == VALUE_LIST ? "_sequence compadd - " : "(");
                add_words(cmd, o, out);
                buf_adds(out, o->value == VALUE_LIST ? "" : ")");
        }
        buf_adds(out, "' \\\n");
}

static void zsh_command(const struct cmd_program *of, const struct cmd *cmd, struct buf *out) {
        buf_printf(out, "                %s)\n                        _arguments \\\n", cmd->name);
        each_option(of, cmd, zsh_option, out);
        if (has_words(cmd)) {
                buf_adds(out, "                        ");
                for (unsigned i = 1; i <= cmd->operand_words_at; i++)
                        buf_printf(out, "'%u:file:_files' ", i);
                buf_printf(out, "'%u:argument:(", cmd->operand_words_at + 1);
                add_operand_words(of, cmd, out);
                buf_printf(out, ")'%s\n", has_files_behind(cmd) ? " '*:file:_files'" : "");
        } else
                buf_printf(out, "                        %s\n", cmd->operands ? "'*:file:_files'" : "");
        buf_adds(out, "                        ;;\n");
}

void cmd_complete_zsh(const struct cmd_program *of, struct buf *out) {
        const struct names n = names_of(of);

        buf_printf(out, "#compdef %s\n%s() {\n", n.files, n.function);
        buf_adds(out, "        if ((CURRENT == 2)); then\n"
                      "                local -a commands=(\n");
        for (size_t i = 0; of->commands[i]; i++) {
                buf_printf(out, "                        '%s:", of->commands[i]->name);
                add_zsh_help(out, of->commands[i]->summary);
                buf_adds(out, "'\n");
        }
        buf_adds(out, "                )\n"
                      "                _describe command commands\n"
                      "                return\n"
                      "        fi\n"
                      "        local command=$words[2]\n"
                      "        shift words\n"
                      "        ((CURRENT--))\n"
                      "        case $command in\n");
        for (size_t i = 0; of->commands[i]; i++)
                zsh_command(of, of->commands[i], out);
        buf_adds(out, "        esac\n"
                      "}\n"
                      "# loaded by itself as a function, or sourced\n");
        buf_printf(out, "if [[ $funcstack[1] == %s ]]; then %s \"$@\"; else compdef %s %s; fi\n", n.function, n.function, n.function,
                   n.files);
}
