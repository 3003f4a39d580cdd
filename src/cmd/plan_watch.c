/* plan_watch: a long solve seen from outside: how far it is, and how to stop it. */
#include <math.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <unistd.h>

#include "cmd/plan_args.h"

#define PROGRESS_SECONDS 0.2 /* not more often */

/* Ctrl-C is taken by a thread that waits for it, not by a handler: CBC puts its own handler in the place of any other while it works, and
 * that one would keep the signal to itself. The signal is blocked in every other thread. */
static atomic_bool interrupted;
static atomic_bool ending; /* the solve is over: the next signal is ours, to end the thread */

static sigset_t only_interrupt(void) {
        sigset_t set;

        sigemptyset(&set);
        sigaddset(&set, SIGINT);
        return set;
}

/* False when the solve is over. */
static bool wait_for_interrupt(void) {
        const sigset_t set = only_interrupt();
        int signal;

        while (sigwait(&set, &signal) != 0)
                ;
        return !atomic_load(&ending);
}

static void end_at_once(void) {
        const sigset_t set = only_interrupt();

        signal(SIGINT, SIG_DFL);
        pthread_sigmask(SIG_UNBLOCK, &set, NULL);
        raise(SIGINT);
}

static void *take_interrupts(void *context) {
        static const char text[] = "\ncarve: stopping with the best plan so far; once more ends at once\n";
        struct sigaction theirs;

        if (!wait_for_interrupt())
                return context;
        atomic_store(&interrupted, true);
        if (isatty(STDERR_FILENO)) {
                ssize_t written = write(STDERR_FILENO, text, sizeof text - 1);
                (void)written;
        }
        /* Whose handler stands there now (CBC's) is told too, or it would work on to its own time limit. */
        if (sigaction(SIGINT, NULL, &theirs) == 0 && theirs.sa_handler != SIG_DFL && theirs.sa_handler != SIG_IGN)
                theirs.sa_handler(SIGINT);
        if (wait_for_interrupt())
                end_at_once();
        return context;
}

static double now_seconds(void *context) {
        struct timespec now;

        (void)context;
        clock_gettime(CLOCK_MONOTONIC, &now);
        return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static bool stop(void *context) {
        (void)context;
        return atomic_load(&interrupted);
}

static void progress(void *context, struct pack_point point) {
        struct plan_watch *watch = context;
        double now = now_seconds(NULL);

        if (!watch->show || now - watch->last_seconds < PROGRESS_SECONDS)
                return;
        watch->last_seconds = now;
        watch->shown = true;
        fprintf(stderr, "\r%6.1f s", now - watch->begin_seconds);
        if (isfinite(point.cost) && point.cost > 0)
                fprintf(stderr, "  $%.2f/h", point.cost);
        if (point.bound > 0 && isfinite(point.cost) && point.cost >= point.bound)
                fprintf(stderr, ", at most %.2f %% above the cheapest possible", 100 * (point.cost - point.bound) / point.bound);
        fputs("\033[K", stderr);
        fflush(stderr);
}

void plan_watch_begin(struct plan_watch *watch, bool show) {
        double now = now_seconds(NULL);

        *watch = (struct plan_watch){ .show = show, .begin_seconds = now, .last_seconds = now };
        /* Who starts carve with Ctrl-C ignored (nohup, a job in the background) wants it ignored. */
        const sigset_t set = only_interrupt();
        atomic_store(&ending, false);
        pthread_sigmask(SIG_BLOCK, &set, NULL);
        sigaction(SIGINT, NULL, &watch->old);
        watch->waits = watch->old.sa_handler != SIG_IGN && pthread_create(&watch->waiter, NULL, take_interrupts, NULL) == 0;
}

void plan_watch_end(struct plan_watch *watch) {
        const sigset_t set = only_interrupt();

        if (watch->waits) {
                atomic_store(&ending, true);
                pthread_kill(watch->waiter, SIGINT);
                pthread_join(watch->waiter, NULL);
        }
        sigaction(SIGINT, &watch->old, NULL); /* CBC may have left its own */
        pthread_sigmask(SIG_UNBLOCK, &set, NULL);
        if (watch->shown)
                fputs("\r\033[K", stderr);
}

struct pack_env plan_watch_env(struct plan_watch *watch) {
        return (struct pack_env){ .now_seconds = now_seconds, .stop = stop, .progress = progress, .context = watch };
}
