/* k8s_pod: what one pod of a template needs.
 *
 * CPU and memory are what the scheduler charges: k8s.io/component-helpers resource.PodRequests (v0.34), after the defaults of the API
 * server (limits stand in for missing requests, pod-level ones included). GPUs follow the same sums.
 */
#pragma once

#include "core/plan/k8s_labels.h"
#include "core/plan/k8s_request.h"
#include "core/plan/k8s_select.h"

#define K8S_CONTAINERS_MAX 256 /* of one list of one pod */

/* Where a pod template stands in its object. */
struct k8s_template {
        const struct doc_node *metadata; /* of the pods; may be NULL */
        const struct doc_node *spec;     /* PodSpec; may be NULL when a container stands inline */
        const struct doc_node *holder;   /* what inline containers stand in */
        const char
                *inline_containers; /* keys of `holder` that hold one container each, comma separated; "." = the holder itself; or NULL */
        bool resize_only; /* annotations change what asks for a GPU, but give none to a pod that does not ask: they stand for several */
        const struct doc_node *fallback; /* its nodeSelector and affinity count where `spec` has none; may be NULL */
};

struct k8s_pod {
        bool empty; /* no container at all: carries no pods */
        uint32_t cpu_milli, memory_mib;
        bool gpu;
        struct gpu_request request; /* texts in the scratch arena */
        uint32_t containers_with_gpu;
        bool nccl, graphics, claims; /* claims: asks through dynamic resource allocation */
        const char *other;           /* accelerator of another maker; NULL if none */
        struct k8s_annotations annotations;
        struct k8s_labels labels; /* in `keep` */
        struct k8s_select select;
        uint32_t max_per_node; /* 0 = no limit */
};

/* `keep` is the arena of the pod's labels. Errors: ERR_INPUT. */
int k8s_pod_read(const struct k8s_object *o, const struct k8s_template *t, const struct k8s_catalogue *catalogue, struct arena *keep,
                 struct k8s_notes *notes, struct k8s_pod *ret_pod, struct err *e);

/* Signs in a container that it talks to other GPUs, or draws pictures (k8s_hints.c). */
void k8s_hints_read(const struct doc_node *container, struct k8s_pod *pod);

/* Required anti-affinity, spread and host ports -> max_per_node (k8s_spread.c). */
int k8s_spread_read(const struct k8s_object *o, const struct doc_node *spec, struct k8s_notes *notes, struct k8s_pod *pod, struct err *e);
