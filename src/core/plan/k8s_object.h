/* k8s_object: one Kubernetes object being read, and typed look-ups in it whose errors say where, what was expected and what stands there.
 *
 * A key that is absent or null is never an error here: the look-up then gives NULL or the default, as the API server would.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "core/doc/doc.h"

struct k8s_object {
        const char *file;
        const struct doc_node *root;
        struct arena *scratch;                       /* lives as long as the document */
        const char *group, *kind, *namespace, *name; /* group "apps", "" for core; namespace "default" where none is written */
        bool generated_name;                         /* from generateName: never the same object as another */
};

/* Take the identity of an object out of `root`; `kind` and `api_version` stand in for what an item of a typed list does not repeat (may
 * be NULL). 1, or 0 if this is no Kubernetes object (values.yaml, a compose file, …). Errors: ERR_INPUT. */
int k8s_object_open(const char *file, const struct doc_node *root, const char *api_version, const char *kind, struct arena *scratch,
                    struct k8s_object *ret_object, struct err *e);

/* "apps" of "apps/v1", "" of "v1"; the old home of the apps kinds ("extensions") reads as "apps". */
const char *k8s_group_of(const char *api_version, struct arena *a);

/* Set `e` to "file:line:column: Kind name: …". Returns -ERR_INPUT. */
int k8s_err(const struct k8s_object *o, const struct doc_node *node, struct err *e, const char *fmt, ...)
        __attribute__((format(printf, 4, 5)));

int k8s_get_map(const struct k8s_object *o, const struct doc_node *map, const char *key, const struct doc_node **ret_node, struct err *e);
int k8s_get_seq(const struct k8s_object *o, const struct doc_node *map, const char *key, const struct doc_node **ret_node, struct err *e);
int k8s_get_string(const struct k8s_object *o, const struct doc_node *map, const char *key, const char **ret_text, struct err *e);
int k8s_get_bool(const struct k8s_object *o, const struct doc_node *map, const char *key, bool *ret_value, struct err *e);

/* A whole number 0..DEMAND_PODS_MAX; `ret_value` keeps what it had when the key is absent. The second takes a path "spec.replicas" (keys
 * without dots) and 1 as "found", 0 as "absent". */
int k8s_get_count(const struct k8s_object *o, const struct doc_node *map, const char *key, uint32_t *ret_value, struct err *e);
int k8s_count_at(const struct k8s_object *o, const struct doc_node *map, const char *path, uint32_t *ret_value, struct err *e);

/* Follow a path of keys through maps only; a node of another kind on the way is an error. NULL if absent. */
int k8s_walk(const struct k8s_object *o, const struct doc_node *from, const char *path, const struct doc_node **ret_node, struct err *e);

/* What a reader of the plan must know: sentences joined by "; ", each once. */
struct k8s_notes {
        struct buf text;
};
#define K8S_NOTES_BYTES_MAX 1024
#define K8S_NOTES ((struct k8s_notes){ .text = BUF(K8S_NOTES_BYTES_MAX) })
void k8s_note(struct k8s_notes *n, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void k8s_notes_done(struct k8s_notes *n);
