/* fault: what goes wrong on purpose. */
#pragma once

#include "sim/node/node.h"

#define FAULT_DELAY_MAX_MS 3600000 /* an hour */

/* Is every number of it in its range? */
bool fault_is_sane(const struct node *n, const struct node_fault *fault);

/* INVALID_ARGUMENT: not sane; INSUFFICIENT_RESOURCES: NODE_FAULTS_MAX are set already. */
nvmlReturn_t fault_add(struct node *n, const struct node_fault *fault);
/* Those that name this call (or every call) on this GPU (NODE_NONE: a call that concerns no GPU): the next from index `from`, or -1. */
int fault_next(const struct node *n, unsigned from, const char *call, unsigned gpu);
/* One use of a counted fault is over; at its last it goes. */
void fault_use(struct node *n, unsigned index);
void fault_clear(struct node *n, unsigned gpu); /* NODE_NONE: all */
