/* Field values: any number of readings in one call. One row of `fields` for each that is known; the others are NOT_SUPPORTED, and numbers
 * beyond the last one that the driver knows INVALID_ARGUMENT, each in its own place: the call as a whole succeeds. */
#include "sim/node/driver.h"
#include "sim/node/reading.h"

#include "sim/nvml/device_ecc.h"
#include "sim/nvml/device_link.h"
#include "sim/nvml/device_memory.h"
#include "sim/nvml/getter.h"

#define FIELDS_MAX 4096 /* in one call */

struct question {
        const struct call *call;
        const struct target *t;
        const struct board *board;
        struct reading now;
        unsigned scope; /* what the field's documentation says: a link, a power domain */
};

typedef nvmlReturn_t field_fn(const struct question *q, unsigned long long *ret_value);

static nvmlReturn_t ecc_current(const struct question *q, unsigned long long *ret_value) {
        *ret_value = q->t->at->ecc_mode;
        return q->board->ecc ? NVML_SUCCESS : NVML_ERROR_NOT_SUPPORTED;
}

static nvmlReturn_t ecc_pending(const struct question *q, unsigned long long *ret_value) {
        *ret_value = q->t->at->ecc_pending;
        return q->board->ecc ? NVML_SUCCESS : NVML_ERROR_NOT_SUPPORTED;
}

static nvmlReturn_t sbe_volatile(const struct question *q, unsigned long long *ret_value) {
        return ecc_count(q->t, NVML_MEMORY_ERROR_TYPE_CORRECTED, NVML_VOLATILE_ECC, ECC_EVERYWHERE, ret_value);
}

static nvmlReturn_t dbe_volatile(const struct question *q, unsigned long long *ret_value) {
        return ecc_count(q->t, NVML_MEMORY_ERROR_TYPE_UNCORRECTED, NVML_VOLATILE_ECC, ECC_EVERYWHERE, ret_value);
}

static nvmlReturn_t sbe_aggregate(const struct question *q, unsigned long long *ret_value) {
        return ecc_count(q->t, NVML_MEMORY_ERROR_TYPE_CORRECTED, NVML_AGGREGATE_ECC, ECC_EVERYWHERE, ret_value);
}

static nvmlReturn_t dbe_aggregate(const struct question *q, unsigned long long *ret_value) {
        return ecc_count(q->t, NVML_MEMORY_ERROR_TYPE_UNCORRECTED, NVML_AGGREGATE_ECC, ECC_EVERYWHERE, ret_value);
}

static nvmlReturn_t dbe_dram_volatile(const struct question *q, unsigned long long *ret_value) {
        return ecc_count(q->t, NVML_MEMORY_ERROR_TYPE_UNCORRECTED, NVML_VOLATILE_ECC, NVML_MEMORY_LOCATION_DRAM, ret_value);
}

static nvmlReturn_t sbe_dram_volatile(const struct question *q, unsigned long long *ret_value) {
        return ecc_count(q->t, NVML_MEMORY_ERROR_TYPE_CORRECTED, NVML_VOLATILE_ECC, NVML_MEMORY_LOCATION_DRAM, ret_value);
}

static nvmlReturn_t retired(const struct question *q, unsigned long long *ret_value) {
        *ret_value = 0;
        return q->board->ecc && !q->board->row_remap ? NVML_SUCCESS : NVML_ERROR_NOT_SUPPORTED;
}

static nvmlReturn_t violation(const struct question *q, unsigned long long *ret_value) {
        (void)q;
        *ret_value = 0;
        return NVML_SUCCESS;
}

static nvmlReturn_t memory_temperature(const struct question *q, unsigned long long *ret_value) {
        *ret_value = q->now.memory_temperature_c;
        return q->board->memory_max_c ? NVML_SUCCESS : NVML_ERROR_NOT_SUPPORTED;
}

/* Limits as margins (nvmlDeviceGetMarginTemperature): of what is beyond full speed, less than zero. */
static nvmlReturn_t margin(const struct question *q, unsigned limit_c, unsigned long long *ret_value) {
        *ret_value = (unsigned long long)((long long)q->board->gpu_max_c - (long long)limit_c);
        return getter_architecture(q->t) >= NVML_DEVICE_ARCH_ADA && q->board->gpu_max_c && limit_c ? NVML_SUCCESS
                                                                                                   : NVML_ERROR_NOT_SUPPORTED;
}

static nvmlReturn_t shutdown_margin(const struct question *q, unsigned long long *ret_value) {
        return margin(q, q->board->shutdown_c, ret_value);
}

static nvmlReturn_t slowdown_margin(const struct question *q, unsigned long long *ret_value) {
        return margin(q, q->board->slowdown_c, ret_value);
}

/* The memory has a scale of its own, on which its limit is 0. */
static nvmlReturn_t memory_margin(const struct question *q, unsigned long long *ret_value) {
        return margin(q, q->board->memory_max_c ? q->board->gpu_max_c : 0, ret_value);
}

static nvmlReturn_t full_speed_margin(const struct question *q, unsigned long long *ret_value) {
        return margin(q, q->board->gpu_max_c, ret_value);
}

static nvmlReturn_t check_power(const struct question *q) {
        return q->board->power_default_w ? NVML_SUCCESS : NVML_ERROR_NOT_SUPPORTED;
}

static nvmlReturn_t energy(const struct question *q, unsigned long long *ret_value) {
        *ret_value = q->now.energy_mj;
        return check_power(q);
}

static nvmlReturn_t power(const struct question *q, unsigned long long *ret_value) {
        *ret_value = q->now.power_mw;
        return q->scope == NVML_POWER_SCOPE_GPU ? check_power(q) : NVML_ERROR_NOT_SUPPORTED;
}

static nvmlReturn_t power_min(const struct question *q, unsigned long long *ret_value) {
        *ret_value = q->board->power_min_w * 1000ULL;
        return q->scope == NVML_POWER_SCOPE_GPU ? check_power(q) : NVML_ERROR_NOT_SUPPORTED;
}

static nvmlReturn_t power_max(const struct question *q, unsigned long long *ret_value) {
        *ret_value = q->board->power_default_w * 1000ULL;
        return q->scope == NVML_POWER_SCOPE_GPU ? check_power(q) : NVML_ERROR_NOT_SUPPORTED;
}

static nvmlReturn_t power_limit(const struct question *q, unsigned long long *ret_value) {
        *ret_value = q->t->at->power_limit_mw;
        return q->scope == NVML_POWER_SCOPE_GPU ? check_power(q) : NVML_ERROR_NOT_SUPPORTED;
}

static nvmlReturn_t pcie_replays(const struct question *q, unsigned long long *ret_value) {
        *ret_value = q->t->at->pcie_replays;
        return NVML_SUCCESS;
}

static nvmlReturn_t remapped_corrected(const struct question *q, unsigned long long *ret_value) {
        *ret_value = q->t->at->remapped_corrected;
        return check_rows(q->t);
}

static nvmlReturn_t remapped_uncorrected(const struct question *q, unsigned long long *ret_value) {
        *ret_value = q->t->at->remapped_uncorrected;
        return check_rows(q->t);
}

static nvmlReturn_t remap_pending(const struct question *q, unsigned long long *ret_value) {
        *ret_value = q->t->at->pending_rows > 0;
        return check_rows(q->t);
}

static nvmlReturn_t remap_failed(const struct question *q, unsigned long long *ret_value) {
        *ret_value = q->t->at->failed_rows > 0;
        return check_rows(q->t);
}

static nvmlReturn_t check_links(const struct question *q) {
        return q->board->nvlinks && q->t->at->mig_mode == NVML_DEVICE_MIG_DISABLE ? NVML_SUCCESS : NVML_ERROR_NOT_SUPPORTED;
}

static nvmlReturn_t link_count(const struct question *q, unsigned long long *ret_value) {
        *ret_value = q->board->nvlinks;
        return check_links(q);
}

static nvmlReturn_t link_state(const struct question *q, unsigned long long *ret_value) {
        TRY(check_links(q));
        if (q->scope >= q->board->nvlinks)
                return NVML_ERROR_INVALID_ARGUMENT;
        *ret_value = link_is_up(q->call->node, q->t, q->scope);
        return NVML_SUCCESS;
}

static nvmlReturn_t link_version(const struct question *q, unsigned long long *ret_value) {
        *ret_value = q->board->nvlink_version;
        return check_links(q);
}

static nvmlReturn_t link_errors(const struct question *q, unsigned long long *ret_value) {
        *ret_value = 0;
        return check_links(q);
}

static nvmlReturn_t switch_links(const struct question *q, unsigned long long *ret_value) {
        *ret_value = q->call->node->nvswitch ? q->board->nvlinks : 0;
        return check_links(q);
}

static nvmlReturn_t resetless_mig(const struct question *q, unsigned long long *ret_value) {
        *ret_value = !node_mig_needs_reset(q->t->at);
        return gpu_has_mig(node_model(q->t->at)) ? NVML_SUCCESS : NVML_ERROR_NOT_SUPPORTED;
}

static nvmlReturn_t mig_query_always(const struct question *q, unsigned long long *ret_value) {
        *ret_value = driver_tells_profiles_always(q->call->node);
        return gpu_has_mig(node_model(q->t->at)) ? NVML_SUCCESS : NVML_ERROR_NOT_SUPPORTED;
}

static nvmlReturn_t reset_status(const struct question *q, unsigned long long *ret_value) {
        *ret_value = q->t->at->recovery_action == 1;
        return NVML_SUCCESS;
}

static nvmlReturn_t drain_status(const struct question *q, unsigned long long *ret_value) {
        *ret_value = q->t->at->recovery_action == 4;
        return NVML_SUCCESS;
}

static nvmlReturn_t recovery_action(const struct question *q, unsigned long long *ret_value) {
        *ret_value = q->t->at->recovery_action;
        return NVML_SUCCESS;
}

#define INT NVML_VALUE_TYPE_SIGNED_INT
#define UINT NVML_VALUE_TYPE_UNSIGNED_INT
#define ULONG_LONG NVML_VALUE_TYPE_UNSIGNED_LONG_LONG

/* NVML_FI_DEV_… by number. What the call of its own does not tell of a MIG device (handle_rules.def), the field does not either. */
static const struct {
        uint16_t id;
        uint8_t type;  /* nvmlValueType_t */
        uint8_t kinds; /* enum target_kind */
        field_fn *read;
} fields[] = {
        { 1, UINT, TARGET_ANY, ecc_current },
        { 2, UINT, TARGET_ANY, ecc_pending },
        { 3, ULONG_LONG, TARGET_GPU, sbe_volatile },
        { 4, ULONG_LONG, TARGET_GPU, dbe_volatile },
        { 5, ULONG_LONG, TARGET_GPU, sbe_aggregate },
        { 6, ULONG_LONG, TARGET_GPU, dbe_aggregate },
        { 11, ULONG_LONG, TARGET_GPU, sbe_dram_volatile },
        { 12, ULONG_LONG, TARGET_GPU, dbe_dram_volatile },
        { 29, ULONG_LONG, TARGET_GPU, retired },     /* pages with single-bit errors, … */
        { 30, ULONG_LONG, TARGET_GPU, retired },     /* … with double-bit errors, … */
        { 31, UINT, TARGET_GPU, retired },           /* … waiting for the next reset */
        { 38, ULONG_LONG, TARGET_GPU, link_errors }, /* CRC of flits, … */
        { 45, ULONG_LONG, TARGET_GPU, link_errors }, /* … of data, … */
        { 52, ULONG_LONG, TARGET_GPU, link_errors }, /* … replays, … */
        { 59, ULONG_LONG, TARGET_GPU, link_errors }, /* … recoveries of all links */
        { 74, ULONG_LONG, TARGET_GPU, violation },   /* how long power, … */
        { 75, ULONG_LONG, TARGET_GPU, violation },   /* … heat, … */
        { 76, ULONG_LONG, TARGET_GPU, violation },   /* … sync boost, … */
        { 77, ULONG_LONG, TARGET_GPU, violation },   /* … board limits, … */
        { 78, ULONG_LONG, TARGET_GPU, violation },   /* … low utilisation, … */
        { 79, ULONG_LONG, TARGET_GPU, violation },   /* … reliability held the clocks down */
        { 82, UINT, TARGET_GPU, memory_temperature },
        { 83, ULONG_LONG, TARGET_GPU, energy },
        { 91, UINT, TARGET_GPU, link_count },
        { 94, UINT, TARGET_GPU, pcie_replays },
        { 142, UINT, TARGET_GPU, remapped_corrected },
        { 143, UINT, TARGET_GPU, remapped_uncorrected },
        { 144, UINT, TARGET_GPU, remap_pending },
        { 145, UINT, TARGET_GPU, remap_failed },
        { 147, UINT, TARGET_GPU, switch_links },
        { 160, ULONG_LONG, TARGET_GPU, link_errors }, /* ECC of all links, … */
        { 161, UINT, TARGET_GPU, link_errors },       /* … replays, … */
        { 162, UINT, TARGET_GPU, link_errors },       /* … recoveries, … */
        { 163, UINT, TARGET_GPU, link_errors },       /* … CRC of one */
        { 165, UINT, TARGET_GPU, link_state },
        { 166, UINT, TARGET_GPU, link_version },
        { 184, UINT, TARGET_ANY, resetless_mig },
        { 185, UINT, TARGET_GPU, power }, /* average */
        { 186, UINT, TARGET_GPU, power }, /* instant */
        { 187, UINT, TARGET_GPU, power_min },
        { 188, UINT, TARGET_GPU, power_max },
        { 189, UINT, TARGET_GPU, power_max },   /* default */
        { 190, UINT, TARGET_GPU, power_limit }, /* current */
        { 191, ULONG_LONG, TARGET_GPU, energy },
        { 192, UINT, TARGET_GPU, power_limit }, /* requested */
        { 193, INT, TARGET_GPU, shutdown_margin },
        { 194, INT, TARGET_GPU, slowdown_margin },
        { 195, INT, TARGET_GPU, memory_margin },
        { 196, INT, TARGET_GPU, full_speed_margin },
        { 199, UINT, TARGET_ANY, mig_query_always },
        { 226, UINT, TARGET_GPU, reset_status },
        { 227, UINT, TARGET_GPU, drain_status },
        { 230, UINT, TARGET_GPU, recovery_action },
};

static nvmlReturn_t read_field(const struct question *q, unsigned id, nvmlFieldValue_t *value) {
        unsigned long long number = 0;
        if (id == 0 || id >= driver_field_count(q->call->node))
                return NVML_ERROR_INVALID_ARGUMENT;
        for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
                if (fields[i].id != id)
                        continue;
                if (!(q->t->kind & fields[i].kinds))
                        return NVML_ERROR_NOT_SUPPORTED;
                TRY(fields[i].read(q, &number));
                value->valueType = (nvmlValueType_t)fields[i].type;
                value->value.ullVal = number;
                return NVML_SUCCESS;
        }
        return NVML_ERROR_NOT_SUPPORTED;
}

EXPORT nvmlReturn_t nvmlDeviceGetFieldValues(nvmlDevice_t device, int valuesCount, nvmlFieldValue_t *values) {
        CALL(nvmlDeviceGetFieldValues);
        struct target t;
        TRY(call_device(&call, device, TARGET_ANY, &t));
        if (!values || valuesCount <= 0 || valuesCount > FIELDS_MAX)
                return NVML_ERROR_INVALID_ARGUMENT;
        struct question q = { .call = &call, .t = &t, .board = board_of(node_model(t.at)) };
        reading_gpu(call.node, t.gpu, call.now_us, &q.now);
        for (int i = 0; i < valuesCount; i++) {
                q.scope = values[i].scopeId;
                values[i].timestamp = (long long)call.now_us;
                values[i].latencyUsec = 0;
                values[i].nvmlReturn = read_field(&q, values[i].fieldId, &values[i]);
        }
        return NVML_SUCCESS;
}

/* No counter of the fields can be cleared. */
EXPORT nvmlReturn_t nvmlDeviceClearFieldValues(nvmlDevice_t device, int valuesCount, nvmlFieldValue_t *values) {
        CALL(nvmlDeviceClearFieldValues);
        struct target t;
        TRY(call_device(&call, device, TARGET_GPU, &t));
        if (!values || valuesCount <= 0 || valuesCount > FIELDS_MAX)
                return NVML_ERROR_INVALID_ARGUMENT;
        for (int i = 0; i < valuesCount; i++)
                values[i].nvmlReturn = NVML_ERROR_NOT_SUPPORTED;
        return NVML_SUCCESS;
}
