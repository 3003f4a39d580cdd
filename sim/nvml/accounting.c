/* accounting: what processes used over their lives. */
#include "sim/node/account.h"
#include "sim/nvml/call.h"
#include "sim/nvml/exports.h"

#define BUFFER_SIZE 4000 /* what real drivers answer; here are the running processes and the last NODE_ACCOUNTS_MAX that ended */

/* Of a GPU in MIG mode, where nothing is accounted, drivers tell this much all the same (listings of H100 and H200). */
static nvmlReturn_t whole_gpu(struct call *call, nvmlDevice_t device, struct target *ret_target) {
        struct target t;
        TRY(call_device(call, device, TARGET_ANY, &t));
        if (t.kind == TARGET_MIG)
                return NVML_ERROR_NOT_SUPPORTED;
        *ret_target = t;
        return NVML_SUCCESS;
}

/* Not in MIG mode and, but for switching it on, not while accounting is off. */
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
        TRY(whole_gpu(&call, device, &t));
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
        account_switch(&call.working->gpus[t.gpu], mode == NVML_FEATURE_ENABLED);
        return call_commit(&call, NVML_SUCCESS);
}

EXPORT nvmlReturn_t nvmlDeviceGetAccountingBufferSize(nvmlDevice_t device, unsigned int *bufferSize) {
        CALL(nvmlDeviceGetAccountingBufferSize);
        struct target t;
        TRY(whole_gpu(&call, device, &t));
        if (!bufferSize)
                return NVML_ERROR_INVALID_ARGUMENT;
        *bufferSize = BUFFER_SIZE;
        return NVML_SUCCESS;
}

EXPORT nvmlReturn_t nvmlDeviceGetAccountingPids(nvmlDevice_t device, unsigned int *count, unsigned int *pids) {
        CALL(nvmlDeviceGetAccountingPids);
        struct target t;
        TRY(accounted_gpu(&call, device, true, &t));
        if (!count || (*count && !pids))
                return NVML_ERROR_INVALID_ARGUMENT;
        uint32_t all[ACCOUNT_PIDS_MAX];
        unsigned room = *count;
        *count = account_pids(call.node, t.gpu, all);
        if (*count > room)
                return NVML_ERROR_INSUFFICIENT_SIZE;
        if (pids)
                memcpy(pids, all, *count * sizeof *pids);
        return NVML_SUCCESS;
}

EXPORT nvmlReturn_t nvmlDeviceClearAccountingPids(nvmlDevice_t device) {
        CALL_WRITE(nvmlDeviceClearAccountingPids);
        struct target t;
        TRY(accounted_gpu(&call, device, true, &t));
        account_forget(&call.working->gpus[t.gpu]);
        return call_commit(&call, NVML_SUCCESS);
}

static nvmlReturn_t find_account(struct call *call, nvmlDevice_t device, unsigned pid, struct node_account *ret_account) {
        struct target t;
        TRY(accounted_gpu(call, device, true, &t));
        return account_of(call->node, t.gpu, pid, ret_account) ? NVML_SUCCESS : NVML_ERROR_NOT_FOUND;
}

/* Known only when it has ended. */
static uint64_t lifetime_ms(const struct node_account *a) {
        return a->end_us ? (a->end_us - a->start_us) / 1000 : 0;
}

EXPORT nvmlReturn_t nvmlDeviceGetAccountingStats(nvmlDevice_t device, unsigned int pid, nvmlAccountingStats_t *stats) {
        CALL(nvmlDeviceGetAccountingStats);
        struct node_account a;
        if (!stats)
                return NVML_ERROR_INVALID_ARGUMENT;
        TRY(find_account(&call, device, pid, &a));
        *stats = (nvmlAccountingStats_t){
                .gpuUtilization = a.gpu_percent,
                .memoryUtilization = a.memory_percent,
                .maxMemoryUsage = a.memory_bytes,
                .time = lifetime_ms(&a),
                .startTime = a.start_us,
                .isRunning = a.end_us == 0,
        };
        return NVML_SUCCESS;
}

/* One sample a second of the process's life. Its sums are in hundredths of percent. */
EXPORT nvmlReturn_t nvmlDeviceGetAccountingStats_v2(nvmlDevice_t device, nvmlAccountingStats_v2_t *stats) {
        CALL(nvmlDeviceGetAccountingStats_v2);
        struct node_account a;
        if (!stats)
                return NVML_ERROR_INVALID_ARGUMENT;
        TRY(find_account(&call, device, stats->pid, &a));
        uint64_t until_us = a.end_us ? a.end_us : call.now_us;
        unsigned samples = until_us > a.start_us ? (unsigned)((until_us - a.start_us) / 1000000) : 0;
        *stats = (nvmlAccountingStats_v2_t){
                .pid = a.pid,
                .isRunning = a.end_us == 0,
                .gpuUtilization = a.gpu_percent,
                .memoryUtilization = a.memory_percent,
                .maxMemoryUsage = a.memory_bytes,
                .sampleCount = samples,
                .sumGpuUtil = (unsigned long long)a.gpu_percent * 100 * samples,
                .sumFbUtil = (unsigned long long)a.memory_percent * 100 * samples,
                .time = lifetime_ms(&a),
                .startTime = a.start_us,
        };
        return NVML_SUCCESS;
}
