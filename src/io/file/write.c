#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/mem.h"
#include "io/file/fd.h"
#include "io/file/file.h"

#define TEMPORARY_NAMES_MAX 100 /* tried before giving up: others may write beside us */

static int write_all(int fd, const char *path, const char *text, size_t bytes, struct err *e) {
        while (bytes > 0) {
                ssize_t n = write(fd, text, bytes);
                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0)
                        return err_set(e, ERR_SYSTEM, "%s: cannot be written: %s", path, strerror(errno));
                text += n;
                bytes -= (size_t)n;
        }
        return 0;
}

/* A pipe or /dev/null: written as it is, for putting a file in its place would destroy it. */
static int write_in_place(const char *path, const char *text, size_t bytes, struct err *e) {
        _cleanup_close_ int fd = open(path, O_WRONLY | O_CLOEXEC | O_NOCTTY);

        if (fd < 0)
                return err_set(e, ERR_SYSTEM, "%s: cannot be opened for writing: %s", path, strerror(errno));
        return write_all(fd, path, text, bytes, e);
}

/* A new file beside `path`, open for writing; its name is the caller's to free. */
static int open_temporary(const char *path, char **ret_name, int *ret_fd, struct err *e) {
        const char *slash = strrchr(path, '/');
        int folder = slash ? (int)(slash + 1 - path) : 0;

        for (unsigned i = 0; i < TEMPORARY_NAMES_MAX; i++) {
                _cleanup_free_ char *name = mem_printf("%.*s.%s.%d-%u", folder, path, path + folder, (int)getpid(), i);
                int fd = open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
                if (fd >= 0) {
                        *ret_name = TAKE_PTR(name);
                        *ret_fd = fd;
                        return 0;
                }
                if (errno != EEXIST)
                        break;
        }
        return err_set(e, ERR_SYSTEM, "%s: cannot be written: %s", path, strerror(errno));
}

static int fill(int fd, const char *path, const struct stat *old, const char *text, size_t bytes, struct err *e) {
        int r = write_all(fd, path, text, bytes, e);

        if (r < 0)
                return r;
        if ((old && fchmod(fd, old->st_mode & 07777) < 0) || fsync(fd) < 0)
                return err_set(e, ERR_SYSTEM, "%s: cannot be written: %s", path, strerror(errno));
        return 0;
}

static int replace(const char *path, const struct stat *old, const char *text, size_t bytes, struct err *e) {
        _cleanup_free_ char *temporary = NULL;
        int fd = -1, r = open_temporary(path, &temporary, &fd, e);

        if (r < 0)
                return r;
        r = fill(fd, path, old, text, bytes, e);
        if (close(fd) < 0 && r == 0)
                r = err_set(e, ERR_SYSTEM, "%s: cannot be written: %s", path, strerror(errno));
        if (r == 0 && rename(temporary, path) < 0)
                r = err_set(e, ERR_SYSTEM, "%s: cannot be put in place: %s", path, strerror(errno));
        if (r < 0)
                unlink(temporary);
        return r;
}

int file_write(const char *path, const char *text, size_t bytes, struct err *e) {
        _cleanup_free_ char *target = NULL;
        struct stat st;

        if (!strcmp(path, "-"))
                return write_all(STDOUT_FILENO, "standard output", text, bytes, e);
        if (stat(path, &st) < 0)
                return replace(path, NULL, text, bytes, e);
        if (S_ISDIR(st.st_mode))
                return err_set(e, ERR_SYSTEM, "%s: is a folder; name a file in it", path);
        if (!S_ISREG(st.st_mode))
                return write_in_place(path, text, bytes, e);
        target = realpath(path, NULL); /* a link stays a link, and the file it leads to is replaced */
        return replace(target ? target : path, &st, text, bytes, e);
}
