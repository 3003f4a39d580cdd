/* plan_args: what the command line of `carve plan` says, and what is made of it. */
#pragma once

#include <pthread.h>
#include <signal.h>

#include "cmd/cmd.h"
#include "core/cloud/price.h"
#include "core/plan/plan.h"
#include "core/plan/usage.h"

struct plan_args {
        /* plan_input.c */
        const char *trace, *usage, *policy, *prices;

        /* plan_choice.c */
        struct cmd_list types, families, gpus, arch, modes, share_sizes;
        unsigned capacity;
        const char *region;
        double headroom, gap, time_limit;
        unsigned max_pools, threads;
        bool below_request, gpu_spec;

        const char *explain;
};

/* plan_input.c: all that is read. Warnings are logged. Errors: ERR_USAGE (nothing named, standard input twice), ERR_INPUT and ERR_SYSTEM
 * from the files, ERR_IMPOSSIBLE (no workload asks for a GPU). */
struct plan_input {
        struct demand demand;
        struct price_list *prices;
        struct usage_result usage;
};
int plan_input_read(const struct cmd_run *run, struct plan_input *ret_input, struct err *e);
void plan_input_done(struct plan_input *input);

/* plan_choice.c: the options as the planner wants them. Errors: ERR_USAGE. */
#define PLAN_SHARE_SIZES_MAX 64
struct plan_choice {
        struct plan_options options;
        uint32_t share_sizes_mib[PLAN_SHARE_SIZES_MAX]; /* options points here */
};
int plan_choice_make(const struct plan_args *args, struct plan_choice *ret_choice, struct err *e);

/* The words that options allow. */
const char *plan_type_at(size_t index);
const char *plan_family_at(size_t index);
const char *plan_gpu_at(size_t index);
bool plan_gpu_known(const char *name);
const char *plan_arch_at(size_t index);
const char *plan_capacity_at(size_t index);
const char *plan_mode_at(size_t index);

/* plan_watch.c: clock, Ctrl-C and progress of a long solve. Only one at a time: the interrupt is the process's. */
struct plan_watch {
        bool show; /* progress, on standard error */
        bool shown;
        bool waits; /* a thread waits for Ctrl-C */
        pthread_t waiter;
        struct sigaction old; /* what Ctrl-C did before */
        double begin_seconds, last_seconds;
};
void plan_watch_begin(struct plan_watch *watch, bool show);
void plan_watch_end(struct plan_watch *watch); /* takes the progress line away */
struct pack_env plan_watch_env(struct plan_watch *watch);
