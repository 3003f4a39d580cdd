/* pack: the cheapest instances that hold a set of items. Values in, values out; knows nothing of Kubernetes.
 *
 * An item is a kind of pod: so many of it, each with CPU, memory and either whole GPUs or one slice of a GPU. How a slice can stand on a
 * GPU model is given by options (a share of so many thousandths in some mode, or a MIG profile). A GPU has one mode. A pattern is one
 * instance type with what it holds; the answer is how many nodes of which pattern. MIG contents are sets for which a placement exists
 * (core/gpu).
 *
 * Engines: column generation (Gilmore and Gomory 1961) with our own pricing, LP by CLP, integers by CBC; greedy engines beside it.
 * Every answer carries a bound: no set of nodes that holds all items can cost less (Farley 1990; how: pack/bound.h).
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "core/gpu/layout.h"
#include "core/gpu/model.h"

#define PACK_GPUS_MAX 16 /* per node */
#define PACK_ITEMS_MAX 65535
#define PACK_TYPES_MAX 256
#define PACK_SLICES_MAX 48 /* per GPU: CUDA MPS clients (isolation.md), also the bound for time-slicing */
#define PACK_OPTIONS_MAX 64

/* One way a slice can stand on a GPU model. */
struct pack_option {
        const struct gpu_model *gpu;
        enum gpu_mode mode;                /* GPU_MIG, GPU_MPS or GPU_TIME_SLICING */
        uint16_t milli;                    /* share modes: thousandths of the GPU, 1..1000 */
        const struct gpu_profile *profile; /* GPU_MIG */
        uint32_t group; /* options of one group carry the same name in Kubernetes (mig-1g.10gb on A100-80 and H100-80); a workload ends up
                           with one group */
};

struct pack_item {
        uint32_t count;
        uint32_t cpu_milli, memory_mib;
        uint8_t gpus;          /* whole GPUs; 0: a slice, see options */
        uint32_t max_per_node; /* 0 = no limit */
        uint16_t option_count;
        const struct pack_option *options;
        uint64_t types[PACK_TYPES_MAX / 64]; /* bit per problem type the item may run on */
};

struct pack_type {
        const struct gpu_model *gpu;
        uint8_t gpus;
        uint32_t cpu_milli, memory_mib, pods; /* what is left for items */
        double usd_per_hour;
};

struct pack_problem {
        const struct pack_item *items;
        size_t item_count;
        const struct pack_type *types;
        size_t type_count;
};

struct pack_slice {
        uint32_t item;
        uint16_t option; /* index in the item's options; 0 for a whole GPU */
        uint8_t start;   /* GPU_MIG: placement */
};

struct pack_gpu {
        enum gpu_mode mode; /* GPU_WHOLE also when the GPU is empty (count 0) */
        uint8_t count;
        struct pack_slice *slices; /* a pod of several whole GPUs stands on each of them */
};

struct pack_node {
        uint32_t type;  /* index in the problem's types */
        uint32_t count; /* nodes of exactly this content */
        uint32_t pool;  /* index in the solution's pools, where it has some */
        struct pack_gpu gpus[PACK_GPUS_MAX];
};

/* How a pool cuts its GPUs. Slices of gpus[g] of a node stand in slots of gpus[g] of its pool, one in each; a slot may stay empty, and a
 * share may stand in a larger slot. */
struct pack_slot {
        uint16_t milli;                    /* share modes */
        uint8_t start;                     /* GPU_MIG: placement */
        const struct gpu_profile *profile; /* GPU_MIG */
};

struct pack_cut {
        enum gpu_mode mode; /* GPU_WHOLE: not cut, no slots */
        uint8_t count;
        struct pack_slot *slots; /* by falling size */
};

struct pack_pool { /* nodes of one type, all cut alike */
        uint32_t type;
        struct pack_cut gpus[PACK_GPUS_MAX];
};

struct pack_point {
        double seconds, cost, bound;
}; /* progress over time */
#define PACK_POINTS_MAX 256

struct pack_solution {
        struct pack_node *nodes;
        size_t node_count;
        struct pack_pool *pools; /* no two alike, each used by a node */
        size_t pool_count;
        double usd_per_hour, bound_usd_per_hour;
        uint32_t *unplaced; /* [item_count] pods of the item that no type can hold */
        double seconds;
        uint32_t iterations, columns;
        bool proved;       /* the gap asked for was reached */
        bool stopped;      /* by the time limit or by the caller */
        bool exact_engine; /* column generation ran (the solver libraries were found) */
        size_t point_count;
        struct pack_point points[PACK_POINTS_MAX];
};

/* The outside world the solver needs: the core has no clock of its own. */
struct pack_env {
        double (*now_seconds)(void *context);                     /* monotonic */
        bool (*stop)(void *context);                              /* asked often: true = finish with the best so far */
        void (*progress)(void *context, struct pack_point point); /* may be NULL */
        void *context;
};

struct pack_limits {
        double gap;         /* stop when (cost - bound) / bound <= gap; 0.001 = 0.1 % */
        double seconds;     /* 0 = no limit */
        uint32_t max_pools; /* distinct (type, GPU contents by size) pairs; 0 = no limit */
        unsigned threads;
};

enum pack_engine { PACK_EXACT, PACK_BEST_FIT, PACK_FIRST_FIT, PACK_KARPENTER };

/* Solve. PACK_EXACT falls back to the best greedy answer, with a bound, where the solver libraries are missing. Items that no type can hold
 * are counted in `unplaced`, the rest is placed. `max_pools` is for PACK_EXACT alone; the bound stays that of the problem without it.
 * Errors: ERR_IMPOSSIBLE (max_pools too small, with the number that is enough; or it needs the solver libraries), ERR_BUG. May run long;
 * obeys env->stop. */
int pack_solve(const struct pack_problem *problem, enum pack_engine engine, const struct pack_limits *limits, const struct pack_env *env,
               struct pack_solution *ret_solution, struct err *e);
void pack_solution_done(struct pack_solution *s);

/* Recount a solution from nothing but the problem: every item placed, no node over anything, prices right. ERR_BUG names the first fault.
 */
int pack_check(const struct pack_problem *problem, const struct pack_solution *solution, struct err *e);

/* Were the CLP and CBC libraries found? (dlopen, once) */
bool pack_solver_available(void);
