/* node_of: nodes for the tests. */
#pragma once

#include <stdlib.h>

#include "../../unit.h"
#include "sim/node/mig.h"
#include "sim/node/node.h"

#define NOW UINT64_C(1700000000000000)

/* A node with one GPU of this model. Free it. */
static inline struct node *node_of(const char *key, const char *driver, bool mig) {
        struct node *n = malloc(sizeof *n);
        struct node_gpu_wish wish = { .model = gpu_model_find(key), .mig = mig };
        struct err e = { 0 };

        assert_non_null(n);
        assert_non_null(wish.model);
        assert_ok(node_init(n, driver, 1, &wish, 1, NOW, &e), &e);
        assert_ok(node_check(n, &e), &e);
        return n;
}
