/* tool: the commands of carve-sim, and the program that they make. */
#pragma once

#include "cli/cmd.h"

extern const struct cmd cmd_env, cmd_inject, cmd_load, cmd_new, cmd_process, cmd_reboot, cmd_run, cmd_show;

extern const struct cmd_program tool_program; /* program.c */

/* The first operand of every command. Errors: ERR_USAGE if it is missing. */
int tool_dir(const struct cmd_run *run, const char **ret_dir, struct err *e);

/* A number that an option sets: this where the option was not given. */
#define TOOL_UNSET ((unsigned)-1)
