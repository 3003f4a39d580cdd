/* ECC: the mode and the counters. */
#include "sim/node/reading.h"

#include "sim/nvml/device_ecc.h"
#include "sim/nvml/getter.h"

EXPORT nvmlReturn_t nvmlDeviceGetEccMode(nvmlDevice_t device, nvmlEnableState_t *current, nvmlEnableState_t *pending) {
        CALL(nvmlDeviceGetEccMode);
        struct target t;
        TRY(call_device(&call, device, TARGET_ANY, &t));
        if (!current || !pending)
                return NVML_ERROR_INVALID_ARGUMENT;
        if (!getter_board(&t)->ecc)
                return NVML_ERROR_NOT_SUPPORTED;
        *current = (nvmlEnableState_t)t.at->ecc_mode;
        *pending = (nvmlEnableState_t)t.at->ecc_pending;
        return NVML_SUCCESS;
}

static nvmlReturn_t default_mode(const struct call *call, const struct target *t, nvmlEnableState_t *ret_mode) {
        (void)call;
        if (!getter_board(t)->ecc)
                return NVML_ERROR_NOT_SUPPORTED;
        *ret_mode = NVML_FEATURE_ENABLED;
        return NVML_SUCCESS;
}
GETTER(nvmlDeviceGetDefaultEccMode, nvmlEnableState_t, default_mode)

/* Becomes current at the next reset. */
EXPORT nvmlReturn_t nvmlDeviceSetEccMode(nvmlDevice_t device, nvmlEnableState_t ecc) {
        CALL_WRITE(nvmlDeviceSetEccMode);
        struct target t;
        TRY(call_device(&call, device, TARGET_GPU, &t));
        if (ecc != NVML_FEATURE_DISABLED && ecc != NVML_FEATURE_ENABLED)
                return NVML_ERROR_INVALID_ARGUMENT;
        if (!getter_board(&t)->ecc)
                return NVML_ERROR_NOT_SUPPORTED;
        call.working->gpus[t.gpu].ecc_pending = (uint8_t)ecc;
        return call_commit(&call, NVML_SUCCESS);
}

static nvmlReturn_t check_counters(const struct target *t) {
        return getter_board(t)->ecc && t->at->ecc_mode == NVML_FEATURE_ENABLED ? NVML_SUCCESS : NVML_ERROR_NOT_SUPPORTED;
}

static bool known(nvmlMemoryErrorType_t error, nvmlEccCounterType_t counter) {
        return (error == NVML_MEMORY_ERROR_TYPE_CORRECTED || error == NVML_MEMORY_ERROR_TYPE_UNCORRECTED) &&
               (counter == NVML_VOLATILE_ECC || counter == NVML_AGGREGATE_ECC);
}

nvmlReturn_t ecc_count(const struct target *t, nvmlMemoryErrorType_t error, nvmlEccCounterType_t counter, nvmlMemoryLocation_t location,
                       unsigned long long *ret_count) {
        bool uncorrected = error == NVML_MEMORY_ERROR_TYPE_UNCORRECTED;
        const struct node_ecc *ecc = counter == NVML_VOLATILE_ECC ? &t->at->ecc_volatile : &t->at->ecc_aggregate;
        unsigned long long sram = uncorrected ? ecc->sram_uncorrected : ecc->sram_corrected;
        unsigned long long dram = uncorrected ? ecc->dram_uncorrected : ecc->dram_corrected;
        TRY(check_counters(t));
        if (location == ECC_EVERYWHERE) {
                *ret_count = sram + dram;
                return NVML_SUCCESS;
        }
        if (location > NVML_MEMORY_LOCATION_SRAM)
                return NVML_ERROR_INVALID_ARGUMENT;
        /* Since Ampere the GPU tells SRAM and DRAM apart and nothing finer; before, it named the memories, and an SRAM error is shown as
         * L2's. */
        bool fine = !getter_board(t)->row_remap;
        nvmlMemoryLocation_t sram_is = fine ? NVML_MEMORY_LOCATION_L2_CACHE : NVML_MEMORY_LOCATION_SRAM;
        if (location != NVML_MEMORY_LOCATION_DRAM && fine == (location == NVML_MEMORY_LOCATION_SRAM))
                return NVML_ERROR_NOT_SUPPORTED;
        *ret_count = location == NVML_MEMORY_LOCATION_DRAM ? dram : location == sram_is ? sram : 0;
        return NVML_SUCCESS;
}

EXPORT nvmlReturn_t nvmlDeviceGetTotalEccErrors(nvmlDevice_t device, nvmlMemoryErrorType_t errorType, nvmlEccCounterType_t counterType,
                                                unsigned long long *eccCounts) {
        CALL(nvmlDeviceGetTotalEccErrors);
        struct target t;
        TRY(call_device(&call, device, TARGET_ANY, &t));
        if (!eccCounts || !known(errorType, counterType))
                return NVML_ERROR_INVALID_ARGUMENT;
        return ecc_count(&t, errorType, counterType, ECC_EVERYWHERE, eccCounts);
}

/* Of an instance only the errors of its SRAM that nobody corrected are counted, since the driver was loaded. */
EXPORT nvmlReturn_t nvmlDeviceGetMemoryErrorCounter(nvmlDevice_t device, nvmlMemoryErrorType_t errorType, nvmlEccCounterType_t counterType,
                                                    nvmlMemoryLocation_t locationType, unsigned long long *count) {
        CALL(nvmlDeviceGetMemoryErrorCounter);
        struct target t;
        TRY(call_device(&call, device, TARGET_ANY, &t));
        if (!count || !known(errorType, counterType) || locationType > NVML_MEMORY_LOCATION_SRAM)
                return NVML_ERROR_INVALID_ARGUMENT;
        bool of_slice = errorType == NVML_MEMORY_ERROR_TYPE_UNCORRECTED && counterType == NVML_VOLATILE_ECC &&
                        locationType == NVML_MEMORY_LOCATION_SRAM;
        if (t.kind == TARGET_MIG && !of_slice)
                return NVML_ERROR_NOT_SUPPORTED;
        return ecc_count(&t, errorType, counterType, locationType, count);
}

EXPORT nvmlReturn_t nvmlDeviceGetSramEccErrorStatus(nvmlDevice_t device, nvmlEccSramErrorStatus_t *status) {
        CALL(nvmlDeviceGetSramEccErrorStatus);
        struct target t;
        TRY(call_device(&call, device, TARGET_ANY, &t));
        TRY_VERSION(status, nvmlEccSramErrorStatus_v1_t, 1);
        if (!getter_board(&t)->row_remap)
                return NVML_ERROR_NOT_SUPPORTED;
        TRY(check_counters(&t));
        const struct node_ecc *now = &t.at->ecc_volatile, *ever = &t.at->ecc_aggregate;
        *status = (nvmlEccSramErrorStatus_t){
                .version = status->version,
                .aggregateUncSecDed = ever->sram_uncorrected,
                .aggregateCor = ever->sram_corrected,
                .volatileUncSecDed = now->sram_uncorrected,
                .volatileCor = now->sram_corrected,
                .aggregateUncBucketSm = ever->sram_uncorrected,
        };
        return NVML_SUCCESS;
}

EXPORT nvmlReturn_t nvmlDeviceClearEccErrorCounts(nvmlDevice_t device, nvmlEccCounterType_t counterType) {
        CALL_WRITE(nvmlDeviceClearEccErrorCounts);
        struct target t;
        TRY(call_device(&call, device, TARGET_GPU, &t));
        if (!known(NVML_MEMORY_ERROR_TYPE_CORRECTED, counterType))
                return NVML_ERROR_INVALID_ARGUMENT;
        TRY(check_counters(&t));
        struct node_gpu *gpu = &call.working->gpus[t.gpu];
        *(counterType == NVML_VOLATILE_ECC ? &gpu->ecc_volatile : &gpu->ecc_aggregate) = (struct node_ecc){ 0 };
        return call_commit(&call, NVML_SUCCESS);
}
