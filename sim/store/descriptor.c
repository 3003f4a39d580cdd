#include "sim/store/descriptor.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <time.h>
#include <unistd.h>

#define FIRST_OWN 3 /* behind standard input, output and error */
#define HELD_MAX 64 /* at once: one for each thread that writes, or changes a GPU or waits to; a child keeps what is more */

static _Atomic int held[HELD_MAX]; /* 0: none */

int descriptor_open(const char *path, int flags, mode_t mode) {
        int fd = open(path, flags | O_CLOEXEC, mode);

        if (fd < 0 || fd >= FIRST_OWN)
                return fd;
        int own = fcntl(fd, F_DUPFD_CLOEXEC, FIRST_OWN), error = errno;
        close(fd);
        errno = error;
        return own;
}

static bool replace_held(int was, int now) {
        for (unsigned i = 0; i < HELD_MAX; i++) {
                int is = was;
                if (atomic_compare_exchange_strong(&held[i], &is, now))
                        return true;
        }
        return false;
}

void descriptor_hold(int fd) {
        replace_held(0, fd);
}

void descriptor_let_go(int fd) {
        replace_held(fd, 0);
        close(fd);
}

void descriptor_disinherit(void) {
        for (unsigned i = 0; i < HELD_MAX; i++) {
                int fd = atomic_exchange(&held[i], 0);
                if (fd)
                        close(fd);
        }
}

/* Both are sent to the thread that writes. */
static sigset_t deadly(void) {
        sigset_t set;

        sigemptyset(&set);
        sigaddset(&set, SIGXFSZ);
        sigaddset(&set, SIGPIPE);
        return set;
}

static bool is_pending(void) {
        sigset_t pending;

        return sigpending(&pending) == 0 && (sigismember(&pending, SIGXFSZ) || sigismember(&pending, SIGPIPE));
}

struct descriptor_quiet descriptor_quiet_begin(void) {
        struct descriptor_quiet quiet = { .was_pending = is_pending() };
        const sigset_t set = deadly();

        pthread_sigmask(SIG_BLOCK, &set, &quiet.before);
        return quiet;
}

/* What the program had waiting for itself already it keeps. */
void descriptor_quiet_end(const struct descriptor_quiet *quiet) {
        const sigset_t set = deadly();
        const struct timespec at_once = { 0 };
        int error = errno;

        while (!quiet->was_pending && is_pending() && sigtimedwait(&set, NULL, &at_once) > 0)
                ;
        pthread_sigmask(SIG_SETMASK, &quiet->before, NULL);
        errno = error;
}
