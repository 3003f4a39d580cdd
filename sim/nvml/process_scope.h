/* process_scope: whose processes a device handle shows: all of a GPU's, or those of one MIG device. */
#pragma once

#include "sim/nvml/call.h"

struct process_scope {
        struct target target;
        unsigned gi_id, ci_id; /* NODE_NONE: all */
};

/* NO_PERMISSION: a GPU in MIG mode shows what runs in everybody's instances, and only to the privileged. */
nvmlReturn_t process_scope(struct call *call, nvmlDevice_t device, struct process_scope *ret_scope);

/* The next process of `kind` (PROCESS_KIND_MAX: any) from place *from on, which moves behind it; NULL: no more. */
const struct node_process *process_scope_next(const struct call *call, const struct process_scope *scope, unsigned kind, unsigned *from);
