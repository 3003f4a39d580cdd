/* processes: who runs on a GPU or a MIG device. */
#include <string.h>

#include "sim/node/process.h"
#include "sim/nvml/exports.h"
#include "sim/nvml/process_scope.h"

nvmlReturn_t process_scope(struct call *call, nvmlDevice_t device, struct process_scope *ret_scope) {
        struct target t;
        TRY(call_device(call, device, TARGET_ANY, &t));
        bool shared = t.kind == TARGET_GPU && t.at->mig_mode == NVML_DEVICE_MIG_ENABLE;
        if (shared && !call_privileged())
                return NVML_ERROR_NO_PERMISSION;
        *ret_scope = (struct process_scope){
                .target = t,
                .gi_id = t.gi ? t.gi->id : NODE_NONE,
                .ci_id = t.ci ? t.ci->id : NODE_NONE,
        };
        return NVML_SUCCESS;
}

const struct node_process *process_scope_next(const struct call *call, const struct process_scope *scope, unsigned kind, unsigned *from) {
        int found = process_next(call->node, *from, scope->target.gpu, scope->gi_id, scope->ci_id, kind);
        if (found < 0)
                return NULL;
        *from = (unsigned)found + 1;
        return &call->node->processes[found];
}

static unsigned count_processes(const struct call *call, const struct process_scope *scope, unsigned kind) {
        unsigned count = 0;
        for (unsigned from = 0; process_scope_next(call, scope, kind, &from);)
                count++;
        return count;
}

static unsigned instance_number(uint8_t id) {
        return id == NODE_NONE ? NVML_NO_INSTANCE : id;
}

/* Entries of the caller's array, in its version's layout: 16 bytes that say nothing of instances, or 24. */
static void fill_v1(void *entry, const struct node_process *p) {
        *(nvmlProcessInfo_v1_t *)entry = (nvmlProcessInfo_v1_t){ .pid = p->pid, .usedGpuMemory = p->memory_bytes };
}

static void fill_v2(void *entry, const struct node_process *p) {
        *(nvmlProcessInfo_v2_t *)entry = (nvmlProcessInfo_v2_t){
                .pid = p->pid,
                .usedGpuMemory = p->memory_bytes,
                .gpuInstanceId = instance_number(p->gi_id),
                .computeInstanceId = instance_number(p->ci_id),
        };
}

/* Too little room, or none (`infos` NULL, *count 0): INSUFFICIENT_SIZE and how much it takes. */
static nvmlReturn_t list_processes(struct call *call, nvmlDevice_t device, unsigned kind, unsigned *count, void *infos, size_t entry_size,
                                   void (*fill)(void *entry, const struct node_process *p)) {
        struct process_scope scope;
        TRY(process_scope(call, device, &scope));
        if (!count || (*count && !infos))
                return NVML_ERROR_INVALID_ARGUMENT;
        unsigned room = *count, found = count_processes(call, &scope, kind);
        *count = found;
        if (found > room)
                return NVML_ERROR_INSUFFICIENT_SIZE;
        char *entry = infos;
        const struct node_process *p;
        for (unsigned from = 0; (p = process_scope_next(call, &scope, kind, &from)); entry += entry_size)
                fill(entry, p);
        return NVML_SUCCESS;
}

#define LIST(name, kind, entry_type, fill)                                                                                                 \
        EXPORT nvmlReturn_t name(nvmlDevice_t device, unsigned int *infoCount, entry_type *infos) {                                        \
                CALL(name);                                                                                                                \
                return list_processes(&call, device, kind, infoCount, infos, sizeof *infos, fill);                                         \
        }
LIST(nvmlDeviceGetComputeRunningProcesses, PROCESS_COMPUTE, nvmlProcessInfo_v1_t, fill_v1)
LIST(nvmlDeviceGetComputeRunningProcesses_v2, PROCESS_COMPUTE, nvmlProcessInfo_v2_t, fill_v2)
LIST(nvmlDeviceGetComputeRunningProcesses_v3, PROCESS_COMPUTE, nvmlProcessInfo_t, fill_v2)
LIST(nvmlDeviceGetGraphicsRunningProcesses, PROCESS_GRAPHICS, nvmlProcessInfo_v1_t, fill_v1)
LIST(nvmlDeviceGetGraphicsRunningProcesses_v2, PROCESS_GRAPHICS, nvmlProcessInfo_v2_t, fill_v2)
LIST(nvmlDeviceGetGraphicsRunningProcesses_v3, PROCESS_GRAPHICS, nvmlProcessInfo_t, fill_v2)
LIST(nvmlDeviceGetMPSComputeRunningProcesses, PROCESS_MPS, nvmlProcessInfo_v1_t, fill_v1)
LIST(nvmlDeviceGetMPSComputeRunningProcesses_v2, PROCESS_MPS, nvmlProcessInfo_v2_t, fill_v2)
LIST(nvmlDeviceGetMPSComputeRunningProcesses_v3, PROCESS_MPS, nvmlProcessInfo_t, fill_v2)

/* The newest list, for Hopper and later. Its modes are numbered as our kinds; one more means all of them. */
_Static_assert(NVML_PROCESS_MODE_COMPUTE == PROCESS_COMPUTE && NVML_PROCESS_MODE_GRAPHICS == PROCESS_GRAPHICS &&
                       NVML_PROCESS_MODE_MPS == PROCESS_MPS && NVML_PROCESS_MODE_ALL == PROCESS_KIND_MAX,
               "modes are kinds");

EXPORT nvmlReturn_t nvmlDeviceGetRunningProcessDetailList(nvmlDevice_t device, nvmlProcessDetailList_t *plist) {
        CALL(nvmlDeviceGetRunningProcessDetailList);
        struct process_scope scope;
        TRY(process_scope(&call, device, &scope));
        if (!plist)
                return NVML_ERROR_INVALID_ARGUMENT;
        if (plist->version != NVML_VERSION(nvmlProcessDetailList_v1_t, 1))
                return NVML_ERROR_ARGUMENT_VERSION_MISMATCH;
        if (plist->mode > NVML_PROCESS_MODE_ALL || (plist->numProcArrayEntries && !plist->procArray))
                return NVML_ERROR_INVALID_ARGUMENT;
        if (node_model(scope.target.at)->cc_major < 9)
                return NVML_ERROR_NOT_SUPPORTED;

        unsigned room = plist->numProcArrayEntries, found = count_processes(&call, &scope, plist->mode);
        plist->numProcArrayEntries = found;
        if (found > room)
                return NVML_ERROR_INSUFFICIENT_SIZE;
        nvmlProcessDetail_v1_t *entry = plist->procArray;
        const struct node_process *p;
        for (unsigned from = 0; (p = process_scope_next(&call, &scope, plist->mode, &from)); entry++)
                *entry = (nvmlProcessDetail_v1_t){
                        .pid = p->pid,
                        .usedGpuMemory = p->memory_bytes,
                        .gpuInstanceId = instance_number(p->gi_id),
                        .computeInstanceId = instance_number(p->ci_id),
                        .usedGpuCcProtectedMemory = 0, /* no confidential computing here */
                };
        return NVML_SUCCESS;
}
