/* k8s_index: values by the text they are known by. Keys and values belong to the caller and must outlive the index. */
#pragma once

#include <stddef.h>

struct k8s_index;
struct k8s_index *k8s_index_new(void);
struct k8s_index *k8s_index_free(struct k8s_index *index); /* returns NULL */

void *k8s_index_get(const struct k8s_index *index, const char *key);       /* NULL if absent */
void k8s_index_add(struct k8s_index *index, const char *key, void *value); /* the key must not be there yet */

/* Call `visit` with every value, in the order they were added. */
void k8s_index_each(const struct k8s_index *index, void (*visit)(void *value, void *context), void *context);
