/* Performance metrics of Hopper and later. */
#include "machine.h"

#include <poll.h>

#include "sim/node/process.h"

/* As a client built with some header has it: room for so many metrics, and something of its own behind. */
union request {
        nvmlGpmMetricsGet_t head;
        char bytes[sizeof(nvmlGpmMetricsGet_t) + 8 * sizeof(nvmlGpmMetric_t)];
};

static void load(struct node *n, void *context) {
        (void)context;
        n->gpus[0].load = (struct node_load){
                .gpu_percent = 60,
                .memory_percent = 30,
                .decoder_percent = 20,
                .pcie_tx_kib_s = 2048,
                .pcie_rx_kib_s = 1024,
                .nvlink_tx_mib_s = 1800,
                .nvlink_rx_mib_s = 900,
        };
}

static void start(struct node *n, void *context) {
        assert_int_equal(process_start(n, context, machine_now_us()), NVML_SUCCESS);
}

static nvmlGpmSample_t sample_of(nvmlDevice_t device) {
        nvmlGpmSample_t sample;
        assert_int_equal(nvmlGpmSampleAlloc(&sample), NVML_SUCCESS);
        assert_int_equal(nvmlGpmSampleGet(device, sample), NVML_SUCCESS);
        poll(NULL, 0, 1);
        return sample;
}

static void ask(union request *q, nvmlGpmSample_t first, nvmlGpmSample_t second, const unsigned *ids, unsigned count) {
        memset(q, 0xAA, sizeof *q);
        q->head.version = NVML_GPM_METRICS_GET_VERSION;
        q->head.numMetrics = count;
        q->head.sample1 = first;
        q->head.sample2 = second;
        for (unsigned i = 0; i < count; i++)
                q->head.metrics[i].metricId = ids[i];
}

static void measures_a_whole_gpu(void **state) {
        (void)state;
        static const struct {
                unsigned id;
                nvmlReturn_t r;
                double value;
        } expected[] = {
                { NVML_GPM_METRIC_SM_UTIL, NVML_SUCCESS, 60 },
                { NVML_GPM_METRIC_DRAM_BW_UTIL, NVML_SUCCESS, 30 },
                { NVML_GPM_METRIC_PCIE_TX_PER_SEC, NVML_SUCCESS, 2 },
                { NVML_GPM_METRIC_PCIE_RX_PER_SEC, NVML_SUCCESS, 1 },
                { NVML_GPM_METRIC_NVDEC_0_UTIL + 6, NVML_SUCCESS, 20 }, /* an H100 has seven decoders */
                { NVML_GPM_METRIC_NVDEC_0_UTIL + 7, NVML_ERROR_NOT_SUPPORTED, 0 },
                { NVML_GPM_METRIC_NVLINK_TOTAL_TX_PER_SEC, NVML_SUCCESS, 1800 },
                { NVML_GPM_METRIC_NVLINK_L0_RX_PER_SEC, NVML_SUCCESS, 50 }, /* and eighteen links */
                { NVML_GPM_METRIC_NVENC_0_UTIL, NVML_ERROR_NOT_SUPPORTED, 0 },
                { 100, NVML_ERROR_NOT_SUPPORTED, 0 }, /* C2C */
                { 0, NVML_ERROR_INVALID_ARGUMENT, 0 },
                { NVML_GPM_METRIC_MAX, NVML_ERROR_INVALID_ARGUMENT, 0 },
        };
        machine_start("590.48.01", "H100-80GB", false);
        machine_change(load, NULL);
        nvmlGpmSample_t first = sample_of(machine_gpu(0)), second = sample_of(machine_gpu(0));
        for (unsigned i = 0; i < ARRAY_SIZE(expected); i++) {
                union request q;
                ask(&q, first, second, &expected[i].id, 1);
                assert_int_equal(nvmlGpmMetricsGet(&q.head), NVML_SUCCESS);
                assert_int_equal(q.head.metrics[0].nvmlReturn, expected[i].r);
                assert_true(q.head.metrics[0].value == expected[i].value);
                assert_null(q.head.metrics[0].metricInfo.shortName);
                assert_int_equal(q.head.metrics[1].metricId, 0xAAAAAAAA); /* not asked for, not touched */
        }
        machine_stop();
}

/* The load of a slice is what its own processes do; traffic over PCIe is the GPU's. */
static void measures_a_slice(void **state) {
        (void)state;
        static const unsigned ids[] = { NVML_GPM_METRIC_SM_UTIL, NVML_GPM_METRIC_PCIE_TX_PER_SEC };
        nvmlGpuInstance_t gi;
        nvmlComputeInstance_t ci;
        nvmlComputeInstanceInfo_t info;
        nvmlGpmSample_t sample[2];
        union request q;
        machine_start("590.48.01", "H100-80GB", true);
        nvmlDevice_t gpu = machine_gpu(0);
        assert_int_equal(nvmlDeviceCreateGpuInstance(gpu, 19, &gi), NVML_SUCCESS);
        assert_int_equal(nvmlGpuInstanceCreateComputeInstance(gi, 0, &ci), NVML_SUCCESS);
        assert_int_equal(nvmlComputeInstanceGetInfo_v2(ci, &info), NVML_SUCCESS);
        struct node_process p = { .pid = 7, .gi_id = 13, .ci_id = 0, .sm_percent = 80, .name = "a" };
        machine_change(start, &p);

        sample[0] = sample_of(info.device);
        sample[1] = sample_of(info.device);
        ask(&q, sample[0], sample[1], ids, 2);
        assert_int_equal(nvmlGpmMetricsGet(&q.head), NVML_SUCCESS);
        assert_true(q.head.metrics[0].value == 80);
        assert_int_equal(q.head.metrics[1].nvmlReturn, NVML_ERROR_NOT_SUPPORTED);

        for (unsigned i = 0; i < 2; i++) {
                assert_int_equal(nvmlGpmSampleAlloc(&sample[i]), NVML_SUCCESS);
                assert_int_equal(nvmlGpmMigSampleGet(gpu, 13, sample[i]), NVML_SUCCESS);
                poll(NULL, 0, 1);
        }
        ask(&q, sample[0], sample[1], ids, 1);
        assert_int_equal(nvmlGpmMetricsGet(&q.head), NVML_SUCCESS);
        assert_true(q.head.metrics[0].value == 80);
        assert_int_equal(nvmlGpmMigSampleGet(gpu, 12, sample[0]), NVML_ERROR_INVALID_ARGUMENT);
        assert_int_equal(nvmlGpmMigSampleGet(info.device, 13, sample[0]), NVML_ERROR_INVALID_ARGUMENT);
        sample[1] = sample_of(gpu);
        ask(&q, sample[0], sample[1], ids, 1); /* of the slice, and of the GPU */
        assert_int_equal(nvmlGpmMetricsGet(&q.head), NVML_ERROR_INVALID_ARGUMENT);
        machine_stop();
}

static void refuses_what_makes_no_sense(void **state) {
        (void)state;
        static const unsigned id = NVML_GPM_METRIC_SM_UTIL;
        nvmlGpmSample_t empty, many[512];
        nvmlGpmSupport_t support = { .version = NVML_GPM_SUPPORT_VERSION };
        union request q;
        unsigned on;
        machine_start("590.48.01", "H100-80GB,A100-80GB", false);
        nvmlDevice_t gpu = machine_gpu(0), old = machine_gpu(1);
        nvmlGpmSample_t first = sample_of(gpu), second = sample_of(gpu);
        assert_int_equal(nvmlGpmSampleAlloc(&empty), NVML_SUCCESS);
        assert_int_equal(nvmlGpmSampleAlloc(NULL), NVML_ERROR_INVALID_ARGUMENT);

        const struct {
                nvmlGpmSample_t first, second;
        } wrong[] = { { first, empty }, { NULL, second }, { first, first }, { second, first }, { first, (nvmlGpmSample_t)&q } };
        for (unsigned i = 0; i < ARRAY_SIZE(wrong); i++) {
                ask(&q, wrong[i].first, wrong[i].second, &id, 1);
                assert_int_equal(nvmlGpmMetricsGet(&q.head), NVML_ERROR_INVALID_ARGUMENT);
        }
        ask(&q, first, second, &id, 1);
        q.head.version = 2;
        assert_int_equal(nvmlGpmMetricsGet(&q.head), NVML_ERROR_ARGUMENT_VERSION_MISMATCH);
        assert_int_equal(nvmlGpmMetricsGet(NULL), NVML_ERROR_INVALID_ARGUMENT);

        assert_int_equal(nvmlGpmQueryDeviceSupport(gpu, &support), NVML_SUCCESS);
        assert_int_equal(support.isSupportedDevice, 1);
        assert_int_equal(nvmlGpmQueryDeviceSupport(old, &support), NVML_SUCCESS);
        assert_int_equal(support.isSupportedDevice, 0);
        assert_int_equal(nvmlGpmSampleGet(old, empty), NVML_ERROR_NOT_SUPPORTED);
        assert_int_equal(nvmlGpmQueryIfStreamingEnabled(old, &on), NVML_ERROR_NOT_SUPPORTED);
        assert_int_equal(nvmlGpmSetStreamingEnabled(gpu, 1), NVML_SUCCESS);
        assert_int_equal(nvmlGpmQueryIfStreamingEnabled(gpu, &on), NVML_SUCCESS);
        assert_int_equal(on, 1);

        assert_int_equal(nvmlGpmSampleFree(first), NVML_SUCCESS);
        assert_int_equal(nvmlGpmSampleFree(first), NVML_ERROR_INVALID_ARGUMENT);
        assert_int_equal(nvmlGpmSampleGet(gpu, first), NVML_ERROR_INVALID_ARGUMENT);
        unsigned made = 0;
        while (made < ARRAY_SIZE(many) && nvmlGpmSampleAlloc(&many[made]) == NVML_SUCCESS)
                made++;
        assert_int_equal(made, 510); /* of 512 */
        assert_int_equal(nvmlGpmSampleAlloc(&first), NVML_ERROR_MEMORY);
        machine_stop();
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(measures_a_whole_gpu),
                cmocka_unit_test(measures_a_slice),
                cmocka_unit_test(refuses_what_makes_no_sense),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
