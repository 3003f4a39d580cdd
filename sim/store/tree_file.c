#include "sim/store/tree_file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <sys/stat.h>
#include <unistd.h>

#define NEW TREE_SPARE "/new-file"

int tree_failed(const char *path, struct err *e) {
        return err_set(e, ERR_SYSTEM, "root/%s: %s", path, strerror(errno));
}

int tree_folder(int root, const char *path, struct err *e) {
        return mkdirat(root, path, 0755) < 0 && errno != EEXIST ? tree_failed(path, e) : 0;
}

int tree_node(int root, const char *path, mode_t mode, struct err *e) {
        return mknodat(root, path, S_IFREG | mode, 0) < 0 && errno != EEXIST ? tree_failed(path, e) : 0;
}

static bool says(int root, const char *path, const char *text, size_t bytes) {
        char is[TREE_TEXT_MAX + 1];
        int fd = openat(root, path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);

        if (fd < 0)
                return false;
        ssize_t got = read(fd, is, sizeof is);
        close(fd);
        return got == (ssize_t)bytes && memcmp(is, text, bytes) == 0;
}

int tree_begin(int root, mode_t mode, struct err *e) {
        unlinkat(root, NEW, 0);
        int fd = openat(root, NEW, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);

        return fd < 0 ? tree_failed(NEW, e) : fd;
}

bool tree_write(int fd, const char *text, size_t bytes) {
        while (bytes > 0) {
                ssize_t n = write(fd, text, bytes);
                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0)
                        return false;
                text += n;
                bytes -= (size_t)n;
        }
        return true;
}

int tree_finish(int root, int fd, const char *path, struct err *e) {
        close(fd);
        return renameat(root, NEW, root, path) < 0 ? tree_failed(path, e) : 0;
}

int tree_text(int root, const char *path, mode_t mode, struct err *e, const char *fmt, ...) {
        char text[TREE_TEXT_MAX];
        va_list args;

        va_start(args, fmt);
        int length = vsnprintf(text, sizeof text, fmt, args);
        va_end(args);
        size_t bytes = (size_t)length < sizeof text ? (size_t)length : sizeof text - 1;
        if (says(root, path, text, bytes))
                return 0;
        int fd = tree_begin(root, mode, e);
        if (fd < 0)
                return fd;
        if (!tree_write(fd, text, bytes)) {
                int r = tree_failed(path, e);
                close(fd);
                return r;
        }
        return tree_finish(root, fd, path, e);
}

static DIR *open_folder(int root, const char *path) {
        int fd = openat(root, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);

        return fd < 0 ? NULL : fdopendir(fd);
}

static void delete_below(int root, const char *path, unsigned depth) {
        if (unlinkat(root, path, 0) == 0 || (errno != EISDIR && errno != EPERM))
                return;
        DIR *folder = depth ? open_folder(root, path) : NULL;
        if (folder) {
                for (struct dirent *entry; (entry = readdir(folder));)
                        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
                                delete_below(dirfd(folder), entry->d_name, depth - 1);
                closedir(folder);
        }
        unlinkat(root, path, AT_REMOVEDIR);
}

void tree_delete(int root, const char *path) {
        delete_below(root, path, TREE_DEPTH_MAX);
}

void tree_sweep(int root, const char *path, bool (*keeps)(const char *name, const void *context), const void *context) {
        DIR *folder = open_folder(root, path);

        if (!folder)
                return;
        for (struct dirent *entry; (entry = readdir(folder));)
                if (*entry->d_name != '.' && !keeps(entry->d_name, context))
                        delete_below(dirfd(folder), entry->d_name, TREE_DEPTH_MAX);
        closedir(folder);
}
