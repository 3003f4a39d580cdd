/* How busy a device is, now and in the last seconds. */
#include "sim/node/reading.h"

#include "sim/nvml/getter.h"

#define ENGINE_PERIOD_US 167000 /* over which the engines' utilisation is taken */
#define SAMPLE_PERIOD_US 100000
#define SAMPLES_MAX 100

static nvmlReturn_t utilization(const struct call *call, const struct target *t, nvmlUtilization_t *ret_utilization) {
        const struct reading r = getter_now(call, t);
        *ret_utilization = (nvmlUtilization_t){ .gpu = r.gpu_percent, .memory = r.memory_percent };
        return NVML_SUCCESS;
}
GETTER(nvmlDeviceGetUtilizationRates, nvmlUtilization_t, utilization)

static unsigned decoder(const struct reading *r) {
        return r->decoder_percent;
}
static unsigned encoder(const struct reading *r) {
        return r->encoder_percent;
}
static unsigned jpeg(const struct reading *r) {
        return r->jpeg_percent;
}
static unsigned ofa(const struct reading *r) {
        return r->ofa_percent;
}

#define ENGINE(name, percent)                                                                                                              \
        EXPORT nvmlReturn_t name(nvmlDevice_t device, unsigned int *utilization, unsigned int *samplingPeriodUs) {                         \
                CALL(name);                                                                                                                \
                struct target t;                                                                                                           \
                TRY(call_device(&call, device, TARGET_ANY, &t));                                                                           \
                if (!utilization || !samplingPeriodUs)                                                                                     \
                        return NVML_ERROR_INVALID_ARGUMENT;                                                                                \
                const struct reading r = getter_now(&call, &t);                                                                            \
                *utilization = percent(&r);                                                                                                \
                *samplingPeriodUs = ENGINE_PERIOD_US;                                                                                      \
                return NVML_SUCCESS;                                                                                                       \
        }
ENGINE(nvmlDeviceGetDecoderUtilization, decoder)
ENGINE(nvmlDeviceGetEncoderUtilization, encoder)
ENGINE(nvmlDeviceGetJpgUtilization, jpeg)
ENGINE(nvmlDeviceGetOfaUtilization, ofa)

/* Nobody encodes video or captures frames here. */
EXPORT nvmlReturn_t nvmlDeviceGetEncoderStats(nvmlDevice_t device, unsigned int *sessionCount, unsigned int *averageFps,
                                              unsigned int *averageLatency) {
        CALL(nvmlDeviceGetEncoderStats);
        struct target t;
        TRY(call_device(&call, device, TARGET_ANY, &t));
        if (!sessionCount || !averageFps || !averageLatency)
                return NVML_ERROR_INVALID_ARGUMENT;
        *sessionCount = *averageFps = *averageLatency = 0;
        return NVML_SUCCESS;
}

static nvmlReturn_t frame_capture(const struct call *call, const struct target *t, nvmlFBCStats_t *ret_stats) {
        (void)call;
        (void)t;
        *ret_stats = (nvmlFBCStats_t){ 0 };
        return NVML_SUCCESS;
}
GETTER(nvmlDeviceGetFBCStats, nvmlFBCStats_t, frame_capture)

/* So every array is large enough, none too. */
#define NO_SESSIONS(name, type)                                                                                                            \
        EXPORT nvmlReturn_t name(nvmlDevice_t device, unsigned int *count, type *sessions) {                                               \
                CALL(name);                                                                                                                \
                struct target t;                                                                                                           \
                (void)sessions;                                                                                                            \
                TRY(call_device(&call, device, TARGET_ANY, &t));                                                                           \
                if (!count)                                                                                                                \
                        return NVML_ERROR_INVALID_ARGUMENT;                                                                                \
                *count = 0;                                                                                                                \
                return NVML_SUCCESS;                                                                                                       \
        }
NO_SESSIONS(nvmlDeviceGetEncoderSessions, nvmlEncoderSessionInfo_t)
NO_SESSIONS(nvmlDeviceGetFBCSessions, nvmlFBCSessionInfo_t)

/* One sample of a sensor; false: this device has no such. */
static bool sample_of(const struct reading *r, nvmlSamplingType_t type, unsigned *ret_value) {
        const unsigned values[NVML_SAMPLINGTYPE_COUNT] = {
                [NVML_TOTAL_POWER_SAMPLES] = r->power_mw,
                [NVML_GPU_UTILIZATION_SAMPLES] = r->gpu_percent,
                [NVML_MEMORY_UTILIZATION_SAMPLES] = r->memory_percent,
                [NVML_ENC_UTILIZATION_SAMPLES] = r->encoder_percent,
                [NVML_DEC_UTILIZATION_SAMPLES] = r->decoder_percent,
                [NVML_PROCESSOR_CLK_SAMPLES] = r->sm_mhz,
                [NVML_MEMORY_CLK_SAMPLES] = r->memory_mhz,
                [NVML_JPG_UTILIZATION_SAMPLES] = r->jpeg_percent,
                [NVML_OFA_UTILIZATION_SAMPLES] = r->ofa_percent,
        };
        *ret_value = values[type];
        return type != NVML_MODULE_POWER_SAMPLES;
}

static bool is_utilization(nvmlSamplingType_t type) {
        return type != NVML_TOTAL_POWER_SAMPLES && type != NVML_PROCESSOR_CLK_SAMPLES && type != NVML_MEMORY_CLK_SAMPLES &&
               type != NVML_MODULE_POWER_SAMPLES;
}

static nvmlReturn_t give_samples(const struct call *call, const struct target *t, nvmlSamplingType_t type, unsigned long long after_us,
                                 unsigned int *count, nvmlSample_t *samples) {
        uint64_t last = call->now_us / SAMPLE_PERIOD_US, first = last < SAMPLES_MAX ? 1 : last - SAMPLES_MAX + 1;
        if (after_us / SAMPLE_PERIOD_US >= first)
                first = after_us / SAMPLE_PERIOD_US + 1;
        if (first > last)
                return NVML_ERROR_NOT_FOUND;
        unsigned room = *count, number = (unsigned)(last - first + 1);
        *count = samples && room < number ? room : number;
        if (!samples)
                return NVML_SUCCESS;
        if (!room)
                return NVML_ERROR_INSUFFICIENT_SIZE;
        for (unsigned i = 0; i < *count; i++) {
                struct reading r;
                unsigned value;
                reading_gpu(call->node, t->gpu, (first + i) * SAMPLE_PERIOD_US, &r);
                sample_of(&r, type, &value);
                samples[i] = (nvmlSample_t){ .timeStamp = (first + i) * SAMPLE_PERIOD_US, .sampleValue.uiVal = value };
        }
        return NVML_SUCCESS;
}

/* Without an array: how many there would be. What was measured is not kept: past samples say what the present load would have shown. */
EXPORT nvmlReturn_t nvmlDeviceGetSamples(nvmlDevice_t device, nvmlSamplingType_t type, unsigned long long lastSeenTimeStamp,
                                         nvmlValueType_t *sampleValType, unsigned int *sampleCount, nvmlSample_t *samples) {
        CALL(nvmlDeviceGetSamples);
        struct target t;
        unsigned value;
        TRY(call_device(&call, device, TARGET_ANY, &t));
        if (!sampleValType || !sampleCount || type >= NVML_SAMPLINGTYPE_COUNT)
                return NVML_ERROR_INVALID_ARGUMENT;
        if (t.at->mig_mode == NVML_DEVICE_MIG_ENABLE && is_utilization(type))
                return NVML_ERROR_NOT_SUPPORTED;
        if (!sample_of(&(struct reading){ 0 }, type, &value))
                return NVML_ERROR_NOT_SUPPORTED;
        *sampleValType = NVML_VALUE_TYPE_UNSIGNED_INT;
        return give_samples(&call, &t, type, lastSeenTimeStamp, sampleCount, samples);
}
