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

static int try_folder(int fd, int operation) {
        return flock(fd, operation | LOCK_NB);
}

static int try_gpu(int fd, int gpu) {
        return fcntl(fd, F_OFD_SETLK, &(struct flock){ .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = gpu, .l_len = 1 });
}

/* Both kinds wait without end, and a library has no signals of its own to interrupt them: so they are asked again and again. */
static int wait_for(int (*attempt)(int fd, int what), int fd, int what, int wait_ms) {
        int64_t end_ms = lock_now_ms() + wait_ms;

        for (long nap_us = NAP_FIRST_US;; nap_us = nap_us * 2 < NAP_LONGEST_US ? nap_us * 2 : NAP_LONGEST_US) {
                if (attempt(fd, what) == 0)
                        return 0;
                if (errno != EWOULDBLOCK && errno != EACCES && errno != EINTR)
                        return -1;
                if (lock_now_ms() >= end_ms) {
                        errno = EWOULDBLOCK;
                        return -1;
                }
                nanosleep(&(struct timespec){ .tv_nsec = nap_us * 1000 }, NULL);
        }
}

static int take(const char *path, int flags, int (*attempt)(int fd, int what), int what, int wait_ms, struct err *e) {
        int fd = descriptor_open(path, flags | O_NOCTTY | O_NONBLOCK, 0666);
        if (fd < 0)
                return err_set(e, ERR_SYSTEM, "%s: cannot be opened: %s", path, strerror(errno));
        descriptor_hold(fd);
        if (wait_for(attempt, fd, what, wait_ms) == 0)
                return fd;
        bool busy = errno == EWOULDBLOCK;
        int r = busy ? err_set(e, ERR_AGAIN, "%s: locked by others for %d s; try again", path, wait_ms / 1000)
                     : err_set(e, ERR_SYSTEM, "%s: cannot be locked: %s", path, strerror(errno));
        descriptor_let_go(fd);
        return r;
}

int lock_take(const char *dir, int operation, int wait_ms, struct err *e) {
        char path[PATH_MAX + 16];

        snprintf(path, sizeof path, "%s/lock", dir);
        return take(path, operation == LOCK_EX ? O_RDWR | O_CREAT : O_RDONLY, try_folder, operation, wait_ms, e);
}

int lock_take_gpu(const char *dir, unsigned gpu, int wait_ms, struct err *e) {
        char path[PATH_MAX + 16];

        snprintf(path, sizeof path, "%s/state", dir);
        int r = take(path, O_RDWR, try_gpu, (int)gpu, wait_ms, e);
        return r < 0 ? err_wrap(e, "GPU %u", gpu) : r;
}

/* Unlocked before it is closed: a child that another thread forked meanwhile shares the descriptor and would keep the lock. */
void lock_drop(int fd) {
        flock(fd, LOCK_UN);
        descriptor_let_go(fd);
}

void lock_drop_gpu(int fd) {
        fcntl(fd, F_OFD_SETLK, &(struct flock){ .l_type = F_UNLCK, .l_whence = SEEK_SET }); /* all that it holds */
        descriptor_let_go(fd);
}
