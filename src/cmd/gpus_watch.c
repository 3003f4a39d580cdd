/* `carve gpus --watch`: the page again and again, until Ctrl-C. */
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "cmd/gpus.h"
#include "io/file/file.h"

#define PAGE_BYTES_MAX (16u << 20)
#define STEP_MS 100
#define STEPS 10 /* a new page every second, and at once when the driver tells of a change */

static volatile sig_atomic_t interrupted;

static void on_signal(int signal) {
        (void)signal;
        interrupted = 1;
}

/* A second, or less when something happens. */
static void wait_for_change(struct driver_events *events) {
        struct driver_event event;
        struct err ignored;

        for (unsigned i = 0; i < STEPS && !interrupted; i++) {
                if (!events)
                        usleep(STEP_MS * 1000);
                else if (driver_events_wait(events, STEP_MS, &event, &ignored) != 1)
                        return;
        }
}

/* On a terminal each page takes the place of the one before; elsewhere a page is printed when it differs. */
static int show_page(const struct cmd_run *run, const struct gpus_node *n, bool terminal, struct buf *last, struct err *e) {
        static const char home[] = "\033[H\033[J";
        struct buf page = BUF(PAGE_BYTES_MAX);
        int r = 0;

        gpus_print_text(run, n, &page);
        if (last->length == 0 || strcmp(buf_text(&page), buf_text(last)) != 0) {
                if (terminal || last->length)
                        r = file_write("-", terminal ? home : "\n", terminal ? sizeof home - 1 : 1, e);
                if (r == 0)
                        r = file_write("-", buf_text(&page), page.length, e);
                buf_done(last);
                *last = page;
        } else {
                buf_done(&page);
        }
        return r;
}

int gpus_watch(const struct cmd_run *run, struct gpus_node *n, struct err *e) {
        const struct sigaction stop = { .sa_handler = on_signal };
        _cleanup_(driver_events_closep) struct driver_events *events = NULL;
        struct sigaction old_int, old_term;
        bool terminal = isatty(STDOUT_FILENO);
        struct buf last = BUF(PAGE_BYTES_MAX);
        struct err no_events;
        int r = 0;

        if (run->common.outputs.count > 1 || run->common.outputs.items[0].format != FORMAT_TEXT)
                return err_set(e, ERR_USAGE, "--watch prints text only");
        if (driver_events_open(n->driver, &events, &no_events) < 0)
                events = NULL; /* an old driver: it is asked every second all the same */
        sigaction(SIGINT, &stop, &old_int);
        sigaction(SIGTERM, &stop, &old_term);
        while (r == 0 && !interrupted) {
                r = show_page(run, n, terminal, &last, e);
                wait_for_change(events);
                if (r == 0 && !interrupted)
                        r = gpus_read_again(n, e);
        }
        sigaction(SIGINT, &old_int, NULL);
        sigaction(SIGTERM, &old_term, NULL);
        buf_done(&last);
        return r;
}
