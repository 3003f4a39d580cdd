#include "core/plan/k8s_pod.h"

#include <string.h>

#include "base/mem.h"
#include "base/quantity.h"
#include "core/gpu/profile.h"

#define CPU_MILLI_MAX 100000000             /* of a pod: 100,000 cores */
#define MEMORY_BYTES_MAX (INT64_C(1) << 47) /* of a pod: 128 TiB */

/* A list of resources, as Kubernetes adds them up. */
struct need {
        int64_t cpu_milli, memory_bytes;
        bool has_cpu, has_memory;
        struct k8s_asks asks;
};

struct container {
        const struct doc_node *node;
        const char *name;
        bool init, sidecar;
        struct need need;
};

struct containers {
        struct container *items;
        uint32_t count;
};

static int full(const struct k8s_object *o, const struct doc_node *node, struct err *e) {
        return k8s_err(o, node, e, "more than %d different GPU resources in one pod", K8S_ASKS_MAX);
}

static int need_add(const struct k8s_object *o, const struct doc_node *at, struct need *to, const struct need *n, struct err *e) {
        to->cpu_milli += n->cpu_milli;
        to->memory_bytes += n->memory_bytes;
        to->has_cpu |= n->has_cpu;
        to->has_memory |= n->has_memory;
        for (uint32_t i = 0; i < n->asks.count; i++)
                if (!k8s_asks_add(&to->asks, &n->asks.items[i]))
                        return full(o, at, e);
        return 0;
}

static int need_max(const struct k8s_object *o, const struct doc_node *at, struct need *to, const struct need *n, struct err *e) {
        to->cpu_milli = MAX(to->cpu_milli, n->cpu_milli);
        to->memory_bytes = MAX(to->memory_bytes, n->memory_bytes);
        to->has_cpu |= n->has_cpu;
        to->has_memory |= n->has_memory;
        for (uint32_t i = 0; i < n->asks.count; i++) {
                const struct k8s_ask *ask = &n->asks.items[i];
                struct k8s_ask *same = NULL;
                for (uint32_t j = 0; j < to->asks.count && !same; j++)
                        if (k8s_same_ask(&to->asks.items[j], ask))
                                same = &to->asks.items[j];
                if (same)
                        same->count = MAX(same->count, ask->count);
                else if (!k8s_asks_add(&to->asks, ask))
                        return full(o, at, e);
        }
        return 0;
}

/* YAML 1.1, which the API server's clients read, has octal numbers where YAML 1.2 sees leading zeros. */
static bool octal_to_kubernetes(const struct doc_node *node) {
        return node->plain && node->text[0] == '0' && node->text[1] != '\0' && node->text[strspn(node->text, "01234567")] == '\0';
}

static int read_quantity(const struct k8s_object *o, const char *key, const struct doc_node *node, bool milli, int64_t max,
                         int64_t *ret_value, struct err *e) {
        struct err why = { 0 };
        int64_t value = 0;

        if (node->kind == DOC_NULL) {
                *ret_value = 0;
                return 0;
        }
        if (node->kind == DOC_SEQ || node->kind == DOC_MAP || node->kind == DOC_BOOL)
                return k8s_err(o, node, e, "%s must be a quantity, as in %s, not %s", key, milli ? "500m" : "2Gi",
                               doc_kind_name(node->kind));
        if (octal_to_kubernetes(node))
                return k8s_err(o, node, e,
                               "%s: Kubernetes reads %.64s as an octal number; write it without the zeros in front, or in quotes", key,
                               node->text);
        if ((milli ? quantity_milli(node->text, &value, &why) : quantity_value(node->text, &value, &why)) < 0)
                return k8s_err(o, node, e, "%s: %s", key, why.text);
        if (value > max)
                return k8s_err(o, node, e, "%s: \"%.64s\" is more than any machine has", key, node->text);
        *ret_value = value;
        return 0;
}

/* The amount of `key` in the first of two lists that has it. */
static int first_of(const struct k8s_object *o, const struct doc_node *first, const struct doc_node *second, const char *key, bool milli,
                    int64_t *ret_value, bool *ret_has, struct err *e) {
        const struct doc_node *node = doc_get(first, key) ?: doc_get(second, key);

        *ret_has = node != NULL;
        *ret_value = 0;
        return node ? read_quantity(o, key, node, milli, milli ? CPU_MILLI_MAX : MEMORY_BYTES_MAX, ret_value, e) : 0;
}

static int read_cpu_memory(const struct k8s_object *o, const struct doc_node *first, const struct doc_node *second, struct need *need,
                           struct err *e) {
        int r = first_of(o, first, second, "cpu", true, &need->cpu_milli, &need->has_cpu, e);

        return r < 0 ? r : first_of(o, first, second, "memory", false, &need->memory_bytes, &need->has_memory, e);
}

/* TrainJob writes a node's container as trainer.resourcesPerNode. */
static int get_resources(const struct k8s_object *o, const struct doc_node *container, const struct doc_node **ret_resources,
                         struct err *e) {
        int r = k8s_get_map(o, container, "resources", ret_resources, e);

        return r < 0 || *ret_resources ? r : k8s_get_map(o, container, "resourcesPerNode", ret_resources, e);
}

static int read_container(const struct k8s_object *o, struct container *c, struct k8s_notes *notes, struct k8s_pod *pod, struct err *e) {
        const struct doc_node *resources = NULL, *limits = NULL, *requests = NULL;
        const char *policy = NULL;
        struct k8s_devices devices = { 0 };
        struct k8s_wish wish = { 0 };
        int r;

        if (c->node->kind != DOC_MAP)
                return k8s_err(o, c->node, e, "a container must be a map, not %s", doc_kind_name(c->node->kind));
        if ((r = k8s_get_string(o, c->node, "name", &c->name, e)) < 0 ||
            (r = k8s_get_string(o, c->node, "restartPolicy", &policy, e)) < 0 || (r = get_resources(o, c->node, &resources, e)) < 0 ||
            (r = k8s_get_map(o, resources, "limits", &limits, e)) < 0 || (r = k8s_get_map(o, resources, "requests", &requests, e)) < 0 ||
            (r = read_cpu_memory(o, requests, limits, &c->need, e)) < 0 || (r = k8s_devices_read(o, resources, notes, &devices, e)) < 0)
                return r;
        c->name = c->name ?: "";
        c->sidecar = c->init && policy && !strcmp(policy, "Always");
        if ((r = k8s_wish_for(o, &pod->annotations, c->name, &wish, e)) < 0)
                return r;
        if (wish.resource)
                k8s_wish_apply(&wish, &devices.asks, notes);
        else if (pod->annotations.wish.resource && devices.asks.count &&
                 (!pod->annotations.wish.container || !strcmp(pod->annotations.wish.container, c->name)))
                k8s_wish_apply(&pod->annotations.wish, &devices.asks, notes);
        c->need.asks = devices.asks;
        pod->other = devices.other ?: pod->other;
        pod->nccl |= devices.network;
        k8s_hints_read(c->node, pod);
        return 0;
}

static int add_container(const struct k8s_object *o, struct containers *list, const struct doc_node *node, bool init,
                         struct k8s_notes *notes, struct k8s_pod *pod, struct err *e) {
        if (list->count >= 2 * K8S_CONTAINERS_MAX)
                return k8s_err(o, node, e, "more than %d containers in one pod", 2 * K8S_CONTAINERS_MAX);
        struct container *c = &list->items[list->count];
        *c = (struct container){ .node = node, .init = init };
        int r = read_container(o, c, notes, pod, e);
        if (r < 0)
                return r;
        list->count++;
        return 0;
}

static int add_list(const struct k8s_object *o, struct containers *list, const struct doc_node *spec, const char *key, bool init,
                    struct k8s_notes *notes, struct k8s_pod *pod, struct err *e) {
        const struct doc_node *nodes = NULL;
        int r = k8s_get_seq(o, spec, key, &nodes, e);

        for (uint32_t i = 0; r >= 0 && nodes && i < nodes->count; i++)
                r = add_container(o, list, nodes->items[i], init, notes, pod, e);
        return r;
}

/* Custom resources write a container beside the fields of the pod: KServe's predictor.model, Argo's template.container. */
static int add_inline(const struct k8s_object *o, struct containers *list, const struct k8s_template *t, struct k8s_notes *notes,
                      struct k8s_pod *pod, struct err *e) {
        for (const char *p = t->inline_containers; p && *p;) {
                size_t n = strcspn(p, ",");
                const char *key = arena_strndup(o->scratch, p, n);
                const struct doc_node *node = t->holder;
                int r = strcmp(key, ".") ? k8s_get_map(o, t->holder, key, &node, e) : 0;
                if (r >= 0 && node)
                        r = add_container(o, list, node, false, notes, pod, e);
                if (r < 0)
                        return r;
                p += n + (p[n] == ',');
        }
        return 0;
}

static uint32_t list_length(const struct doc_node *spec, const char *key) {
        const struct doc_node *node = doc_get(spec, key);

        return node && node->kind == DOC_SEQ ? node->count : 0;
}

static int read_containers(const struct k8s_object *o, const struct k8s_template *t, struct k8s_notes *notes, struct k8s_pod *pod,
                           struct containers *ret_list, struct err *e) {
        struct containers list = { 0 };
        uint32_t room = list_length(t->spec, "containers") + list_length(t->spec, "initContainers");
        int r;

        for (const char *p = t->inline_containers; p; p = strchr(p + 1, ','))
                room++;
        room = MIN(room, 2u * K8S_CONTAINERS_MAX);
        list.items = room ? arena_alloc(o->scratch, room * sizeof *list.items) : NULL;
        if ((r = add_list(o, &list, t->spec, "containers", false, notes, pod, e)) < 0 || (r = add_inline(o, &list, t, notes, pod, e)) < 0 ||
            (r = add_list(o, &list, t->spec, "initContainers", true, notes, pod, e)) < 0)
                return r;
        *ret_list = list;
        return 0;
}

/* A wish for the pod where no container asks for a GPU by resource (as KAI wants it): the named container gets one, else the first. */
static void apply_pod_wish(const struct containers *list, struct k8s_notes *notes, const struct k8s_pod *pod) {
        const struct k8s_wish *wish = &pod->annotations.wish;
        struct container *target = NULL;

        if (!wish->resource)
                return;
        for (uint32_t i = 0; i < list->count; i++) {
                struct container *c = &list->items[i];
                if (c->need.asks.count)
                        return;
                if (!target && (wish->container ? !strcmp(c->name, wish->container) : !c->init))
                        target = c;
        }
        if (target)
                k8s_wish_apply(wish, &target->need.asks, notes);
        else
                k8s_note(notes, "annotation %s names a container that is not there", wish->resource);
}

/* resource.AggregateContainerRequests: normal containers and sidecars run together; each init container runs beside the sidecars that
 * were started before it. */
static int aggregate(const struct k8s_object *o, const struct containers *list, struct need *ret_need, struct err *e) {
        struct need total = { 0 }, sidecars = { 0 }, start = { 0 };
        int r;

        for (uint32_t i = 0; i < list->count; i++) {
                const struct container *c = &list->items[i];
                struct need now = c->need;
                if ((!c->init || c->sidecar) && (r = need_add(o, c->node, &total, &c->need, e)) < 0)
                        return r;
                if (!c->init)
                        continue;
                if (c->sidecar && (r = need_add(o, c->node, &sidecars, &c->need, e)) < 0)
                        return r;
                if (c->sidecar)
                        now = sidecars;
                else if ((r = need_add(o, c->node, &now, &sidecars, e)) < 0)
                        return r;
                if ((r = need_max(o, c->node, &start, &now, e)) < 0)
                        return r;
        }
        if ((r = need_max(o, o->root, &total, &start, e)) < 0)
                return r;
        *ret_need = total;
        return 0;
}

/* spec.resources over the containers' sum, with the API server's defaults: with any pod-level limit, a resource without pod-level
 * request takes the containers' sum, or the limit where no container asks for it. Then spec.overhead on top. */
static int apply_pod_level(const struct k8s_object *o, const struct doc_node *spec, struct need *need, struct err *e) {
        const struct doc_node *resources = NULL, *requests = NULL, *limits = NULL, *overhead = NULL;
        struct need asked = { 0 }, limited = { 0 }, extra = { 0 };
        int r;

        if ((r = k8s_get_map(o, spec, "resources", &resources, e)) < 0 || (r = k8s_get_map(o, resources, "requests", &requests, e)) < 0 ||
            (r = k8s_get_map(o, resources, "limits", &limits, e)) < 0 || (r = k8s_get_map(o, spec, "overhead", &overhead, e)) < 0 ||
            (r = read_cpu_memory(o, requests, NULL, &asked, e)) < 0 || (r = read_cpu_memory(o, limits, NULL, &limited, e)) < 0 ||
            (r = read_cpu_memory(o, overhead, NULL, &extra, e)) < 0)
                return r;
        if (asked.has_cpu || (limited.has_cpu && !need->has_cpu))
                need->cpu_milli = asked.has_cpu ? asked.cpu_milli : limited.cpu_milli;
        if (asked.has_memory || (limited.has_memory && !need->has_memory))
                need->memory_bytes = asked.has_memory ? asked.memory_bytes : limited.memory_bytes;
        need->cpu_milli += extra.cpu_milli;
        need->memory_bytes += extra.memory_bytes;
        return 0;
}

static void count_gpus(const struct k8s_object *o, const struct containers *list, const struct need *need, struct k8s_notes *notes,
                       struct k8s_pod *pod) {
        bool init_only = false;

        for (uint32_t i = 0; i < list->count; i++) {
                const struct container *c = &list->items[i];
                if (c->need.asks.count && (!c->init || c->sidecar))
                        pod->containers_with_gpu++;
                else if (c->need.asks.count)
                        init_only = true;
        }
        if (!pod->containers_with_gpu && init_only)
                pod->containers_with_gpu = 1;
        pod->gpu = need->asks.count > 0;
        if (!pod->gpu)
                return;
        k8s_asks_merge(&need->asks, o->scratch, notes, &pod->request);
}

static int read_metadata(const struct k8s_object *o, const struct k8s_template *t, struct arena *keep, struct k8s_notes *notes,
                         struct k8s_pod *pod, struct err *e) {
        const struct doc_node *annotations = NULL;
        int r;

        if ((r = k8s_labels_read(o, t->metadata, "labels", keep, &pod->labels, e)) < 0 ||
            (r = k8s_get_map(o, t->metadata, "annotations", &annotations, e)) < 0)
                return r;
        return k8s_annotations_read(o, annotations, notes, &pod->annotations, e);
}

/* `nvidia.com/gpu` on a node whose GPUs are shared or cut in the single strategy is not a whole GPU. */
static void apply_product(const struct k8s_object *o, struct k8s_notes *notes, struct k8s_pod *pod) {
        char profile[PROFILE_NAME_MAX];
        struct err ignored;

        if (!pod->gpu || pod->request.kind != REQUEST_GPUS || strcmp(pod->request.resource, "nvidia.com/gpu"))
                return;
        if (pod->select.profile) {
                const char *resource = arena_printf(o->scratch, "nvidia.com/mig-%.64s", pod->select.profile);
                if (profile_from_resource(resource, profile, &ignored) < 0) {
                        k8s_note(notes, "gpu.product names no MIG profile that carve knows: %.64s", pod->select.profile);
                        return;
                }
                pod->request.kind = pod->select.shared ? REQUEST_SHARED : REQUEST_MIG;
                pod->request.profile = arena_strdup(o->scratch, profile);
                pod->request.mode = pod->select.shared ? GPU_WHOLE : GPU_MIG;
        } else if (pod->select.shared) {
                pod->request.kind = REQUEST_SHARED;
        }
}

int k8s_pod_read(const struct k8s_object *o, const struct k8s_template *t, const struct k8s_catalogue *catalogue, struct arena *keep,
                 struct k8s_notes *notes, struct k8s_pod *ret_pod, struct err *e) {
        const struct doc_node *claims = NULL, *place = t->spec;
        struct k8s_pod pod = { 0 };
        struct containers list = { 0 };
        struct need need = { 0 };
        int r;

        if (t->spec && t->spec->kind != DOC_MAP)
                return k8s_err(o, t->spec, e, "the spec of a pod must be a map, not %s", doc_kind_name(t->spec->kind));
        if (!doc_get(place, "nodeSelector") && !doc_get(place, "affinity") && t->fallback)
                place = t->fallback;
        if ((r = read_metadata(o, t, keep, notes, &pod, e)) < 0 || (r = read_containers(o, t, notes, &pod, &list, e)) < 0)
                return r;
        if (!t->resize_only)
                apply_pod_wish(&list, notes, &pod);
        if ((r = aggregate(o, &list, &need, e)) < 0 || (r = apply_pod_level(o, t->spec, &need, e)) < 0)
                return r;
        if (need.cpu_milli > CPU_MILLI_MAX || need.memory_bytes > MEMORY_BYTES_MAX)
                return k8s_err(o, t->spec ?: o->root, e, "the pod asks for more CPU or memory than any machine has");
        count_gpus(o, &list, &need, notes, &pod);
        if ((r = k8s_select_read(o, place, &pod.annotations, catalogue, notes, &pod.select, e)) < 0 ||
            (r = k8s_spread_read(o, t->spec, notes, &pod, e)) < 0 || (r = k8s_get_seq(o, t->spec, "resourceClaims", &claims, e)) < 0)
                return r;
        apply_product(o, notes, &pod);
        pod.nccl |= pod.gpu && pod.request.kind == REQUEST_GPUS && pod.request.count > 1;
        pod.empty = !list.count;
        pod.claims = claims && claims->count;
        pod.cpu_milli = (uint32_t)need.cpu_milli;
        pod.memory_mib = (uint32_t)((need.memory_bytes + (1 << 20) - 1) >> 20);
        *ret_pod = pod;
        return 0;
}
