/* event_set: what an event set remembers. One per nvmlEventSet_t, in a table of this process, under the mutex of call.h. */
#pragma once

#include "sim/nvml/call.h"

#define EVENT_SETS_MAX 64
#define EVENT_TYPES_MAX 16 /* bits of nvmlEventType… */

struct event_set {
        bool live;
        uint32_t turn; /* how many sets stood in this place before: tells a freed one from its successor */
        uint64_t seen; /* events up to this sequence are delivered, or were not asked for */
        uint64_t types[NODE_GPUS_MAX];
        /* Of each registered type: the newest event when it was registered. It and older ones are not delivered. */
        uint64_t since[NODE_GPUS_MAX][EVENT_TYPES_MAX];
};

/* MEMORY: EVENT_SETS_MAX are there already. */
nvmlReturn_t event_set_make(const struct node *n, nvmlEventSet_t *ret_set);
struct event_set *event_set_find(nvmlEventSet_t set); /* NULL: never given out, or freed */
void event_set_free(struct event_set *set);

void event_set_register(struct event_set *set, const struct node *n, unsigned gpu, uint64_t types);
/* The oldest event that is to be delivered, which it is herewith; NULL: none. `whole_gpu_only`: not those of MIG instances. */
const struct node_event *event_set_take(struct event_set *set, const struct node *n, bool whole_gpu_only);
bool event_set_lost_gpu(const struct event_set *set, const struct node *n);

/* nvmlShutdown: no set is good any more. */
void event_sets_forget(void);
