/* k8s_labels: labels, and the label selectors that choose pods by them (apimachinery LabelSelector: matchLabels and matchExpressions). */
#pragma once

#include "core/plan/demand.h"
#include "core/plan/k8s_object.h"

#define K8S_LABELS_MAX 256        /* of one object */
#define K8S_REQUIREMENTS_MAX 1024 /* of one selector */

struct k8s_labels {
        const struct label *items;
        uint32_t count;
};

/* A map of texts, copied into `a`. Errors: ERR_INPUT. */
int k8s_labels_read(const struct k8s_object *o, const struct doc_node *map, const char *key, struct arena *a, struct k8s_labels *ret_labels,
                    struct err *e);
const char *k8s_labels_get(const struct k8s_labels *labels, const char *key); /* NULL if absent */

enum k8s_operator { OP_IN, OP_NOT_IN, OP_EXISTS, OP_DOES_NOT_EXIST, OP_GT, OP_LT, OP_MAX };
const char *k8s_operator_name(enum k8s_operator op); /* "NotIn" */

/* One requirement of a label selector or of a node selector term (which alone knows Gt and Lt). */
struct k8s_requirement {
        const char *key;
        enum k8s_operator op;
        const char **values;
        uint32_t count;
};
int k8s_requirement_read(const struct k8s_object *o, const struct doc_node *node, bool of_node, struct arena *a,
                         struct k8s_requirement *ret_requirement, struct err *e);

/* Does a label of this value (NULL = the label is absent) satisfy the requirement? NotIn is satisfied by an absent label. */
bool k8s_requirement_holds(const struct k8s_requirement *requirement, const char *value);

struct k8s_selector {
        struct k8s_requirement *requirements;
        uint32_t count;
        bool nothing; /* absent or null: selects no pod; an empty map selects all */
};
int k8s_selector_read(const struct k8s_object *o, const struct doc_node *map, const char *key, struct arena *a,
                      struct k8s_selector *ret_selector, struct err *e);
bool k8s_selector_matches(const struct k8s_selector *selector, const struct k8s_labels *labels);
