/* Memory of a device, and what becomes of its bad rows. */
#include "sim/node/mig.h"
#include "sim/node/reading.h"

#include "sim/nvml/device_memory.h"
#include "sim/nvml/getter.h"

static void memory_of(const struct call *call, const struct target *t, struct mig_memory *ret_memory) {
        mig_memory(call->node, t->gpu, t->gi_slot, ret_memory);
}

static unsigned long long free_of(const struct mig_memory *m) {
        return m->total - m->reserved - m->used;
}

/* What is reserved counts as used here. */
static nvmlReturn_t memory_info(const struct call *call, const struct target *t, nvmlMemory_t *ret_memory) {
        struct mig_memory m;
        memory_of(call, t, &m);
        *ret_memory = (nvmlMemory_t){ .total = m.total, .free = free_of(&m), .used = m.used + m.reserved };
        return NVML_SUCCESS;
}
GETTER(nvmlDeviceGetMemoryInfo, nvmlMemory_t, memory_info)

EXPORT nvmlReturn_t nvmlDeviceGetMemoryInfo_v2(nvmlDevice_t device, nvmlMemory_v2_t *memory) {
        CALL(nvmlDeviceGetMemoryInfo_v2);
        struct target t;
        struct mig_memory m;
        TRY(call_device(&call, device, TARGET_ANY, &t));
        TRY_VERSION(memory, nvmlMemory_v2_t, 2);
        memory_of(&call, &t, &m);
        *memory = (nvmlMemory_v2_t){ memory->version, m.total, m.reserved, free_of(&m), m.used };
        return NVML_SUCCESS;
}

static nvmlReturn_t bar1(const struct call *call, const struct target *t, nvmlBAR1Memory_t *ret_memory) {
        struct mig_memory m;
        mig_bar1(call->node, t->gpu, t->gi_slot, &m);
        if (!m.total)
                return NVML_ERROR_NOT_SUPPORTED;
        *ret_memory = (nvmlBAR1Memory_t){ .bar1Total = m.total, .bar1Free = m.total - m.used, .bar1Used = m.used };
        return NVML_SUCCESS;
}
GETTER(nvmlDeviceGetBAR1MemoryInfo, nvmlBAR1Memory_t, bar1)

/* Confidential computing is off: nothing is protected. */
static nvmlReturn_t conf_compute_size(const struct call *call, const struct target *t, nvmlConfComputeMemSizeInfo_t *ret_size) {
        struct mig_memory m;
        memory_of(call, t, &m);
        *ret_size = (nvmlConfComputeMemSizeInfo_t){ .unprotectedMemSizeKib = m.total / 1024 };
        return NVML_SUCCESS;
}
GETTER(nvmlDeviceGetConfComputeMemSizeInfo, nvmlConfComputeMemSizeInfo_t, conf_compute_size)

static nvmlReturn_t protected_memory(const struct call *call, const struct target *t, nvmlMemory_t *ret_memory) {
        (void)call;
        (void)t;
        *ret_memory = (nvmlMemory_t){ 0 };
        return NVML_SUCCESS;
}
GETTER(nvmlDeviceGetConfComputeProtectedMemoryUsage, nvmlMemory_t, protected_memory)

nvmlReturn_t check_rows(const struct target *t) {
        if (!board_of(node_model(t->at))->row_remap)
                return NVML_ERROR_NOT_SUPPORTED;
        for (unsigned i = 0; i < NODE_GIS_MAX; i++)
                if (t->at->gi[i].live)
                        return NVML_ERROR_NOT_SUPPORTED;
        return NVML_SUCCESS;
}

EXPORT nvmlReturn_t nvmlDeviceGetRemappedRows(nvmlDevice_t device, unsigned int *corrRows, unsigned int *uncRows, unsigned int *isPending,
                                              unsigned int *failureOccurred) {
        CALL(nvmlDeviceGetRemappedRows);
        struct target t;
        TRY(call_device(&call, device, TARGET_ANY, &t));
        if (!corrRows || !uncRows || !isPending || !failureOccurred)
                return NVML_ERROR_INVALID_ARGUMENT;
        TRY(check_rows(&t));
        *corrRows = t.at->remapped_corrected;
        *uncRows = t.at->remapped_uncorrected;
        *isPending = t.at->pending_rows > 0;
        *failureOccurred = t.at->failed_rows > 0;
        return NVML_SUCCESS;
}

static nvmlReturn_t remapped_rows(const struct call *call, const struct target *t, nvmlRemappedRowsInfo_v2_t *ret_rows) {
        (void)call;
        TRY(check_rows(t));
        *ret_rows = (nvmlRemappedRowsInfo_v2_t){
                .corrActiveRemaps = t->at->remapped_corrected,
                .uncActiveRemaps = t->at->remapped_uncorrected,
                .bPending = t->at->pending_rows > 0,
                .bFailureOccurred = t->at->failed_rows > 0,
        };
        return NVML_SUCCESS;
}
GETTER(nvmlDeviceGetRemappedRows_v2, nvmlRemappedRowsInfo_v2_t, remapped_rows)

/* As captures print it: 640 banks on an A100, 2560 on an H100, 3072 on an H200, 192 on an L40S. A bank that lost a row has many left. */
static nvmlReturn_t row_histogram(const struct call *call, const struct target *t, nvmlRowRemapperHistogramValues_t *ret_values) {
        const struct board *board = board_of(node_model(t->at));
        bool ampere_hbm = strcmp(node_model(t->at)->arch, "ampere") == 0 && board->memory_bus_bits > 1024;
        unsigned banks = board->memory_bus_bits / (ampere_hbm ? 8 : 2), lost = t->at->remapped_corrected + t->at->remapped_uncorrected;
        (void)call;
        if (!board->row_remap)
                return NVML_ERROR_NOT_SUPPORTED;
        if (lost > banks)
                lost = banks;
        *ret_values = (nvmlRowRemapperHistogramValues_t){ .max = banks - lost, .high = lost };
        return NVML_SUCCESS;
}
GETTER(nvmlDeviceGetRowRemapperHistogram, nvmlRowRemapperHistogramValues_t, row_histogram)

/* Before Ampere pages were retired instead; none ever was. */
static nvmlReturn_t retired_pages(nvmlDevice_t device, struct call *call, nvmlPageRetirementCause_t cause, unsigned int *ret_count) {
        struct target t;
        TRY(call_device(call, device, TARGET_ANY, &t));
        if (!ret_count || cause > NVML_PAGE_RETIREMENT_CAUSE_DOUBLE_BIT_ECC_ERROR)
                return NVML_ERROR_INVALID_ARGUMENT;
        const struct board *board = board_of(node_model(t.at));
        if (!board->ecc || board->row_remap)
                return NVML_ERROR_NOT_SUPPORTED;
        *ret_count = 0;
        return NVML_SUCCESS;
}

EXPORT nvmlReturn_t nvmlDeviceGetRetiredPages(nvmlDevice_t device, nvmlPageRetirementCause_t cause, unsigned int *pageCount,
                                              unsigned long long *addresses) {
        CALL(nvmlDeviceGetRetiredPages);
        (void)addresses;
        return retired_pages(device, &call, cause, pageCount);
}

EXPORT nvmlReturn_t nvmlDeviceGetRetiredPages_v2(nvmlDevice_t device, nvmlPageRetirementCause_t cause, unsigned int *pageCount,
                                                 unsigned long long *addresses, unsigned long long *timestamps) {
        CALL(nvmlDeviceGetRetiredPages_v2);
        (void)addresses;
        (void)timestamps;
        return retired_pages(device, &call, cause, pageCount);
}

static nvmlReturn_t retired_pending(const struct call *call, const struct target *t, nvmlEnableState_t *ret_pending) {
        const struct board *board = board_of(node_model(t->at));
        (void)call;
        if (!board->ecc || board->row_remap)
                return NVML_ERROR_NOT_SUPPORTED;
        *ret_pending = NVML_FEATURE_DISABLED;
        return NVML_SUCCESS;
}
GETTER(nvmlDeviceGetRetiredPagesPendingStatus, nvmlEnableState_t, retired_pending)

/* Nothing is ever broken beyond the rows. Unlike those it is told while there are instances too (listings of H100 and H200 under R590). */
EXPORT nvmlReturn_t nvmlDeviceGetRepairStatus(nvmlDevice_t device, nvmlRepairStatus_t *repairStatus) {
        CALL(nvmlDeviceGetRepairStatus);
        struct target t;
        TRY(call_device(&call, device, TARGET_ANY, &t));
        TRY_VERSION(repairStatus, nvmlRepairStatus_v1_t, 1);
        if (!getter_board(&t)->row_remap)
                return NVML_ERROR_NOT_SUPPORTED;
        *repairStatus = (nvmlRepairStatus_t){ .version = repairStatus->version };
        return NVML_SUCCESS;
}

/* Seen on H100 and H200, not on an L40S: only HBM, and nothing older was seen to have it. */
static nvmlReturn_t unrepairable(const struct call *call, const struct target *t, nvmlUnrepairableMemoryStatus_v1_t *ret_status) {
        (void)call;
        if (getter_architecture(t) < NVML_DEVICE_ARCH_HOPPER || getter_board(t)->memory_bus_bits < 1024)
                return NVML_ERROR_NOT_SUPPORTED;
        *ret_status = (nvmlUnrepairableMemoryStatus_v1_t){ 0 };
        return NVML_SUCCESS;
}
GETTER(nvmlDeviceGetUnrepairableMemoryFlag_v1, nvmlUnrepairableMemoryStatus_v1_t, unrepairable)
