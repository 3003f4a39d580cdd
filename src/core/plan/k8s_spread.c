#include <string.h>

#include "base/mem.h"
#include "core/plan/k8s_pod.h"

#define HOSTNAME "kubernetes.io/hostname"

static void limit_per_node(struct k8s_pod *pod, uint32_t max) {
        if (!pod->max_per_node || max < pod->max_per_node)
                pod->max_per_node = max;
}

/* An anti-affinity term looks at the pod's own namespace unless it names others or selects them; `{}` selects all. */
static bool covers_own_namespace(const struct k8s_object *o, const struct doc_node *term) {
        const struct doc_node *names = doc_get(term, "namespaces"), *selector = doc_get(term, "namespaceSelector");
        bool named = names && names->kind == DOC_SEQ && names->count;

        for (uint32_t i = 0; named && i < names->count; i++) {
                const char *name = doc_string(names->items[i]);
                if (name && !strcmp(name, o->namespace))
                        return true;
        }
        if (selector && selector->kind == DOC_MAP)
                return !selector->count;
        return !named;
}

static int read_anti_affinity(const struct k8s_object *o, const struct doc_node *term, struct k8s_notes *notes, struct k8s_pod *pod,
                              struct err *e) {
        struct k8s_selector selector;
        const char *key = NULL;
        int r;

        if (term->kind != DOC_MAP)
                return k8s_err(o, term, e, "a podAntiAffinity term must be a map, not %s", doc_kind_name(term->kind));
        if ((r = k8s_get_string(o, term, "topologyKey", &key, e)) < 0 ||
            (r = k8s_selector_read(o, term, "labelSelector", o->scratch, &selector, e)) < 0)
                return r;
        bool itself = k8s_selector_matches(&selector, &pod->labels) && covers_own_namespace(o, term);
        if (key && !strcmp(key, HOSTNAME) && itself)
                limit_per_node(pod, 1);
        else
                k8s_note(notes, "podAntiAffinity %s is not modelled", itself ? (key ?: "") : "to other pods");
        return 0;
}

static int read_spread(const struct k8s_object *o, const struct doc_node *constraint, struct k8s_notes *notes, struct k8s_pod *pod,
                       struct err *e) {
        const char *key = NULL, *when = NULL;
        struct k8s_selector selector;
        uint32_t skew = 1;
        int r;

        if (constraint->kind != DOC_MAP)
                return k8s_err(o, constraint, e, "a topology spread constraint must be a map, not %s", doc_kind_name(constraint->kind));
        if ((r = k8s_get_string(o, constraint, "topologyKey", &key, e)) < 0 ||
            (r = k8s_get_string(o, constraint, "whenUnsatisfiable", &when, e)) < 0 ||
            (r = k8s_get_count(o, constraint, "maxSkew", &skew, e)) < 0 ||
            (r = k8s_selector_read(o, constraint, "labelSelector", o->scratch, &selector, e)) < 0)
                return r;
        if (when && !strcmp(when, "ScheduleAnyway"))
                return 0;
        if (key && !strcmp(key, HOSTNAME) && k8s_selector_matches(&selector, &pod->labels))
                limit_per_node(pod, MAX(skew, 1u));
        else
                k8s_note(notes, "topologySpreadConstraints over %.100s are not modelled", key ?: "(no key)");
        return 0;
}

/* Two pods with the same host port never share a node; with hostNetwork every container port is one. */
static void read_host_ports(const struct doc_node *spec, struct k8s_pod *pod) {
        const struct doc_node *containers = doc_get(spec, "containers"), *network = doc_get(spec, "hostNetwork");
        bool host = network && network->kind == DOC_BOOL && network->boolean;

        for (uint32_t i = 0; containers && i < containers->count; i++) {
                const struct doc_node *ports = doc_get(containers->items[i], "ports");
                for (uint32_t j = 0; ports && ports->kind == DOC_SEQ && j < ports->count; j++) {
                        const struct doc_node *port = doc_get(ports->items[j], "hostPort");
                        if (host || (port && port->kind == DOC_INT && port->integer > 0))
                                limit_per_node(pod, 1);
                }
        }
}

int k8s_spread_read(const struct k8s_object *o, const struct doc_node *spec, struct k8s_notes *notes, struct k8s_pod *pod, struct err *e) {
        const struct doc_node *affinity = NULL, *anti = NULL, *with = NULL, *terms = NULL, *friends = NULL, *spread = NULL;
        int r;

        if ((r = k8s_get_map(o, spec, "affinity", &affinity, e)) < 0 || (r = k8s_get_map(o, affinity, "podAntiAffinity", &anti, e)) < 0 ||
            (r = k8s_get_map(o, affinity, "podAffinity", &with, e)) < 0 ||
            (r = k8s_get_seq(o, anti, "requiredDuringSchedulingIgnoredDuringExecution", &terms, e)) < 0 ||
            (r = k8s_get_seq(o, with, "requiredDuringSchedulingIgnoredDuringExecution", &friends, e)) < 0 ||
            (r = k8s_get_seq(o, spec, "topologySpreadConstraints", &spread, e)) < 0)
                return r;
        for (uint32_t i = 0; terms && i < terms->count; i++)
                if ((r = read_anti_affinity(o, terms->items[i], notes, pod, e)) < 0)
                        return r;
        for (uint32_t i = 0; spread && i < spread->count; i++)
                if ((r = read_spread(o, spread->items[i], notes, pod, e)) < 0)
                        return r;
        if (friends && friends->count)
                k8s_note(notes, "podAffinity is not modelled");
        read_host_ports(spec, pod);
        return 0;
}
