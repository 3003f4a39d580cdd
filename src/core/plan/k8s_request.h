/* k8s_request: the ways in which a pod asks for a GPU, as a table.
 *
 * Every tool has its own resource names and annotations for the same few needs: so many whole GPUs, a MIG slice by name, a turn on a shared
 * GPU, so much memory, such a part. Each name is one row of `ways` in k8s_request.c; a container's rows together give its asks. How asks
 * of several containers add up is not decided here but in k8s_pod.
 */
#pragma once

#include "core/plan/demand.h"
#include "core/plan/k8s_object.h"

#define K8S_ASKS_MAX 16           /* different asks of one pod */
#define K8S_GPUS_PER_POD_MAX 4096 /* of one resource of one container; more is a slip of the pen */

struct k8s_ask {
        struct gpu_request request; /* texts live in the scratch arena or in the table */
        int64_t count;
};

struct k8s_asks {
        struct k8s_ask items[K8S_ASKS_MAX];
        uint32_t count;
};

/* What a pod's annotations say about its GPU (carve.dev/…, KAI's and Run:ai's gpu-fraction and gpu-memory). */
struct k8s_wish {
        uint32_t memory_mib;   /* per slice; 0 = not stated */
        uint16_t milli;        /* 0 = not stated */
        uint32_t devices;      /* KAI gpu-fraction-num-devices; 0 = as many as the container asks for, else one */
        const char *resource;  /* the annotation that says so */
        const char *container; /* the container it names; NULL = any that asks */
};

struct k8s_annotations {
        struct k8s_wish wish;       /* for the pod */
        const struct doc_node *map; /* where per-container wishes are looked up */
        enum isolation isolation;
        enum latency_class latency;
        const char *use_types, *nouse_types; /* HAMi: parts of GPU names, comma separated; NULL if absent */
};

/* Is this resource anything but CPU, memory, disk and pages: does it go through the table? */
bool k8s_is_device(const char *resource);

/* What the container's devices say together. */
struct k8s_devices {
        struct k8s_asks asks;
        const char *other; /* an accelerator of another maker, as written; NULL if none */
        bool network;      /* RDMA or EFA: talks to GPUs of other nodes */
};

/* `resources` is the container's "resources". Requests without limits, limits without requests and different ones are handled as the API
 * server does. Errors: ERR_INPUT with what to write instead. */
int k8s_devices_read(const struct k8s_object *o, const struct doc_node *resources, struct k8s_notes *notes, struct k8s_devices *ret_devices,
                     struct err *e);

int k8s_annotations_read(const struct k8s_object *o, const struct doc_node *annotations, struct k8s_notes *notes,
                         struct k8s_annotations *ret_annotations, struct err *e);

/* What a container's own annotations wish (carve.dev/<container>.gpu-memory); `ret_wish->resource` is NULL if there are none. */
int k8s_wish_for(const struct k8s_object *o, const struct k8s_annotations *annotations, const char *container, struct k8s_wish *ret_wish,
                 struct err *e);
/* Turn the container's whole GPUs and turns into slices of the wished size (an ask of one if it has none). */
void k8s_wish_apply(const struct k8s_wish *wish, struct k8s_asks *asks, struct k8s_notes *notes);

/* The same resource and size. */
bool k8s_same_ask(const struct k8s_ask *a, const struct k8s_ask *b);
/* Add to the list, to the entry of the same ask if there is one. False when the list is full. */
bool k8s_asks_add(struct k8s_asks *asks, const struct k8s_ask *ask);

/* One request for the whole pod. Different asks cannot all be kept: then all slices become as large as the largest, which is safe, and a
 * note says so. */
void k8s_asks_merge(const struct k8s_asks *asks, struct arena *scratch, struct k8s_notes *notes, struct gpu_request *ret_request);
