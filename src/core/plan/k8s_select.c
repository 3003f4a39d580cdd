#include "core/plan/k8s_select.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/mem.h"

#define VALUE_BYTES_MAX 96

/* What GPU feature discovery makes of a product name: only [A-Za-z0-9-_. ], then words joined by '-'. */
static void sanitise(const char *product, char *text, size_t bytes) {
        size_t n = 0;

        for (const char *p = product; *p && n + 1 < bytes; p++) {
                if (isalnum((unsigned char)*p) || strchr("-_.", *p))
                        text[n++] = *p;
                else if (*p == ' ' && n && text[n - 1] != '-')
                        text[n++] = '-';
        }
        text[n] = '\0';
}

static void label_type(const struct instance_type *t, char *v, size_t n) {
        snprintf(v, n, "%s", t->name);
}

static void label_family(const struct instance_type *t, char *v, size_t n) {
        snprintf(v, n, "%s", t->family);
}

static void label_category(const struct instance_type *t, char *v, size_t n) {
        snprintf(v, n, "%.*s", (int)strcspn(t->family, "0123456789"), t->family);
}

static void label_generation(const struct instance_type *t, char *v, size_t n) {
        const char *digits = t->family + strcspn(t->family, "0123456789");
        snprintf(v, n, "%.*s", (int)strspn(digits, "0123456789"), digits);
}

static void label_size(const struct instance_type *t, char *v, size_t n) {
        const char *dot = strchr(t->name, '.');
        snprintf(v, n, "%s", dot ? dot + 1 : "");
}

static void label_cpu(const struct instance_type *t, char *v, size_t n) {
        snprintf(v, n, "%u", t->vcpu);
}

static void label_memory(const struct instance_type *t, char *v, size_t n) {
        snprintf(v, n, "%u", t->memory_mib);
}

static void label_gpu_name(const struct instance_type *t, char *v, size_t n) {
        snprintf(v, n, "%s", t->gpu_name);
}

static void label_maker(const struct instance_type *t, char *v, size_t n) {
        (void)t;
        snprintf(v, n, "nvidia");
}

static void label_gpu_count(const struct instance_type *t, char *v, size_t n) {
        snprintf(v, n, "%u", t->gpu_count);
}

static void label_gpu_memory(const struct instance_type *t, char *v, size_t n) {
        snprintf(v, n, "%u", t->gpu_memory_mib);
}

static void label_product(const struct instance_type *t, char *v, size_t n) {
        sanitise(t->gpu->product, v, n);
}

static void label_nvml_memory(const struct instance_type *t, char *v, size_t n) {
        snprintf(v, n, "%u", t->gpu->memory_mib);
}

static void label_compute_major(const struct instance_type *t, char *v, size_t n) {
        snprintf(v, n, "%u", t->gpu->cc_major);
}

static void label_compute_minor(const struct instance_type *t, char *v, size_t n) {
        snprintf(v, n, "%u", t->gpu->cc_minor);
}

static void label_arch_family(const struct instance_type *t, char *v, size_t n) {
        snprintf(v, n, "%s", !strcmp(t->gpu->arch, "ada") ? "ada-lovelace" : t->gpu->arch); /* as GPU feature discovery writes it */
}

static void label_mig_capable(const struct instance_type *t, char *v, size_t n) {
        snprintf(v, n, "%s", gpu_has_mig(t->gpu) ? "true" : "false");
}

static void label_true(const struct instance_type *t, char *v, size_t n) {
        (void)t;
        snprintf(v, n, "true");
}

static void label_linux(const struct instance_type *t, char *v, size_t n) {
        (void)t;
        snprintf(v, n, "linux");
}

/* Labels that follow from the instance type. "karpenter.k8s.aws/" stands for EKS Auto Mode's "eks.amazonaws.com/" too. Sources: Karpenter's
 * concepts/scheduling page, GPU feature discovery's README, kubernetes.io/docs/reference/labels-annotations-taints. */
static const struct row {
        const char *key;
        void (*label)(const struct instance_type *type, char *value, size_t bytes);
        bool of_gpu; /* tells GPU models apart */
} rows[] = {
        { "node.kubernetes.io/instance-type", label_type, true },
        { "beta.kubernetes.io/instance-type", label_type, true },
        { "nvidia.com/gpu.machine", label_type, true },
        { "karpenter.k8s.aws/instance-family", label_family, true },
        { "karpenter.k8s.aws/instance-category", label_category, true },
        { "karpenter.k8s.aws/instance-generation", label_generation, true },
        { "karpenter.k8s.aws/instance-size", label_size, false },
        { "karpenter.k8s.aws/instance-cpu", label_cpu, false },
        { "karpenter.k8s.aws/instance-memory", label_memory, false },
        { "karpenter.k8s.aws/instance-gpu-name", label_gpu_name, true },
        { "karpenter.k8s.aws/instance-gpu-manufacturer", label_maker, false },
        { "karpenter.k8s.aws/instance-gpu-count", label_gpu_count, false },
        { "karpenter.k8s.aws/instance-gpu-memory", label_gpu_memory, true },
        { "nvidia.com/gpu.product", label_product, true },
        { "nvidia.com/gpu.memory", label_nvml_memory, true },
        { "nvidia.com/gpu.count", label_gpu_count, false },
        { "nvidia.com/gpu.compute.major", label_compute_major, true },
        { "nvidia.com/gpu.compute.minor", label_compute_minor, true },
        { "nvidia.com/gpu.family", label_arch_family, true },
        { "nvidia.com/mig.capable", label_mig_capable, true },
        { "nvidia.com/gpu.present", label_true, false },
        { "kubernetes.io/os", label_linux, false },
        { "beta.kubernetes.io/os", label_linux, false },
};

struct k8s_catalogue {
        const char *value[ARRAY_SIZE(rows)][INSTANCE_TYPES_MAX];
        uint64_t all[K8S_TYPE_WORDS]; /* types with an NVIDIA GPU */
};

static void set_bit(uint64_t *bits, size_t i) {
        bits[i / 64] |= UINT64_C(1) << (i % 64);
}

static bool has_bit(const uint64_t *bits, size_t i) {
        return bits[i / 64] >> (i % 64) & 1;
}

static bool is_empty(const uint64_t *bits) {
        for (unsigned i = 0; i < K8S_TYPE_WORDS; i++)
                if (bits[i])
                        return false;
        return true;
}

struct k8s_catalogue *k8s_catalogue_new(struct arena *a) {
        struct k8s_catalogue *c = arena_zalloc(a, sizeof *c);

        for (size_t i = 0; i < instance_type_count(); i++) {
                const struct instance_type *type = instance_type_at(i);
                if (!type->gpu)
                        continue;
                set_bit(c->all, i);
                for (unsigned k = 0; k < ARRAY_SIZE(rows); k++) {
                        char value[VALUE_BYTES_MAX];
                        rows[k].label(type, value, sizeof value);
                        c->value[k][i] = arena_strdup(a, value);
                }
        }
        return c;
}

uint64_t k8s_select_models(const struct k8s_select *s) {
        uint64_t models = 0;

        for (size_t i = 0; i < instance_type_count(); i++) {
                const struct instance_type *type = instance_type_at(i);
                if (has_bit(s->types, i) && type->gpu)
                        models |= UINT64_C(1) << gpu_model_index(type->gpu);
        }
        return models;
}

static int find_row(const char *key) {
        static const char karpenter[] = "karpenter.k8s.aws/", eks[] = "eks.amazonaws.com/";

        for (unsigned k = 0; k < ARRAY_SIZE(rows); k++) {
                if (!strcmp(rows[k].key, key))
                        return (int)k;
                if (!strncmp(key, eks, strlen(eks)) && !strncmp(rows[k].key, karpenter, strlen(karpenter)) &&
                    !strcmp(rows[k].key + strlen(karpenter), key + strlen(eks)))
                        return (int)k;
        }
        return -1;
}

/* "NVIDIA-A100-SXM4-80GB-MIG-1g.10gb-SHARED" -> "NVIDIA-A100-SXM4-80GB", telling what was cut off. The suffix says how a node is cut, and
 * that is for the plan to decide; but it says what the pod's nvidia.com/gpu is today. */
static void strip_products(const struct k8s_object *o, struct k8s_requirement *q, struct k8s_select *s) {
        for (uint32_t i = 0; i < q->count; i++) {
                size_t n = strlen(q->values[i]);
                char *value = arena_strndup(o->scratch, q->values[i], n);
                bool shared = n > 7 && !strcmp(value + n - 7, "-SHARED");
                if (shared)
                        value[n - 7] = '\0';
                char *mig = strstr(value, "-MIG-");
                if (mig)
                        *mig = '\0';
                if (q->op == OP_IN && q->count == 1) {
                        s->shared = shared;
                        s->profile = mig ? mig + strlen("-MIG-") : NULL;
                }
                q->values[i] = value;
        }
}

static void restrict_types(const struct k8s_object *o, const struct k8s_catalogue *c, unsigned row, struct k8s_requirement *q,
                           struct k8s_select *s) {
        const char *first = q->count ? q->values[0] : "";

        if (rows[row].label == label_product)
                strip_products(o, q, s);
        s->by_gpu |= rows[row].of_gpu;
        for (size_t i = 0; i < instance_type_count(); i++)
                if (has_bit(s->types, i) && !k8s_requirement_holds(q, c->value[row][i]))
                        s->types[i / 64] &= ~(UINT64_C(1) << (i % 64));
        if (is_empty(s->types) && !s->impossible)
                s->impossible = arena_printf(o->scratch, "no GPU instance type has %.100s %s%s%.100s%s", q->key,
                                             q->op == OP_IN ? "" : k8s_operator_name(q->op), q->count && q->op != OP_IN ? " " : "", first,
                                             q->count > 1 ? ", …" : "");
}

/* Labels that are not of the type: capacity and architecture, a bit per value. */
struct words {
        const char *key;
        const char *value[4];
        bool capacity;
};

static const struct words word_rows[] = {
        { "karpenter.sh/capacity-type", { "on-demand", "spot", "reserved" }, true },
        { "eks.amazonaws.com/capacityType", { "ON_DEMAND", "SPOT", "CAPACITY_BLOCK" }, true },
        { "kubernetes.io/arch", { "amd64", "arm64" }, false },
        { "beta.kubernetes.io/arch", { "amd64", "arm64" }, false },
};

static bool restrict_words(const struct k8s_object *o, const struct k8s_requirement *q, struct k8s_select *s) {
        for (unsigned i = 0; i < ARRAY_SIZE(word_rows); i++) {
                const struct words *w = &word_rows[i];
                uint8_t *bits = w->capacity ? &s->capacity : &s->arch, now = 0;
                if (strcmp(w->key, q->key))
                        continue;
                for (unsigned bit = 0; bit < ARRAY_SIZE(w->value) && w->value[bit]; bit++)
                        if (k8s_requirement_holds(q, w->value[bit]))
                                now |= (uint8_t)(1u << bit);
                *bits = *bits ? *bits & now : now;
                if (!*bits && !s->impossible)
                        s->impossible = arena_printf(o->scratch, "%s %.100s is not to be had", q->key, q->count ? q->values[0] : "");
                return true;
        }
        return false;
}

static void restrict_by(const struct k8s_object *o, const struct k8s_catalogue *c, struct k8s_requirement *q, struct k8s_notes *notes,
                        struct k8s_select *s) {
        int row = find_row(q->key);

        if (row >= 0)
                restrict_types(o, c, (unsigned)row, q, s);
        else if (!restrict_words(o, q, s))
                k8s_note(notes, "node label %.100s is not modelled", q->key);
}

static int read_node_selector(const struct k8s_object *o, const struct doc_node *spec, const struct k8s_catalogue *c,
                              struct k8s_notes *notes, struct k8s_select *s, struct err *e) {
        struct k8s_labels labels;
        int r = k8s_labels_read(o, spec, "nodeSelector", o->scratch, &labels, e);

        if (r < 0)
                return r;
        for (uint32_t i = 0; i < labels.count; i++) {
                const char *values[] = { labels.items[i].value };
                struct k8s_requirement q = { .key = labels.items[i].key, .op = OP_IN, .values = values, .count = 1 };
                restrict_by(o, c, &q, notes, s);
        }
        return 0;
}

static int read_term(const struct k8s_object *o, const struct doc_node *term, const struct k8s_catalogue *c, struct k8s_notes *notes,
                     struct k8s_select *s, struct err *e) {
        const struct doc_node *expressions = NULL, *fields = NULL;
        int r;

        if (term->kind != DOC_MAP)
                return k8s_err(o, term, e, "a nodeSelectorTerms entry must be a map, not %s", doc_kind_name(term->kind));
        if ((r = k8s_get_seq(o, term, "matchExpressions", &expressions, e)) < 0 ||
            (r = k8s_get_seq(o, term, "matchFields", &fields, e)) < 0)
                return r;
        uint32_t count = expressions ? expressions->count : 0;
        if (count > K8S_REQUIREMENTS_MAX)
                return k8s_err(o, expressions, e, "more than %d expressions", K8S_REQUIREMENTS_MAX);
        if (!count && !(fields && fields->count)) /* matches no node (core/v1 NodeSelectorTerm) */
                s->impossible = "an empty nodeSelectorTerms entry matches no node";
        for (uint32_t i = 0; i < count; i++) {
                struct k8s_requirement q;
                if ((r = k8s_requirement_read(o, expressions->items[i], true, o->scratch, &q, e)) < 0)
                        return r;
                restrict_by(o, c, &q, notes, s);
        }
        if (fields && fields->count)
                k8s_note(notes, "node affinity to a node by name is not modelled");
        return 0;
}

/* Terms are alternatives. Types, capacity and architecture are kept apart, so pairs of them across terms are lost: said in a note. */
static void unite(struct k8s_select *all, const struct k8s_select *one, bool first) {
        if (first) {
                *all = *one;
                return;
        }
        for (unsigned i = 0; i < K8S_TYPE_WORDS; i++)
                all->types[i] |= one->types[i];
        all->by_gpu |= one->by_gpu;
        all->capacity = all->capacity && one->capacity ? all->capacity | one->capacity : 0;
        all->arch = all->arch && one->arch ? all->arch | one->arch : 0;
        all->shared &= one->shared;
        if (!all->profile || !one->profile || strcmp(all->profile, one->profile))
                all->profile = NULL;
}

static bool differ(const struct k8s_select *a, const struct k8s_select *b) {
        return memcmp(a->types, b->types, sizeof a->types) && (a->capacity != b->capacity || a->arch != b->arch);
}

static int read_affinity(const struct k8s_object *o, const struct doc_node *spec, const struct k8s_catalogue *c, struct k8s_notes *notes,
                         struct k8s_select *s, struct err *e) {
        const struct doc_node *affinity = NULL, *node = NULL, *required = NULL, *terms = NULL;
        struct k8s_select all = *s;
        const char *impossible = NULL;
        bool any = false;
        int r;

        if ((r = k8s_get_map(o, spec, "affinity", &affinity, e)) < 0 || (r = k8s_get_map(o, affinity, "nodeAffinity", &node, e)) < 0 ||
            (r = k8s_get_map(o, node, "requiredDuringSchedulingIgnoredDuringExecution", &required, e)) < 0 ||
            (r = k8s_get_seq(o, required, "nodeSelectorTerms", &terms, e)) < 0)
                return r;
        for (uint32_t i = 0; terms && i < terms->count; i++) {
                struct k8s_select one = *s;
                if ((r = read_term(o, terms->items[i], c, notes, &one, e)) < 0)
                        return r;
                if (one.impossible) {
                        impossible = one.impossible;
                        continue;
                }
                if (any && differ(&all, &one))
                        k8s_note(notes, "node affinity pairs instance types with capacity or architecture: each is taken alone");
                unite(&all, &one, !any);
                any = true;
        }
        if (impossible && !any) {
                s->impossible = s->impossible ?: impossible;
                return 0;
        }
        *s = all;
        return 0;
}

/* HAMi: a GPU counts when its product name contains one of the parts, in any case. */
static bool names_model(const char *parts, const struct gpu_model *model) {
        for (const char *p = parts; *p;) {
                size_t n = strcspn(p, ",");
                char part[VALUE_BYTES_MAX];
                snprintf(part, sizeof part, "%.*s", (int)MIN(n, sizeof part - 1), p);
                if (*part && strcasestr(model->product, part))
                        return true;
                p += n + (p[n] == ',');
        }
        return false;
}

static void restrict_models(const struct k8s_object *o, const char *parts, bool use, struct k8s_select *s) {
        if (!parts || !*parts)
                return;
        s->by_gpu = true;
        for (size_t i = 0; i < instance_type_count(); i++)
                if (has_bit(s->types, i) && names_model(parts, instance_type_at(i)->gpu) != use)
                        s->types[i / 64] &= ~(UINT64_C(1) << (i % 64));
        if (is_empty(s->types) && !s->impossible)
                s->impossible = arena_printf(o->scratch, "no GPU instance type has a GPU named as in %s: %.100s",
                                             use ? "nvidia.com/use-gputype" : "nvidia.com/nouse-gputype", parts);
}

/* Types of one architecture only: that one is meant, though nothing says so. And the other way round: no type of the one asked for. */
static void settle_arch(struct k8s_select *s) {
        uint8_t left = 0;

        for (size_t i = 0; i < instance_type_count(); i++)
                if (has_bit(s->types, i) && (!s->arch || s->arch >> instance_type_at(i)->arch & 1))
                        left |= (uint8_t)(1u << instance_type_at(i)->arch);
        if (!s->impossible && !left)
                s->impossible = "no GPU instance type has both the labels and the architecture asked for";
        if (s->restricted && left == 1u << ARCH_ARM64)
                s->arch = left;
}

int k8s_select_read(const struct k8s_object *o, const struct doc_node *spec, const struct k8s_annotations *annotations,
                    const struct k8s_catalogue *catalogue, struct k8s_notes *notes, struct k8s_select *ret_select, struct err *e) {
        struct k8s_select s = { 0 };
        int r;

        memcpy(s.types, catalogue->all, sizeof s.types);
        if ((r = read_node_selector(o, spec, catalogue, notes, &s, e)) < 0 || (r = read_affinity(o, spec, catalogue, notes, &s, e)) < 0)
                return r;
        restrict_models(o, annotations->use_types, true, &s);
        restrict_models(o, annotations->nouse_types, false, &s);
        s.restricted = memcmp(s.types, catalogue->all, sizeof s.types); /* kubernetes.io/os: linux and the like exclude nothing */
        settle_arch(&s);
        *ret_select = s;
        return 0;
}
