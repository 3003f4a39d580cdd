/* cmd: the commands of carve, and the program that they make. */
#pragma once

#include "cli/cmd.h"

extern const struct cmd cmd_gpus, cmd_plan;

extern const struct cmd_program cmd_carve; /* carve.c */
