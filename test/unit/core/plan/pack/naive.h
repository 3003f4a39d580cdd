/* naive: the greedy engines' rules once more, pod by pod and node by node, without groups, runs or bounds. Slow and plain. */
#pragma once

#include "core/plan/pack/pack.h"

#define NAIVE_NODES_MAX 256
#define NAIVE_PODS_MAX 128 /* on one node */
#define NAIVE_ITEMS_MAX 16

struct naive_gpu {
        enum gpu_mode mode;
        unsigned count, milli; /* milli: what MIG slices take counts here too */
        uint8_t profiles[GPU_PROFILES_MAX];
};

struct naive_node {
        unsigned type, pod_count;
        unsigned pods[NAIVE_PODS_MAX]; /* item of each, in order of arrival */
        struct naive_gpu gpus[PACK_GPUS_MAX];
};

struct naive {
        const struct pack_problem *problem;
        unsigned node_count;
        struct naive_node nodes[NAIVE_NODES_MAX]; /* oldest first */
        unsigned unplaced[NAIVE_ITEMS_MAX];
        double usd_per_hour;
};

void naive_first_fit(const struct pack_problem *problem, struct naive *ret_naive);
void naive_best_fit(const struct pack_problem *problem, struct naive *ret_naive);
void naive_karpenter(const struct pack_problem *problem, struct naive *ret_naive);
