/* tree_fixed: the part of the tree that only a new node changes. */
#pragma once

#include "sim/node/node.h"

uint64_t tree_identity(const struct node *n);
/* Make all fixed files and folders, and remove those of GPUs that are not there. */
int tree_put_fixed(int root, const struct node *n, struct err *e);

/* Minor of the capability of a GPU instance, or of the compute instance `ci` in it, by the minor of the GPU. */
unsigned tree_cap_minor(unsigned gpu, unsigned gi, unsigned ci);
bool tree_cap_place(unsigned minor, unsigned *ret_gpu, unsigned *ret_gi, unsigned *ret_ci); /* false: not of an instance */
int tree_put_capability(int root, const char *path, unsigned minor, mode_t mode, struct err *e);
