/* events: waiting for what happens on the GPUs (XIDs, ECC errors, MIG changes). */
#include <limits.h>

#include "sim/node/reading.h"
#include "sim/nvml/event_set.h"
#include "sim/nvml/exports.h"

/* A set that is freed by another thread, or a shutdown, wakes nobody: who waits looks so often. */
#define LOOK_MS 1000

#define TYPES_KNOWN                                                                                                                        \
        (nvmlEventTypeSingleBitEccError | nvmlEventTypeDoubleBitEccError | nvmlEventTypePState | nvmlEventTypeXidCriticalError |           \
         nvmlEventTypeClock | nvmlEventTypePowerSourceChange | nvmlEventMigConfigChange | nvmlEventTypeSingleBitEccErrorStorm |            \
         nvmlEventTypeDramRetirementEvent | nvmlEventTypeDramRetirementFailure | nvmlEventTypeNonFatalPoisonError |                        \
         nvmlEventTypeFatalPoisonError | nvmlEventTypeGpuUnavailableError | nvmlEventTypeGpuRecoveryAction)

static uint64_t supported_types(const struct node_gpu *gpu) {
        uint64_t types = nvmlEventTypePState | nvmlEventTypeXidCriticalError | nvmlEventTypeClock;
        if (board_of(node_model(gpu))->ecc)
                types |= nvmlEventTypeSingleBitEccError | nvmlEventTypeDoubleBitEccError;
        if (gpu_has_mig(node_model(gpu)))
                types |= nvmlEventMigConfigChange;
        return types;
}

/* Events are the GPU's: a MIG device has none of its own. */
static nvmlReturn_t event_gpu(struct call *call, nvmlDevice_t device, struct target *ret_target) {
        struct target t;
        TRY(call_device(call, device, TARGET_ANY, &t));
        if (t.kind == TARGET_MIG)
                return NVML_ERROR_NOT_SUPPORTED;
        *ret_target = t;
        return NVML_SUCCESS;
}

EXPORT nvmlReturn_t nvmlDeviceGetSupportedEventTypes(nvmlDevice_t device, unsigned long long *eventTypes) {
        CALL(nvmlDeviceGetSupportedEventTypes);
        struct target t;
        TRY(event_gpu(&call, device, &t));
        if (!eventTypes)
                return NVML_ERROR_INVALID_ARGUMENT;
        *eventTypes = supported_types(t.at);
        return NVML_SUCCESS;
}

EXPORT nvmlReturn_t nvmlEventSetCreate(nvmlEventSet_t *set) {
        CALL(nvmlEventSetCreate);
        if (!set)
                return NVML_ERROR_INVALID_ARGUMENT;
        return event_set_make(call.node, set);
}

EXPORT nvmlReturn_t nvmlEventSetFree(nvmlEventSet_t set) {
        CALL(nvmlEventSetFree);
        struct event_set *found = event_set_find(set);
        if (!found)
                return NVML_ERROR_INVALID_ARGUMENT;
        event_set_free(found);
        return NVML_SUCCESS;
}

EXPORT nvmlReturn_t nvmlDeviceRegisterEvents(nvmlDevice_t device, unsigned long long eventTypes, nvmlEventSet_t set) {
        CALL(nvmlDeviceRegisterEvents);
        struct target t;
        TRY(event_gpu(&call, device, &t));
        struct event_set *found = event_set_find(set);
        if (!found || eventTypes & ~TYPES_KNOWN)
                return NVML_ERROR_INVALID_ARGUMENT;
        if (eventTypes & ~supported_types(t.at))
                return NVML_ERROR_NOT_SUPPORTED;
        event_set_register(found, call.node, t.gpu, eventTypes);
        return NVML_SUCCESS;
}

static int64_t now_ms(void) {
        struct timespec now;
        clock_gettime(CLOCK_MONOTONIC, &now);
        return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* An event that is there already goes before the loss of a GPU, which is told again and again. */
static nvmlReturn_t wait_for_event(struct call *call, nvmlEventSet_t handle, unsigned timeout_ms, nvmlEventData_t *ret_data) {
        int64_t deadline = now_ms() + timeout_ms;
        uint64_t boot = call->node->boot;
        for (;;) {
                struct event_set *set = event_set_find(handle);
                if (!set)
                        return NVML_ERROR_INVALID_ARGUMENT;
                if (call->node->boot != boot)
                        return NVML_ERROR_UNINITIALIZED;
                const struct node_event *event = event_set_take(set, call->node, !call_privileged());
                if (event) {
                        *ret_data = (nvmlEventData_t){
                                .device = handle_of_gpu(event->gpu),
                                .eventType = event->type,
                                .eventData = event->data,
                                .gpuInstanceId = event->gi_id,
                                .computeInstanceId = event->ci_id,
                        };
                        return NVML_SUCCESS;
                }
                if (event_set_lost_gpu(set, call->node))
                        return NVML_ERROR_GPU_IS_LOST;

                int64_t left = deadline - now_ms();
                if (left <= 0)
                        return NVML_ERROR_TIMEOUT;
                nvmlReturn_t r = call_wait(call, (int)(left < LOOK_MS ? left : LOOK_MS));
                if (r != NVML_SUCCESS && r != NVML_ERROR_TIMEOUT)
                        return r;
        }
}

/* The first version's data ends before the instance ids: what stands behind is not the caller's to give. */
EXPORT nvmlReturn_t nvmlEventSetWait(nvmlEventSet_t set, nvmlEventData_t *data, unsigned int timeoutms) {
        CALL(nvmlEventSetWait);
        nvmlEventData_t full;
        if (!data)
                return NVML_ERROR_INVALID_ARGUMENT;
        TRY(wait_for_event(&call, set, timeoutms, &full));
        memcpy(data, &full, offsetof(nvmlEventData_t, gpuInstanceId));
        return NVML_SUCCESS;
}

EXPORT nvmlReturn_t nvmlEventSetWait_v2(nvmlEventSet_t set, nvmlEventData_t *data, unsigned int timeoutms) {
        CALL(nvmlEventSetWait_v2);
        if (!data)
                return NVML_ERROR_INVALID_ARGUMENT;
        return wait_for_event(&call, set, timeoutms, data);
}
