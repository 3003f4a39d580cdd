/* worker: a thread that makes the calls into the driver library, so that one that hangs can be left behind. Private to io/nvml.
 *
 * A job is one question or change: several library calls, each of which must return within the deadline. What a job works on and what it
 * finds lie in the job itself, on the heap, owned by the one who waits and by the worker together: an answer that comes too late is
 * written to memory that is still there, and freed with it.
 */
#pragma once

#include <stdarg.h>

#include "io/nvml/library.h"

#define JOB_NO_GPU DRIVER_NONE

struct job {
        struct library *lib;
        unsigned gpu;         /* index; JOB_NO_GPU */
        unsigned deadline_ms; /* of each call */
        bool even_if_gone;    /* shutting down */
        int (*run)(struct job *job, struct err *e);
        void (*done)(struct job *job); /* frees what the results own; NULL: nothing */

        pthread_mutex_t mutex; /* over what follows */
        unsigned refs;
        const char *call;         /* the call that is being made, or was last */
        uint64_t call_started_ms; /* 0: none is being made */

        struct {
                nvmlReturn_t code;
                const char *call;
        } broken;            /* an answer after which the others mean nothing; the worker's own */
        nvmlReturn_t failed; /* what the job failed on; the worker's own until it ends */

        int r; /* how it ended; over these is the worker's mutex */
        struct err error;
};

/* Allocate a job type whose first member is `struct job job`, zeroed. Give it back with job_unref. */
void *job_new(size_t bytes, struct library *lib, unsigned gpu, unsigned deadline_ms, int (*run)(struct job *, struct err *));
void job_unref(struct job *job);

/* Make a call of the library from inside a job. One that this driver lacks answers NVML_ERROR_FUNCTION_NOT_FOUND. */
#define ASK(job_, name, ...)                                                                                                               \
        ({                                                                                                                                 \
                nvmlReturn_t _r = NVML_ERROR_FUNCTION_NOT_FOUND;                                                                           \
                job_enter((job_), #name);                                                                                                  \
                if ((job_)->lib->calls.name)                                                                                               \
                        _r = (job_)->lib->calls.name(__VA_ARGS__);                                                                         \
                job_leave((job_), _r);                                                                                                     \
                _r;                                                                                                                        \
        })
/* The same of a text about something, into the array `text`: it ends there, whatever the driver wrote. */
#define ASK_TEXT(job_, name, of, text)                                                                                                     \
        ({                                                                                                                                 \
                nvmlReturn_t _told = ASK(job_, name, of, text, sizeof(text));                                                              \
                (text)[sizeof(text) - 1] = '\0';                                                                                           \
                _told;                                                                                                                     \
        })
void job_enter(struct job *job, const char *call);
void job_leave(struct job *job, nvmlReturn_t answer);

/* After a GPU is lost or the driver restarted in the middle of a job, what the other calls told is no whole: the job fails, whatever run()
 * returns. So it does after job_nothing() was told of an answer that leaves open what is there: it returns false for NVML_SUCCESS, and true
 * for "not supported", "no such thing" and those. job_check() says now what there is to say of that. */
bool job_nothing(struct job *job, nvmlReturn_t answer);
int job_check(struct job *job, struct err *e);

/* Turn what the last call answered into a sentence: "<what>: <NVIDIA's words> (<call>): <what to do>". Returns the negative error. */
int job_fail(struct job *job, nvmlReturn_t r, struct err *e, const char *what, ...) __attribute__((format(printf, 4, 5)));

struct worker;
void worker_stop(struct worker *w); /* waits for its end: it has nothing to do */

/* Let *worker do `job` and wait for it. A NULL *worker is started first. When a call misses its deadline the job is noted in lib->stuck,
 * *worker becomes NULL and the answer is ERR_AGAIN; so it is, at once, for a GPU that a job is stuck on, and for every job while
 * DRIVER_STUCK_MAX are, and for every job after the driver was restarted. One job at a time. */
int worker_do(struct worker **worker, struct job *job, struct err *e);

uint64_t worker_now_ms(void); /* monotonic */
void worker_sleep_ms(unsigned ms);
