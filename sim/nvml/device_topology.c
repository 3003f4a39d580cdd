/* Where a device stands in its machine: neighbours, CPUs, memory.
 *
 * The simulated machine has as many NUMA nodes as its GPUs name, each with CPUS_PER_NODE processors, numbered node by node. GPUs of one
 * node reach each other through it, others through the whole system.
 */
#include "sim/node/reading.h"

#include "sim/nvml/device_link.h"
#include "sim/nvml/getter.h"

#define CPUS_PER_NODE 48
#define BITS_PER_LONG (8 * sizeof(unsigned long))

static nvmlGpuTopologyLevel_t level_between(const struct node *n, unsigned a, unsigned b) {
        if (a == b)
                return NVML_TOPOLOGY_INTERNAL;
        return n->gpus[a].numa_node == n->gpus[b].numa_node ? NVML_TOPOLOGY_NODE : NVML_TOPOLOGY_SYSTEM;
}

EXPORT nvmlReturn_t nvmlDeviceGetTopologyCommonAncestor(nvmlDevice_t device1, nvmlDevice_t device2, nvmlGpuTopologyLevel_t *pathInfo) {
        CALL(nvmlDeviceGetTopologyCommonAncestor);
        struct target a, b;
        TRY(call_device(&call, device1, TARGET_GPU, &a));
        TRY(call_device(&call, device2, TARGET_GPU, &b));
        if (!pathInfo)
                return NVML_ERROR_INVALID_ARGUMENT;
        *pathInfo = level_between(call.node, a.gpu, b.gpu);
        return NVML_SUCCESS;
}

/* Without an array: how many there would be. With one, no more than it holds. */
static void give_gpus(const struct call *call, uint32_t gpus, unsigned int *count, nvmlDevice_t *devices) {
        unsigned room = *count, number = 0;
        for (unsigned i = 0; i < call->node->gpu_count; i++) {
                if (!(gpus & 1U << i) || !call_sees(call, i) || (devices && number == room))
                        continue;
                if (devices)
                        devices[number] = handle_of_gpu(i);
                number++;
        }
        *count = number;
}

EXPORT nvmlReturn_t nvmlDeviceGetTopologyNearestGpus(nvmlDevice_t device, nvmlGpuTopologyLevel_t level, unsigned int *count,
                                                     nvmlDevice_t *deviceArray) {
        CALL(nvmlDeviceGetTopologyNearestGpus);
        struct target t;
        TRY(call_device(&call, device, TARGET_GPU, &t));
        if (!count || level > NVML_TOPOLOGY_SYSTEM || level % 10)
                return NVML_ERROR_INVALID_ARGUMENT;
        uint32_t gpus = 0;
        for (unsigned i = 0; i < call.node->gpu_count; i++)
                if (i != t.gpu && level_between(call.node, t.gpu, i) == level)
                        gpus |= 1U << i;
        give_gpus(&call, gpus, count, *count ? deviceArray : NULL);
        return NVML_SUCCESS;
}

EXPORT nvmlReturn_t nvmlSystemGetTopologyGpuSet(unsigned int cpuNumber, unsigned int *count, nvmlDevice_t *deviceArray) {
        CALL(nvmlSystemGetTopologyGpuSet);
        if (!count)
                return NVML_ERROR_INVALID_ARGUMENT;
        uint32_t gpus = 0;
        for (unsigned i = 0; i < call.node->gpu_count; i++)
                if (call.node->gpus[i].numa_node == cpuNumber / CPUS_PER_NODE)
                        gpus |= 1U << i;
        give_gpus(&call, gpus, count, *count ? deviceArray : NULL);
        return NVML_SUCCESS;
}

/* Over PCIe they all reach each other's memory; over NVLink those that are joined by it; in MIG mode none. */
EXPORT nvmlReturn_t nvmlDeviceGetP2PStatus(nvmlDevice_t device1, nvmlDevice_t device2, nvmlGpuP2PCapsIndex_t p2pIndex,
                                           nvmlGpuP2PStatus_t *p2pStatus) {
        CALL(nvmlDeviceGetP2PStatus);
        struct target a, b;
        TRY(call_device(&call, device1, TARGET_GPU, &a));
        TRY(call_device(&call, device2, TARGET_GPU, &b));
        if (!p2pStatus || p2pIndex >= NVML_P2P_CAPS_INDEX_UNKNOWN)
                return NVML_ERROR_INVALID_ARGUMENT;
        bool over_link = p2pIndex == NVML_P2P_CAPS_INDEX_NVLINK || p2pIndex == NVML_P2P_CAPS_INDEX_ATOMICS;
        bool linked = a.at->model_index == b.at->model_index && link_is_up(call.node, &a, 0) && link_is_up(call.node, &b, 0);
        if (a.at->mig_mode == NVML_DEVICE_MIG_ENABLE || b.at->mig_mode == NVML_DEVICE_MIG_ENABLE)
                *p2pStatus = NVML_P2P_STATUS_GPU_NOT_SUPPORTED;
        else
                *p2pStatus = over_link && !linked ? NVML_P2P_STATUS_NOT_SUPPORTED : NVML_P2P_STATUS_OK;
        return NVML_SUCCESS;
}

/* Bits [first, first + number) of a set of `longs` words; what lies beyond its end is left out. */
static void set_bits(unsigned long *set, unsigned longs, unsigned first, unsigned number) {
        memset(set, 0, longs * sizeof *set);
        for (unsigned bit = first; bit < first + number && bit / BITS_PER_LONG < longs; bit++)
                set[bit / BITS_PER_LONG] |= 1UL << bit % BITS_PER_LONG;
}

static nvmlReturn_t cpus(struct call *call, nvmlDevice_t device, unsigned longs, unsigned long *ret_set) {
        struct target t;
        TRY(call_device(call, device, TARGET_ANY, &t));
        if (!ret_set || !longs)
                return NVML_ERROR_INVALID_ARGUMENT;
        set_bits(ret_set, longs, t.at->numa_node * CPUS_PER_NODE, CPUS_PER_NODE);
        return NVML_SUCCESS;
}

EXPORT nvmlReturn_t nvmlDeviceGetCpuAffinity(nvmlDevice_t device, unsigned int cpuSetSize, unsigned long *cpuSet) {
        CALL(nvmlDeviceGetCpuAffinity);
        return cpus(&call, device, cpuSetSize, cpuSet);
}

EXPORT nvmlReturn_t nvmlDeviceGetCpuAffinityWithinScope(nvmlDevice_t device, unsigned int cpuSetSize, unsigned long *cpuSet,
                                                        nvmlAffinityScope_t scope) {
        CALL(nvmlDeviceGetCpuAffinityWithinScope);
        return scope <= NVML_AFFINITY_SCOPE_SOCKET ? cpus(&call, device, cpuSetSize, cpuSet) : NVML_ERROR_INVALID_ARGUMENT;
}

EXPORT nvmlReturn_t nvmlDeviceGetMemoryAffinity(nvmlDevice_t device, unsigned int nodeSetSize, unsigned long *nodeSet,
                                                nvmlAffinityScope_t scope) {
        CALL(nvmlDeviceGetMemoryAffinity);
        struct target t;
        TRY(call_device(&call, device, TARGET_ANY, &t));
        if (!nodeSet || !nodeSetSize || scope > NVML_AFFINITY_SCOPE_SOCKET)
                return NVML_ERROR_INVALID_ARGUMENT;
        set_bits(nodeSet, nodeSetSize, t.at->numa_node, 1);
        return NVML_SUCCESS;
}

/* Only where the GPU's memory is a NUMA node itself (Grace boards): those come behind the nodes of the CPUs. */
static nvmlReturn_t numa_node(const struct call *call, const struct target *t, unsigned int *ret_node) {
        unsigned cpu_nodes = 0;
        if (!board_of(node_model(t->at))->c2c)
                return NVML_ERROR_NOT_SUPPORTED;
        for (unsigned i = 0; i < call->node->gpu_count; i++)
                if (call->node->gpus[i].numa_node >= cpu_nodes)
                        cpu_nodes = call->node->gpus[i].numa_node + 1U;
        *ret_node = cpu_nodes + t->gpu;
        return NVML_SUCCESS;
}
GETTER(nvmlDeviceGetNumaNodeId, unsigned int, numa_node)

#define ADDRESSING_NONE 0
#define ADDRESSING_ATS 2
EXPORT nvmlReturn_t nvmlDeviceGetAddressingMode(nvmlDevice_t device, nvmlDeviceAddressingMode_t *mode) {
        CALL(nvmlDeviceGetAddressingMode);
        struct target t;
        TRY(call_device(&call, device, TARGET_ANY, &t));
        TRY_VERSION(mode, nvmlDeviceAddressingMode_v1_t, 1);
        mode->value = board_of(node_model(t.at))->c2c ? ADDRESSING_ATS : ADDRESSING_NONE;
        return NVML_SUCCESS;
}
