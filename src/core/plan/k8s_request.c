#include "core/plan/k8s_request.h"

#include <ctype.h>
#include <string.h>

#include "base/mem.h"
#include "base/quantity.h"
#include "core/gpu/profile.h"

#define MIB_PER_GPU_MAX (16 << 20) /* 16 TiB: no GPU is near it */
#define GIB_PER_GPU_MAX (16 << 10)
#define RESOURCES_MAX 256

/* What a number after a resource name means. Those of one container make its asks together (HAMi: gpu 2 and gpumem 3000 are two slices of
 * 3000 MiB each). */
enum part {
        PART_GPUS,         /* GPUs, or how many slices when a size stands beside it */
        PART_TURNS,        /* turns on a shared GPU */
        PART_EACH_MIB,     /* MiB of each */
        PART_EACH_PERCENT, /* percent of the memory of each */
        PART_CORES,        /* percent of the compute of each */
        PART_TOTAL_GIB,    /* GiB on all GPUs together */
        PART_SUM_MAX,      /* the parts above are numbers of the container; those below are complete in themselves */
        PART_MIG,          /* slices of the profile that '*' stands for */
        PART_MIG_TURNS,    /* turns on a shared slice of it */
        PART_SIZE,         /* slices of so many GiB */
        PART_OTHER,        /* an accelerator of another maker */
        PART_NETWORK,      /* a network card for GPU to GPU traffic */
        PART_NOTHING,      /* says nothing about size or number */
        PART_UNKNOWN,
        PART_MAX,
};

/* In this order: the first row that fits counts. '*' stands for any text. Sources: NVIDIA/k8s-device-plugin (resource names), HAMi, Volcano
 * vgpu, KAI, nebuly nos, InstaSlice, aliyun gpushare, nvshare, aws-virtual-gpu-device-plugin: their READMEs. */
static const struct way {
        const char *resource;
        enum part part;
        enum gpu_mode mode; /* GPU_WHOLE = the name does not say */
} ways[] = {
        { "nvidia.com/gpu", PART_GPUS, GPU_WHOLE },
        { "gpu", PART_GPUS, GPU_WHOLE }, /* NVIDIA's own resources write so */
        { "nvidia.com/gpu.shared", PART_TURNS, GPU_WHOLE },
        { "nvidia.com/mig-*.shared", PART_MIG_TURNS, GPU_WHOLE },
        { "nvidia.com/mig-*", PART_MIG, GPU_MIG },
        { "mig.das.com/mig-*", PART_MIG, GPU_MIG },
        { "mig.das.com/*", PART_MIG, GPU_MIG },
        { "carve.dev/mps-*gb", PART_SIZE, GPU_MPS },
        { "carve.dev/time-*gb", PART_SIZE, GPU_TIME_SLICING },
        { "nvidia.com/gpu-*gb", PART_SIZE, GPU_MPS },
        { "nvidia.com/gpumem", PART_EACH_MIB, GPU_WHOLE },
        { "nvidia.com/gpumem-percentage", PART_EACH_PERCENT, GPU_WHOLE },
        { "nvidia.com/gpucores", PART_CORES, GPU_WHOLE },
        { "nvidia.com/priority", PART_NOTHING, GPU_WHOLE },
        { "nvidia.com/vgpu", PART_GPUS, GPU_WHOLE },
        { "volcano.sh/vgpu-number", PART_GPUS, GPU_WHOLE },
        { "volcano.sh/vgpu-memory", PART_EACH_MIB, GPU_WHOLE },
        { "volcano.sh/vgpu-memory-percentage", PART_EACH_PERCENT, GPU_WHOLE },
        { "volcano.sh/vgpu-cores", PART_CORES, GPU_WHOLE },
        { "aliyun.com/gpu-count", PART_GPUS, GPU_WHOLE },
        { "aliyun.com/gpu-mem", PART_TOTAL_GIB, GPU_WHOLE },
        { "aliyun.com/gpu-core.percentage", PART_CORES, GPU_WHOLE },
        { "nvshare.com/gpu", PART_TURNS, GPU_TIME_SLICING },
        { "k8s.amazonaws.com/vgpu", PART_TURNS, GPU_MPS },
        { "vpc.amazonaws.com/efa", PART_NETWORK, GPU_WHOLE },
        { "rdma/*", PART_NETWORK, GPU_WHOLE },
        { "vpc.amazonaws.com/*", PART_NOTHING, GPU_WHOLE },
        { "amd.com/gpu", PART_OTHER, GPU_WHOLE },
        { "aws.amazon.com/neuron*", PART_OTHER, GPU_WHOLE },
        { "gpu.intel.com/*", PART_OTHER, GPU_WHOLE },
        { "habana.ai/*", PART_OTHER, GPU_WHOLE },
        { "google.com/tpu", PART_OTHER, GPU_WHOLE },
        { "*/*", PART_UNKNOWN, GPU_WHOLE },
};

/* What to say when a number is not one, or is absurd. */
static const struct {
        int64_t max;
        const char *advice;
} limits[PART_MAX] = {
        [PART_GPUS] = { K8S_GPUS_PER_POD_MAX,
                        "GPUs are whole here; for a part of one, write the annotation carve.dev/gpu-fraction: \"0.5\"" },
        [PART_TURNS] = { K8S_GPUS_PER_POD_MAX,
                         "write a whole number of turns; for a size, write the annotation carve.dev/gpu-memory: 8Gi" },
        [PART_EACH_MIB] = { MIB_PER_GPU_MAX, "write whole MiB, as in 8192" },
        [PART_EACH_PERCENT] = { 100, "write a whole percentage 0..100" },
        [PART_CORES] = { 100, "write a whole percentage 0..100" },
        [PART_TOTAL_GIB] = { GIB_PER_GPU_MAX, "write whole GiB, as in 8" },
        [PART_MIG] = { K8S_GPUS_PER_POD_MAX, "write a whole number of slices" },
        [PART_MIG_TURNS] = { K8S_GPUS_PER_POD_MAX, "write a whole number of turns" },
        [PART_SIZE] = { K8S_GPUS_PER_POD_MAX, "write a whole number of slices" },
        [PART_OTHER] = { INT64_MAX, "write a whole number" },
        [PART_NETWORK] = { INT64_MAX, "write a whole number" },
        [PART_NOTHING] = { INT64_MAX, "write a whole number" },
        [PART_UNKNOWN] = { INT64_MAX, "write a whole number" },
};

/* Does `text` fit `pattern`? '*' stands for at least one character; what it stood for begins at `ret_star`. */
static bool fits(const char *pattern, const char *text, const char **ret_star, size_t *ret_bytes) {
        const char *star = strchr(pattern, '*');

        if (!star)
                return !strcmp(pattern, text);
        size_t head = (size_t)(star - pattern), tail = strlen(star + 1), bytes = strlen(text);
        if (bytes <= head + tail || strncmp(pattern, text, head) || strcmp(text + bytes - tail, star + 1))
                return false;
        *ret_star = text + head;
        *ret_bytes = bytes - head - tail;
        return true;
}

static const struct way *find_way(const char *resource, const char **ret_star, size_t *ret_bytes) {
        for (unsigned i = 0; i < ARRAY_SIZE(ways) - 1; i++) {
                if (!fits(ways[i].resource, resource, ret_star, ret_bytes))
                        continue;
                if (ways[i].part != PART_SIZE || strspn(*ret_star, "0123456789") == *ret_bytes)
                        return &ways[i];
        }
        return strchr(resource, '/') ? &ways[ARRAY_SIZE(ways) - 1] : NULL;
}

bool k8s_is_device(const char *resource) {
        return !strcmp(resource, "gpu") || (strchr(resource, '/') && !strstr(resource, "kubernetes.io/"));
}

struct parts {
        int64_t value[PART_SUM_MAX];
        const char *resource[PART_SUM_MAX];
        enum gpu_mode mode[PART_SUM_MAX];
};

static int read_amount(const struct k8s_object *o, const struct doc_pair *pair, enum part part, int64_t *ret_value, struct err *e) {
        const struct doc_node *node = pair->value;
        struct err why = { 0 };
        int64_t milli = 0;

        if (node->kind == DOC_NULL) {
                *ret_value = 0;
                return 0;
        }
        if (node->kind == DOC_SEQ || node->kind == DOC_MAP || node->kind == DOC_BOOL)
                return k8s_err(o, node, e, "%s must be a number, not %s", pair->key, doc_kind_name(node->kind));
        if (quantity_milli(node->text, &milli, &why) < 0)
                return k8s_err(o, node, e, "%s: %s: %s", pair->key, why.text, limits[part].advice);
        if (milli % 1000 || milli / 1000 > limits[part].max)
                return k8s_err(o, node, e, "%s: \"%.64s\" %s: %s", pair->key, node->text,
                               milli % 1000 ? "is not a whole number" : "is absurdly many", limits[part].advice);
        *ret_value = milli / 1000;
        return 0;
}

/* A resource whose name says what one slice is. */
static int named_slice(const struct k8s_object *o, const struct doc_pair *pair, const struct way *way, const char *star, size_t bytes,
                       struct gpu_request *ret_request, struct err *e) {
        struct gpu_request q = { .profile = "", .resource = arena_strdup(o->scratch, pair->key), .mode = way->mode };
        char profile[PROFILE_NAME_MAX];
        struct err why = { 0 };

        if (way->part == PART_SIZE) {
                uint64_t gib = bytes < 6 ? strtoull(star, NULL, 10) : UINT64_MAX;
                if (!gib || gib > GIB_PER_GPU_MAX)
                        return doc_err(e, o->file, &(struct doc_node){ .line = pair->line, .column = pair->column },
                                       "%s %s: %s: no GPU has slices of that size", o->kind, o->name, pair->key);
                q.kind = REQUEST_MEMORY;
                q.memory_mib = (uint32_t)gib * 1024;
        } else {
                const char *canonical = arena_printf(o->scratch, "nvidia.com/mig-%.*s", (int)MIN(bytes, (size_t)256), star);
                if (profile_from_resource(canonical, profile, &why) < 0)
                        return doc_err(
                                e, o->file, &(struct doc_node){ .line = pair->line, .column = pair->column },
                                "%s %s: %s: %s: write a profile of nvidia-smi mig -lgip with '+' as '.', as in nvidia.com/mig-1g.10gb",
                                o->kind, o->name, pair->key, why.text);
                q.kind = way->part == PART_MIG ? REQUEST_MIG : REQUEST_SHARED;
                q.profile = arena_strdup(o->scratch, profile);
        }
        *ret_request = q;
        return 0;
}

static int take_device(const struct k8s_object *o, const struct doc_pair *pair, struct parts *parts, struct k8s_notes *notes,
                       struct k8s_devices *d, struct err *e) {
        const char *star = "";
        size_t bytes = 0;
        const struct way *way = find_way(pair->key, &star, &bytes);
        int64_t value;
        int r;

        if (!way)
                return 0;
        if (!strcmp(pair->key, "gpu") && strcmp(o->group, "nvidia.com"))
                return k8s_err(o, pair->value, e, "Kubernetes knows no resource \"gpu\": write nvidia.com/gpu");
        if ((r = read_amount(o, pair, way->part, &value, e)) < 0 || !value)
                return r;
        if (way->part < PART_SUM_MAX) {
                parts->value[way->part] = MIN(parts->value[way->part] + value, limits[way->part].max);
                parts->resource[way->part] = arena_strdup(o->scratch, pair->key);
                parts->mode[way->part] = way->mode;
                return 0;
        }
        switch (way->part) {
        case PART_OTHER:
                d->other = arena_strdup(o->scratch, pair->key);
                k8s_note(notes, "%s is not planned", pair->key);
                return 0;
        case PART_NETWORK:
                d->network = true;
                return 0;
        case PART_NOTHING:
                return 0;
        case PART_UNKNOWN:
                k8s_note(notes, "resource %.100s is not modelled", pair->key);
                return 0;
        default:
                break;
        }
        struct k8s_ask ask = { .count = value };
        if ((r = named_slice(o, pair, way, star, bytes, &ask.request, e)) < 0)
                return r;
        if (way->part == PART_MIG_TURNS)
                k8s_note(notes, "a turn on a shared %s slice is planned as a turn on a shared GPU", ask.request.profile);
        if (!k8s_asks_add(&d->asks, &ask))
                return k8s_err(o, pair->value, e, "more than %d different GPU resources in one pod", K8S_ASKS_MAX);
        return 0;
}

/* The container's numbers -> asks: at most one of GPUs or sized slices, and one of turns. */
static void join_parts(const struct parts *p, struct k8s_notes *notes, struct k8s_devices *d) {
        int64_t mib = p->value[PART_EACH_MIB], percent = p->value[PART_EACH_PERCENT], cores = p->value[PART_CORES];
        int64_t total_gib = p->value[PART_TOTAL_GIB], gpus = p->value[PART_GPUS];
        bool sized = mib || total_gib || (percent && percent < 100) || (cores && cores < 100);
        bool whole = gpus || (!sized && (percent || cores));

        if (sized) {
                struct k8s_ask ask = { .count = MAX(gpus, 1), .request = { .profile = "", .kind = REQUEST_MEMORY } };
                enum part by = mib ? PART_EACH_MIB : total_gib ? PART_TOTAL_GIB : percent ? PART_EACH_PERCENT : PART_CORES;

                ask.request.memory_mib = (uint32_t)(mib ? mib : (total_gib * 1024 + ask.count - 1) / ask.count);
                ask.request.milli = (uint16_t)(cores * 10);
                if (!ask.request.memory_mib) {
                        ask.request.kind = REQUEST_MILLI;
                        ask.request.milli = (uint16_t)(MAX(percent, cores) * 10);
                }
                if (by == PART_CORES)
                        k8s_note(notes,
                                 "%s without a memory size leaves the whole memory to the pod today; planned with the same part of memory",
                                 p->resource[by]);
                ask.request.resource = p->resource[by];
                k8s_asks_add(&d->asks, &ask);
        } else if (whole) {
                enum part by = gpus ? PART_GPUS : percent ? PART_EACH_PERCENT : PART_CORES;
                k8s_asks_add(&d->asks,
                             &(struct k8s_ask){ .count = MAX(gpus, 1),
                                                .request = { .kind = REQUEST_GPUS, .profile = "", .resource = p->resource[by] } });
        }
        if (p->value[PART_TURNS])
                k8s_asks_add(&d->asks, &(struct k8s_ask){ .count = p->value[PART_TURNS],
                                                          .request = { .kind = REQUEST_SHARED,
                                                                       .profile = "",
                                                                       .resource = p->resource[PART_TURNS],
                                                                       .mode = p->mode[PART_TURNS] } });
}

/* The API server wants limits of extended resources, and requests equal to them. */
static int check_pair(const struct k8s_object *o, const struct doc_pair *request, const struct doc_node *limits_node,
                      struct k8s_notes *notes, struct err *e) {
        const struct doc_pair *limit = doc_get_pair(limits_node, request->key);
        int64_t asked, limited;
        int r;

        if (!limit) {
                k8s_note(notes, "%s stands only in requests: Kubernetes refuses it without the same limit", request->key);
                return 0;
        }
        if ((r = read_amount(o, request, PART_NOTHING, &asked, e)) < 0 || (r = read_amount(o, limit, PART_NOTHING, &limited, e)) < 0)
                return r;
        if (asked != limited)
                return k8s_err(o, request->value, e, "%s: request %s and limit %s differ, which Kubernetes refuses: write the same number",
                               request->key, request->value->text ?: "null", limit->value->text ?: "null");
        return 0;
}

int k8s_devices_read(const struct k8s_object *o, const struct doc_node *resources, struct k8s_notes *notes, struct k8s_devices *ret_devices,
                     struct err *e) {
        const struct doc_node *limits_node = NULL, *requests = NULL;
        struct k8s_devices d = { 0 };
        struct parts parts = { 0 };
        int r;

        if ((r = k8s_get_map(o, resources, "limits", &limits_node, e)) < 0 || (r = k8s_get_map(o, resources, "requests", &requests, e)) < 0)
                return r;
        if ((limits_node && limits_node->count > RESOURCES_MAX) || (requests && requests->count > RESOURCES_MAX))
                return k8s_err(o, resources, e, "more than %d resources in one container", RESOURCES_MAX);
        for (uint32_t i = 0; limits_node && i < limits_node->count; i++)
                if (k8s_is_device(limits_node->pairs[i].key) && (r = take_device(o, &limits_node->pairs[i], &parts, notes, &d, e)) < 0)
                        return r;
        for (uint32_t i = 0; requests && i < requests->count; i++) {
                const struct doc_pair *request = &requests->pairs[i];
                if (!k8s_is_device(request->key))
                        continue;
                if (!doc_get_pair(limits_node, request->key) && (r = take_device(o, request, &parts, notes, &d, e)) < 0)
                        return r;
                if ((r = check_pair(o, request, limits_node, notes, e)) < 0)
                        return r;
        }
        if (d.asks.count > K8S_ASKS_MAX - 2)
                return k8s_err(o, resources, e, "more than %d different GPU resources in one container", K8S_ASKS_MAX - 2);
        join_parts(&parts, notes, &d);
        *ret_devices = d;
        return 0;
}
