/* openb: the GPU pods of Alibaba's production trace, as kinds of pods, and the instances they are priced on.
 *
 * Pods: openb_pod_list_default.csv of hkust-adsl/kubernetes-scheduler-simulator at 8f3d6417 (Apache-2.0; Weng and others, USENIX ATC 2023),
 * GPU pods only, counted by shape. Types: g6 and gr6 of EC2, allocatable CPU and memory as Karpenter computes them, on-demand prices of
 * us-east-1 on 2026-07-20 (aws/karpenter-provider-aws at 1d927085, Apache-2.0). Pods per node as that table has them.
 */
#pragma once

#include "core/plan/pack/pack.h"

/* Points into itself: do not copy. Counts are multiplied by `times`; with `whole` every pod takes whole GPUs. */
struct openb {
        struct pack_problem problem;
        struct pack_item items[128];
        struct pack_option options[128];
        struct pack_type types[16];
};

void openb_problem(uint32_t times, bool whole, struct openb *ret_openb);
