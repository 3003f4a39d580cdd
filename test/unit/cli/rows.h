/* rows: what the readers of a table of commands rely on: each option of each command has what its kind needs, and no two share a name or a
 * letter. */
#pragma once

#include <stdbool.h>

#include "../unit.h"
#include "cli/cmd.h"

static void rows_are_complete(const struct cmd_program *of) {
        for (size_t c = 0; of->commands[c]; c++) {
                const struct cmd_option *const lists[] = { of->commands[c]->options, cmd_common_options };
                const char *names[128];
                unsigned n = 0;
                for (unsigned l = 0; l < ARRAY_SIZE(lists); l++)
                        for (const struct cmd_option *o = lists[l]; o && o->name; o++) {
                                if (o->value == VALUE_HEADING)
                                        continue;
                                bool none = o->value == VALUE_SWITCH || o->value == VALUE_TIMES || o->value == VALUE_HELP;
                                assert_true(none == (o->arg == NULL));
                                assert_non_null(o->help);
                                assert_true(o->value != VALUE_WORD || (o->words && o->word_is));
                                assert_true((o->value != VALUE_NUMBER && o->value != VALUE_COUNT) || o->max > o->min);
                                for (unsigned i = 0; i < n; i++)
                                        assert_string_not_equal(names[i], o->name);
                                names[n++] = o->name;
                        }
        }
}
