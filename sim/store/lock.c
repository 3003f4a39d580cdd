#include "sim/store/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/file.h>
#include <unistd.h>

#include "sim/store/descriptor.h"

#define NAP_FIRST_US 20
#define NAP_LONGEST_US 1000

int64_t lock_now_ms(void) {
        struct timespec t;

        clock_gettime(CLOCK_MONOTONIC, &t);
        return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* flock itself waits without end, and a library has no signals of its own to interrupt it: so it is asked again and again. */
static int wait_for(int fd, int operation, int wait_ms) {
        int64_t end_ms = lock_now_ms() + wait_ms;

        for (long nap_us = NAP_FIRST_US;; nap_us = nap_us * 2 < NAP_LONGEST_US ? nap_us * 2 : NAP_LONGEST_US) {
                if (flock(fd, operation | LOCK_NB) == 0)
                        return 0;
                if (errno != EWOULDBLOCK && errno != EINTR)
                        return -1;
                if (lock_now_ms() >= end_ms) {
                        errno = EWOULDBLOCK;
                        return -1;
                }
                nanosleep(&(struct timespec){ .tv_nsec = nap_us * 1000 }, NULL);
        }
}

int lock_take(const char *dir, int operation, int wait_ms, struct err *e) {
        char path[PATH_MAX + 16];
        int flags = operation == LOCK_EX ? O_RDWR | O_CREAT : O_RDONLY;

        snprintf(path, sizeof path, "%s/lock", dir);
        int fd = descriptor_open(path, flags | O_NOCTTY | O_NONBLOCK, 0666);
        if (fd < 0)
                return err_set(e, ERR_SYSTEM, "%s: cannot be opened: %s", path, strerror(errno));
        if (wait_for(fd, operation, wait_ms) == 0)
                return fd;
        bool busy = errno == EWOULDBLOCK;
        int r = busy ? err_set(e, ERR_AGAIN, "%s: another process holds it since %d ms; try again", path, wait_ms)
                     : err_set(e, ERR_SYSTEM, "%s: cannot be locked: %s", path, strerror(errno));
        close(fd);
        return r;
}

/* Unlocked before it is closed: a child that another thread forked meanwhile shares the descriptor and would keep the lock. */
void lock_drop(int fd) {
        flock(fd, LOCK_UN);
        close(fd);
}
