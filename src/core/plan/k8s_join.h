/* k8s_join: objects that speak about the pods of others: autoscalers and disruption budgets. */
#pragma once

#include "core/plan/k8s_labels.h"
#include "core/plan/k8s_object.h"

struct k8s_scale {
        uint32_t min, max;
        bool revives; /* counts also for an object that has 0 replicas of its own */
        bool from_keda, used;
};

struct k8s_join;
struct k8s_join *k8s_join_new(struct arena *keep);
struct k8s_join *k8s_join_free(struct k8s_join *j); /* returns NULL */

/* 1 if `o` is of such a kind and was taken, 0 if not. Errors: ERR_INPUT. */
int k8s_join_read(struct k8s_join *j, const struct k8s_object *o, struct err *e);

/* The autoscaler of the object with this key (k8s_known.h); marks it used. NULL if none. */
const struct k8s_scale *k8s_join_scale(struct k8s_join *j, const char *key);
uint64_t k8s_join_unused(const struct k8s_join *j); /* autoscalers of objects that are not in the input */

bool k8s_join_budget(const struct k8s_join *j, const char *namespace, const struct k8s_labels *labels);
