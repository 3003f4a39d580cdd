/* client: the one client of the driver that a process is, and what all its calls share. Only call.c, fault.c, handle.c,
 * handle_rules.c, init.c and visible.c know it.
 *
 * Two mutexes. `mutex` is over everything here; `writer` is held beside it by a call that changes the node, and is taken before it: the
 * lock of the folder is then never waited for by a thread that holds `mutex`, and two threads of one process never wait for each other's.
 * Whoever waits for something else (time to pass, an event, a GPU that another one changes) lets go of both.
 */
#pragma once

#include <pthread.h>

#include "sim/nvml/call.h"

#define VISIBLE_GI_IDS 16 /* ids of GPU instances are below it */

/* What this process sees of the node, a bit for each: GPUs at all, GPUs with all their slices, and of the others these slices, by the ids
 * of their GPU and compute instance. */
struct visible {
        uint32_t gpus, whole;
        uint8_t slices[NODE_GPUS_MAX][VISIBLE_GI_IDS];
};
/* `list` is CARVE_SIM_VISIBLE, or NULL. */
void visible_read(const struct node *n, const char *list, struct visible *ret_visible);

struct client {
        pthread_mutex_t mutex, writer;
        unsigned inits;          /* nvmlInit… less nvmlShutdown */
        uint64_t boot;           /* of the node, at the first nvmlInit… */
        bool unprivileged;       /* CARVE_SIM_UNPRIVILEGED */
        struct visible visible;  /* CARVE_SIM_VISIBLE, at the first nvmlInit… */
        char said[ERR_TEXT_MAX]; /* the last complaint on stderr: the same one is not said again and again */
        struct store store;
        struct node snapshot;
        struct store writing; /* what `writer` guards: a store of its own, because others may end `store` meanwhile, … */
        struct node working;  /* … and the node that is being changed */
};
extern struct client client;

/* One line on stderr, unless it was the last one too. */
void client_say(const char *text);

/* Bring `snapshot` up to date. UNINITIALIZED: no init, or the machine was rebooted since; UNKNOWN: the folder is damaged. */
nvmlReturn_t client_look(void);

/* Lock the folder and read `working` / publish it (or forget it) and unlock. The caller holds `writer` and not `mutex`. */
nvmlReturn_t client_lock(struct store_write *w);
nvmlReturn_t client_unlock(struct store_write *w, bool publish);

/* Everything that faults do to this call: those of any GPU (gpu NODE_NONE), or those of one. May take its time, so that the node is newer
 * afterwards. */
nvmlReturn_t call_suffer(struct call *call, unsigned gpu);

/* What a CALL_WRITE does first; call_suffer gives the lock back while a fault keeps the call waiting. */
nvmlReturn_t call_lock(struct call *call);
void call_unlock(struct call *call);

const char *symbol_name(enum symbol symbol);

/* What the real library answers where a call does not work on this kind of handle (handle_rules.def); SUCCESS where it does. */
nvmlReturn_t handle_rule(enum symbol symbol, const struct target *t);
