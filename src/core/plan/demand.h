/* demand: what the workloads need, before any choice.
 *
 * Read from Kubernetes objects (demand_k8s.h), a trace (demand_trace.h) or, later, a live cluster: all end here, so that the rest of
 * carve does not know where a workload came from. A demand owns all its strings.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "core/cloud/instance.h"
#include "core/cloud/price.h"
#include "core/gpu/model.h"

#define DEMAND_WORKLOADS_MAX (1u << 20)
#define DEMAND_PODS_MAX 100000000 /* replicas of one workload */
#define DEMAND_GPUS_MAX 64        /* GPU models a restriction may name (bits) */

enum isolation { ISOLATION_UNSET, ISOLATION_NONE, ISOLATION_MEMORY, ISOLATION_HARDWARE };
enum latency_class { LATENCY_UNSET, LATENCY_BATCH, LATENCY_INTERACTIVE, LATENCY_STRICT };

/* How the pod asks for a GPU today. */
enum request_kind {
        REQUEST_GPUS,   /* nvidia.com/gpu: count whole GPUs (or, in a trace, count GPUs of `milli` each) */
        REQUEST_MIG,    /* nvidia.com/mig-<profile>: count */
        REQUEST_SHARED, /* nvidia.com/gpu.shared: count turns on a shared GPU, of no stated size */
        REQUEST_MEMORY, /* a share by memory: HAMi gpumem, KAI gpu-memory, aliyun gpu-mem, carve.dev/gpu-memory, carve.dev/mps-<n>gb … */
        REQUEST_MILLI,  /* a share by fraction: HAMi gpucores / gpumem-percentage, KAI gpu-fraction, carve.dev/gpu-fraction */
};

struct gpu_request {
        enum request_kind kind;
        uint32_t count;       /* GPUs or slices per pod */
        uint32_t memory_mib;  /* per slice; 0 = not stated */
        uint16_t milli;       /* thousandths of a GPU per slice (compute, and memory unless memory_mib says otherwise); 0 = not stated */
        const char *profile;  /* REQUEST_MIG: "1g.10gb+me" */
        const char *resource; /* as written: "nvidia.com/gpu", "nvidia.com/gpumem", … */
        enum gpu_mode mode;   /* of a resource that names its mode (mig, mps, time-slicing); GPU_WHOLE = not stated */
};

/* What monitoring saw of one pod of the workload; 0 or a negative value = not measured. */
struct usage {
        bool present;
        uint32_t memory_p50_mib, memory_p95_mib, memory_p99_mib, memory_max_mib;
        float sm_p50, sm_p95, sm_max; /* SM activity, 0..1 of `gpu`; negative = not measured */
        const struct gpu_model *gpu;  /* it was measured on; NULL = not stated */
        uint64_t samples;
        const char *source; /* "usage.csv:12" */
};

struct label {
        const char *key, *value;
};

struct workload {
        const char *name, *namespace, *kind; /* kind "Deployment", …; "Trace" for a shape of a trace */
        const char *file;                    /* where it was read */
        uint32_t line;
        uint32_t replicas;              /* pods at the same time: the largest the objects allow (HPA maximum, Job parallelism) */
        uint32_t replicas_min;          /* the smallest, where an HPA says so; else equal to replicas */
        uint32_t cpu_milli, memory_mib; /* effective request of one pod: init, sidecars, overhead counted as Kubernetes does */
        struct gpu_request request;     /* of one pod, all containers together */
        uint32_t containers_with_gpu;
        struct usage usage;

        enum isolation isolation;
        enum latency_class latency;
        bool nccl;                                       /* talks to other GPUs: NCCL/torchrun/MPI seen, or declared */
        bool graphics;                                   /* needs display or graphics engines */
        uint64_t gpus_allowed;                           /* bit per gpu_model_index(); 0 = any */
        uint64_t types_allowed[INSTANCE_TYPES_MAX / 64]; /* bit per instance_type_index(); all 0 = any */
        uint8_t capacity_allowed;                        /* bit per enum capacity_type; 0 = any */
        uint8_t arch_allowed;                            /* bit per enum cpu_arch; 0 = not stated (then as the options say) */
        const char *impossible;                          /* why no instance type can ever run it, whatever is bought; NULL = some can */
        uint32_t max_per_node;                           /* from anti-affinity or spread per host; 0 = no limit */
        const struct label *labels;                      /* of the object, for policies */
        uint32_t label_count;
        bool pdb;                    /* a PodDisruptionBudget selects it */
        const char *trace_gpus;      /* of a trace: the GPU models it names ("T4", "V100M16|V100M32"); NULL = any */
        uint64_t trace_gpus_allowed; /* those of them that can be bought; none with trace_gpus set = nowhere to run */
        const char *note;            /* something a reader of the plan must know ("" if nothing): what was not understood or ignored */

        /* Policy may set these (policy.h). */
        enum gpu_mode forced_mode;
        bool mode_forced;
        int headroom_percent; /* negative: the run's default */
        bool below_request;   /* may get less than it declares */
};

struct demand_skipped {
        const char *kind; /* "Service"; a reason beside or instead of it: "Job (finished)", "(counted with its owner)" */
        uint64_t count;
};

struct demand {
        struct arena arena;
        struct workload *workloads; /* with GPU demand only */
        size_t count, capacity;
        uint64_t files, objects; /* files: counted by whoever opens them */
        uint64_t cpu_only_workloads, cpu_only_pods;
        struct demand_skipped *skipped; /* kinds that carry no pods, or that carve does not know */
        size_t skipped_count, skipped_capacity;
        uint32_t daemon_cpu_milli, daemon_memory_mib, daemon_pods; /* per GPU node, from DaemonSets that would run there: all whose node
                                                                      selector does not exclude every GPU node, whatever they tolerate */
        bool is_trace;
};

/* Add an empty workload and return it (valid until the next call); replicas 1, texts "", headroom -1. Errors: ERR_INPUT past
 * DEMAND_WORKLOADS_MAX. */
int demand_add(struct demand *d, struct workload **ret_workload, struct err *e);
void demand_skip(struct demand *d, const char *kind);
void demand_done(struct demand *d);

/* "namespace/name" or "name" (any namespace, or "Kind/name"): NULL if none or several. */
const struct workload *demand_find(const struct demand *d, const char *name);
