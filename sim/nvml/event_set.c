#include "sim/nvml/event_set.h"

#include "sim/node/event.h"

static struct event_set sets[EVENT_SETS_MAX];

/* Handles are numbers that look like no address: a mark, the turn and the place, so that nothing a caller passes is ever followed. */
#define MARK ((uintptr_t)0xE5 << 56)
#define TURN_BITS 32

static nvmlEventSet_t handle_of(const struct event_set *set) {
        return (nvmlEventSet_t)(MARK | (uintptr_t)(set - sets) << TURN_BITS | set->turn); /* NOLINT: never dereferenced */
}

struct event_set *event_set_find(nvmlEventSet_t handle) {
        uintptr_t bits = (uintptr_t)handle, place = (bits & ~MARK) >> TURN_BITS;
        if ((bits & MARK) != MARK || place >= EVENT_SETS_MAX)
                return NULL;
        struct event_set *set = &sets[place];
        return set->live && set->turn == (uint32_t)bits ? set : NULL;
}

nvmlReturn_t event_set_make(const struct node *n, nvmlEventSet_t *ret_set) {
        for (unsigned i = 0; i < EVENT_SETS_MAX; i++)
                if (!sets[i].live) {
                        sets[i] = (struct event_set){ .live = true, .turn = sets[i].turn + 1, .seen = n->last_event };
                        *ret_set = handle_of(&sets[i]);
                        return NVML_SUCCESS;
                }
        return NVML_ERROR_MEMORY;
}

void event_set_free(struct event_set *set) {
        set->live = false;
}

void event_sets_forget(void) {
        for (unsigned i = 0; i < EVENT_SETS_MAX; i++)
                sets[i].live = false;
}

void event_set_register(struct event_set *set, const struct node *n, unsigned gpu, uint64_t types) {
        for (unsigned bit = 0; bit < EVENT_TYPES_MAX; bit++)
                if (types & ~set->types[gpu] & 1ULL << bit)
                        set->since[gpu][bit] = n->last_event;
        set->types[gpu] |= types;
}

/* The folder got a new node, whose events count from 1 again: all that it holds is new. */
static void follow_restart(struct event_set *set, const struct node *n) {
        if (set->seen <= n->last_event)
                return;
        set->seen = 0;
        memset(set->since, 0, sizeof set->since);
}

static bool wanted(const struct event_set *set, const struct node_event *event, bool whole_gpu_only) {
        if (event->gpu >= NODE_GPUS_MAX || !(set->types[event->gpu] & event->type))
                return false;
        if (whole_gpu_only && event->gi_id != NVML_NO_INSTANCE)
                return false;
        return event->sequence > set->since[event->gpu][__builtin_ctzll(event->type)];
}

const struct node_event *event_set_take(struct event_set *set, const struct node *n, bool whole_gpu_only) {
        const struct node_event *event;
        follow_restart(set, n);
        while ((event = event_after(n, set->seen))) {
                set->seen = event->sequence;
                if (wanted(set, event, whole_gpu_only))
                        return event;
        }
        return NULL;
}

bool event_set_lost_gpu(const struct event_set *set, const struct node *n) {
        for (unsigned gpu = 0; gpu < n->gpu_count; gpu++)
                if (set->types[gpu] && n->gpus[gpu].lost)
                        return true;
        return false;
}
