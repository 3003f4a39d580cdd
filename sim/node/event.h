/* event: what happened on the GPUs of a simulated node, for those who wait for it. */
#pragma once

#include "sim/node/node.h"

void event_add(struct node *n, unsigned gpu, uint64_t type, uint64_t data, uint32_t gi_id, uint32_t ci_id, uint64_t now_us);
/* The oldest event after `sequence` that is still kept, or NULL. */
const struct node_event *event_after(const struct node *n, uint64_t sequence);

/* Accidents. An XID is seen as an event only, an ECC error counts too; a GPU that is lost answers every call with GPU_IS_LOST. */
nvmlReturn_t event_xid(struct node *n, unsigned gpu, unsigned xid, uint32_t gi_id, uint32_t ci_id, uint64_t now_us);
nvmlReturn_t event_ecc(struct node *n, unsigned gpu, bool uncorrected, bool dram, unsigned count, uint64_t now_us);
nvmlReturn_t event_lost(struct node *n, unsigned gpu, bool lost, uint64_t now_us);
