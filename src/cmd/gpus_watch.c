/* `carve gpus --watch`: the page again and again, until Ctrl-C or until nobody reads it any more. */
#include <limits.h>
#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "cmd/gpus.h"
#include "cmd/gpus_stop.h"
#include "io/file/file.h"

#define PAGE_BYTES_MAX (16u << 20)
#define STEP_MS 100
#define STEPS 10 /* a new page every second, and at once when the driver tells of a change */
#define ROWS_MIN 10

/* For a terminal: lines are cut at its edge, each takes the place of the one before, and what is below goes. */
#define BEGIN "\033[?7l\033[H"
#define LINE_END "\033[K\n"
#define END "\033[J\033[?7h"

/* The other end of the pipe was closed: without a change there would be no write that could fail. */
static bool nobody_reads(void) {
        struct pollfd out = { .fd = STDOUT_FILENO };

        return poll(&out, 1, 0) == 1 && out.revents & (POLLERR | POLLNVAL);
}

/* A second, or less when something happens. */
static void wait_for_change(struct driver_events *events) {
        struct driver_event event;
        struct err ignored;

        for (unsigned i = 0; i < STEPS && !gpus_stop_asked() && !nobody_reads(); i++) {
                int r = events ? driver_events_wait(events, STEP_MS, &event, &ignored) : -ERR_NOT_FOUND;
                if (r == 0)
                        return;
                if (r < 0)
                        usleep(STEP_MS * 1000);
        }
}

static unsigned rows_of_terminal(void) {
        struct winsize size;

        if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) < 0 || size.ws_row == 0)
                return UINT_MAX;
        return MAX(size.ws_row, ROWS_MIN);
}

static unsigned count_lines(const char *text) {
        unsigned count = 0;

        for (; *text; text++)
                count += *text == '\n';
        return count;
}

/* As much of the page as the terminal shows, the last line saying how much is missing. */
static void fit_terminal(const char *page, struct buf *out) {
        unsigned lines = count_lines(page), rows = rows_of_terminal() - 1; /* the cursor stands in the last one */
        unsigned shown = lines <= rows ? lines : rows - 1;

        buf_adds(out, BEGIN);
        for (unsigned i = 0; i < shown; i++) {
                const char *end = strchr(page, '\n');
                buf_add(out, page, (size_t)(end - page));
                buf_adds(out, LINE_END);
                page = end + 1;
        }
        if (shown < lines)
                buf_printf(out, "(%u more lines: make the window higher, or choose GPUs with --gpu)" LINE_END, lines - shown);
        buf_adds(out, END);
}

/* On a terminal each page takes the place of the one before; elsewhere a page is printed when it differs. */
static int show_page(const struct cmd_run *run, const struct gpus_node *n, bool terminal, struct buf *last, struct err *e) {
        struct buf page = BUF(PAGE_BYTES_MAX), shown = BUF(PAGE_BYTES_MAX);
        int r = 0;

        gpus_print_text(run, n, &page);
        if (terminal)
                fit_terminal(buf_text(&page), &shown);
        else if (last->length == 0 || strcmp(buf_text(&page), buf_text(last)) != 0)
                buf_printf(&shown, "%s%s", last->length ? "\n" : "", buf_text(&page));
        if (shown.length)
                r = file_write("-", buf_text(&shown), shown.length, e);
        buf_done(&shown);
        buf_done(last);
        *last = page;
        return r;
}

/* NULL with a driver that tells no events: it is asked every second all the same. */
static struct driver_events *open_events(struct driver *driver) {
        struct driver_events *events = NULL;
        struct err ignored;

        return driver_events_open(driver, &events, &ignored) < 0 ? NULL : events;
}

/* Again, also after the driver was restarted. */
static int read_again(const struct gpus_args *args, struct gpus_node *n, struct driver_events **events, struct err *e) {
        int r = gpus_read_again(n, e);

        if (r == 0 || !driver_is_gone(n->driver))
                return r;
        if (*events)
                driver_events_close(*events);
        *events = NULL;
        gpus_close(n);
        r = gpus_open(&args->gpus, n, e);
        if (r == 0)
                *events = open_events(n->driver);
        return r;
}

int gpus_watch(const struct cmd_run *run, struct gpus_node *n, struct err *e) {
        bool terminal = isatty(STDOUT_FILENO);
        struct buf last = BUF(PAGE_BYTES_MAX);
        int r = 0;

        if (run->common.outputs.count > 1 || run->common.outputs.items[0].format != FORMAT_TEXT)
                return err_set(e, ERR_USAGE, "--watch prints text only");
        struct driver_events *events = open_events(n->driver);
        const struct gpus_stop stop = gpus_stop_begin();
        if (terminal)
                r = file_write("-", "\033[2J", 4, e);
        while (r == 0 && !gpus_stop_asked() && !nobody_reads()) {
                r = show_page(run, n, terminal, &last, e);
                wait_for_change(events);
                if (r == 0 && !gpus_stop_asked())
                        r = read_again(run->args, n, &events, e);
        }
        if (events)
                driver_events_close(events);
        gpus_stop_end(&stop);
        buf_done(&last);
        return r;
}
