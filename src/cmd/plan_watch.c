/* plan_watch: a long solve seen from outside: how far it is, and how to stop it. */
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "cmd/plan_args.h"

#define PROGRESS_SECONDS 0.2 /* not more often */

static volatile sig_atomic_t interrupted;

static void on_interrupt(int signal) {
        static const char text[] = "\ncarve: stopping with the best plan so far; once more ends at once\n";

        (void)signal;
        interrupted = 1;
        if (isatty(STDERR_FILENO)) {
                ssize_t written = write(STDERR_FILENO, text, sizeof text - 1);
                (void)written;
        }
}

static double now_seconds(void *context) {
        struct timespec now;

        (void)context;
        clock_gettime(CLOCK_MONOTONIC, &now);
        return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static bool stop(void *context) {
        (void)context;
        return interrupted;
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
        /* SA_RESETHAND: a second Ctrl-C meets the default, which ends the process. */
        sigaction(SIGINT, &(struct sigaction){ .sa_handler = on_interrupt, .sa_flags = SA_RESTART | SA_RESETHAND }, NULL);
}

void plan_watch_end(struct plan_watch *watch) {
        signal(SIGINT, SIG_DFL);
        if (watch->shown)
                fputs("\r\033[K", stderr);
}

struct pack_env plan_watch_env(struct plan_watch *watch) {
        return (struct pack_env){ .now_seconds = now_seconds, .stop = stop, .progress = progress, .context = watch };
}
