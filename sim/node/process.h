/* process: who uses the GPUs of a simulated node. */
#pragma once

#include "sim/node/node.h"

/* `p` says everything but start_us. INVALID_ARGUMENT: no such GPU or slice, pid 0, percentages above 100; INSUFFICIENT_RESOURCES: table
 * full; MEMORY: more memory than is free there; IN_USE: exclusive compute mode. One pid may use several slices. */
nvmlReturn_t process_start(struct node *n, const struct node_process *p, uint64_t now_us);
/* End all that `pid` has. NOT_FOUND: it has nothing. Its instances stay "in use" for node.release_ms. */
nvmlReturn_t process_end(struct node *n, uint32_t pid, uint64_t now_us);
/* Those of a GPU (gi_id NODE_NONE: all), GI or CI, of one kind (PROCESS_KIND_MAX: any): the next one from index `from`, or -1. */
int process_next(const struct node *n, unsigned from, unsigned gpu, unsigned gi_id, unsigned ci_id, unsigned kind);
