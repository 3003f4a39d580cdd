/* folder: a node in its folder, read or changed by one command. */
#pragma once

#include "sim/node/node.h"

uint64_t folder_now_us(void); /* CLOCK_REALTIME, as the library's clients see it */

/* Errors: those of sim/store. */
int folder_read(const char *dir, struct node *ret, struct err *e);

/* Change the node, or leave it as it is if `change` fails. */
typedef int (*folder_change)(struct node *n, void *context, uint64_t now_us, struct err *e);
int folder_edit(const char *dir, folder_change change, void *context, struct err *e);
