/* account: what a process used of a GPU over its life, and of the last that ended what they had used (NVML 13.3 header, accounting). */
#pragma once

#include "sim/node/node.h"

/* Those that a GPU can have: the running ones and those that are remembered. */
#define ACCOUNT_PIDS_MAX (NODE_PROCESSES_MAX + NODE_ACCOUNTS_MAX)

/* Of a running process, however many slices and kinds of work it has; else of the last of that pid that ended. False: of none. */
bool account_of(const struct node *n, unsigned gpu, uint32_t pid, struct node_account *ret_account);
/* Each pid once, running ones first. Returns how many. */
unsigned account_pids(const struct node *n, unsigned gpu, uint32_t pids[ACCOUNT_PIDS_MAX]);

/* A process is about to end: where accounting is on, its account is kept, and the oldest goes when there are too many. */
void account_close(struct node *n, uint32_t pid, uint64_t now_us);
void account_forget(struct node_gpu *gpu); /* those that ended */
void account_switch(struct node_gpu *gpu, bool on);
