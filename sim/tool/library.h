/* library: what a program needs in its environment to find the simulated GPUs. */
#pragma once

#include "base/err.h"

#define LIBRARY_PATH_MAX 4096

struct library_env {
        char sim[LIBRARY_PATH_MAX];      /* CARVE_SIM: the node's folder */
        char path[2 * LIBRARY_PATH_MAX]; /* LD_LIBRARY_PATH, in front of what it was */
};

/* `library` is a folder that holds libnvidia-ml.so.1, or NULL: the one that was built or installed with this program. The node in `dir` is
 * looked at, so that a wrong folder is told here and not by the program. Errors: ERR_NOT_FOUND, those of sim/store. */
int library_env(const char *dir, const char *library, struct library_env *ret, struct err *e);
