/* event: what the driver reports by itself. */
#include "base/mem.h"
#include "io/nvml/look.h"

#define LOST_PAUSE_MS 1000 /* while a GPU is lost the wait answers that at once, every time */

#define WANTED                                                                                                                             \
        (nvmlEventTypeXidCriticalError | nvmlEventTypeSingleBitEccError | nvmlEventTypeDoubleBitEccError | nvmlEventMigConfigChange |      \
         nvmlEventTypeNonFatalPoisonError | nvmlEventTypeFatalPoisonError | nvmlEventTypeGpuUnavailableError |                             \
         nvmlEventTypeGpuRecoveryAction)

/* What the waits share with the jobs that make them: a job that comes back late still finds it. */
struct watch {
        pthread_mutex_t mutex; /* over refs */
        unsigned refs;
        struct library *lib;
        nvmlEventSet_t set;
        unsigned gpu_count;
        nvmlDevice_t devices[DRIVER_GPUS_MAX];
        bool watched[DRIVER_GPUS_MAX], lost[DRIVER_GPUS_MAX];
};

struct driver_events {
        struct watch *watch;
        struct worker *worker;
        unsigned deadline_ms;
};

struct event_job {
        struct job job;
        struct watch *watch;
        unsigned timeout_ms;
        bool any;
        struct driver_event event;
};

const char *driver_event_kind_name(enum driver_event_kind kind) {
        static const char *const names[] = { "xid", "ecc-corrected", "ecc-uncorrected", "mig-changed", "gpu-lost", "other" };

        return names[kind];
}

static bool watch_is_last(struct watch *watch) {
        pthread_mutex_lock(&watch->mutex);
        bool last = --watch->refs == 0;
        pthread_mutex_unlock(&watch->mutex);
        return last;
}

static void watch_free(struct watch *watch) {
        pthread_mutex_destroy(&watch->mutex);
        library_unref(watch->lib);
        free(watch);
}

/* A job that was left behind and comes back after its watch was closed takes the driver's event set with it. */
static void done_event(struct job *job) {
        struct watch *watch = ((struct event_job *)job)->watch;

        if (!watch_is_last(watch))
                return;
        if (watch->set && !library_gone(watch->lib))
                ASK(job, nvmlEventSetFree, watch->set);
        watch_free(watch);
}

static int run_event_job(struct driver_events *events, int (*run)(struct job *, struct err *), unsigned timeout_ms,
                         struct driver_event *ret_event, struct err *e) {
        struct event_job *job = job_new(sizeof *job, events->watch->lib, JOB_NO_GPU, events->deadline_ms + timeout_ms, run);

        job->watch = events->watch;
        job->timeout_ms = timeout_ms;
        job->job.done = done_event;
        pthread_mutex_lock(&events->watch->mutex);
        events->watch->refs++;
        pthread_mutex_unlock(&events->watch->mutex);

        int r = worker_do(&events->worker, &job->job, e);
        if (r == 0 && ret_event && job->any)
                *ret_event = job->event;
        if (r == 0 && !job->any)
                r = 1;
        job_unref(&job->job);
        return r;
}

/* ---- jobs ---- */

static nvmlReturn_t watch_gpu(struct job *job, struct watch *watch, unsigned index) {
        unsigned long long supported = WANTED;

        nvmlReturn_t r = ASK(job, nvmlDeviceGetHandleByIndex_v2, index, &watch->devices[index]);
        if (r == NVML_SUCCESS)
                r = ASK(job, nvmlDeviceGetSupportedEventTypes, watch->devices[index], &supported);
        if (r == NVML_SUCCESS)
                r = ASK(job, nvmlDeviceRegisterEvents, watch->devices[index], supported & WANTED, watch->set);
        watch->watched[index] = r == NVML_SUCCESS;
        watch->lost[index] = r == NVML_ERROR_GPU_IS_LOST;
        return r;
}

static int run_open(struct job *job, struct err *e) {
        struct watch *watch = ((struct event_job *)job)->watch;
        unsigned watched = 0;

        nvmlReturn_t r = ASK(job, nvmlEventSetCreate, &watch->set);
        if (r != NVML_SUCCESS)
                return job_fail(job, r, e, "events cannot be watched");
        r = ASK(job, nvmlDeviceGetCount_v2, &watch->gpu_count);
        if (r != NVML_SUCCESS)
                return job_fail(job, r, e, "the GPUs cannot be counted");
        watch->gpu_count = MIN(watch->gpu_count, (unsigned)DRIVER_GPUS_MAX);

        int failed = 0;
        for (unsigned i = 0; i < watch->gpu_count; i++) {
                r = watch_gpu(job, watch, i);
                watched += watch->watched[i];
                if (r != NVML_SUCCESS && !failed)
                        failed = job_fail(job, r, e, "GPU %u: its events cannot be watched", i);
        }
        ((struct event_job *)job)->any = true;
        return watched == 0 && failed ? failed : 0;
}

static int run_close(struct job *job, struct err *e) {
        struct watch *watch = ((struct event_job *)job)->watch;

        (void)e;
        nvmlEventSet_t set = watch->set;
        watch->set = NULL; /* once, even if this call hangs */
        ASK(job, nvmlEventSetFree, set);
        return 0;
}

static struct driver_event event_of(const struct watch *watch, const nvmlEventData_t *data) {
        static const struct {
                unsigned long long type;
                enum driver_event_kind kind;
        } kinds[] = {
                { nvmlEventTypeXidCriticalError, DRIVER_XID },
                { nvmlEventTypeSingleBitEccError, DRIVER_ECC_CORRECTED },
                { nvmlEventTypeDoubleBitEccError, DRIVER_ECC_UNCORRECTED },
                { nvmlEventMigConfigChange, DRIVER_MIG_CHANGED },
                { nvmlEventTypeGpuUnavailableError, DRIVER_GPU_LOST },
        };
        struct driver_event event = {
                .kind = DRIVER_OTHER, .gpu = DRIVER_NONE, .gi_id = data->gpuInstanceId, .ci_id = data->computeInstanceId
        };

        for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
                if (data->eventType & kinds[i].type)
                        event.kind = kinds[i].kind;
        if (event.kind == DRIVER_XID)
                event.xid = (unsigned)data->eventData;
        for (unsigned i = 0; i < watch->gpu_count; i++)
                if (watch->watched[i] && watch->devices[i] == data->device)
                        event.gpu = i;
        return event;
}

/* Some GPU is lost; the driver does not say which. Those that were told already are not told again. */
static bool find_lost(struct job *job, struct watch *watch, struct driver_event *event) {
        char uuid[DRIVER_UUID_MAX];

        for (unsigned i = 0; i < watch->gpu_count; i++) {
                if (watch->lost[i] || ASK(job, nvmlDeviceGetUUID, watch->devices[i], uuid, sizeof uuid) != NVML_ERROR_GPU_IS_LOST)
                        continue;
                watch->lost[i] = true;
                *event = (struct driver_event){ .kind = DRIVER_GPU_LOST, .gpu = i, .gi_id = DRIVER_NONE, .ci_id = DRIVER_NONE };
                return true;
        }
        return false;
}

static int run_wait(struct job *job, struct err *e) {
        struct event_job *wait = (struct event_job *)job;
        nvmlEventData_t data = { .gpuInstanceId = DRIVER_NONE, .computeInstanceId = DRIVER_NONE };

        nvmlReturn_t r = ASK(job, nvmlEventSetWait_v2, wait->watch->set, &data, wait->timeout_ms);
        if (r == NVML_ERROR_FUNCTION_NOT_FOUND) /* the older call leaves the instances alone */
                r = ASK(job, nvmlEventSetWait, wait->watch->set, &data, wait->timeout_ms);
        if (r == NVML_ERROR_TIMEOUT)
                return 0;
        if (r == NVML_ERROR_GPU_IS_LOST) {
                wait->any = find_lost(job, wait->watch, &wait->event);
                if (!wait->any)
                        worker_sleep_ms(MIN(wait->timeout_ms, (unsigned)LOST_PAUSE_MS));
                return 0;
        }
        if (r != NVML_SUCCESS)
                return job_fail(job, r, e, "waiting for events");
        wait->event = event_of(wait->watch, &data);
        wait->any = true;
        return 0;
}

/* ---- the handle ---- */

int driver_events_open(struct driver *d, struct driver_events **ret_events, struct err *e) {
        struct driver_events *events = mem_zalloc(1, sizeof *events);

        events->watch = mem_zalloc(1, sizeof *events->watch);
        events->watch->lib = library_ref(d->lib);
        events->watch->refs = 1;
        pthread_mutex_init(&events->watch->mutex, NULL);
        events->deadline_ms = d->deadline_ms;
        int r = run_event_job(events, run_open, 0, NULL, e);
        if (r < 0) {
                driver_events_close(events);
                return r;
        }
        *ret_events = events;
        return 0;
}

int driver_events_wait(struct driver_events *events, unsigned timeout_ms, struct driver_event *ret_event, struct err *e) {
        if (!events->worker)
                return err_set(e, ERR_AGAIN, "the watch over the GPUs was left behind in the driver: open it anew");
        return run_event_job(events, run_wait, timeout_ms, ret_event, e);
}

/* The last one to leave frees the driver's event set: here, or in done_event. A driver that was restarted has forgotten it. */
void driver_events_close(struct driver_events *events) {
        struct watch *watch = events->watch;
        struct err ignored;

        bool last = watch_is_last(watch);
        if (last) {
                watch->refs = 1;
                if (watch->set && !library_gone(watch->lib))
                        run_event_job(events, run_close, 0, NULL, &ignored);
                last = watch_is_last(watch);
        }
        if (events->worker)
                worker_stop(events->worker);
        if (last)
                watch_free(watch);
        free(events);
}
