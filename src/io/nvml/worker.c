#include "io/nvml/worker.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <time.h>

#include "base/mem.h"

struct worker {
        pthread_t thread;
        pthread_mutex_t mutex; /* over what follows */
        pthread_cond_t changed;
        struct library *lib;
        struct job *job; /* to be done or being done */
        bool quit;       /* when the job is done */
        unsigned refs;   /* the thread and its owner */
};

uint64_t worker_now_ms(void) {
        struct timespec now;

        clock_gettime(CLOCK_MONOTONIC, &now);
        return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

void worker_sleep_ms(unsigned ms) {
        struct timespec left = { .tv_sec = ms / 1000, .tv_nsec = (long)(ms % 1000) * 1000000 };

        while (nanosleep(&left, &left) < 0 && errno == EINTR)
                ;
}

void *job_new(size_t bytes, struct library *lib, unsigned gpu, unsigned deadline_ms, int (*run)(struct job *, struct err *)) {
        struct job *job = mem_zalloc(1, bytes);

        job->lib = library_ref(lib);
        job->gpu = gpu;
        job->deadline_ms = deadline_ms;
        job->run = run;
        job->refs = 1;
        job->call = "";
        pthread_mutex_init(&job->mutex, NULL);
        return job;
}

static struct job *job_ref(struct job *job) {
        pthread_mutex_lock(&job->mutex);
        job->refs++;
        pthread_mutex_unlock(&job->mutex);
        return job;
}

void job_unref(struct job *job) {
        pthread_mutex_lock(&job->mutex);
        bool last = --job->refs == 0;
        pthread_mutex_unlock(&job->mutex);
        if (!last)
                return;
        if (job->done)
                job->done(job);
        library_unref(job->lib);
        pthread_mutex_destroy(&job->mutex);
        free(job);
}

void job_enter(struct job *job, const char *call) {
        pthread_mutex_lock(&job->mutex);
        job->call = call;
        job->call_started_ms = worker_now_ms();
        pthread_mutex_unlock(&job->mutex);
}

/* Answers that no driver gives which carve has opened, unless it is another by now. */
static bool is_gone(nvmlReturn_t answer) {
        return answer == NVML_ERROR_UNINITIALIZED || answer == NVML_ERROR_DRIVER_NOT_LOADED || answer == NVML_ERROR_LIB_RM_VERSION_MISMATCH;
}

static void note_gone(struct library *lib) {
        pthread_mutex_lock(&lib->mutex);
        lib->gone = lib->gone || lib->initialised;
        pthread_mutex_unlock(&lib->mutex);
}

void job_leave(struct job *job, nvmlReturn_t answer) {
        bool gone = is_gone(answer);

        pthread_mutex_lock(&job->mutex);
        job->call_started_ms = 0;
        pthread_mutex_unlock(&job->mutex);
        if (gone)
                note_gone(job->lib);
        if (gone || (answer == NVML_ERROR_GPU_IS_LOST && job->gpu != JOB_NO_GPU)) {
                job->broken.code = answer;
                job->broken.call = job->call;
        }
}

bool job_nothing(struct job *job, nvmlReturn_t answer) {
        bool plain = answer == NVML_SUCCESS || answer == NVML_ERROR_NOT_SUPPORTED || answer == NVML_ERROR_NOT_FOUND ||
                     answer == NVML_ERROR_INVALID_ARGUMENT;

        if (!plain && job->broken.code == NVML_SUCCESS) {
                job->broken.code = answer;
                job->broken.call = job->call;
        }
        return answer != NVML_SUCCESS;
}

int job_check(struct job *job, struct err *e) {
        char what[32] = "asking the driver";

        if (job->broken.code == NVML_SUCCESS)
                return 0;
        if (job->gpu != JOB_NO_GPU)
                snprintf(what, sizeof what, "GPU %u", job->gpu);
        job_enter(job, job->broken.call);
        job_leave(job, NVML_SUCCESS);
        return job_fail(job, job->broken.code, e, "%s", what);
}

static const char *job_call(struct job *job) {
        pthread_mutex_lock(&job->mutex);
        const char *call = job->call;
        pthread_mutex_unlock(&job->mutex);
        return call;
}

static int refuse_gone(struct job *job, struct err *e) {
        if (job->even_if_gone || !library_gone(job->lib))
                return 0;
        return err_set(e, ERR_AGAIN, "the driver was restarted or unloaded since it was opened (it was %s): open it anew",
                       job->lib->about.version);
}

/* ---- jobs left behind ---- */

static int refuse_stuck(struct job *job, struct err *e) {
        struct library *lib = job->lib;
        unsigned count = 0;
        int r = 0;

        pthread_mutex_lock(&lib->mutex);
        for (unsigned i = 0; i < DRIVER_STUCK_MAX && r == 0; i++) {
                struct job *stuck = lib->stuck[i];
                count += stuck != NULL;
                if (stuck && stuck->gpu == job->gpu && job->gpu != JOB_NO_GPU)
                        r = err_set(e, ERR_AGAIN,
                                    "GPU %u is not asked: an earlier %s still hangs in the driver. A reset of the GPU or a "
                                    "reboot helps",
                                    job->gpu, job_call(stuck));
        }
        pthread_mutex_unlock(&lib->mutex);
        if (r == 0 && count == DRIVER_STUCK_MAX)
                r = err_set(e, ERR_AGAIN, "the driver hangs in %u calls already: no more are made. A reset of the GPUs or a reboot helps",
                            count);
        return r;
}

/* Room there is: refuse_stuck saw some, and only the owner of the one worker adds. Two owners (calls and events) at once may find one place
 * too few: then the job is left behind unlisted. */
static void note_stuck(struct job *job, bool stuck) {
        struct library *lib = job->lib;

        pthread_mutex_lock(&lib->mutex);
        for (unsigned i = 0; i < DRIVER_STUCK_MAX; i++) {
                if (lib->stuck[i] != (stuck ? NULL : job))
                        continue;
                lib->stuck[i] = stuck ? job : NULL;
                break;
        }
        pthread_mutex_unlock(&lib->mutex);
}

/* ---- the thread ---- */

static void worker_unref(struct worker *w) {
        pthread_mutex_lock(&w->mutex);
        bool last = --w->refs == 0;
        pthread_mutex_unlock(&w->mutex);
        if (!last)
                return;
        pthread_cond_destroy(&w->changed);
        pthread_mutex_destroy(&w->mutex);
        library_unref(w->lib);
        free(w);
}

static void finish(struct worker *w, struct job *job, int r, const struct err *e) {
        pthread_mutex_lock(&w->mutex);
        job->r = r;
        job->error = *e;
        w->job = NULL;
        note_stuck(job, false);
        pthread_cond_broadcast(&w->changed);
        pthread_mutex_unlock(&w->mutex);
        job_unref(job);
}

static void *work(void *argument) {
        struct worker *w = argument;

        for (;;) {
                pthread_mutex_lock(&w->mutex);
                while (!w->job && !w->quit)
                        pthread_cond_wait(&w->changed, &w->mutex);
                struct job *job = w->job;
                pthread_mutex_unlock(&w->mutex);
                if (!job)
                        break;
                struct err e = { 0 };
                int r = job->run(job, &e);
                if (r == 0)
                        r = job_check(job, &e);
                finish(w, job, r, &e);
        }
        worker_unref(w);
        return NULL;
}

static int worker_start(struct library *lib, struct worker **ret_worker, struct err *e) {
        struct worker *w = mem_zalloc(1, sizeof *w);
        pthread_condattr_t monotonic;
        sigset_t all, before;

        w->lib = library_ref(lib);
        w->refs = 2;
        pthread_mutex_init(&w->mutex, NULL);
        pthread_condattr_init(&monotonic);
        pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
        pthread_cond_init(&w->changed, &monotonic);
        pthread_condattr_destroy(&monotonic);

        sigfillset(&all); /* signals are for the program's own threads */
        pthread_sigmask(SIG_SETMASK, &all, &before);
        int r = pthread_create(&w->thread, NULL, work, w);
        pthread_sigmask(SIG_SETMASK, &before, NULL);
        if (r != 0) {
                w->refs = 1;
                worker_unref(w);
                errno = r;
                return err_set(e, ERR_SYSTEM, "cannot start a thread: %m");
        }
        *ret_worker = w;
        return 0;
}

void worker_stop(struct worker *w) {
        pthread_mutex_lock(&w->mutex);
        w->quit = true;
        pthread_cond_broadcast(&w->changed);
        pthread_mutex_unlock(&w->mutex);
        pthread_join(w->thread, NULL);
        worker_unref(w);
}

/* When the call that is being made (or would be made now) has had its time. */
static uint64_t due_ms(struct job *job) {
        pthread_mutex_lock(&job->mutex);
        uint64_t from = job->call_started_ms ? job->call_started_ms : worker_now_ms();
        pthread_mutex_unlock(&job->mutex);
        return from + job->deadline_ms + 1; /* times are rounded down */
}

/* True when the job is done, false when it was left behind. */
static bool wait_for(struct worker *w, struct job *job) {
        bool done;

        pthread_mutex_lock(&w->mutex);
        while (!(done = w->job == NULL)) {
                uint64_t due = due_ms(job);
                if (due <= worker_now_ms())
                        break;
                struct timespec until = { .tv_sec = (time_t)(due / 1000), .tv_nsec = (long)(due % 1000) * 1000000 };
                pthread_cond_timedwait(&w->changed, &w->mutex, &until);
        }
        if (!done) {
                w->quit = true;
                note_stuck(job, true);
        }
        pthread_mutex_unlock(&w->mutex);
        return done;
}

static int leave_behind(struct worker **worker, struct job *job, struct err *e) {
        pthread_detach((*worker)->thread);
        worker_unref(*worker);
        *worker = NULL;

        char gpu[64] = "a GPU may be hung";
        if (job->gpu != JOB_NO_GPU)
                snprintf(gpu, sizeof gpu, "GPU %u may be hung", job->gpu);
        return err_set(e, ERR_AGAIN, "the driver did not answer %s within %.1f s: %s. Look for NVRM and Xid lines in the kernel log",
                       job_call(job), job->deadline_ms / 1000.0, gpu);
}

int worker_do(struct worker **worker, struct job *job, struct err *e) {
        int r = refuse_gone(job, e);
        if (r == 0)
                r = refuse_stuck(job, e);
        if (r == 0 && !*worker)
                r = worker_start(job->lib, worker, e);
        if (r < 0)
                return r;

        struct worker *w = *worker;
        pthread_mutex_lock(&w->mutex);
        w->job = job_ref(job);
        pthread_cond_broadcast(&w->changed);
        pthread_mutex_unlock(&w->mutex);

        if (!wait_for(w, job))
                return leave_behind(worker, job, e);
        if (job->r < 0)
                *e = job->error;
        return job->r;
}
