#include "core/cloud/instance.h"

#include <string.h>

#include "base/mem.h"
#include "core/gpu/catalogue.h"

/* What Karpenter subtracts, as constant expressions: the table below is computed at compile time, the functions use the same.
 * CPU: 60 milli of the first core, 10 of the second, 5 of the next two, 2.5 of each further one, rounded down. */
#define CORES_OVER(vcpu, n) ((vcpu) > (n) ? (vcpu) - (n) : 0u)
#define RESERVED_CPU_MILLI(vcpu)                                                                                                           \
        ((600u * (vcpu)-500u * CORES_OVER(vcpu, 1u) - 50u * CORES_OVER(vcpu, 2u) - 25u * CORES_OVER(vcpu, 4u)) / 10u)
#define ALLOC_CPU_MILLI(vcpu) (1000u * (vcpu)-RESERVED_CPU_MILLI(vcpu))

/* Memory: what the virtual machine itself takes is rounded up to a MiB; on arm64 the kernel's contiguous area comes off first. */
#define CMA_MIB(arch) ((arch) == ARCH_ARM64 ? 64u : 0u)
#define VM_OVERHEAD_MIB(mib) ((uint32_t)(((uint64_t)(mib)*75u + 999u) / 1000u))
#define RESERVED_MIB(max_pods) (11u * (max_pods) + 255u + 100u)
#define LOST_MIB(arch, mib, max_pods) (CMA_MIB(arch) + VM_OVERHEAD_MIB((mib)-CMA_MIB(arch)) + RESERVED_MIB(max_pods))

#define ALLOCATABLE(arch, vcpu, mib, max_pods) ALLOC_CPU_MILLI(vcpu), (mib)-LOST_MIB(arch, mib, max_pods)

static const struct instance_type types[] = {
#include "cloud_instances.inc"
};
_Static_assert(ARRAY_SIZE(types) <= INSTANCE_TYPES_MAX, "raise INSTANCE_TYPES_MAX");

uint32_t instance_alloc_cpu_milli(uint32_t vcpu) {
        return ALLOC_CPU_MILLI(vcpu);
}

uint32_t instance_alloc_memory_mib(enum cpu_arch arch, uint32_t memory_mib, uint32_t max_pods) {
        uint32_t lost = LOST_MIB(arch, memory_mib, max_pods);
        return lost < memory_mib ? memory_mib - lost : 0;
}

size_t instance_type_count(void) {
        return ARRAY_SIZE(types);
}

const struct instance_type *instance_type_at(size_t index) {
        return &types[index];
}

size_t instance_type_index(const struct instance_type *type) {
        return (size_t)(type - types);
}

const struct instance_type *instance_type_find(const char *name) {
        for (size_t i = 0; i < ARRAY_SIZE(types); i++)
                if (!strcmp(name, types[i].name))
                        return &types[i];
        return NULL;
}

bool instance_family_known(const char *family) {
        for (size_t i = 0; i < ARRAY_SIZE(types); i++)
                if (!strcmp(family, types[i].family))
                        return true;
        return false;
}
