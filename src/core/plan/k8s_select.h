/* k8s_select: nodeSelector and required node affinity -> which instance types, capacity types and architectures a pod may run on.
 *
 * Every label that the planner's nodes have is a row of a table: what its value is on each instance type. A requirement keeps the types
 * whose value satisfies it, as the scheduler would; terms of an affinity are alternatives. Labels assumed on a GPU node: those of
 * Karpenter (or EKS Auto Mode), of GPU feature discovery, and the well-known ones of Kubernetes. Other keys do not restrict the plan
 * and are named in a note.
 */
#pragma once

#include "core/plan/k8s_labels.h"
#include "core/plan/k8s_request.h"

#define K8S_TYPE_WORDS (INSTANCE_TYPES_MAX / 64)

/* The labels of all instance types, made once. */
struct k8s_catalogue;
struct k8s_catalogue *k8s_catalogue_new(struct arena *a);

struct k8s_select {
        uint64_t types[K8S_TYPE_WORDS]; /* meaningful when `restricted` */
        bool restricted;                /* what was asked for excludes some type */
        bool by_gpu;                    /* … by something that tells GPU models apart */
        uint8_t capacity, arch;         /* bits; 0 = not asked for */
        bool shared;                    /* the product asked for ends in -SHARED: nvidia.com/gpu is a turn */
        const char *profile;            /* … in -MIG-<profile>: nvidia.com/gpu is such a slice; else NULL */
        const char *impossible;         /* why no instance type fits; NULL = some do */
};

/* `spec` is the PodSpec (NULL: nothing is asked). Texts of the result live in the scratch arena. Errors: ERR_INPUT. */
int k8s_select_read(const struct k8s_object *o, const struct doc_node *spec, const struct k8s_annotations *annotations,
                    const struct k8s_catalogue *catalogue, struct k8s_notes *notes, struct k8s_select *ret_select, struct err *e);

/* The models of the types that are left. */
uint64_t k8s_select_models(const struct k8s_select *select);
