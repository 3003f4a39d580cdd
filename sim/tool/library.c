#include "sim/tool/library.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "sim/tool/folder.h"

#define LIBRARY_FILE "libnvidia-ml.so.1"

/* Does `folder`/`below` hold the library? Then its real path. */
static bool holds_library(const char *folder, const char *below, char real[PATH_MAX]) {
        _cleanup_free_ char *path = mem_printf("%s/%s", folder, below), *file = mem_printf("%s/" LIBRARY_FILE, path);

        return access(file, R_OK) == 0 && realpath(path, real);
}

/* Where it lies beside this program: in the build folder, and as installed (sim/nvml/meson.build). */
static int find_own(char real[PATH_MAX], struct err *e) {
        static const char *const places[] = { "../nvml", "../lib/carve/sim" };
        char program[PATH_MAX];
        ssize_t length = readlink("/proc/self/exe", program, sizeof program - 1);

        if (length < 0)
                return err_set(e, ERR_SYSTEM, "/proc/self/exe: %s", strerror(errno));
        program[length] = '\0';
        char *slash = strrchr(program, '/');
        if (slash)
                *slash = '\0';
        for (unsigned i = 0; i < ARRAY_SIZE(places); i++)
                if (holds_library(program, places[i], real))
                        return 0;
        return err_set(e, ERR_NOT_FOUND, "no " LIBRARY_FILE " in %s/%s nor %s/%s: name its folder with --library", program, places[0],
                       program, places[1]);
}

int library_env(const char *dir, const char *library, struct library_env *ret, struct err *e) {
        _cleanup_free_ struct node *n = mem_alloc(sizeof *n);
        const char *before = getenv("LD_LIBRARY_PATH");
        char own[PATH_MAX], sim[PATH_MAX];
        int r = folder_read(dir, n, e);

        if (r < 0)
                return r;
        if (!realpath(dir, sim))
                return err_set(e, ERR_SYSTEM, "%s: %s", dir, strerror(errno));
        if (!library) {
                if ((r = find_own(own, e)) < 0)
                        return r;
        } else if (!holds_library(library, ".", own)) {
                return err_set(e, ERR_NOT_FOUND, "%s holds no " LIBRARY_FILE, library);
        }
        if (strchr(own, ':'))
                return err_set(e, ERR_INPUT, "%s: a library path cannot have a ':' in it", own);
        struct library_env env;
        snprintf(env.sim, sizeof env.sim, "%s", sim);
        int wanted = snprintf(env.path, sizeof env.path, "%s%s%s", own, before && *before ? ":" : "", before ? before : "");
        if (wanted >= (int)sizeof env.path)
                return err_set(e, ERR_INPUT, "LD_LIBRARY_PATH is longer than %zu bytes", sizeof env.path - PATH_MAX);
        *ret = env;
        return 0;
}
