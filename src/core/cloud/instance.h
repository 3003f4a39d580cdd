/* instance: the EC2 GPU instance types carve knows, with what a pod can have of each. All of it is data (data/cloud/), compiled in.
 *
 * Allocatable CPU and memory are computed as Karpenter computes them (aws/karpenter-provider-aws @1d927085,
 * pkg/providers/instancetype/types.go):
 *     memory  (MiB - 64 on arm64) x (1 - 7.5 % VM overhead) - kube reserved (11 MiB x max pods + 255 MiB) - hard eviction 100 MiB
 *     CPU     vCPU - kube reserved (6 % of the first core, 1 % of the second, 0.5 % of the next two, 0.25 % of the rest)
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "core/gpu/model.h"

#define INSTANCE_TYPES_MAX 256

enum cpu_arch { ARCH_AMD64, ARCH_ARM64 };

struct instance_type {
        const char *name, *family;
        enum cpu_arch arch;
        uint32_t vcpu, memory_mib, max_pods; /* max_pods 0: not known, never planned */
        const struct gpu_model *gpu;         /* NULL: a GPU of another maker (g4ad): known by name, never planned */
        const char *gpu_name;                /* as EC2 and Karpenter label it: "a100", "l4", "rtx-pro-server-6000" */
        uint8_t gpu_count;                   /* physical or fractional devices the instance has */
        uint16_t gpu_milli;                  /* of one device: 1000, or 125/250/500 for g6f and gr6f, which Karpenter sees as having none */
        uint32_t gpu_memory_mib;             /* of one device, as EC2 states it */
        uint32_t alloc_cpu_milli, alloc_memory_mib;
};

size_t instance_type_count(void);
const struct instance_type *instance_type_at(size_t index);
const struct instance_type *instance_type_find(const char *name); /* exact; NULL if unknown */
size_t instance_type_index(const struct instance_type *type);
bool instance_family_known(const char *family);

static inline bool instance_is_fractional(const struct instance_type *type) {
        return type->gpu_milli < 1000;
}

uint32_t instance_alloc_cpu_milli(uint32_t vcpu);
uint32_t instance_alloc_memory_mib(enum cpu_arch arch, uint32_t memory_mib, uint32_t max_pods);
