/* descriptor: what a library has to mind that opens and writes files in a program of somebody else's. */
#pragma once

#include <signal.h>
#include <stdbool.h>
#include <sys/types.h>

/* open(), close-on-exec, and never as 0, 1 or 2: a program that was started without one of them would print into the file. */
int descriptor_open(const char *path, int flags, mode_t mode);

/* What only this process may keep open, because it is locked: descriptor_disinherit, in a child after fork(), closes the copies of those
 * that its parent held. Else they would stay locked when the parent is killed, for as long as the child lives. */
void descriptor_hold(int fd);
void descriptor_let_go(int fd); /* and closes it */
void descriptor_disinherit(void);

/* Between these two, writing fails with an error where it would else end the program: beyond its limit of file sizes (SIGXFSZ), or on a
 * pipe that nobody reads (SIGPIPE). */
struct descriptor_quiet {
        sigset_t before;
        bool was_pending;
};
struct descriptor_quiet descriptor_quiet_begin(void);
void descriptor_quiet_end(const struct descriptor_quiet *quiet);
