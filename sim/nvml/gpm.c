/* gpm: performance metrics of Hopper and later. A sample is what the sensors show at one moment; a metric is the mean of two of them. */
#include "sim/nvml/gpm.h"

#include <string.h>

#include "sim/node/reading.h"
#include "sim/nvml/exports.h"

#define SAMPLES_MAX 512
#define ANY_INSTANCE 0 /* serial of no GPU or compute instance */

struct gpm_sample {
        bool live, taken;
        uint32_t turn; /* how many samples stood in this place before: tells a freed one from its successor */
        unsigned gpu;
        uint32_t serial; /* of the compute or GPU instance, or ANY_INSTANCE */
        uint64_t time_us;
        uint8_t engines[GPU_ENGINE_MAX]; /* how many there are */
        uint8_t links;
        struct reading reading;
        uint32_t nvlink_tx_mib_s, nvlink_rx_mib_s;
};
static struct gpm_sample samples[SAMPLES_MAX];

/* Handles, as in event_set.c. */
#define MARK ((uintptr_t)0x69 << 56)
#define TURN_BITS 32

static struct gpm_sample *find(nvmlGpmSample_t handle) {
        uintptr_t bits = (uintptr_t)handle, place = (bits & ~MARK) >> TURN_BITS;
        if ((bits & MARK) != MARK || place >= SAMPLES_MAX)
                return NULL;
        struct gpm_sample *sample = &samples[place];
        return sample->live && sample->turn == (uint32_t)bits ? sample : NULL;
}

void gpm_samples_forget(void) {
        for (unsigned i = 0; i < SAMPLES_MAX; i++)
                samples[i].live = false;
}

EXPORT nvmlReturn_t nvmlGpmSampleAlloc(nvmlGpmSample_t *gpmSample) {
        CALL(nvmlGpmSampleAlloc);
        if (!gpmSample)
                return NVML_ERROR_INVALID_ARGUMENT;
        for (uintptr_t i = 0; i < SAMPLES_MAX; i++)
                if (!samples[i].live) {
                        samples[i] = (struct gpm_sample){ .live = true, .turn = samples[i].turn + 1 };
                        *gpmSample = (nvmlGpmSample_t)(MARK | i << TURN_BITS | samples[i].turn); /* NOLINT: never dereferenced */
                        return NVML_SUCCESS;
                }
        return NVML_ERROR_MEMORY;
}

EXPORT nvmlReturn_t nvmlGpmSampleFree(nvmlGpmSample_t gpmSample) {
        CALL(nvmlGpmSampleFree);
        struct gpm_sample *sample = find(gpmSample);
        if (!sample)
                return NVML_ERROR_INVALID_ARGUMENT;
        sample->live = false;
        return NVML_SUCCESS;
}

static const struct board *board(const struct node_gpu *gpu) {
        return board_of(node_model(gpu));
}

/* The whole GPU's engines are those of the profile with all compute slices. */
static const uint8_t *engines_of(const struct node_gpu *gpu, const struct node_gi *gi) {
        static const uint8_t none[GPU_ENGINE_MAX];
        const struct gpu_model *model = node_model(gpu);
        if (gi)
                return model->profiles[gi->profile].engines;
        for (unsigned i = 0; i < model->profile_count; i++)
                if (model->profiles[i].compute_slices == model->compute_slices)
                        return model->profiles[i].engines;
        return none;
}

static nvmlReturn_t take(const struct call *call, const struct target *t, const struct node_gi *gi, const struct node_ci *ci,
                         struct gpm_sample *sample) {
        if (!board(t->at)->gpm)
                return NVML_ERROR_NOT_SUPPORTED;
        sample->taken = true;
        sample->gpu = t->gpu;
        sample->serial = ci ? ci->serial : gi ? gi->serial : ANY_INSTANCE;
        sample->time_us = call->now_us;
        memcpy(sample->engines, engines_of(t->at, gi), sizeof sample->engines);
        sample->links = board(t->at)->nvlinks;
        sample->nvlink_tx_mib_s = t->at->load.nvlink_tx_mib_s;
        sample->nvlink_rx_mib_s = t->at->load.nvlink_rx_mib_s;
        if (gi)
                reading_slice(call->node, t->gpu, gi->id, ci ? ci->id : NODE_NONE, call->now_us, &sample->reading);
        else
                reading_gpu(call->node, t->gpu, call->now_us, &sample->reading);
        return NVML_SUCCESS;
}

EXPORT nvmlReturn_t nvmlGpmSampleGet(nvmlDevice_t device, nvmlGpmSample_t gpmSample) {
        CALL(nvmlGpmSampleGet);
        struct target t;
        TRY(call_device(&call, device, TARGET_ANY, &t));
        struct gpm_sample *sample = find(gpmSample);
        if (!sample)
                return NVML_ERROR_INVALID_ARGUMENT;
        return take(&call, &t, t.gi, t.ci, sample);
}

EXPORT nvmlReturn_t nvmlGpmMigSampleGet(nvmlDevice_t device, unsigned int gpuInstanceId, nvmlGpmSample_t gpmSample) {
        CALL(nvmlGpmMigSampleGet);
        struct target t;
        TRY(call_device(&call, device, TARGET_GPU, &t));
        struct gpm_sample *sample = find(gpmSample);
        if (!sample)
                return NVML_ERROR_INVALID_ARGUMENT;
        for (unsigned slot = 0; slot < NODE_GIS_MAX; slot++)
                if (t.at->gi[slot].live && t.at->gi[slot].id == gpuInstanceId)
                        return take(&call, &t, &t.at->gi[slot], NULL, sample);
        return board(t.at)->gpm ? NVML_ERROR_INVALID_ARGUMENT : NVML_ERROR_NOT_SUPPORTED;
}

/* What a metric is made of. SHARE: a part of the time that SMs are busy, the same always, since nothing says what a simulated process
 * computes; the parts are those of a mixed-precision training. */
enum source { SM, SHARE, MEMORY, PCIE_TX, PCIE_RX, DECODE, JPEG, OFA, ENCODE, NVLINK_RX, NVLINK_TX, NVLINK_EACH };

static const struct metric {
        uint16_t first, last;  /* metric ids, one for each engine where there are several */
        uint8_t source, share; /* percent */
} metrics[] = {
        { NVML_GPM_METRIC_GRAPHICS_UTIL, NVML_GPM_METRIC_GRAPHICS_UTIL, SM, 0 },
        { NVML_GPM_METRIC_SM_UTIL, NVML_GPM_METRIC_SM_UTIL, SM, 0 },
        { NVML_GPM_METRIC_SM_OCCUPANCY, NVML_GPM_METRIC_SM_OCCUPANCY, SHARE, 50 },
        { NVML_GPM_METRIC_INTEGER_UTIL, NVML_GPM_METRIC_INTEGER_UTIL, SHARE, 10 },
        { NVML_GPM_METRIC_ANY_TENSOR_UTIL, NVML_GPM_METRIC_ANY_TENSOR_UTIL, SHARE, 40 },
        { NVML_GPM_METRIC_DFMA_TENSOR_UTIL, NVML_GPM_METRIC_DFMA_TENSOR_UTIL, SHARE, 0 },
        { NVML_GPM_METRIC_HMMA_TENSOR_UTIL, NVML_GPM_METRIC_HMMA_TENSOR_UTIL, SHARE, 40 },
        { NVML_GPM_METRIC_DMMA_TENSOR_UTIL, NVML_GPM_METRIC_IMMA_TENSOR_UTIL, SHARE, 0 },
        { NVML_GPM_METRIC_DRAM_BW_UTIL, NVML_GPM_METRIC_DRAM_BW_UTIL, MEMORY, 0 },
        { NVML_GPM_METRIC_FP64_UTIL, NVML_GPM_METRIC_FP64_UTIL, SHARE, 0 },
        { NVML_GPM_METRIC_FP32_UTIL, NVML_GPM_METRIC_FP32_UTIL, SHARE, 20 },
        { NVML_GPM_METRIC_FP16_UTIL, NVML_GPM_METRIC_FP16_UTIL, SHARE, 10 },
        { NVML_GPM_METRIC_PCIE_TX_PER_SEC, NVML_GPM_METRIC_PCIE_TX_PER_SEC, PCIE_TX, 0 },
        { NVML_GPM_METRIC_PCIE_RX_PER_SEC, NVML_GPM_METRIC_PCIE_RX_PER_SEC, PCIE_RX, 0 },
        { NVML_GPM_METRIC_NVDEC_0_UTIL, NVML_GPM_METRIC_NVDEC_7_UTIL, DECODE, 0 },
        { NVML_GPM_METRIC_NVJPG_0_UTIL, NVML_GPM_METRIC_NVJPG_7_UTIL, JPEG, 0 },
        { NVML_GPM_METRIC_NVOFA_0_UTIL, NVML_GPM_METRIC_NVOFA_1_UTIL, OFA, 0 },
        { NVML_GPM_METRIC_NVLINK_TOTAL_RX_PER_SEC, NVML_GPM_METRIC_NVLINK_TOTAL_RX_PER_SEC, NVLINK_RX, 0 },
        { NVML_GPM_METRIC_NVLINK_TOTAL_TX_PER_SEC, NVML_GPM_METRIC_NVLINK_TOTAL_TX_PER_SEC, NVLINK_TX, 0 },
        { NVML_GPM_METRIC_NVLINK_L0_RX_PER_SEC, NVML_GPM_METRIC_NVLINK_L17_TX_PER_SEC, NVLINK_EACH, 0 },
        { NVML_GPM_METRIC_NVENC_0_UTIL, NVML_GPM_METRIC_NVENC_3_UTIL, ENCODE, 0 },
};

static const struct metric *find_metric(unsigned id) {
        for (unsigned i = 0; i < sizeof metrics / sizeof *metrics; i++)
                if (id >= metrics[i].first && id <= metrics[i].last)
                        return &metrics[i];
        return NULL;
}

static nvmlReturn_t give(double value, bool there, double *ret_value) {
        if (!there)
                return NVML_ERROR_NOT_SUPPORTED;
        *ret_value = value;
        return NVML_SUCCESS;
}

/* Traffic over PCIe and NVLink is the GPU's alone; no MIG instance has any of its own. */
static nvmlReturn_t value_of(const struct gpm_sample *s, const struct metric *metric, unsigned id, double *ret_value) {
        const struct reading *r = &s->reading;
        unsigned number = id - metric->first, link = number / 2;
        bool whole = s->serial == ANY_INSTANCE, linked = whole && s->links;
        switch ((enum source)metric->source) {
        case SM:
                return give(r->gpu_percent, true, ret_value);
        case SHARE:
                return give(r->gpu_percent * metric->share / 100.0, true, ret_value);
        case MEMORY:
                return give(r->memory_percent, true, ret_value);
        case PCIE_TX:
                return give(r->pcie_tx_kib_s / 1024.0, whole, ret_value);
        case PCIE_RX:
                return give(r->pcie_rx_kib_s / 1024.0, whole, ret_value);
        case DECODE:
                return give(r->decoder_percent, number < s->engines[GPU_ENGINE_DECODE], ret_value);
        case JPEG:
                return give(r->jpeg_percent, number < s->engines[GPU_ENGINE_JPEG], ret_value);
        case OFA:
                return give(r->ofa_percent, number < s->engines[GPU_ENGINE_OFA], ret_value);
        case ENCODE:
                return give(r->encoder_percent, number < s->engines[GPU_ENGINE_ENCODE], ret_value);
        case NVLINK_RX:
                return give(s->nvlink_rx_mib_s, linked, ret_value);
        case NVLINK_TX:
                return give(s->nvlink_tx_mib_s, linked, ret_value);
        case NVLINK_EACH:
                if (!linked || link >= s->links)
                        return NVML_ERROR_NOT_SUPPORTED;
                return give((double)(number % 2 ? s->nvlink_tx_mib_s : s->nvlink_rx_mib_s) / s->links, true, ret_value);
        }
        return NVML_ERROR_NOT_SUPPORTED;
}

static nvmlReturn_t measure(const struct gpm_sample *first, const struct gpm_sample *second, unsigned id, double *ret_value) {
        double before, after;
        if (id == 0 || id >= NVML_GPM_METRIC_MAX)
                return NVML_ERROR_INVALID_ARGUMENT;
        const struct metric *metric = find_metric(id);
        if (!metric)
                return NVML_ERROR_NOT_SUPPORTED;
        TRY(value_of(first, metric, id, &before));
        TRY(value_of(second, metric, id, &after));
        *ret_value = (before + after) / 2;
        return NVML_SUCCESS;
}

/* The caller's array is as long as the header it was built with says: only the first numMetrics are looked at. */
EXPORT nvmlReturn_t nvmlGpmMetricsGet(nvmlGpmMetricsGet_t *metricsGet) {
        CALL(nvmlGpmMetricsGet);
        if (!metricsGet)
                return NVML_ERROR_INVALID_ARGUMENT;
        if (metricsGet->version != NVML_GPM_METRICS_GET_VERSION)
                return NVML_ERROR_ARGUMENT_VERSION_MISMATCH;
        const struct gpm_sample *first = find(metricsGet->sample1), *second = find(metricsGet->sample2);
        if (!first || !second || metricsGet->numMetrics > NVML_GPM_METRIC_MAX)
                return NVML_ERROR_INVALID_ARGUMENT;
        if (!first->taken || !second->taken || first->gpu != second->gpu || first->serial != second->serial ||
            first->time_us >= second->time_us)
                return NVML_ERROR_INVALID_ARGUMENT;
        for (unsigned i = 0; i < metricsGet->numMetrics; i++) {
                nvmlGpmMetric_t *metric = &metricsGet->metrics[i];
                double value = 0;
                metric->nvmlReturn = measure(first, second, metric->metricId, &value);
                metric->value = value;
                memset(&metric->metricInfo, 0, sizeof metric->metricInfo);
        }
        return NVML_SUCCESS;
}

EXPORT nvmlReturn_t nvmlGpmQueryDeviceSupport(nvmlDevice_t device, nvmlGpmSupport_t *gpmSupport) {
        CALL(nvmlGpmQueryDeviceSupport);
        struct target t;
        TRY(call_device(&call, device, TARGET_ANY, &t));
        if (!gpmSupport)
                return NVML_ERROR_INVALID_ARGUMENT;
        if (gpmSupport->version != NVML_GPM_SUPPORT_VERSION)
                return NVML_ERROR_ARGUMENT_VERSION_MISMATCH;
        gpmSupport->isSupportedDevice = board(t.at)->gpm;
        return NVML_SUCCESS;
}

static nvmlReturn_t streaming_gpu(struct call *call, nvmlDevice_t device, struct target *ret_target) {
        struct target t;
        TRY(call_device(call, device, TARGET_GPU, &t));
        if (!board(t.at)->gpm)
                return NVML_ERROR_NOT_SUPPORTED;
        *ret_target = t;
        return NVML_SUCCESS;
}

EXPORT nvmlReturn_t nvmlGpmQueryIfStreamingEnabled(nvmlDevice_t device, unsigned int *state) {
        CALL(nvmlGpmQueryIfStreamingEnabled);
        struct target t;
        TRY(streaming_gpu(&call, device, &t));
        if (!state)
                return NVML_ERROR_INVALID_ARGUMENT;
        *state = t.at->gpm_streaming;
        return NVML_SUCCESS;
}

EXPORT nvmlReturn_t nvmlGpmSetStreamingEnabled(nvmlDevice_t device, unsigned int state) {
        CALL_WRITE(nvmlGpmSetStreamingEnabled);
        struct target t;
        TRY(streaming_gpu(&call, device, &t));
        if (state > NVML_FEATURE_ENABLED)
                return NVML_ERROR_INVALID_ARGUMENT;
        call.working->gpus[t.gpu].gpm_streaming = (uint8_t)state;
        return call_commit(&call, NVML_SUCCESS);
}
