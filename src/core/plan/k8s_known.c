#include "core/plan/k8s_known.h"

#include <string.h>

#include "base/mem.h"
#include "core/plan/k8s_index.h"

#define OWNERS_DEPTH_MAX 16 /* owners of owners; real chains have four */

struct k8s_registry {
        struct arena *keep;
        struct k8s_index *known; /* by its key */
        uint32_t serial;
};

struct k8s_registry *k8s_registry_new(struct arena *keep) {
        struct k8s_registry *r = mem_zalloc(1, sizeof *r);

        r->keep = keep;
        r->known = k8s_index_new();
        return r;
}

struct k8s_registry *k8s_registry_free(struct k8s_registry *r) {
        if (r)
                k8s_index_free(r->known);
        free(r);
        return NULL;
}

const char *k8s_key(const char *api_version, const char *kind, const char *namespace, const char *name, struct arena *a) {
        static const char *const apps[] = { "Deployment", "ReplicaSet", "StatefulSet", "DaemonSet" };
        const char *group = api_version ? k8s_group_of(api_version, a) : "";

        for (unsigned i = 0; !api_version && i < ARRAY_SIZE(apps); i++)
                if (!strcmp(kind, apps[i]))
                        group = "apps";
        return arena_printf(a, "%s/%s/%s/%s", group, kind, namespace, name);
}

/* The controlling owner, or the first one. */
static int read_owner(const struct k8s_object *o, struct arena *keep, struct k8s_known *known, struct err *e) {
        const struct doc_node *owners = NULL, *chosen = NULL;
        const char *api = NULL, *kind = NULL, *name = NULL;
        int r = k8s_get_seq(o, doc_get(o->root, "metadata"), "ownerReferences", &owners, e);

        for (uint32_t i = 0; r >= 0 && owners && i < owners->count; i++) {
                const struct doc_node *owner = owners->items[i], *controls = doc_get(owner, "controller");
                if (owner->kind != DOC_MAP)
                        return k8s_err(o, owner, e, "an owner reference must be a map, not %s", doc_kind_name(owner->kind));
                if (!chosen || (controls && controls->kind == DOC_BOOL && controls->boolean))
                        chosen = owner;
        }
        if (r < 0 || (r = k8s_get_string(o, chosen, "apiVersion", &api, e)) < 0 || (r = k8s_get_string(o, chosen, "kind", &kind, e)) < 0 ||
            (r = k8s_get_string(o, chosen, "name", &name, e)) < 0)
                return r;
        if (kind && name) {
                known->owner = k8s_key(api, kind, o->namespace, name, keep);
                known->owner_kind = arena_strdup(keep, kind);
                known->owner_name = arena_strdup(keep, name);
        }
        return 0;
}

struct k8s_known *k8s_registry_find(const struct k8s_registry *r, const char *key) {
        return k8s_index_get(r->known, key);
}

int k8s_registry_add(struct k8s_registry *r, const struct k8s_object *o, struct k8s_known **ret_known, uint32_t *ret_serial,
                     struct err *e) {
        uint32_t serial = ++r->serial;
        const char *own = o->generated_name ? arena_printf(o->scratch, "%s#%u", o->name, serial) : o->name;
        const char *key = arena_printf(o->scratch, "%s/%s/%s/%s", o->group, o->kind, o->namespace, own);
        struct k8s_known now = { .serial = serial, .complete = doc_at(o->root, "spec.selector") != NULL };
        struct k8s_known *known = k8s_registry_find(r, key);
        int res = read_owner(o, r->keep, &now, e);

        if (res < 0)
                return res;
        if (!known) {
                known = arena_zalloc(r->keep, sizeof *known);
                known->key = arena_strdup(r->keep, key);
                k8s_index_add(r->known, known->key, known);
        }
        if (now.complete || !known->complete) {
                now.key = known->key;
                *known = now;
        }
        *ret_known = known;
        *ret_serial = serial;
        return 0;
}

bool k8s_is_covered(const struct k8s_registry *r, const struct k8s_known *known) {
        for (unsigned depth = 0; depth < OWNERS_DEPTH_MAX && known && known->owner; depth++) {
                const struct k8s_known *owner = k8s_registry_find(r, known->owner);
                if (!owner || owner == known)
                        return false;
                if (owner->makes_pods)
                        return true;
                known = owner;
        }
        return false;
}
