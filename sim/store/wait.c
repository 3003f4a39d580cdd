#include <errno.h>
#include <linux/futex.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "sim/store/format.h"
#include "sim/store/lock.h"
#include "sim/store/store.h"

/* A writer can be killed after it published and before it woke anybody; so who waits looks now and then by itself. */
#define LOOK_MS 1000
/* Where the kernel has no such wait on this file (some network file systems map nothing): look so often. */
#define POLL_MS 50

static struct timespec span(int64_t ms) {
        return (struct timespec){ ms / 1000, ms % 1000 * 1000000 };
}

/* Sleep until somebody wakes, for `ms` at most. `page` is there for the kernel to name the word by and is never read here: the kernel
 * answers EFAULT where a program would die of SIGBUS, when the file was cut.  */
static void nap(const char *page, uint64_t generation, int64_t ms) {
        struct timespec t = span(ms < LOOK_MS ? ms : LOOK_MS);

        if (page != MAP_FAILED) {
                if (syscall(SYS_futex, page + STATE_WORD_AT, FUTEX_WAIT, (uint32_t)generation, &t, NULL, 0) == 0)
                        return;
                if (errno == ETIMEDOUT || errno == EINTR)
                        return;
        }
        int64_t poll_ms = page != MAP_FAILED && errno == EAGAIN ? 1 : POLL_MS; /* EAGAIN: it changed just now */
        t = span(ms < poll_ms ? ms : poll_ms);
        nanosleep(&t, NULL);
}

int store_wait(struct store *s, uint64_t generation, int timeout_ms, struct err *e) {
        int64_t end_ms = timeout_ms < 0 ? INT64_MAX : lock_now_ms() + timeout_ms;
        void *page = mmap(NULL, STATE_PAGE, PROT_READ, MAP_SHARED, s->fd, 0);
        uint64_t now;
        int r;

        while ((r = state_generation(s->fd, s->dir, &now, e)) == 0 && now == generation) {
                int64_t left_ms = end_ms - lock_now_ms();
                if (left_ms <= 0) {
                        r = 1;
                        break;
                }
                nap(page, generation, left_ms);
        }
        if (page != MAP_FAILED)
                munmap(page, STATE_PAGE);
        return r;
}
