#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sim/store/descriptor.h"
#include "sim/store/format.h"
#include "sim/store/lock.h"
#include "sim/store/store.h"
#include "sim/store/tree.h"

/* What a folder holds. REMAINS: what a creation that was killed leaves behind. */
enum content { CONTENT_EMPTY, CONTENT_REMAINS, CONTENT_NODE, CONTENT_OTHER };

static bool has_magic(int folder) {
        char magic[sizeof STATE_MAGIC] = "";
        int fd = openat(folder, "state", O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

        if (fd < 0)
                return false;
        bool ours = pread(fd, magic, sizeof magic, 0) == sizeof magic && memcmp(magic, STATE_MAGIC, sizeof magic) == 0;
        close(fd);
        return ours;
}

/* `ret_name`: the first file that is not ours. */
static int look_into(const char *dir, enum content *ret_content, char ret_name[NAME_MAX + 1], struct err *e) {
        static const char *const ours[] = { ".", "..", "lock", "root", "state.new" };
        unsigned files = 0;
        bool locked = false;
        DIR *folder = opendir(dir);

        if (!folder)
                return err_set(e, errno == ENOTDIR ? ERR_INPUT : ERR_SYSTEM, "%s: %s", dir, strerror(errno));
        *ret_content = CONTENT_EMPTY;
        for (struct dirent *entry; (entry = readdir(folder));) {
                unsigned k = 0;
                while (k < sizeof ours / sizeof *ours && strcmp(entry->d_name, ours[k]) != 0)
                        k++;
                files += k > 1;
                locked |= k == 2;
                if (k < sizeof ours / sizeof *ours)
                        continue;
                *ret_content = CONTENT_OTHER;
                snprintf(ret_name, NAME_MAX + 1, "%s", entry->d_name);
        }
        if (has_magic(dirfd(folder)))
                *ret_content = CONTENT_NODE;
        else if (*ret_content == CONTENT_EMPTY && files)
                *ret_content = locked ? CONTENT_REMAINS : CONTENT_OTHER;
        closedir(folder);
        return 0;
}

static int check_content(const char *dir, bool replace, bool *ret_old, struct err *e) {
        char name[NAME_MAX + 1] = "root";
        enum content content = CONTENT_OTHER;
        int r = look_into(dir, &content, name, e);

        if (r < 0)
                return r;
        if (content == CONTENT_OTHER)
                return err_set(e, ERR_INPUT, "%s: is neither empty nor a simulated node (\"%s\" is in it); name another folder", dir, name);
        if (content == CONTENT_NODE && !replace)
                return err_set(e, ERR_INPUT,
                               "%s: holds a simulated node already; name another folder, or replace it (carve-sim new --force)", dir);
        *ret_old = content == CONTENT_NODE;
        return 0;
}

/* All space is taken at once: a full disk is met here and not in the middle of a test. */
static int fill_state(int fd, const char *dir, const struct node *n, struct err *e) {
        const struct state_header header = {
                .magic = STATE_MAGIC,
                .byte_order = STATE_BYTE_ORDER,
                .format = NODE_FORMAT,
                .node_bytes = sizeof(struct node),
                .generation = state_word(1),
        };
        int error = posix_fallocate(fd, 0, STATE_BYTES);

        if (error)
                return err_set(e, ERR_SYSTEM, "%s: no room for the state: %s", dir, strerror(error));
        int r = state_write_at(fd, dir, &header, sizeof header, 0, e);
        return r < 0 ? r : state_put(fd, dir, n, 1, e);
}

/* The record of an old node is spoiled first: should this process be killed on the way, the tree is no longer what the old one says. */
static void forget_old_tree(const char *dir) {
        char path[STORE_PATH_MAX + 16];

        snprintf(path, sizeof path, "%s/state", dir);
        int fd = open(path, O_RDWR | O_CLOEXEC);
        if (fd < 0)
                return;
        tree_forget(fd);
        close(fd);
}

static int make_node(const char *dir, const struct node *n, bool old, struct err *e) {
        char path[STORE_PATH_MAX + 16], final[STORE_PATH_MAX + 16];

        snprintf(path, sizeof path, "%s/state.new", dir);
        snprintf(final, sizeof final, "%s/state", dir);
        unlink(path);
        int fd = descriptor_open(path, O_RDWR | O_CREAT | O_EXCL, 0666);
        if (fd < 0)
                return err_set(e, ERR_SYSTEM, "%s: cannot be made: %s", path, strerror(errno));
        int r = fill_state(fd, dir, n, e);
        if (r == 0 && old)
                forget_old_tree(dir);
        if (r == 0)
                r = tree_show(dir, fd, n, 1, e);
        if (r == 0 && rename(path, final) < 0)
                r = err_set(e, ERR_SYSTEM, "%s: cannot be made: %s", final, strerror(errno));
        close(fd);
        if (r < 0)
                unlink(path);
        return r;
}

static void remove_remains(const char *dir) {
        char path[STORE_PATH_MAX + 16];

        tree_remove(dir);
        snprintf(path, sizeof path, "%s/lock", dir);
        unlink(path);
}

/* An old node's tree may have been half replaced. */
static void restore_old(const char *dir) {
        struct store s;
        struct err e;

        if (store_open(&s, dir, &e) < 0)
                return;
        store_repair(&s, &e);
        store_close(&s);
}

static int create_in(const char *dir, const struct node *n, bool replace, struct err *e) {
        bool old;
        int r = check_content(dir, replace, &old, e); /* before a lock is put into a folder that is not ours */

        if (r < 0)
                return r;
        int lock = lock_take(dir, LOCK_EX, STORE_LOCK_MS, e);
        if (lock < 0)
                return lock;
        r = check_content(dir, replace, &old, e); /* another may have been faster */
        if (r == 0) {
                r = make_node(dir, n, old, e);
                if (r < 0 && !old)
                        remove_remains(dir);
        }
        lock_drop(lock);
        if (r < 0 && old)
                restore_old(dir);
        return r;
}

int store_create(const char *dir, const struct node *n, bool replace, struct err *e) {
        char path[PATH_MAX];
        int r = node_check(n, e);

        if (r < 0)
                return r;
        bool made = mkdir(dir, 0777) == 0;
        if (!made && errno != EEXIST)
                return err_set(e, ERR_SYSTEM, "%s: cannot be made: %s", dir, strerror(errno));
        const struct descriptor_quiet quiet = descriptor_quiet_begin();
        r = realpath(dir, path) ? create_in(path, n, replace, e) : err_set(e, ERR_SYSTEM, "%s: %s", dir, strerror(errno));
        descriptor_quiet_end(&quiet);
        if (r < 0 && made)
                rmdir(dir);
        return r;
}
