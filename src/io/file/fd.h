/* fd: file descriptors that close when they leave their scope. */
#pragma once

#include <unistd.h>

#include "base/mem.h"

static inline void fd_close(int *fd) {
        if (*fd >= 0)
                close(*fd);
}

#define _cleanup_close_ _cleanup_(fd_close)
