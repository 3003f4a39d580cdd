/* folder: each test of the store works in a folder of its own, which is the current one; the node is in "node". */
#pragma once

#include <stdlib.h>

#include "../../unit.h"
#include "sim/node/node.h"
#include "sim/store/store.h"

#define NOW UINT64_C(1700000000000000)

int folder_enter(void **state);
int folder_leave(void **state);

/* A machine of so many A100s with MIG. The tests change one such after the other; it is too large for a stack. */
void folder_init_node(struct node *n, unsigned gpus);
void folder_create(unsigned gpus);

struct store *folder_open(void); /* close and free it with folder_close */
void folder_close(struct store *s);

/* Read the node anew, as a process that just started. */
void folder_read(struct node *n);

/* The stamp stands at the beginning, at the end and on each GPU: a node with two stamps is torn. */
void folder_stamp(struct node *n, uint64_t stamp);
bool folder_is_whole(const struct node *n);

/* Is node/root the tree of `n`: its capabilities with their numbers, and no others? */
void folder_check_tree(const struct node *n);

/* A GPU instance 1g.10gb with a compute instance at a place, or away with it if it is there. */
void folder_toggle(struct node *n, unsigned gpu, unsigned start);

int64_t folder_now_ns(void);
