/* Power and heat. */
#include "sim/node/reading.h"

#include "sim/nvml/getter.h"

/* A board whose power nobody knows measures none either. */
static nvmlReturn_t check_power(const struct target *t) {
        return getter_board(t)->power_default_w ? NVML_SUCCESS : NVML_ERROR_NOT_SUPPORTED;
}

static nvmlReturn_t power_usage(const struct call *call, const struct target *t, unsigned int *ret_mw) {
        TRY(check_power(t));
        *ret_mw = getter_now(call, t).power_mw;
        return NVML_SUCCESS;
}
GETTER(nvmlDeviceGetPowerUsage, unsigned int, power_usage)

/* Volta was the first to count it. */
static nvmlReturn_t energy(const struct call *call, const struct target *t, unsigned long long *ret_mj) {
        TRY(check_power(t));
        *ret_mj = getter_now(call, t).energy_mj;
        return NVML_SUCCESS;
}
GETTER(nvmlDeviceGetTotalEnergyConsumption, unsigned long long, energy)

static nvmlReturn_t power_limit(const struct call *call, const struct target *t, unsigned int *ret_mw) {
        (void)call;
        TRY(check_power(t));
        *ret_mw = t->at->power_limit_mw;
        return NVML_SUCCESS;
}
GETTER(nvmlDeviceGetPowerManagementLimit, unsigned int, power_limit)
GETTER(nvmlDeviceGetEnforcedPowerLimit, unsigned int, power_limit)

static nvmlReturn_t default_limit(const struct call *call, const struct target *t, unsigned int *ret_mw) {
        (void)call;
        TRY(check_power(t));
        *ret_mw = getter_board(t)->power_default_w * 1000;
        return NVML_SUCCESS;
}
GETTER(nvmlDeviceGetPowerManagementDefaultLimit, unsigned int, default_limit)

EXPORT nvmlReturn_t nvmlDeviceGetPowerManagementLimitConstraints(nvmlDevice_t device, unsigned int *minLimit, unsigned int *maxLimit) {
        CALL(nvmlDeviceGetPowerManagementLimitConstraints);
        struct target t;
        TRY(call_device(&call, device, TARGET_ANY, &t));
        if (!minLimit || !maxLimit)
                return NVML_ERROR_INVALID_ARGUMENT;
        TRY(check_power(&t));
        *minLimit = getter_board(&t)->power_min_w * 1000;
        *maxLimit = getter_board(&t)->power_default_w * 1000;
        return NVML_SUCCESS;
}

static nvmlReturn_t set_limit(struct call *call, const struct target *t, unsigned int limit_mw) {
        TRY(check_power(t));
        if (limit_mw < getter_board(t)->power_min_w * 1000 || limit_mw > getter_board(t)->power_default_w * 1000)
                return NVML_ERROR_INVALID_ARGUMENT;
        reading_settle(call->working, t->gpu, call->now_us);
        call->working->gpus[t->gpu].power_limit_mw = limit_mw;
        return call_commit(call, NVML_SUCCESS);
}

EXPORT nvmlReturn_t nvmlDeviceSetPowerManagementLimit(nvmlDevice_t device, unsigned int limit) {
        CALL_WRITE(nvmlDeviceSetPowerManagementLimit);
        struct target t;
        TRY(call_device(&call, device, TARGET_GPU, &t));
        return set_limit(&call, &t, limit);
}

EXPORT nvmlReturn_t nvmlDeviceSetPowerManagementLimit_v2(nvmlDevice_t device, nvmlPowerValue_v2_t *powerValue) {
        CALL_WRITE(nvmlDeviceSetPowerManagementLimit_v2);
        struct target t;
        TRY(call_device(&call, device, TARGET_GPU, &t));
        TRY_VERSION(powerValue, nvmlPowerValue_v2_t, 2);
        if (powerValue->powerScope != NVML_POWER_SCOPE_GPU)
                return NVML_ERROR_NOT_SUPPORTED;
        return set_limit(&call, &t, powerValue->powerValueMw);
}

/* Always on where there is a limit; R590 no longer says so. */
static nvmlReturn_t power_management(const struct call *call, const struct target *t, nvmlEnableState_t *ret_mode) {
        if (call->node->driver_major >= 590)
                return NVML_ERROR_DEPRECATED;
        TRY(check_power(t));
        *ret_mode = NVML_FEATURE_ENABLED;
        return NVML_SUCCESS;
}
GETTER(nvmlDeviceGetPowerManagementMode, nvmlEnableState_t, power_management)

EXPORT nvmlReturn_t nvmlDeviceGetTemperature(nvmlDevice_t device, nvmlTemperatureSensors_t sensorType, unsigned int *temp) {
        CALL(nvmlDeviceGetTemperature);
        struct target t;
        TRY(call_device(&call, device, TARGET_ANY, &t));
        if (!temp || sensorType != NVML_TEMPERATURE_GPU)
                return NVML_ERROR_INVALID_ARGUMENT;
        *temp = getter_now(&call, &t).temperature_c;
        return NVML_SUCCESS;
}

EXPORT nvmlReturn_t nvmlDeviceGetTemperatureV(nvmlDevice_t device, nvmlTemperature_t *temperature) {
        CALL(nvmlDeviceGetTemperatureV);
        struct target t;
        TRY(call_device(&call, device, TARGET_ANY, &t));
        TRY_VERSION(temperature, nvmlTemperature_v1_t, 1);
        if (temperature->sensorType != NVML_TEMPERATURE_GPU)
                return NVML_ERROR_INVALID_ARGUMENT;
        temperature->temperature = (int)getter_now(&call, &t).temperature_c;
        return NVML_SUCCESS;
}

EXPORT nvmlReturn_t nvmlDeviceGetTemperatureThreshold(nvmlDevice_t device, nvmlTemperatureThresholds_t thresholdType, unsigned int *temp) {
        CALL(nvmlDeviceGetTemperatureThreshold);
        struct target t;
        TRY(call_device(&call, device, TARGET_ANY, &t));
        if (!temp || thresholdType >= NVML_TEMPERATURE_THRESHOLD_COUNT)
                return NVML_ERROR_INVALID_ARGUMENT;
        const uint8_t thresholds[NVML_TEMPERATURE_THRESHOLD_COUNT] = {
                [NVML_TEMPERATURE_THRESHOLD_SHUTDOWN] = getter_board(&t)->shutdown_c,
                [NVML_TEMPERATURE_THRESHOLD_SLOWDOWN] = getter_board(&t)->slowdown_c,
                [NVML_TEMPERATURE_THRESHOLD_MEM_MAX] = getter_board(&t)->memory_max_c,
                [NVML_TEMPERATURE_THRESHOLD_GPU_MAX] = getter_board(&t)->gpu_max_c,
        };
        if (!thresholds[thresholdType])
                return NVML_ERROR_NOT_SUPPORTED;
        *temp = thresholds[thresholdType];
        return NVML_SUCCESS;
}

/* How far it is to the highest temperature at which the GPU runs at full speed; Ada and newer. Slowdown and shutdown lie beyond: the margin
 * becomes negative (an H100 of 41 C prints 46 C, slowdown at -2 C, shutdown at -8 C). */
EXPORT nvmlReturn_t nvmlDeviceGetMarginTemperature(nvmlDevice_t device, nvmlMarginTemperature_t *marginTempInfo) {
        CALL(nvmlDeviceGetMarginTemperature);
        struct target t;
        TRY(call_device(&call, device, TARGET_ANY, &t));
        TRY_VERSION(marginTempInfo, nvmlMarginTemperature_v1_t, 1);
        if (getter_architecture(&t) < NVML_DEVICE_ARCH_ADA || !getter_board(&t)->gpu_max_c)
                return NVML_ERROR_NOT_SUPPORTED;
        marginTempInfo->marginTemperature = getter_board(&t)->gpu_max_c - (int)getter_now(&call, &t).temperature_c;
        return NVML_SUCCESS;
}

static nvmlReturn_t fan_count(const struct call *call, const struct target *t, unsigned int *ret_fans) {
        (void)call;
        *ret_fans = getter_board(t)->fans;
        return NVML_SUCCESS;
}
GETTER(nvmlDeviceGetNumFans, unsigned int, fan_count)

/* Passive boards are cooled by the fans of their machine. */
static nvmlReturn_t fan_speed(const struct call *call, const struct target *t, unsigned int *ret_percent) {
        if (!getter_board(t)->fans)
                return NVML_ERROR_NOT_SUPPORTED;
        *ret_percent = getter_now(call, t).fan_percent;
        return NVML_SUCCESS;
}
GETTER(nvmlDeviceGetFanSpeed, unsigned int, fan_speed)

static nvmlReturn_t speed_of_fan(const struct call *call, const struct target *t, unsigned int fan, unsigned int *ret_percent) {
        unsigned percent;
        TRY(fan_speed(call, t, &percent));
        if (!ret_percent || fan >= getter_board(t)->fans)
                return NVML_ERROR_INVALID_ARGUMENT;
        *ret_percent = percent;
        return NVML_SUCCESS;
}

EXPORT nvmlReturn_t nvmlDeviceGetFanSpeed_v2(nvmlDevice_t device, unsigned int fan, unsigned int *speed) {
        CALL(nvmlDeviceGetFanSpeed_v2);
        struct target t;
        TRY(call_device(&call, device, TARGET_ANY, &t));
        return speed_of_fan(&call, &t, fan, speed);
}

EXPORT nvmlReturn_t nvmlDeviceGetTargetFanSpeed(nvmlDevice_t device, unsigned int fan, unsigned int *targetSpeed) {
        CALL(nvmlDeviceGetTargetFanSpeed);
        struct target t;
        TRY(call_device(&call, device, TARGET_ANY, &t));
        return speed_of_fan(&call, &t, fan, targetSpeed);
}

#define FAN_MIN_PERCENT 30
EXPORT nvmlReturn_t nvmlDeviceGetMinMaxFanSpeed(nvmlDevice_t device, unsigned int *minSpeed, unsigned int *maxSpeed) {
        CALL(nvmlDeviceGetMinMaxFanSpeed);
        struct target t;
        TRY(call_device(&call, device, TARGET_ANY, &t));
        if (!minSpeed || !maxSpeed)
                return NVML_ERROR_INVALID_ARGUMENT;
        if (!getter_board(&t)->fans)
                return NVML_ERROR_NOT_SUPPORTED;
        *minSpeed = FAN_MIN_PERCENT;
        *maxSpeed = 100;
        return NVML_SUCCESS;
}
