#include "core/plan/demand_k8s.h"

#include <string.h>
#include <strings.h>

#include "base/mem.h"
#include "core/plan/k8s_index.h"
#include "core/plan/k8s_join.h"
#include "core/plan/k8s_kinds.h"
#include "core/plan/k8s_known.h"

#define LIST_DEPTH_MAX 4
#define GROUPS_MAX (1u << 22)
#define SCRATCH_BYTES_MAX (1 << 20) /* kept between documents */
#define NO_WORKLOAD UINT32_MAX

/* One set of equal pods on its way to the demand. Its workload, if it has GPUs, already stands there; k8s_finish() settles which stay. */
struct group {
        struct k8s_known *object;
        uint32_t serial;
        uint32_t workload; /* index in the demand; NO_WORKLOAD: CPU only */
        uint32_t replicas, replicas_min, times;
        uint32_t cpu_milli, memory_mib;
        bool daemon, scalable, bare_pod, gone;
        struct k8s_labels labels;
};

struct k8s_reader {
        struct demand *d;
        struct arena keep, scratch; /* until the reader goes; at least until the next document */
        struct k8s_catalogue *catalogue;
        struct k8s_registry *registry;
        struct k8s_join *join;
        struct group *groups;
        size_t group_count, group_capacity;
        size_t first_workload;     /* what the demand held before stays untouched */
        const char *file;          /* the last name, in the demand's arena */
        struct k8s_index *leaders; /* of pods whose owner is not in the input, the first of each owner: size_t index of its group */
};

struct k8s_reader *k8s_reader_new(struct demand *d) {
        struct k8s_reader *r = mem_zalloc(1, sizeof *r);

        r->d = d;
        r->first_workload = d->count;
        r->catalogue = k8s_catalogue_new(&r->keep);
        r->registry = k8s_registry_new(&r->keep);
        r->join = k8s_join_new(&r->keep);
        r->leaders = k8s_index_new();
        r->file = "";
        return r;
}

struct k8s_reader *k8s_reader_free(struct k8s_reader *r) {
        if (!r)
                return NULL;
        k8s_index_free(r->leaders);
        k8s_join_free(r->join);
        k8s_registry_free(r->registry);
        free(r->groups);
        arena_done(&r->scratch);
        arena_done(&r->keep);
        free(r);
        return NULL;
}

/* A document being read. */
struct reading {
        struct k8s_reader *r;
        struct k8s_known *known; /* NULL until it is noted */
        uint32_t serial;
        bool kept; /* something was taken, or counted as skipped, already */
};

static void skip(struct k8s_reader *r, const struct k8s_object *o, const char *why) {
        demand_skip(r->d, *why ? arena_printf(&r->scratch, "%.100s (%s)", o->kind, why) : arena_printf(&r->scratch, "%.100s", o->kind));
}

static int note_object(struct reading *reading, const struct k8s_object *o, struct err *e) {
        if (reading->known)
                return 0;
        return k8s_registry_add(reading->r->registry, o, &reading->known, &reading->serial, e);
}

static struct gpu_request keep_request(struct arena *a, struct gpu_request q) {
        q.profile = arena_strdup(a, q.profile);
        q.resource = arena_strdup(a, q.resource);
        return q;
}

/* Labels of the object, then those of its pods that the object has not: a policy may name either. */
static void keep_labels(struct demand *d, const struct k8s_labels *own, const struct k8s_labels *pods, struct workload *w) {
        struct label *labels = arena_alloc(&d->arena, (own->count + pods->count + 1) * sizeof *labels);

        for (uint32_t i = 0; i < own->count; i++)
                labels[w->label_count++] = own->items[i];
        for (uint32_t i = 0; i < pods->count; i++)
                if (!k8s_labels_get(own, pods->items[i].key))
                        labels[w->label_count++] = pods->items[i];
        w->labels = labels;
}

static void keep_select(struct demand *d, const struct k8s_select *s, struct workload *w) {
        w->capacity_allowed = s->capacity;
        w->arch_allowed = s->arch;
        if (s->impossible)
                w->impossible = arena_strdup(&d->arena, s->impossible);
        if (!s->restricted || s->impossible)
                return;
        memcpy(w->types_allowed, s->types, sizeof w->types_allowed);
        if (s->by_gpu)
                w->gpus_allowed = k8s_select_models(s);
}

/* Annotations on a Deployment itself do nothing: its pods have those of the template. */
static void note_misplaced(const struct k8s_object *o, const struct k8s_pods *pods, struct k8s_notes *notes) {
        const struct doc_node *metadata = doc_get(o->root, "metadata"), *annotations = doc_get(metadata, "annotations");

        if (pods->template.metadata == metadata)
                return;
        for (uint32_t i = 0; annotations && annotations->kind == DOC_MAP && i < annotations->count; i++)
                if (!strncmp(annotations->pairs[i].key, "carve.dev/", 10))
                        k8s_note(notes, "annotation %.100s stands on the %s, not on its pod template: it has no effect",
                                 annotations->pairs[i].key, o->kind);
}

static int add_workload(struct k8s_reader *r, const struct k8s_object *o, const struct k8s_pods *pods, const struct k8s_pod *pod,
                        struct k8s_notes *notes, struct err *e) {
        struct arena *a = &r->d->arena;
        struct k8s_labels own, of_pods = { 0 };
        struct workload *w;
        int res;

        if ((res = k8s_labels_read(o, doc_get(o->root, "metadata"), "labels", a, &own, e)) < 0 ||
            (res = k8s_labels_read(o, pods->template.metadata, "labels", a, &of_pods, e)) < 0 || (res = demand_add(r->d, &w, e)) < 0)
                return res;
        w->name = *pods->role ? arena_printf(a, "%s-%s", o->name, pods->role) : arena_strdup(a, o->name);
        w->namespace = arena_strdup(a, o->namespace);
        w->kind = arena_strdup(a, o->kind);
        w->file = r->file;
        w->line = o->root->line;
        w->cpu_milli = pod->cpu_milli;
        w->memory_mib = pod->memory_mib;
        w->request = keep_request(a, pod->request);
        w->containers_with_gpu = pod->containers_with_gpu;
        w->isolation = pod->annotations.isolation;
        w->latency = pod->annotations.latency;
        w->nccl = pod->nccl || (pods->nccl && pods->replicas > 1);
        w->graphics = pod->graphics;
        w->max_per_node = pod->max_per_node;
        keep_select(r->d, &pod->select, w);
        keep_labels(r->d, &own, &of_pods, w);
        note_misplaced(o, pods, notes);
        w->note = arena_strdup(a, buf_text(&notes->text));
        return 0;
}

static void add_group(struct reading *reading, const struct k8s_object *o, const struct k8s_pods *pods, const struct k8s_pod *pod) {
        struct k8s_reader *r = reading->r;

        MEM_GROW(r->groups, r->group_count, r->group_capacity);
        r->groups[r->group_count++] = (struct group){
                .object = reading->known,
                .serial = reading->serial,
                .workload = pod->gpu && !pods->daemon ? (uint32_t)r->d->count - 1 : NO_WORKLOAD,
                .replicas = pods->replicas,
                .replicas_min = pods->replicas_min,
                .times = pods->times,
                .cpu_milli = pod->cpu_milli,
                .memory_mib = pod->memory_mib,
                .daemon = pods->daemon,
                .scalable = pods->scalable,
                .bare_pod = !strcmp(o->kind, "Pod"),
                .labels = pod->labels,
        };
        reading->known->makes_pods = true;
}

/* What an object is skipped for although it has pods; NULL to take it. */
static const char *why_skip(const struct k8s_object *o, const struct k8s_pods *pods, const struct k8s_pod *pod) {
        if (pod->empty)
                return "no containers: a patch?";
        if (pods->daemon)
                return NULL;
        if (!pod->gpu && pod->claims)
                return "resource claims are not planned";
        if (!pod->gpu && pod->other)
                return arena_printf(o->scratch, "%.80s is not planned", pod->other);
        return NULL;
}

static int take_pods(const struct k8s_object *o, const struct k8s_pods *pods, struct reading *reading, struct k8s_notes *notes,
                     struct err *e) {
        struct k8s_reader *r = reading->r;
        struct k8s_pod pod;
        int res;

        if (pods->note)
                k8s_note(notes, "%s", pods->note);
        if ((res = k8s_pod_read(o, &pods->template, r->catalogue, &r->keep, notes, &pod, e)) < 0)
                return res;
        reading->kept = true;
        if (pod.empty && pods->optional)
                return 0;
        const char *why = why_skip(o, pods, &pod);
        if (why) {
                skip(r, o, why);
                return 0;
        }
        if (pods->daemon && pod.gpu)
                skip(r, o, "asks for GPUs on every node: not planned");
        if (pods->daemon && pod.select.impossible)
                return 0;
        if (r->group_count >= GROUPS_MAX)
                return k8s_err(o, o->root, e, "more than %u sets of pods: split the input", GROUPS_MAX);
        if ((res = note_object(reading, o, e)) < 0)
                return res;
        if (pod.gpu && !pods->daemon && (res = add_workload(r, o, pods, &pod, notes, e)) < 0)
                return res;
        add_group(reading, o, pods, &pod);
        return 0;
}

static int visit_pods(const struct k8s_object *o, const struct k8s_pods *pods, void *context, struct err *e) {
        struct reading *reading = context;
        struct k8s_notes notes = K8S_NOTES;
        struct err why = { 0 };
        int res = take_pods(o, pods, reading, &notes, pods->guessed ? &why : e);

        k8s_notes_done(&notes);
        if (res < 0 && pods->guessed) { /* what only looked like a template is no error */
                skip(reading->r, o, "pod template not readable");
                reading->kept = true;
                return 0;
        }
        return res;
}

static int read_object(struct k8s_reader *r, const struct k8s_object *o, struct err *e) {
        struct reading reading = { .r = r };
        enum k8s_kind_state state = KIND_NO_PODS;
        int joined, res;

        r->d->objects++;
        if ((joined = k8s_join_read(r->join, o, e)) < 0)
                return joined;
        if ((res = k8s_kinds_each(o, visit_pods, &reading, &state, e)) < 0)
                return res;
        if (!reading.known && doc_get(doc_get(o->root, "metadata"), "ownerReferences") && (res = note_object(&reading, o, e)) < 0)
                return res;
        if (state == KIND_SUSPENDED)
                skip(r, o, "suspended");
        else if (state == KIND_FINISHED)
                skip(r, o, "finished");
        else if (state == KIND_EMPTY && !joined)
                skip(r, o, "no pod template: a patch?");
        else if (!joined && !reading.kept)
                skip(r, o, "");
        return 0;
}

/* "List", or "PodList" with items. `ret_item_kind` is what its items are where they do not say. */
static bool is_list(const struct k8s_object *o, const char **ret_item_kind) {
        const struct doc_node *items = doc_get(o->root, "items");
        size_t n = strlen(o->kind);

        if (n < 4 || strcmp(o->kind + n - 4, "List") || (n > 4 && !items))
                return false;
        *ret_item_kind = n > 4 ? arena_strndup(o->scratch, o->kind, n - 4) : NULL;
        return true;
}

static int read_node(struct k8s_reader *r, const char *name, const struct doc_node *root, const char *api, const char *kind, unsigned depth,
                     struct err *e) {
        struct k8s_object o;
        const struct doc_node *items = NULL;
        const char *item_kind = NULL;
        int res = k8s_object_open(name, root, api, kind, &r->scratch, &o, e);

        if (res < 0)
                return res;
        if (!res) {
                demand_skip(r->d, "(not a Kubernetes object)");
                return 0;
        }
        if (!is_list(&o, &item_kind))
                return read_object(r, &o, e);
        if (depth >= LIST_DEPTH_MAX)
                return k8s_err(&o, root, e, "lists within lists, more than %d deep", LIST_DEPTH_MAX);
        if ((res = k8s_get_seq(&o, root, "items", &items, e)) < 0)
                return res;
        for (uint32_t i = 0; items && i < items->count; i++) {
                const struct doc_node *item = items->items[i];
                if (item->kind != DOC_MAP)
                        return k8s_err(&o, item, e, "an item must be an object, not %s", doc_kind_name(item->kind));
                if ((res = read_node(r, name, item, item_kind ? doc_string(doc_get(root, "apiVersion")) : NULL, item_kind, depth + 1, e)) <
                    0)
                        return res;
        }
        return 0;
}

int k8s_read(struct k8s_reader *r, const char *name, const struct doc_node *root, struct err *e) {
        if (strcmp(r->file, name))
                r->file = arena_strdup(&r->d->arena, name);
        if (r->scratch.used_bytes > SCRATCH_BYTES_MAX) /* not each time: most documents use a few hundred bytes */
                arena_done(&r->scratch);
        return read_node(r, name, root, NULL, NULL, 0, e);
}

static bool same_shape(const struct k8s_reader *r, const struct group *a, const struct group *b) {
        if (a->workload == NO_WORKLOAD || b->workload == NO_WORKLOAD)
                return a->workload == b->workload;
        const struct workload *x = &r->d->workloads[a->workload], *y = &r->d->workloads[b->workload];
        return x->cpu_milli == y->cpu_milli && x->memory_mib == y->memory_mib && x->request.kind == y->request.kind &&
               x->request.count == y->request.count && x->request.memory_mib == y->request.memory_mib &&
               x->request.milli == y->request.milli && !strcmp(x->request.profile, y->request.profile) && x->isolation == y->isolation &&
               !memcmp(x->types_allowed, y->types_allowed, sizeof x->types_allowed) && x->capacity_allowed == y->capacity_allowed &&
               x->arch_allowed == y->arch_allowed;
}

/* Pods of an owner that is not in the input (kubectl get pods): one workload, named by the owner, with as many replicas. A DaemonSet's
 * stand on every node, so one stands for all. True if the group went into another. */
static bool join_leader(struct k8s_reader *r, size_t index) {
        struct group *g = &r->groups[index];
        const struct k8s_known *known = g->object;

        if (!g->bare_pod || !known->owner || !strcmp(known->owner_kind, "Node"))
                return false;
        g->daemon = !strcmp(known->owner_kind, "DaemonSet");
        const size_t *leader = k8s_index_get(r->leaders, known->owner);
        if (leader && (g->daemon || same_shape(r, &r->groups[*leader], g))) {
                struct group *first = &r->groups[*leader];
                first->replicas++;
                first->replicas_min++;
                return true;
        }
        if (!leader) {
                size_t *own = arena_alloc(&r->keep, sizeof *own);
                *own = index;
                k8s_index_add(r->leaders, known->owner, own);
                if (g->workload != NO_WORKLOAD) {
                        struct workload *w = &r->d->workloads[g->workload];
                        w->name = arena_strdup(&r->d->arena, known->owner_name);
                        w->kind = arena_strdup(&r->d->arena, known->owner_kind);
                }
        }
        return false;
}

/* Which groups count: not those of an object that a later one of its name replaced, nor of one whose owner counts. */
static void settle(struct k8s_reader *r) {
        for (size_t i = 0; i < r->group_count; i++) {
                struct group *g = &r->groups[i];
                if (g->serial != g->object->serial) {
                        g->gone = true;
                        demand_skip(r->d, "(named twice: the later object counts)");
                } else if (k8s_is_covered(r->registry, g->object)) {
                        g->gone = true;
                        demand_skip(r->d, "(counted with its owner)");
                } else {
                        g->gone = join_leader(r, i);
                }
        }
}

static int scale(struct k8s_reader *r, struct group *g, struct err *e) {
        const struct k8s_scale *s = g->scalable ? k8s_join_scale(r->join, g->object->key) : NULL;

        if (!s || (!g->replicas && !s->revives)) /* an autoscaler leaves an object alone that is scaled to 0 */
                return 0;
        if ((uint64_t)s->max * g->times > DEMAND_PODS_MAX)
                return err_set(e, ERR_INPUT, "%s: an autoscaler allows more than %d pods", g->object->key, DEMAND_PODS_MAX);
        g->replicas = s->max * g->times;
        g->replicas_min = s->min * g->times;
        return 0;
}

static uint32_t add_capped(uint32_t a, uint32_t b) {
        return a > UINT32_MAX - b ? UINT32_MAX : a + b;
}

static void count_daemon(struct demand *d, const struct group *g) {
        d->daemon_cpu_milli = add_capped(d->daemon_cpu_milli, g->cpu_milli);
        d->daemon_memory_mib = add_capped(d->daemon_memory_mib, g->memory_mib);
        d->daemon_pods++;
}

/* Write a group that counts. True if its workload stays in the demand. */
static bool write_group(struct k8s_reader *r, const struct group *g) {
        struct demand *d = r->d;

        if (g->daemon) {
                count_daemon(d, g);
                return false;
        }
        if (!g->replicas) {
                demand_skip(d, "(0 replicas)");
                return false;
        }
        if (g->workload == NO_WORKLOAD) {
                d->cpu_only_workloads++;
                d->cpu_only_pods += g->replicas;
                return false;
        }
        struct workload *w = &d->workloads[g->workload];
        w->replicas = g->replicas;
        w->replicas_min = g->replicas_min;
        w->pdb = k8s_join_budget(r->join, w->namespace, &g->labels);
        return true;
}

int k8s_finish(struct k8s_reader *r, struct err *e) {
        size_t kept = r->first_workload;

        settle(r);
        for (size_t i = 0; i < r->group_count; i++) {
                int res = r->groups[i].gone ? 0 : scale(r, &r->groups[i], e);
                if (res < 0)
                        return res;
        }
        for (size_t i = 0; i < r->group_count; i++) { /* groups and workloads are in the same order: the demand shrinks in place */
                const struct group *g = &r->groups[i];
                if (!g->gone && write_group(r, g))
                        r->d->workloads[kept++] = r->d->workloads[g->workload];
        }
        r->d->count = kept;
        for (uint64_t n = k8s_join_unused(r->join); n; n--)
                demand_skip(r->d, "(autoscaler of an object that is not in the input)");
        r->group_count = 0;
        return 0;
}
