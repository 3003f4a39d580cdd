/* plan: demand -> right size -> mode -> layout -> instances -> plan.
 *
 * plan_make() turns a demand into what to buy and how to cut it, with the price today, the price planned, and a bound below which no plan
 * can exist. The result is a tree of plain values that reports and renderers read; it points into the demand and the catalogue and owns the
 * rest.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "core/cloud/price.h"
#include "core/plan/demand.h"
#include "core/plan/pack/pack.h"

struct plan_options {
        uint64_t types_allowed[INSTANCE_TYPES_MAX / 64]; /* all 0 = every type of a family that is not fractional */
        uint64_t gpus_allowed;                           /* 0 = any */
        uint8_t arch_allowed;                            /* 0 = amd64; also what a pod that states none runs on */
        uint8_t modes;                                   /* bit per enum gpu_mode; 0 = all */
        enum capacity_type capacity;
        const char *region;              /* "us-east-1" */
        double headroom_percent;         /* over measured memory and compute */
        uint32_t max_pools;              /* 0 = no limit */
        const uint32_t *share_sizes_mib; /* menu of share sizes by memory; count 0 = any */
        size_t share_size_count;
        double gap;                /* stop there; a fraction of the bound, 0.001 = 0.1 % */
        double time_limit_seconds; /* of all solving together; 0 = none */
        unsigned threads;
        bool below_request;     /* may size below what a workload declares */
        bool honour_trace_gpus; /* a trace's gpu_spec restricts the models (else it is only counted) */
};

struct plan_slice {
        enum gpu_mode mode;
        const char *profile; /* "1g.10gb", "8gb", "470m", "whole" */
        uint16_t milli;      /* of the GPU; MIG: by memory slices */
        uint8_t start, size; /* MIG: placement in memory slices */
        uint32_t workload;   /* index */
};

struct plan_gpu {
        enum gpu_mode mode;
        const char *layout; /* "1g.10gb@0,3g.40gb@4", "8gb+8gb+4gb", "whole", "" = empty */
        uint32_t slice_count;
        struct plan_slice *slices;
};

struct plan_pods {
        uint32_t workload, count;
};

struct plan_node {
        const struct instance_type *type;
        enum capacity_type capacity;
        uint32_t count;      /* nodes of exactly this content */
        uint32_t pool;       /* nodes of the same type and GPU cut share a pool number */
        double usd_per_hour; /* of one */
        uint32_t gpu_count;  /* all GPUs of the instance, also the empty ones */
        struct plan_gpu *gpus;
        uint32_t pod_count;
        struct plan_pods *pods;
        uint32_t cpu_milli, memory_mib; /* taken by its pods */
};

/* One way a workload could have been served: what the choice was between. */
struct plan_option {
        const struct gpu_model *gpu;
        enum gpu_mode mode;
        const char *profile;  /* of the slice; "whole" */
        double usd_per_hour;  /* of one pod, at its share of the cheapest instance with this GPU; negative = unknown */
        const char *rejected; /* one line why it was not offered to the packing; "" if it was */
};

struct plan_workload {
        const struct workload *demand;
        uint32_t cpu_milli, memory_mib, gpus; /* shape: one pod takes `gpus` GPUs (or slices) of gpu_milli each */
        uint16_t gpu_milli;
        uint64_t gpus_usable; /* models it can run on, bit per gpu_model_index() */
        enum gpu_mode mode;
        const char *profile;         /* of its slice; "whole" */
        uint32_t slices;             /* per pod */
        const struct gpu_model *gpu; /* where most of its pods stand; NULL if unplaced */
        uint32_t need_memory_mib;    /* per slice, after headroom; 0 = unknown (a whole GPU) */
        float need_compute;          /* fraction of `gpu`, after headroom; negative = unknown */
        const char *reason, *risk;   /* one line each */
        uint32_t option_count;
        struct plan_option *options;                  /* best first; may be empty */
        double today_usd_per_hour, plan_usd_per_hour; /* its part of the nodes, by share of the scarcest resource */
        uint32_t unplaced;                            /* pods */
        const char *unplaced_reason;                  /* "" if all are placed */
};

struct plan_baseline {
        const char *key, *title, *how; /* "karpenter", "Whole GPUs, as Karpenter buys them", one line */
        double usd_per_hour;
        uint64_t nodes, unplaced;
};

struct plan_limit {       /* what a limit the user set costs */
        const char *text; /* "--max-pools 12: 131 pools would cost $7,163.37/h; 12 cost $7,402.10/h" */
        double premium_percent;
};

struct plan {
        struct arena arena;
        const struct demand *demand;
        double today_usd_per_hour, plan_usd_per_hour, bound_usd_per_hour, saving_percent;
        double gap_percent;   /* of the bound; 100 where solving was stopped before it had one */
        const char *today_is; /* how today's figure was obtained */
        size_t workload_count;
        struct plan_workload *workloads; /* same order as the demand's */
        size_t node_count;
        struct plan_node *nodes; /* dearest group first */
        size_t baseline_count;
        struct plan_baseline *baselines; /* dearest first, the bound not among them */
        size_t limit_count;
        struct plan_limit *limits;
        size_t note_count;
        const char **notes; /* what a reader must know: ignored things, skipped kinds, region without prices */
        uint32_t pools;     /* distinct (instance type, GPU cut) pairs */
        const char *region;
        enum capacity_type capacity;
        const char *price_source, *price_date;
        double seconds;
        uint32_t iterations, columns;
        bool proved, stopped, exact_engine;
        size_t point_count;
        struct pack_point *points;
};

/* Errors: ERR_INPUT (options contradict the catalogue or the prices), ERR_IMPOSSIBLE (nothing can be placed). May run long; obeys
 * env->stop. */
int plan_make(const struct demand *demand, const struct plan_options *options, const struct price_list *prices, const struct pack_env *env,
              struct plan *ret_plan, struct err *e);
void plan_done(struct plan *p);

/* The workload by "name", "namespace/name" or "Kind/name"; ERR_NOT_FOUND names the nearest. */
int plan_find_workload(const struct plan *p, const char *name, size_t *ret_index, struct err *e);
