#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "io/file/fd.h"
#include "io/file/file.h"

#define FIRST_BYTES (64u << 10) /* of a pipe, whose length nobody knows */

static const char *unit_of(double *bytes) {
        static const char *const units[] = { "bytes", "KiB", "MiB", "GiB", "TiB", "PiB" };
        unsigned i = 0;

        while (*bytes >= 1024 && i + 1 < ARRAY_SIZE(units)) {
                *bytes /= 1024;
                i++;
        }
        return units[i];
}

static int too_large(const char *path, double bytes, double max_bytes, struct err *e) {
        const char *unit = unit_of(&bytes), *max_unit = unit_of(&max_bytes);

        return err_set(e, ERR_INPUT, "%s: %.4g %s or more, and carve reads at most %.4g %s of one file", path, bytes, unit, max_bytes,
                       max_unit);
}

/* What kind of thing is it, and how much of it is there? Writes the size to expect, 0 if unknown. */
static int look(const char *path, int fd, size_t max_bytes, size_t *ret_expect, struct err *e) {
        struct stat st;

        if (fstat(fd, &st) < 0)
                return err_set(e, ERR_SYSTEM, "%s: %s", path, strerror(errno));
        if (S_ISDIR(st.st_mode))
                return err_set(e, ERR_INPUT, "%s: is a folder, and a file is wanted here", path);
        /* A device never ends (/dev/zero); standard input may be a terminal, though. */
        if ((S_ISCHR(st.st_mode) || S_ISBLK(st.st_mode)) && fd != STDIN_FILENO)
                return err_set(e, ERR_INPUT, "%s: is a device, and a file is wanted here", path);
        if (S_ISREG(st.st_mode) && (uintmax_t)st.st_size > max_bytes)
                return too_large(path, (double)st.st_size, (double)max_bytes, e);
        *ret_expect = S_ISREG(st.st_mode) ? (size_t)st.st_size : 0;
        return 0;
}

static int read_fd(const char *path, int fd, size_t max_bytes, char **ret_text, size_t *ret_bytes, struct err *e) {
        _cleanup_free_ char *text = NULL;
        size_t used = 0, capacity, expect = 0;
        int r = look(path, fd, max_bytes, &expect, e);

        if (r < 0)
                return r;
        /* One byte more than expected, so that the read that finds the end needs no larger buffer. */
        capacity = MIN(expect ? expect + 1 : FIRST_BYTES, max_bytes + 1);
        text = mem_alloc(capacity + 1);
        for (;;) {
                ssize_t n = read(fd, text + used, capacity - used);
                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0)
                        return err_set(e, ERR_SYSTEM, "%s: cannot be read: %s", path, strerror(errno));
                if (n == 0)
                        break;
                used += (size_t)n;
                if (used > max_bytes)
                        return too_large(path, (double)used, (double)max_bytes, e);
                if (used == capacity) {
                        capacity = MIN(2 * capacity, max_bytes + 1);
                        text = mem_realloc(text, capacity + 1, 1);
                }
        }
        text[used] = '\0';
        *ret_text = TAKE_PTR(text);
        *ret_bytes = used;
        return 0;
}

int file_read(const char *path, size_t max_bytes, char **ret_text, size_t *ret_bytes, struct err *e) {
        _cleanup_close_ int fd = -1;

        if (!strcmp(path, "-"))
                return read_fd("standard input", STDIN_FILENO, max_bytes, ret_text, ret_bytes, e);
        fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
        if (fd < 0)
                return err_set(e, errno == ENOENT || errno == ENOTDIR ? ERR_NOT_FOUND : ERR_SYSTEM, "%s: %s", path,
                               errno == ENOENT ? "no such file" : strerror(errno));
        return read_fd(path, fd, max_bytes, ret_text, ret_bytes, e);
}
