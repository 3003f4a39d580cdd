/* process_usage: how much each process uses a GPU. Not to be had on a GPU in MIG mode or on a MIG device. */
#include "sim/nvml/exports.h"
#include "sim/nvml/process_scope.h"

/* The driver samples utilisation about six times a second (nvmlDeviceGetUtilizationRates says "between 1 second and 1/6 second"). */
#define SAMPLE_US 166667

static uint64_t newest_sample_us(const struct call *call) {
        return call->now_us - call->now_us % SAMPLE_US;
}

static bool idle(const struct node_process *p) {
        return !p->sm_percent && !p->memory_percent && !p->encoder_percent && !p->decoder_percent;
}

/* The next process that did something since `last_seen_us`. */
static const struct node_process *next_busy(const struct call *call, const struct process_scope *scope, uint64_t last_seen_us,
                                            unsigned *from) {
        const struct node_process *p;
        if (newest_sample_us(call) <= last_seen_us)
                return NULL;
        while ((p = process_scope_next(call, scope, PROCESS_KIND_MAX, from)))
                if (!idle(p))
                        return p;
        return NULL;
}

static unsigned count_busy(const struct call *call, const struct process_scope *scope, uint64_t last_seen_us) {
        unsigned count = 0;
        for (unsigned from = 0; next_busy(call, scope, last_seen_us, &from);)
                count++;
        return count;
}

static nvmlReturn_t whole_gpu(struct call *call, nvmlDevice_t device, struct process_scope *ret_scope) {
        struct target t;
        TRY(call_device(call, device, TARGET_ANY, &t));
        if (t.kind == TARGET_MIG || t.at->mig_mode == NVML_DEVICE_MIG_ENABLE)
                return NVML_ERROR_NOT_SUPPORTED;
        return process_scope(call, device, ret_scope);
}

EXPORT nvmlReturn_t nvmlDeviceGetProcessUtilization(nvmlDevice_t device, nvmlProcessUtilizationSample_t *utilization,
                                                    unsigned int *processSamplesCount, unsigned long long lastSeenTimeStamp) {
        CALL(nvmlDeviceGetProcessUtilization);
        struct process_scope scope;
        TRY(whole_gpu(&call, device, &scope));
        if (!processSamplesCount)
                return NVML_ERROR_INVALID_ARGUMENT;
        unsigned room = utilization ? *processSamplesCount : 0, found = count_busy(&call, &scope, lastSeenTimeStamp);
        if (!found)
                return NVML_ERROR_NOT_FOUND;
        *processSamplesCount = found;
        if (found > room)
                return NVML_ERROR_INSUFFICIENT_SIZE;
        const struct node_process *p;
        for (unsigned from = 0; (p = next_busy(&call, &scope, lastSeenTimeStamp, &from)); utilization++)
                *utilization = (nvmlProcessUtilizationSample_t){
                        .pid = p->pid,
                        .timeStamp = newest_sample_us(&call),
                        .smUtil = p->sm_percent,
                        .memUtil = p->memory_percent,
                        .encUtil = p->encoder_percent,
                        .decUtil = p->decoder_percent,
                };
        return NVML_SUCCESS;
}

EXPORT nvmlReturn_t nvmlDeviceGetProcessesUtilizationInfo(nvmlDevice_t device, nvmlProcessesUtilizationInfo_t *procesesUtilInfo) {
        CALL(nvmlDeviceGetProcessesUtilizationInfo);
        nvmlProcessesUtilizationInfo_t *list = procesesUtilInfo;
        struct process_scope scope;
        TRY(whole_gpu(&call, device, &scope));
        if (!list)
                return NVML_ERROR_INVALID_ARGUMENT;
        if (list->version != NVML_VERSION(nvmlProcessesUtilizationInfo_v1_t, 1))
                return NVML_ERROR_ARGUMENT_VERSION_MISMATCH;
        unsigned room = list->procUtilArray ? list->processSamplesCount : 0, found = count_busy(&call, &scope, list->lastSeenTimeStamp);
        if (!found)
                return NVML_ERROR_NOT_FOUND;
        list->processSamplesCount = found;
        if (found > room)
                return NVML_ERROR_INSUFFICIENT_SIZE;
        nvmlProcessUtilizationInfo_v1_t *entry = list->procUtilArray;
        const struct node_process *p;
        for (unsigned from = 0; (p = next_busy(&call, &scope, list->lastSeenTimeStamp, &from)); entry++)
                *entry = (nvmlProcessUtilizationInfo_v1_t){
                        .timeStamp = newest_sample_us(&call),
                        .pid = p->pid,
                        .smUtil = p->sm_percent,
                        .memUtil = p->memory_percent,
                        .encUtil = p->encoder_percent,
                        .decUtil = p->decoder_percent,
                };
        return NVML_SUCCESS;
}
