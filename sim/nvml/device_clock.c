/* Clocks, performance states, and what keeps a device from running faster. */
#include "sim/node/reading.h"

#include "sim/nvml/getter.h"

#define STEP_MHZ 15                /* between supported clocks of the compute part */
#define SUPPORTED_REASONS 0x1FFULL /* all that nvmlClocksEventReason… names */

static unsigned max_clock(const struct target *t, nvmlClockType_t type) {
        const struct board *b = getter_board(t);
        const unsigned clocks[NVML_CLOCK_COUNT] = { b->graphics_max_mhz, b->sm_max_mhz, b->memory_max_mhz, b->video_max_mhz };
        return clocks[type];
}

static unsigned current_clock(const struct call *call, const struct target *t, nvmlClockType_t type) {
        const struct reading r = getter_now(call, t);
        const unsigned clocks[NVML_CLOCK_COUNT] = { r.graphics_mhz, r.sm_mhz, r.memory_mhz, r.video_mhz };
        return clocks[type];
}

EXPORT nvmlReturn_t nvmlDeviceGetClockInfo(nvmlDevice_t device, nvmlClockType_t type, unsigned int *clock) {
        CALL(nvmlDeviceGetClockInfo);
        struct target t;
        TRY(call_device(&call, device, TARGET_ANY, &t));
        if (!clock || type >= NVML_CLOCK_COUNT)
                return NVML_ERROR_INVALID_ARGUMENT;
        *clock = current_clock(&call, &t, type);
        return NVML_SUCCESS;
}

EXPORT nvmlReturn_t nvmlDeviceGetMaxClockInfo(nvmlDevice_t device, nvmlClockType_t type, unsigned int *clock) {
        CALL(nvmlDeviceGetMaxClockInfo);
        struct target t;
        TRY(call_device(&call, device, TARGET_ANY, &t));
        if (!clock || type >= NVML_CLOCK_COUNT)
                return NVML_ERROR_INVALID_ARGUMENT;
        *clock = max_clock(&t, type);
        return NVML_SUCCESS;
}

EXPORT nvmlReturn_t nvmlDeviceGetMaxCustomerBoostClock(nvmlDevice_t device, nvmlClockType_t clockType, unsigned int *clockMHz) {
        CALL(nvmlDeviceGetMaxCustomerBoostClock);
        struct target t;
        TRY(call_device(&call, device, TARGET_ANY, &t));
        if (!clockMHz || clockType >= NVML_CLOCK_COUNT)
                return NVML_ERROR_INVALID_ARGUMENT;
        *clockMHz = max_clock(&t, clockType);
        return NVML_SUCCESS;
}

/* Application clocks: as fast as possible, until R590 gave them up. */
static nvmlReturn_t application_clock(const struct call *call, const struct target *t, nvmlClockType_t type, unsigned int *ret_mhz) {
        if (!ret_mhz || type >= NVML_CLOCK_COUNT)
                return NVML_ERROR_INVALID_ARGUMENT;
        if (call->node->driver_major >= 590)
                return NVML_ERROR_DEPRECATED;
        *ret_mhz = max_clock(t, type);
        return NVML_SUCCESS;
}

EXPORT nvmlReturn_t nvmlDeviceGetApplicationsClock(nvmlDevice_t device, nvmlClockType_t clockType, unsigned int *clockMHz) {
        CALL(nvmlDeviceGetApplicationsClock);
        struct target t;
        TRY(call_device(&call, device, TARGET_ANY, &t));
        return application_clock(&call, &t, clockType, clockMHz);
}

EXPORT nvmlReturn_t nvmlDeviceGetDefaultApplicationsClock(nvmlDevice_t device, nvmlClockType_t clockType, unsigned int *clockMHz) {
        CALL(nvmlDeviceGetDefaultApplicationsClock);
        struct target t;
        TRY(call_device(&call, device, TARGET_ANY, &t));
        return application_clock(&call, &t, clockType, clockMHz);
}

EXPORT nvmlReturn_t nvmlDeviceGetClock(nvmlDevice_t device, nvmlClockType_t clockType, nvmlClockId_t clockId, unsigned int *clockMHz) {
        CALL(nvmlDeviceGetClock);
        struct target t;
        TRY(call_device(&call, device, TARGET_ANY, &t));
        if (!clockMHz || clockType >= NVML_CLOCK_COUNT || clockId >= NVML_CLOCK_ID_COUNT)
                return NVML_ERROR_INVALID_ARGUMENT;
        if (clockId == NVML_CLOCK_ID_APP_CLOCK_TARGET || clockId == NVML_CLOCK_ID_APP_CLOCK_DEFAULT)
                return application_clock(&call, &t, clockType, clockMHz);
        *clockMHz = clockId == NVML_CLOCK_ID_CURRENT ? current_clock(&call, &t, clockType) : max_clock(&t, clockType);
        return NVML_SUCCESS;
}

static nvmlReturn_t lock_clock(struct call *call, const struct target *t, unsigned min_mhz, unsigned max_mhz) {
        struct node_gpu *gpu = &call->working->gpus[t->gpu];
        gpu->locked_min_mhz = min_mhz;
        gpu->locked_max_mhz = max_mhz;
        return call_commit(call, NVML_SUCCESS);
}

static unsigned within_board(const struct board *b, unsigned mhz) {
        return mhz < b->idle_mhz ? b->idle_mhz : mhz > b->graphics_max_mhz ? b->graphics_max_mhz : mhz;
}

static bool is_symbol(unsigned clock) {
        return clock == NVML_CLOCK_LIMIT_ID_TDP || clock == NVML_CLOCK_LIMIT_ID_UNLIMITED;
}

/* Two clocks, which what the board can do limits, or two symbols; no board says which clock "TDP" is. */
EXPORT nvmlReturn_t nvmlDeviceSetGpuLockedClocks(nvmlDevice_t device, unsigned int minGpuClockMHz, unsigned int maxGpuClockMHz) {
        CALL_WRITE(nvmlDeviceSetGpuLockedClocks);
        struct target t;
        TRY(call_device(&call, device, TARGET_GPU, &t));
        const struct board *b = getter_board(&t);
        if (is_symbol(minGpuClockMHz) != is_symbol(maxGpuClockMHz))
                return NVML_ERROR_INVALID_ARGUMENT;
        if (minGpuClockMHz == NVML_CLOCK_LIMIT_ID_UNLIMITED && maxGpuClockMHz == NVML_CLOCK_LIMIT_ID_UNLIMITED)
                return lock_clock(&call, &t, 0, 0);
        if (is_symbol(minGpuClockMHz))
                return NVML_ERROR_NOT_SUPPORTED;
        if (minGpuClockMHz > maxGpuClockMHz)
                return NVML_ERROR_INVALID_ARGUMENT;
        unsigned min_mhz = within_board(b, minGpuClockMHz), max_mhz = within_board(b, maxGpuClockMHz);
        return lock_clock(&call, &t, min_mhz, max_mhz);
}

EXPORT nvmlReturn_t nvmlDeviceResetGpuLockedClocks(nvmlDevice_t device) {
        CALL_WRITE(nvmlDeviceResetGpuLockedClocks);
        struct target t;
        TRY(call_device(&call, device, TARGET_GPU, &t));
        return lock_clock(&call, &t, 0, 0);
}

/* A list in the caller's array, whose size comes in `count`; how many there are goes out there in any case. */
static nvmlReturn_t give_clocks(unsigned first, unsigned step, unsigned number, unsigned int *count, unsigned int *clocks) {
        unsigned room = *count;
        *count = number;
        if (room < number)
                return NVML_ERROR_INSUFFICIENT_SIZE;
        if (!clocks)
                return NVML_ERROR_INVALID_ARGUMENT;
        for (unsigned i = 0; i < number; i++)
                clocks[i] = first - i * step;
        return NVML_SUCCESS;
}

EXPORT nvmlReturn_t nvmlDeviceGetSupportedMemoryClocks(nvmlDevice_t device, unsigned int *count, unsigned int *clocksMHz) {
        CALL(nvmlDeviceGetSupportedMemoryClocks);
        struct target t;
        TRY(call_device(&call, device, TARGET_ANY, &t));
        return count ? give_clocks(getter_board(&t)->memory_max_mhz, 0, 1, count, clocksMHz) : NVML_ERROR_INVALID_ARGUMENT;
}

EXPORT nvmlReturn_t nvmlDeviceGetSupportedGraphicsClocks(nvmlDevice_t device, unsigned int memoryClockMHz, unsigned int *count,
                                                         unsigned int *clocksMHz) {
        CALL(nvmlDeviceGetSupportedGraphicsClocks);
        struct target t;
        TRY(call_device(&call, device, TARGET_ANY, &t));
        const struct board *b = getter_board(&t);
        if (!count)
                return NVML_ERROR_INVALID_ARGUMENT;
        if (memoryClockMHz != b->memory_max_mhz)
                return NVML_ERROR_NOT_FOUND;
        return give_clocks(b->graphics_max_mhz, STEP_MHZ, (b->graphics_max_mhz - b->idle_mhz) / STEP_MHZ + 1, count, clocksMHz);
}

static nvmlReturn_t performance_state(const struct call *call, const struct target *t, nvmlPstates_t *ret_state) {
        *ret_state = (nvmlPstates_t)getter_now(call, t).performance_state;
        return NVML_SUCCESS;
}
GETTER(nvmlDeviceGetPerformanceState, nvmlPstates_t, performance_state)
GETTER(nvmlDeviceGetPowerState, nvmlPstates_t, performance_state)

/* `size` in bytes; the rest of the array is filled with "unknown". */
EXPORT nvmlReturn_t nvmlDeviceGetSupportedPerformanceStates(nvmlDevice_t device, nvmlPstates_t *pstates, unsigned int size) {
        CALL(nvmlDeviceGetSupportedPerformanceStates);
        struct target t;
        TRY(call_device(&call, device, TARGET_ANY, &t));
        unsigned room = size / sizeof *pstates;
        bool sleeps = getter_board(&t)->memory_bus_bits < 1024; /* HBM never slows down, and with it the GPU stays in P0 */
        if (!pstates)
                return NVML_ERROR_INVALID_ARGUMENT;
        if (room < 1U + sleeps)
                return NVML_ERROR_INSUFFICIENT_SIZE;
        for (unsigned i = 0; i < room && i < NVML_MAX_GPU_PERF_PSTATES; i++)
                pstates[i] = NVML_PSTATE_UNKNOWN;
        pstates[0] = NVML_PSTATE_0;
        if (sleeps)
                pstates[1] = NVML_PSTATE_8;
        return NVML_SUCCESS;
}

static nvmlReturn_t event_reasons(const struct call *call, const struct target *t, unsigned long long *ret_reasons) {
        *ret_reasons = getter_now(call, t).clock_event_reasons;
        return NVML_SUCCESS;
}
GETTER(nvmlDeviceGetCurrentClocksEventReasons, unsigned long long, event_reasons)
GETTER(nvmlDeviceGetCurrentClocksThrottleReasons, unsigned long long, event_reasons)

static nvmlReturn_t supported_reasons(const struct call *call, const struct target *t, unsigned long long *ret_reasons) {
        (void)call;
        (void)t;
        *ret_reasons = SUPPORTED_REASONS;
        return NVML_SUCCESS;
}
GETTER(nvmlDeviceGetSupportedClocksEventReasons, unsigned long long, supported_reasons)
GETTER(nvmlDeviceGetSupportedClocksThrottleReasons, unsigned long long, supported_reasons)

static nvmlReturn_t adaptive_clock(const struct call *call, const struct target *t, unsigned int *ret_status) {
        (void)call;
        (void)t;
        *ret_status = 0;
        return NVML_SUCCESS;
}
GETTER(nvmlDeviceGetAdaptiveClockInfoStatus, unsigned int, adaptive_clock)

/* How long a limit slowed the device down: nobody counts. */
EXPORT nvmlReturn_t nvmlDeviceGetViolationStatus(nvmlDevice_t device, nvmlPerfPolicyType_t perfPolicyType, nvmlViolationTime_t *violTime) {
        CALL(nvmlDeviceGetViolationStatus);
        struct target t;
        TRY(call_device(&call, device, TARGET_ANY, &t));
        if (!violTime || perfPolicyType >= NVML_PERF_POLICY_COUNT)
                return NVML_ERROR_INVALID_ARGUMENT;
        *violTime = (nvmlViolationTime_t){ .referenceTime = call.now_us };
        return NVML_SUCCESS;
}
