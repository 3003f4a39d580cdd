/* start: processes that begin to use a simulated GPU. */
#pragma once

#include "sim/node/node.h"
#include "sim/tool/place.h"

/* A pid that nobody has on this node, drawn from its seed: the n-th one drawn on a node is always the same. */
uint32_t start_draw_pid(struct node *n);

/* `p` says everything but where and when; pid 0: one is drawn. A GPU with MIG on wants a slice with a compute instance. Errors:
 * ERR_GPU (what the driver would refuse: memory, exclusive mode, …), ERR_USAGE (MIG is on and no slice was named). */
int start_process(struct node *n, const struct place *at, struct node_process *p, uint64_t now_us, struct err *e);
