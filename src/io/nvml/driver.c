#include "io/nvml/driver.h"

#include <unistd.h>

#include "base/mem.h"
#include "io/nvml/look.h"

#define DEADLINE_MS 30000
#define IN_USE_MS 3000

static void read_about(struct job *job) {
        struct driver_about *about = &job->lib->about;

        if (ASK(job, nvmlSystemGetDriverVersion, about->version, sizeof about->version) != NVML_SUCCESS)
                snprintf(about->version, sizeof about->version, "of unknown version");
        if (ASK(job, nvmlSystemGetNVMLVersion, about->nvml, sizeof about->nvml) != NVML_SUCCESS)
                *about->nvml = '\0';
        about->version[sizeof about->version - 1] = about->nvml[sizeof about->nvml - 1] = '\0';
        if (ASK(job, nvmlSystemGetCudaDriverVersion, &about->cuda) != NVML_SUCCESS)
                about->cuda = DRIVER_UNKNOWN;
        sscanf(about->version, "%4u.%4u.%4u", &about->major, &about->minor, &about->patch);
}

static int start_library(struct job *job, struct err *e) {
        nvmlReturn_t r = ASK(job, nvmlInit_v2);
        if (r != NVML_SUCCESS)
                return job_fail(job, r, e, "the driver library %s does not start", job->lib->about.library);

        read_about(job);
        pthread_mutex_lock(&job->lib->mutex);
        job->lib->initialised = true;
        pthread_mutex_unlock(&job->lib->mutex);
        return 0;
}

static int stop_library(struct job *job, struct err *e) {
        (void)e;
        ASK(job, nvmlShutdown);
        return 0;
}

static int run_simple(struct driver *d, int (*run)(struct job *, struct err *), struct err *e) {
        struct job *job = job_new(sizeof *job, d->lib, JOB_NO_GPU, d->deadline_ms, run);

        job->even_if_gone = run == stop_library;
        int r = driver_do(d, job, e);
        job_unref(job);
        return r;
}

int driver_open(const struct driver_options *options, struct driver **ret_driver, struct err *e) {
        static const struct driver_options defaults;
        struct library *lib;

        if (!options)
                options = &defaults;
        int r = library_load(options->library, &lib, e);
        if (r < 0)
                return r;

        struct driver *d = mem_zalloc(1, sizeof *d);
        d->lib = lib;
        d->deadline_ms = options->deadline_ms ? options->deadline_ms : DEADLINE_MS;
        d->in_use_ms = options->in_use_ms ? options->in_use_ms : IN_USE_MS;
        d->owner = getpid();
        pthread_mutex_init(&d->mutex, NULL);
        d->known = mem_zalloc(DRIVER_GPUS_MAX, sizeof *d->known);
        r = run_simple(d, start_library, e);
        if (r < 0) {
                driver_close(d);
                return r;
        }
        *ret_driver = d;
        return 0;
}

/* Jobs that are stuck keep the library: then the last of them shuts it down, should it ever come back. */
static bool take_shutdown(struct library *lib) {
        pthread_mutex_lock(&lib->mutex);
        bool ours = lib->initialised;
        for (unsigned i = 0; i < DRIVER_STUCK_MAX; i++)
                ours = ours && !lib->stuck[i];
        if (ours)
                lib->initialised = false;
        pthread_mutex_unlock(&lib->mutex);
        return ours;
}

void driver_close(struct driver *d) {
        struct err e = { 0 };

        if (d->owner != getpid())
                return; /* the parent's: its mutex and library may be in any state */
        if (take_shutdown(d->lib))
                run_simple(d, stop_library, &e); /* nobody is left who could do something about a failure */
        if (d->worker)
                worker_stop(d->worker);
        pthread_mutex_destroy(&d->mutex);
        library_unref(d->lib);
        free(d->known);
        free(d);
}

const struct driver_about *driver_about(const struct driver *d) {
        return &d->lib->about;
}

bool driver_is_gone(const struct driver *d) {
        return library_gone(d->lib);
}

int driver_do(struct driver *d, struct job *job, struct err *e) {
        if (d->owner != getpid())
                return err_set(e, ERR_BUG, "the driver was opened before fork(): a child must open its own");

        pthread_mutex_lock(&d->mutex);
        int r = worker_do(&d->worker, job, e);
        pthread_mutex_unlock(&d->mutex);
        return r;
}
