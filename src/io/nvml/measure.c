/* measure: how busy each slice is, between two samples of the GPU's own performance counters (GPM). */
#include "base/mem.h"
#include "io/nvml/look.h"

#define INTERVAL_MIN_MS 100 /* NVML: two samples closer than that say nothing */
#define INTERVAL_MAX_MS 60000
#define METRIC_SM_UTIL 2
#define METRIC_DRAM_BW_UTIL 10
#define METRIC_ROOM 512 /* a driver writes what was asked for; room for all it knows, should it not */

struct measure_job {
        struct job job;
        struct driver_gpu gpu;
        nvmlDevice_t device;
        unsigned count;
        struct driver_usage usage[DRIVER_SLICES_MAX];
        nvmlGpmSample_t samples[DRIVER_SLICES_MAX][2];
};

static nvmlReturn_t take_sample(struct measure_job *measure, unsigned i, unsigned which) {
        struct job *job = &measure->job;

        nvmlReturn_t r = ASK(job, nvmlGpmSampleAlloc, &measure->samples[i][which]);
        if (r != NVML_SUCCESS)
                return r;
        if (measure->usage[i].gi_id == DRIVER_NONE)
                return ASK(job, nvmlGpmSampleGet, measure->device, measure->samples[i][which]);
        return ASK(job, nvmlGpmMigSampleGet, measure->device, measure->usage[i].gi_id, measure->samples[i][which]);
}

static nvmlReturn_t compare_samples(struct measure_job *measure, unsigned i) {
        size_t bytes = sizeof(nvmlGpmMetricsGet_t) + METRIC_ROOM * sizeof(nvmlGpmMetric_t);
        _cleanup_free_ nvmlGpmMetricsGet_t *get = mem_zalloc(1, bytes);

        get->version = NVML_GPM_METRICS_GET_VERSION;
        get->numMetrics = 2;
        get->sample1 = measure->samples[i][0];
        get->sample2 = measure->samples[i][1];
        get->metrics[0].metricId = METRIC_SM_UTIL;
        get->metrics[1].metricId = METRIC_DRAM_BW_UTIL;
        nvmlReturn_t r = ASK(&measure->job, nvmlGpmMetricsGet, get);
        if (r != NVML_SUCCESS)
                return r;
        measure->usage[i].sm_percent = get->metrics[0].nvmlReturn == NVML_SUCCESS ? get->metrics[0].value : DRIVER_UNKNOWN;
        measure->usage[i].memory_percent = get->metrics[1].nvmlReturn == NVML_SUCCESS ? get->metrics[1].value : DRIVER_UNKNOWN;
        return NVML_SUCCESS;
}

static void free_samples(struct measure_job *measure) {
        for (unsigned i = 0; i < measure->count; i++)
                for (unsigned which = 0; which < 2; which++) {
                        if (measure->samples[i][which])
                                ASK(&measure->job, nvmlGpmSampleFree, measure->samples[i][which]);
                        measure->samples[i][which] = NULL;
                }
}

/* A job that never came to its second half still has its samples; a driver that was restarted has forgotten them. */
static void done_measure(struct job *job) {
        if (!library_gone(job->lib))
                free_samples((struct measure_job *)job);
}

static int run_measure(struct job *job, struct err *e) {
        struct measure_job *measure = (struct measure_job *)job;
        nvmlGpmSupport_t support = { .version = NVML_GPM_SUPPORT_VERSION };

        int r = look_gpu(job, LOOK_CHANGES, &measure->device, &measure->gpu, e);
        if (r < 0)
                return r;
        nvmlReturn_t asked = ASK(job, nvmlGpmQueryDeviceSupport, measure->device, &support);
        if (asked != NVML_SUCCESS)
                return job_fail(job, asked, e, "GPU %u: the use of its slices", job->gpu);
        if (!support.isSupportedDevice)
                return err_set(e, ERR_IMPOSSIBLE, "GPU %u (%s) does not measure the use of its slices: Hopper and later do", job->gpu,
                               measure->gpu.product);

        measure->count = measure->gpu.mig_on ? measure->gpu.slice_count : 1;
        for (unsigned i = 0; i < measure->count; i++)
                measure->usage[i].gi_id = measure->gpu.mig_on ? measure->gpu.slices[i].id : DRIVER_NONE;
        for (unsigned i = 0; i < measure->count && asked == NVML_SUCCESS; i++)
                asked = take_sample(measure, i, 0);
        if (asked == NVML_SUCCESS)
                return 0;
        job_fail(job, asked, e, "GPU %u: the use of its slices", job->gpu);
        free_samples(measure);
        return -(int)e->code;
}

/* The second half. Of a slice that went in between nothing is known. */
static int run_compare(struct job *job, struct err *e) {
        struct measure_job *measure = (struct measure_job *)job;

        for (unsigned i = 0; i < measure->count; i++) {
                measure->usage[i].sm_percent = measure->usage[i].memory_percent = DRIVER_UNKNOWN;
                nvmlReturn_t asked = take_sample(measure, i, 1);
                if (asked == NVML_SUCCESS)
                        asked = compare_samples(measure, i);
                job_nothing(job, asked);
        }
        int r = job_check(job, e);
        free_samples(measure);
        return r;
}

int driver_measure(struct driver *d, unsigned index, unsigned interval_ms, struct driver_usage ret_usage[DRIVER_SLICES_MAX],
                   unsigned *ret_count, struct err *e) {
        struct measure_job *measure = job_new(sizeof *measure, d->lib, index, d->deadline_ms, run_measure);

        measure->job.done = done_measure;
        int r = driver_do(d, &measure->job, e);
        if (r == 0) {
                worker_sleep_ms(MIN(MAX(interval_ms, (unsigned)INTERVAL_MIN_MS), (unsigned)INTERVAL_MAX_MS));
                measure->job.run = run_compare;
                r = driver_do(d, &measure->job, e);
        }
        if (r == 0) {
                memcpy(ret_usage, measure->usage, measure->count * sizeof *ret_usage);
                *ret_count = measure->count;
        }
        job_unref(&measure->job);
        return r;
}
