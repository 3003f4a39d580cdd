/* accounting: what processes used over their lives. Only of those that still run: a simulated process that ended leaves no account. */
#include "sim/node/process.h"
#include "sim/nvml/call.h"
#include "sim/nvml/exports.h"

#define BUFFER_SIZE 4000 /* what real drivers answer */

/* Not in MIG mode and, but for the mode itself, not while accounting is off. */
static nvmlReturn_t accounted_gpu(struct call *call, nvmlDevice_t device, bool on, struct target *ret_target) {
        struct target t;
        TRY(call_device(call, device, TARGET_ANY, &t));
        if (t.kind == TARGET_MIG || t.at->mig_mode == NVML_DEVICE_MIG_ENABLE || (on && !t.at->accounting_mode))
                return NVML_ERROR_NOT_SUPPORTED;
        *ret_target = t;
        return NVML_SUCCESS;
}

EXPORT nvmlReturn_t nvmlDeviceGetAccountingMode(nvmlDevice_t device, nvmlEnableState_t *mode) {
        CALL(nvmlDeviceGetAccountingMode);
        struct target t;
        TRY(accounted_gpu(&call, device, false, &t));
        if (!mode)
                return NVML_ERROR_INVALID_ARGUMENT;
        *mode = t.at->accounting_mode ? NVML_FEATURE_ENABLED : NVML_FEATURE_DISABLED;
        return NVML_SUCCESS;
}

EXPORT nvmlReturn_t nvmlDeviceSetAccountingMode(nvmlDevice_t device, nvmlEnableState_t mode) {
        CALL_WRITE(nvmlDeviceSetAccountingMode);
        struct target t;
        TRY(accounted_gpu(&call, device, false, &t));
        if ((unsigned)mode > NVML_FEATURE_ENABLED)
                return NVML_ERROR_INVALID_ARGUMENT;
        call.working->gpus[t.gpu].accounting_mode = mode == NVML_FEATURE_ENABLED;
        return call_commit(&call, NVML_SUCCESS);
}

EXPORT nvmlReturn_t nvmlDeviceGetAccountingBufferSize(nvmlDevice_t device, unsigned int *bufferSize) {
        CALL(nvmlDeviceGetAccountingBufferSize);
        struct target t;
        TRY(accounted_gpu(&call, device, true, &t));
        if (!bufferSize)
                return NVML_ERROR_INVALID_ARGUMENT;
        *bufferSize = BUFFER_SIZE;
        return NVML_SUCCESS;
}

/* A process may use a GPU in several ways (compute and graphics, say), and then stands in the table so often. */
static bool seen_before(const struct call *call, const struct target *t, unsigned at) {
        const struct node_process *all = call->node->processes;
        for (unsigned i = 0; i < at; i++)
                if (all[i].gpu == t->gpu && all[i].pid == all[at].pid)
                        return true;
        return false;
}

static int next_pid(const struct call *call, const struct target *t, unsigned from) {
        for (int i = process_next(call->node, from, t->gpu, NODE_NONE, NODE_NONE, PROCESS_KIND_MAX); i >= 0;
             i = process_next(call->node, (unsigned)i + 1, t->gpu, NODE_NONE, NODE_NONE, PROCESS_KIND_MAX))
                if (!seen_before(call, t, (unsigned)i))
                        return i;
        return -1;
}

EXPORT nvmlReturn_t nvmlDeviceGetAccountingPids(nvmlDevice_t device, unsigned int *count, unsigned int *pids) {
        CALL(nvmlDeviceGetAccountingPids);
        struct target t;
        TRY(accounted_gpu(&call, device, true, &t));
        if (!count || (*count && !pids))
                return NVML_ERROR_INVALID_ARGUMENT;
        unsigned room = *count, found = 0;
        for (int i = next_pid(&call, &t, 0); i >= 0; i = next_pid(&call, &t, (unsigned)i + 1))
                found++;
        *count = found;
        if (found > room)
                return NVML_ERROR_INSUFFICIENT_SIZE;
        for (int i = next_pid(&call, &t, 0); i >= 0; i = next_pid(&call, &t, (unsigned)i + 1))
                *pids++ = call.node->processes[i].pid;
        return NVML_SUCCESS;
}

EXPORT nvmlReturn_t nvmlDeviceClearAccountingPids(nvmlDevice_t device) {
        CALL_WRITE(nvmlDeviceClearAccountingPids);
        struct target t;
        return accounted_gpu(&call, device, true, &t); /* it would forget those that ended, and nobody remembers them anyway */
}

static nvmlReturn_t account_of(struct call *call, nvmlDevice_t device, unsigned pid, nvmlAccountingStats_v2_t *ret_stats) {
        struct target t;
        TRY(accounted_gpu(call, device, true, &t));
        nvmlAccountingStats_v2_t stats = { .pid = pid };
        for (int i = process_next(call->node, 0, t.gpu, NODE_NONE, NODE_NONE, PROCESS_KIND_MAX); i >= 0;
             i = process_next(call->node, (unsigned)i + 1, t.gpu, NODE_NONE, NODE_NONE, PROCESS_KIND_MAX)) {
                const struct node_process *p = &call->node->processes[i];
                if (p->pid != pid)
                        continue;
                if (!stats.isRunning || p->start_us < stats.startTime)
                        stats.startTime = p->start_us;
                stats.isRunning = 1;
                stats.gpuUtilization += p->sm_percent;
                stats.memoryUtilization += p->memory_percent;
                stats.maxMemoryUsage += p->memory_bytes;
        }
        if (!stats.isRunning)
                return NVML_ERROR_NOT_FOUND;
        *ret_stats = stats;
        return NVML_SUCCESS;
}

EXPORT nvmlReturn_t nvmlDeviceGetAccountingStats(nvmlDevice_t device, unsigned int pid, nvmlAccountingStats_t *stats) {
        CALL(nvmlDeviceGetAccountingStats);
        nvmlAccountingStats_v2_t full;
        if (!stats)
                return NVML_ERROR_INVALID_ARGUMENT;
        TRY(account_of(&call, device, pid, &full));
        *stats = (nvmlAccountingStats_t){
                .gpuUtilization = full.gpuUtilization,
                .memoryUtilization = full.memoryUtilization,
                .maxMemoryUsage = full.maxMemoryUsage,
                .time = full.time,
                .startTime = full.startTime,
                .isRunning = full.isRunning,
        };
        return NVML_SUCCESS;
}

/* One sample a second since the process began. Its sums are in hundredths of percent. */
EXPORT nvmlReturn_t nvmlDeviceGetAccountingStats_v2(nvmlDevice_t device, nvmlAccountingStats_v2_t *stats) {
        CALL(nvmlDeviceGetAccountingStats_v2);
        nvmlAccountingStats_v2_t full;
        if (!stats)
                return NVML_ERROR_INVALID_ARGUMENT;
        TRY(account_of(&call, device, stats->pid, &full));
        full.sampleCount = call.now_us > full.startTime ? (unsigned)((call.now_us - full.startTime) / 1000000) : 0;
        full.sumGpuUtil = (unsigned long long)full.gpuUtilization * 100 * full.sampleCount;
        full.sumFbUtil = (unsigned long long)full.memoryUtilization * 100 * full.sampleCount;
        *stats = full;
        return NVML_SUCCESS;
}
