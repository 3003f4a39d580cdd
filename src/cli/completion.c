/* completion: scripts for bash, fish and zsh, written from the table of commands. */
#include <string.h>

#include "base/mem.h"
#include "cmd/cmd.h"

static bool has_value(const struct cmd_option *o) {
        return o->arg != NULL;
}

/* Calls `add` for each option of the command, its own and those of every command. */
static void each_option(const struct cmd *cmd, void (*add)(const struct cmd *, const struct cmd_option *, struct buf *), struct buf *out) {
        const struct cmd_option *const lists[] = { cmd->options, cmd_common_options };

        for (unsigned i = 0; i < ARRAY_SIZE(lists); i++)
                for (const struct cmd_option *o = lists[i]; o && o->name; o++)
                        if (o->value != VALUE_HEADING && (o->value != VALUE_OUTPUT || cmd->formats))
                                add(cmd, o, out);
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

static void add_operand_words(const struct cmd *cmd, struct buf *out) {
        const char *word, *space = "";

        for (size_t i = 0; cmd->operand_words && (word = cmd->operand_words(i)); i++, space = " ")
                buf_printf(out, "%s%s", space, word);
}

static void add_command_names(struct buf *out) {
        for (size_t i = 0; cmd_table[i]; i++)
                buf_printf(out, "%s%s", i ? " " : "", cmd_table[i]->name);
}

/* bash: one case per command and option; a comma-separated list completes its last item. */

static void bash_name(const struct cmd *cmd, const struct cmd_option *o, struct buf *out) {
        (void)cmd;
        buf_printf(out, " --%s%s", o->name, has_value(o) ? "=" : "");
        if (o->letter)
                buf_printf(out, " -%c", o->letter);
}

static void bash_value(const struct cmd *cmd, const struct cmd_option *o, struct buf *out) {
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

void cmd_complete_bash(struct buf *out) {
        buf_adds(
                out,
                "# bash completion for carve and kubectl-carve\n"
                "_carve() {\n"
                "        local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} command=${COMP_WORDS[1]-} words='' files=''\n"
                "        if ((COMP_CWORD == 1)); then\n"
                "                mapfile -t COMPREPLY < <(compgen -W '");
        add_command_names(out);
        buf_adds(out, "' -- \"$cur\")\n"
                      "                return\n"
                      "        fi\n"
                      "        # --option=value arrives as three words\n"
                      "        [[ $cur == '=' ]] && cur=''\n"
                      "        [[ $prev == '=' ]] && prev=${COMP_WORDS[COMP_CWORD-2]}\n"
                      "        [[ $prev == -o ]] && prev=--output\n"
                      "        case \"$command $prev\" in\n");
        for (size_t i = 0; cmd_table[i]; i++)
                each_option(cmd_table[i], bash_value, out);
        buf_adds(out, "                *)\n"
                      "                        if [[ $cur == -* ]]; then\n"
                      "                                case $command in\n");
        for (size_t i = 0; cmd_table[i]; i++) {
                buf_printf(out, "                                %s) words='", cmd_table[i]->name);
                each_option(cmd_table[i], bash_name, out);
                buf_adds(out, "' ;;\n");
        }
        buf_adds(out, "                                esac\n"
                      "                        else\n"
                      "                                files=1\n"
                      "                                case $command in\n");
        for (size_t i = 0; cmd_table[i]; i++) {
                if (cmd_table[i]->operands && !cmd_table[i]->operand_words)
                        continue;
                buf_printf(out, "                                %s) files='' words='", cmd_table[i]->name);
                add_operand_words(cmd_table[i], out);
                buf_adds(out, "' ;;\n");
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
                      "}\n"
                      "complete -F _carve carve kubectl-carve\n");
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

static void fish_option(const struct cmd *cmd, const struct cmd_option *o, struct buf *out) {
        buf_printf(out, "complete -c carve -n '__fish_seen_subcommand_from %s' -l %s", cmd->name, o->name);
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

void cmd_complete_fish(struct buf *out) {
        buf_adds(out, "# fish completion for carve\ncomplete -c carve -n __fish_use_subcommand -f\n");
        for (size_t i = 0; cmd_table[i]; i++) {
                const struct cmd *cmd = cmd_table[i];
                buf_printf(out, "complete -c carve -n __fish_use_subcommand -a %s -d ", cmd->name);
                add_quoted(out, cmd->summary);
                buf_addc(out, '\n');
                if (cmd->operand_words || !cmd->operands) {
                        buf_printf(out, "complete -c carve -n '__fish_seen_subcommand_from %s' -f -a '", cmd->name);
                        add_operand_words(cmd, out);
                        buf_adds(out, "'\n");
                }
                each_option(cmd, fish_option, out);
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

static void zsh_option(const struct cmd *cmd, const struct cmd_option *o, struct buf *out) {
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

static void zsh_command(const struct cmd *cmd, struct buf *out) {
        buf_printf(out, "                %s)\n                        _arguments \\\n", cmd->name);
        each_option(cmd, zsh_option, out);
        if (cmd->operand_words) {
                buf_adds(out, "                        '*:argument:(");
                add_operand_words(cmd, out);
                buf_adds(out, ")'\n");
        } else
                buf_printf(out, "                        %s\n", cmd->operands ? "'*:file:_files'" : "");
        buf_adds(out, "                        ;;\n");
}

void cmd_complete_zsh(struct buf *out) {
        buf_adds(out, "#compdef carve kubectl-carve\n"
                      "_carve() {\n"
                      "        if ((CURRENT == 2)); then\n"
                      "                local -a commands=(\n");
        for (size_t i = 0; cmd_table[i]; i++) {
                buf_printf(out, "                        '%s:", cmd_table[i]->name);
                add_zsh_help(out, cmd_table[i]->summary);
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
        for (size_t i = 0; cmd_table[i]; i++)
                zsh_command(cmd_table[i], out);
        buf_adds(out, "        esac\n"
                      "}\n"
                      "# loaded by itself as a function, or sourced\n"
                      "if [[ $funcstack[1] == _carve ]]; then _carve \"$@\"; else compdef _carve carve kubectl-carve; fi\n");
}
