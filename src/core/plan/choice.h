/* choice: what the optimiser may do with each workload: its need, the modes its rules leave, and how it could stand on each GPU sold.
 *
 * A choice names no winner. Lists of options are kept once however many workloads have the same (20,000 manifests repeat a few).
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "core/plan/demand.h"
#include "core/plan/market.h"
#include "core/plan/mode.h"
#include "core/plan/size.h"

#define CHOICE_WHOLE 0 /* the group of a whole GPU */

/* Options with the same resource name in Kubernetes. */
struct choice_group {
        enum gpu_mode mode;
        const char *profile; /* "1g.10gb", "8gb", "470m", "whole" */
        uint32_t mib;        /* of a share by memory; else 0 */
};

struct choice_list {
        uint32_t count;
        struct pack_option options[]; /* a whole GPU among slices is a share of 1000 in CHOICE_WHOLE */
};

struct choice {
        struct need need;
        struct mode_answer answer;
        uint8_t gpus;                   /* whole GPUs; 0: one of `list` */
        uint16_t slices;                /* that one option stands for (several containers, a slice each) */
        const struct choice_list *list; /* NULL with whole GPUs */
        struct market_set types;        /* where one pod fits */
        uint64_t models;                /* of those types, by gpu_model_index() */
        const char *unplaced;           /* why no instance can hold a pod; NULL otherwise */
};

/* What choices rest on. */
struct choice_world {
        const struct demand *demand;
        const struct plan_options *options;
        const struct market *market;
        struct size_rules rules;
        struct arena *arena; /* for texts; outlives the choices */
        double grain;        /* GPU needs are rounded to steps of so much, so that fewer lists differ; 0 = not */
        bool down;           /* rounded down, for a bound */
};

struct choices {
        struct choice_world world;
        struct choice *items; /* [demand->count] */
        struct choice_group *groups;
        size_t group_count, group_capacity;
        struct choice_interned *interned; /* hash of lists */
        struct choice_named *named;       /* hash of groups */
        struct arena arena;               /* of the hashes */
};

/* What may be done with every workload. */
void choices_make(struct choices *c, const struct choice_world *world);

/* The same as it would be bought today: every pod that asks for a GPU or a part of one has whole GPUs, of the model it was measured on. */
void choices_make_today(struct choices *c, const struct choice_world *world);

/* The options a choice has once its resource name is `group`: on each GPU of its list the slice of that name, if it is large enough there.
 * (A pod that needs 14gb on one model and 11gb on another may stand on both, with 14gb.) Empty if none. */
const struct choice_list *choices_only(struct choices *c, const struct choice *choice, uint32_t group);

/* The types with a GPU that `list` has an option for. */
struct market_set choice_types(const struct market *m, const struct choice_list *list);

/* "470m": the name of a trace's share. Returns `text`. */
#define CHOICE_SHARE_TEXT 16
const char *choice_share_text(uint16_t milli, char text[CHOICE_SHARE_TEXT]);

void choices_done(struct choices *c);
