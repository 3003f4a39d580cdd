/* k8s_kinds: in which kinds of objects pod templates stand, and how many pods they make. The table in k8s_kinds.c is the list.
 *
 * A kind that is not in the table is searched for anything that looks like a pod template ("template: {spec: {containers: […]}}"), with the
 * "replicas" or "parallelism" beside it.
 */
#pragma once

#include "core/plan/k8s_pod.h"

/* One set of equal pods of an object. */
struct k8s_pods {
        struct k8s_template template;
        const char *role;      /* "worker"; "" where the object has only one set */
        uint32_t replicas;     /* the largest number the object alone allows */
        uint32_t replicas_min; /* the smallest */
        uint32_t times;        /* pods per replica (a multi-host group); already in both numbers */
        bool daemon;           /* one per node */
        bool scalable;         /* an autoscaler of the object moves it */
        bool nccl;             /* its pods talk to each other's GPUs by their kind */
        bool guessed;          /* found by search, not by the table */
        bool optional;         /* a place that may well hold no container (a step of a workflow that only calls others) */
        const char *note;      /* NULL if nothing */
};

enum k8s_kind_state {
        KIND_PODS,      /* `visit` was called for each set of pods */
        KIND_NO_PODS,   /* known to carry none, or nothing was found in it */
        KIND_EMPTY,     /* should carry pods, but its template is missing: a patch? */
        KIND_SUSPENDED, /* would carry pods, but is told to wait */
        KIND_FINISHED,  /* ran already */
};

typedef int (*k8s_pods_visit)(const struct k8s_object *o, const struct k8s_pods *pods, void *context, struct err *e);

/* Errors: ERR_INPUT, or what `visit` returned. */
int k8s_kinds_each(const struct k8s_object *o, k8s_pods_visit visit, void *context, enum k8s_kind_state *ret_state, struct err *e);
