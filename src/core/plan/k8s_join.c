#include "core/plan/k8s_join.h"

#include <string.h>

#include "base/mem.h"
#include "core/plan/k8s_index.h"
#include "core/plan/k8s_known.h"

#define KEDA_MAX_DEFAULT 100 /* maxReplicaCount of a ScaledObject that does not say */

#define BUDGETS_TRIED_MAX 256 /* of one namespace and label: bounds the work; real namespaces have a few */

struct budget {
        struct k8s_selector selector;
        struct budget *next;
};

/* Budgets of one namespace that ask for the same label value first; those that ask for none so under an empty label. */
struct budget_list {
        struct budget *first;
        uint32_t count;
};

struct k8s_join {
        struct arena *keep;
        struct k8s_index *scales;  /* struct k8s_scale by the key of its target */
        struct k8s_index *budgets; /* struct budget_list by "namespace/label=value" */
        bool any_budget;
};

struct k8s_join *k8s_join_new(struct arena *keep) {
        struct k8s_join *j = mem_zalloc(1, sizeof *j);

        j->keep = keep;
        j->scales = k8s_index_new();
        j->budgets = k8s_index_new();
        return j;
}

struct k8s_join *k8s_join_free(struct k8s_join *j) {
        if (j) {
                k8s_index_free(j->scales);
                k8s_index_free(j->budgets);
        }
        free(j);
        return NULL;
}

static int add_scale(struct k8s_join *j, const struct k8s_object *o, const char *reference, struct k8s_scale scale, struct err *e) {
        const char *api = NULL, *kind = NULL, *name = NULL;
        const struct doc_node *target = NULL;
        int r;

        if ((r = k8s_walk(o, o->root, reference, &target, e)) < 0)
                return r;
        if (target && target->kind != DOC_MAP)
                return k8s_err(o, target, e, "%s must be a map, not %s", reference, doc_kind_name(target->kind));
        if ((r = k8s_get_string(o, target, "apiVersion", &api, e)) < 0 || (r = k8s_get_string(o, target, "kind", &kind, e)) < 0 ||
            (r = k8s_get_string(o, target, "name", &name, e)) < 0)
                return r;
        if (!name)
                return k8s_err(o, target ?: o->root, e, "%s.name is missing", reference);
        if (scale.min > scale.max)
                return k8s_err(o, o->root, e, "the smallest number of replicas (%u) is above the largest (%u)", scale.min, scale.max);

        const char *key = k8s_key(api, kind ?: "Deployment", o->namespace, name, j->keep);
        struct k8s_scale *known = k8s_index_get(j->scales, key);
        if (!known) {
                known = arena_zalloc(j->keep, sizeof *known);
                k8s_index_add(j->scales, key, known);
        }
        if (scale.from_keda || !known->from_keda) /* KEDA makes an autoscaler of its own; its own object knows more */
                *known = scale;
        return 0;
}

static int read_autoscaler(struct k8s_join *j, const struct k8s_object *o, struct err *e) {
        struct k8s_scale scale = { .min = 1 };
        int r;

        if ((r = k8s_count_at(o, o->root, "spec.minReplicas", &scale.min, e)) < 0 ||
            (r = k8s_count_at(o, o->root, "spec.maxReplicas", &scale.max, e)) < 0)
                return r;
        if (!r)
                return k8s_err(o, doc_get(o->root, "spec") ?: o->root, e, "spec.maxReplicas is missing");
        return add_scale(j, o, "spec.scaleTargetRef", scale, e);
}

static int read_scaled_object(struct k8s_join *j, const struct k8s_object *o, struct err *e) {
        struct k8s_scale scale = { .max = KEDA_MAX_DEFAULT, .revives = true, .from_keda = true };
        int r;

        if ((r = k8s_count_at(o, o->root, "spec.minReplicaCount", &scale.min, e)) < 0 ||
            (r = k8s_count_at(o, o->root, "spec.maxReplicaCount", &scale.max, e)) < 0)
                return r;
        return add_scale(j, o, "spec.scaleTargetRef", scale, e);
}

/* An Argo Rollout that takes over a Deployment, which is then scaled to 0. */
static int read_rollout(struct k8s_join *j, const struct k8s_object *o, struct err *e) {
        struct k8s_scale scale = { .max = 1, .revives = true };
        int r = k8s_count_at(o, o->root, "spec.replicas", &scale.max, e);

        if (r < 0)
                return r;
        scale.min = scale.max;
        return add_scale(j, o, "spec.workloadRef", scale, e);
}

static int read_budget(struct k8s_join *j, const struct k8s_object *o, struct err *e) {
        struct budget *budget = arena_zalloc(j->keep, sizeof *budget);
        const char *label = "";
        int r = k8s_selector_read(o, doc_get(o->root, "spec"), "selector", j->keep, &budget->selector, e);

        if (r < 0)
                return r;
        for (uint32_t i = 0; i < budget->selector.count && !*label; i++) {
                const struct k8s_requirement *q = &budget->selector.requirements[i];
                if (q->op == OP_IN && q->count == 1)
                        label = arena_printf(o->scratch, "%s=%s", q->key, q->values[0]);
        }
        const char *key = arena_printf(j->keep, "%s/%s", o->namespace, label);
        struct budget_list *list = k8s_index_get(j->budgets, key);
        if (!list) {
                list = arena_zalloc(j->keep, sizeof *list);
                k8s_index_add(j->budgets, key, list);
        }
        if (list->count++ >= BUDGETS_TRIED_MAX)
                return 0;
        budget->next = list->first;
        list->first = budget;
        j->any_budget = true;
        return 0;
}

int k8s_join_read(struct k8s_join *j, const struct k8s_object *o, struct err *e) {
        static const struct {
                const char *group, *kind, *needs; /* `needs`: only with this path in it */
                int (*read)(struct k8s_join *j, const struct k8s_object *o, struct err *e);
        } kinds[] = {
                { "autoscaling", "HorizontalPodAutoscaler", NULL, read_autoscaler },
                { "keda.sh", "ScaledObject", NULL, read_scaled_object },
                { "argoproj.io", "Rollout", "spec.workloadRef", read_rollout },
                { "policy", "PodDisruptionBudget", NULL, read_budget },
        };

        for (unsigned i = 0; i < ARRAY_SIZE(kinds); i++) {
                if (strcmp(kinds[i].kind, o->kind) || strcmp(kinds[i].group, o->group) ||
                    (kinds[i].needs && !doc_at(o->root, kinds[i].needs)))
                        continue;
                int r = kinds[i].read(j, o, e);
                return r < 0 ? r : 1;
        }
        return 0;
}

const struct k8s_scale *k8s_join_scale(struct k8s_join *j, const char *key) {
        struct k8s_scale *scale = k8s_index_get(j->scales, key);

        if (scale)
                scale->used = true;
        return scale;
}

static void count_unused(void *value, void *context) {
        const struct k8s_scale *scale = value;
        uint64_t *unused = context;

        *unused += !scale->used;
}

uint64_t k8s_join_unused(const struct k8s_join *j) {
        uint64_t unused = 0;

        k8s_index_each(j->scales, count_unused, &unused);
        return unused;
}

static bool list_matches(const struct k8s_join *j, const char *namespace, const struct label *label, const struct k8s_labels *labels) {
        _cleanup_free_ char *key = label ? mem_printf("%s/%s=%s", namespace, label->key, label->value) : mem_printf("%s/", namespace);
        const struct budget_list *list = k8s_index_get(j->budgets, key);

        for (const struct budget *b = list ? list->first : NULL; b; b = b->next)
                if (k8s_selector_matches(&b->selector, labels))
                        return true;
        return false;
}

bool k8s_join_budget(const struct k8s_join *j, const char *namespace, const struct k8s_labels *labels) {
        if (!j->any_budget)
                return false;
        for (uint32_t i = 0; i < labels->count; i++)
                if (list_matches(j, namespace, &labels->items[i], labels))
                        return true;
        return list_matches(j, namespace, NULL, labels);
}
