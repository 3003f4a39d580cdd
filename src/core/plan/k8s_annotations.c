#include <string.h>

#include "base/mem.h"
#include "base/quantity.h"
#include "core/plan/k8s_request.h"

#define OURS "carve.dev/"
#define MEMORY_MIB_MAX (16 << 20)
#define DEVICES_MAX 1024
#define ANNOTATIONS_MAX 4096 /* Kubernetes allows 256 KiB of them */

static int get_text(const struct k8s_object *o, const struct doc_pair *pair, const char **ret_text, struct err *e) {
        if (pair->value->kind != DOC_STRING)
                return k8s_err(o, pair->value, e, "annotation %s must be a string, not %s: put it in quotes", pair->key,
                               doc_kind_name(pair->value->kind));
        *ret_text = pair->value->text;
        return 0;
}

static int read_memory(const struct k8s_object *o, const struct doc_pair *pair, struct k8s_wish *wish, struct err *e) {
        struct err why = { 0 };
        int64_t bytes = 0, mib;
        const char *text = NULL;
        int r = get_text(o, pair, &text, e);

        if (r < 0)
                return r;
        if (quantity_value(text, &bytes, &why) < 0 || quantity_mib(text, &mib, &why) < 0)
                return k8s_err(o, pair->value, e, "annotation %s: %s: write a size, as in 8Gi", pair->key, why.text);
        if (bytes < 1 << 20)
                return k8s_err(o, pair->value, e, "annotation %s: \"%.64s\" is less than 1Mi: write a size with its unit, as in 8Gi",
                               pair->key, text);
        if (mib > MEMORY_MIB_MAX)
                return k8s_err(o, pair->value, e, "annotation %s: \"%.64s\" is more than any GPU has: write a size, as in 8Gi", pair->key,
                               text);
        wish->memory_mib = (uint32_t)mib;
        wish->resource = arena_strdup(o->scratch, pair->key);
        return 0;
}

static int read_fraction(const struct k8s_object *o, const struct doc_pair *pair, struct k8s_wish *wish, struct err *e) {
        struct err why = { 0 };
        int64_t milli = 0;
        const char *text = NULL;
        int r = get_text(o, pair, &text, e);

        if (r < 0)
                return r;
        if (quantity_milli(text, &milli, &why) < 0 || milli < 1 || milli > 1000)
                return k8s_err(o, pair->value, e, "annotation %s: \"%.64s\" is not in 0.001..1: write the part of one GPU, as in \"0.5\"",
                               pair->key, text);
        wish->milli = (uint16_t)milli;
        if (!wish->memory_mib)
                wish->resource = arena_strdup(o->scratch, pair->key);
        return 0;
}

static int read_whole(const struct k8s_object *o, const struct doc_pair *pair, const char *what, int64_t max, uint32_t *ret_value,
                      struct err *e) {
        struct err why = { 0 };
        int64_t value = 0;
        const char *text = NULL;
        int r = get_text(o, pair, &text, e);

        if (r < 0)
                return r;
        if (strspn(text, "0123456789") != strlen(text) || quantity_value(text, &value, &why) < 0 || value < 1 || value > max)
                return k8s_err(o, pair->value, e, "annotation %s: \"%.64s\" is not %s 1..%lld", pair->key, text, what, (long long)max);
        *ret_value = (uint32_t)value;
        return 0;
}

static int read_carve_memory(const struct k8s_object *o, const struct doc_pair *pair, struct k8s_annotations *a, struct err *e) {
        return read_memory(o, pair, &a->wish, e);
}

static int read_carve_fraction(const struct k8s_object *o, const struct doc_pair *pair, struct k8s_annotations *a, struct err *e) {
        return read_fraction(o, pair, &a->wish, e);
}

static int read_kai_memory(const struct k8s_object *o, const struct doc_pair *pair, struct k8s_annotations *a, struct err *e) {
        int r = read_whole(o, pair, "a number of MiB", MEMORY_MIB_MAX, &a->wish.memory_mib, e);

        if (r < 0)
                return r;
        a->wish.resource = "gpu-memory";
        return 0;
}

static int read_kai_devices(const struct k8s_object *o, const struct doc_pair *pair, struct k8s_annotations *a, struct err *e) {
        return read_whole(o, pair, "a number of GPUs", DEVICES_MAX, &a->wish.devices, e);
}

static int read_kai_container(const struct k8s_object *o, const struct doc_pair *pair, struct k8s_annotations *a, struct err *e) {
        return get_text(o, pair, &a->wish.container, e);
}

static int read_use_types(const struct k8s_object *o, const struct doc_pair *pair, struct k8s_annotations *a, struct err *e) {
        return get_text(o, pair, &a->use_types, e);
}

static int read_nouse_types(const struct k8s_object *o, const struct doc_pair *pair, struct k8s_annotations *a, struct err *e) {
        return get_text(o, pair, &a->nouse_types, e);
}

/* One of the names in `words` (NULL ends it); its index + 1, for enums whose 0 is "unset". */
static int read_word(const struct k8s_object *o, const struct doc_pair *pair, const char *const *words, const char *choice, struct err *e) {
        const char *text = NULL;
        int r = get_text(o, pair, &text, e);

        if (r < 0)
                return r;
        for (int i = 0; words[i]; i++)
                if (!strcmp(words[i], text))
                        return i + 1;
        return k8s_err(o, pair->value, e, "annotation %s: \"%.64s\" is not one of %s", pair->key, text, choice);
}

static int read_isolation(const struct k8s_object *o, const struct doc_pair *pair, struct k8s_annotations *a, struct err *e) {
        static const char *const words[] = { "none", "memory", "hardware", NULL }; /* as enum isolation, from 1 */
        int r = read_word(o, pair, words, "hardware, memory, none", e);

        if (r < 0)
                return r;
        a->isolation = (enum isolation)r;
        return 0;
}

static int read_latency(const struct k8s_object *o, const struct doc_pair *pair, struct k8s_annotations *a, struct err *e) {
        static const char *const words[] = { "batch", "interactive", "strict", NULL }; /* as enum latency_class, from 1 */
        int r = read_word(o, pair, words, "batch, interactive, strict", e);

        if (r < 0)
                return r;
        a->latency = (enum latency_class)r;
        return 0;
}

/* KAI and Run:ai share their names (peers: KAI-Scheduler docs); HAMi's restrict the GPU by parts of its name. */
static const struct row {
        const char *key;
        int (*read)(const struct k8s_object *o, const struct doc_pair *pair, struct k8s_annotations *a, struct err *e);
} rows[] = {
        { "gpu-memory", read_kai_memory },
        { "gpu-fraction", read_carve_fraction },
        { "gpu-fraction-num-devices", read_kai_devices },
        { "gpu-fraction-container-name", read_kai_container },
        { OURS "gpu-memory", read_carve_memory },
        { OURS "gpu-fraction", read_carve_fraction },
        { OURS "isolation", read_isolation },
        { OURS "latency-class", read_latency },
        { "nvidia.com/use-gputype", read_use_types },
        { "nvidia.com/nouse-gputype", read_nouse_types },
};

static const struct row *find_row(const char *key) {
        for (unsigned i = 0; i < ARRAY_SIZE(rows); i++)
                if (!strcmp(rows[i].key, key))
                        return &rows[i];
        return NULL;
}

/* carve.dev/<container>.gpu-memory, .gpu-fraction */
static bool is_per_container(const char *key) {
        const char *dot = strrchr(key, '.');

        return dot > key + strlen(OURS) && !strncmp(key, OURS, strlen(OURS)) &&
               (!strcmp(dot, ".gpu-memory") || !strcmp(dot, ".gpu-fraction"));
}

int k8s_annotations_read(const struct k8s_object *o, const struct doc_node *annotations, struct k8s_notes *notes,
                         struct k8s_annotations *ret_annotations, struct err *e) {
        struct k8s_annotations a = { .map = annotations };

        if (annotations && annotations->count > ANNOTATIONS_MAX)
                return k8s_err(o, annotations, e, "more than %d annotations", ANNOTATIONS_MAX);
        for (uint32_t i = 0; annotations && i < annotations->count; i++) {
                const struct doc_pair *pair = &annotations->pairs[i];
                const struct row *row = find_row(pair->key);
                int r = row ? row->read(o, pair, &a, e) : 0;
                if (r < 0)
                        return r;
                if (!row && !strncmp(pair->key, OURS, strlen(OURS)) && !is_per_container(pair->key))
                        k8s_note(notes, "unknown annotation %.100s", pair->key);
        }
        *ret_annotations = a;
        return 0;
}

int k8s_wish_for(const struct k8s_object *o, const struct k8s_annotations *annotations, const char *container, struct k8s_wish *ret_wish,
                 struct err *e) {
        static const struct {
                const char *tail;
                int (*read)(const struct k8s_object *o, const struct doc_pair *pair, struct k8s_wish *wish, struct err *e);
        } own[] = { { "gpu-memory", read_memory }, { "gpu-fraction", read_fraction } };
        struct k8s_wish wish = { 0 };

        for (unsigned i = 0; i < ARRAY_SIZE(own) && annotations->map; i++) {
                char key[320];
                snprintf(key, sizeof key, OURS "%.253s.%s", container, own[i].tail);
                const struct doc_pair *pair = doc_get_pair(annotations->map, key);
                int r = pair ? own[i].read(o, pair, &wish, e) : 0;
                if (r < 0)
                        return r;
        }
        wish.container = wish.resource ? container : NULL;
        *ret_wish = wish;
        return 0;
}

static bool is_named_slice(const struct gpu_request *q) {
        return q->kind != REQUEST_SHARED && q->mode != GPU_WHOLE;
}

static void resize(const struct k8s_wish *wish, struct k8s_ask *ask) {
        struct gpu_request *q = &ask->request;

        q->memory_mib = wish->memory_mib;
        q->milli = wish->milli;
        q->kind = wish->memory_mib ? REQUEST_MEMORY : wish->milli == 1000 ? REQUEST_GPUS : REQUEST_MILLI;
        if (q->kind == REQUEST_GPUS)
                q->milli = 0;
        q->profile = "";
        q->resource = wish->resource;
        if (wish->devices)
                ask->count = wish->devices;
}

void k8s_wish_apply(const struct k8s_wish *wish, struct k8s_asks *asks, struct k8s_notes *notes) {
        struct k8s_asks sized = { 0 };

        if (!asks->count)
                k8s_asks_add(asks, &(struct k8s_ask){ .count = 1, .request = { .kind = REQUEST_GPUS, .profile = "", .resource = "" } });
        for (uint32_t i = 0; i < asks->count; i++) {
                struct k8s_ask ask = asks->items[i];
                if (is_named_slice(&ask.request))
                        k8s_note(notes, "annotation %s is ignored: the pod names its slice (%s)", wish->resource, ask.request.resource);
                else
                        resize(wish, &ask);
                k8s_asks_add(&sized, &ask);
        }
        *asks = sized;
}
