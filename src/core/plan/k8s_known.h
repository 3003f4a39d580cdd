/* k8s_known: which objects the input holds, who owns whom, and which of several objects of one name counts.
 *
 * A Deployment, its ReplicaSet and their Pods may all be in the input, and each names its owner: only the topmost that makes pods counts.
 * Of two objects of the same kind, namespace and name the later counts, as with kubectl apply, unless it looks like a patch of the other.
 */
#pragma once

#include "core/plan/k8s_object.h"

struct k8s_known {
        const char *key, *owner; /* "apps/Deployment/default/web"; owner NULL if none */
        const char *owner_kind, *owner_name;
        uint32_t serial; /* of the object that counts */
        bool makes_pods, complete;
};

struct k8s_registry;
struct k8s_registry *k8s_registry_new(struct arena *keep);
struct k8s_registry *k8s_registry_free(struct k8s_registry *r); /* returns NULL */

/* Note the object. `ret_serial` is what its pods carry: they count while known->serial still equals it. */
int k8s_registry_add(struct k8s_registry *r, const struct k8s_object *o, struct k8s_known **ret_known, uint32_t *ret_serial, struct err *e);
struct k8s_known *k8s_registry_find(const struct k8s_registry *r, const char *key); /* NULL if absent */

/* Does an owner (or its owner, …) in the input make pods? */
bool k8s_is_covered(const struct k8s_registry *r, const struct k8s_known *known);

/* The key of an object that another names; where `api_version` is missing the usual group of the kind is taken. */
const char *k8s_key(const char *api_version, const char *kind, const char *namespace, const char *name, struct arena *a);
