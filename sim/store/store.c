#include "sim/store/store.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sim/store/descriptor.h"
#include "sim/store/format.h"
#include "sim/store/lock.h"
#include "sim/store/tree.h"

_Static_assert(STORE_PATH_MAX >= PATH_MAX, "every path that the system resolves fits");

#define READ_TRIES 16 /* without the lock; each failure means that two writes happened during one read */

/* The folder */

static int open_state(struct store *s, struct err *e) {
        char path[STORE_PATH_MAX + 16];
        struct stat st;

        snprintf(path, sizeof path, "%s/state", s->dir);
        s->fd = descriptor_open(path, O_RDWR | O_NOCTTY | O_NONBLOCK, 0);
        if (s->fd < 0 && (errno == EACCES || errno == EROFS || errno == EPERM)) {
                s->read_only = true;
                s->fd = descriptor_open(path, O_RDONLY | O_NOCTTY | O_NONBLOCK, 0);
        }
        if (s->fd < 0 && (errno == ENOENT || errno == ENOTDIR || errno == EISDIR))
                return err_set(e, ERR_INPUT, "%s: holds no simulated node (no file \"state\" in it); `carve-sim new` makes one", s->dir);
        if (s->fd < 0)
                return err_set(e, ERR_SYSTEM, "%s: cannot be opened: %s", path, strerror(errno));
        if (fstat(s->fd, &st) < 0 || !S_ISREG(st.st_mode))
                return err_set(e, ERR_INPUT, "%s: is not an ordinary file", path);
        int r = state_check_header(s->fd, s->dir, e);
        if (r == 0 && st.st_size < STATE_BYTES)
                r = state_damaged(s->dir, "it ends too early", e);
        return r;
}

int store_open(struct store *s, const char *dir, struct err *e) {
        memset(s, 0, sizeof *s);
        s->fd = -1;
        if (!realpath(dir, s->dir)) {
                bool missing = errno == ENOENT || errno == ENOTDIR;
                return err_set(e, missing ? ERR_INPUT : ERR_SYSTEM, "%.200s: %s", dir,
                               missing ? "no such folder; `carve-sim new` makes one" : strerror(errno));
        }
        int r = open_state(s, e);
        if (r < 0)
                store_close(s);
        return r;
}

void store_close(struct store *s) {
        if (s->fd >= 0)
                close(s->fd);
        s->fd = -1;
}

/* Reading */

/* Read until two reads in a row do not meet two writes; at last while nobody writes. What is torn even then is damaged. */
static int load_whole(const struct store *s, struct node *n, uint64_t *ret_generation, struct err *e) {
        int r = 1;

        for (unsigned i = 0; i < READ_TRIES && r == 1; i++)
                r = state_load(s->fd, s->dir, n, ret_generation, e);
        if (r != 1)
                return r;
        int lock = lock_take(s->dir, LOCK_SH, STORE_LOCK_MS, e);
        if (lock == -ERR_AGAIN)
                return lock;
        r = state_load(s->fd, s->dir, n, ret_generation, e);
        if (lock >= 0)
                lock_drop(lock);
        return r == 1 ? state_damaged(s->dir, "its checksum does not fit", e) : r;
}

static int check_node(const char *dir, const struct node *n, struct err *e) {
        int r = node_check(n, e);

        return r < 0 ? err_wrap(e, "%s/state: damaged", dir) : 0;
}

int store_refresh(struct store *s, struct node *snapshot, bool *ret_changed, struct err *e) {
        uint64_t generation;
        int r = state_generation(s->fd, s->dir, &generation, e);

        bool changed = r == 0 && (generation != s->generation || s->generation == 0);
        if (changed)
                r = load_whole(s, snapshot, &generation, e);
        if (changed && r == 0)
                r = check_node(s->dir, snapshot, e);
        if (r < 0) {
                memset(snapshot, 0, sizeof *snapshot);
                s->generation = 0;
                return r;
        }
        s->generation = generation;
        if (ret_changed)
                *ret_changed = changed;
        return 0;
}

/* Writing */

static int refuse_to_write(const struct store *s, struct err *e) {
        return err_set(e, ERR_SYSTEM, "%s: may only be read by this user", s->dir);
}

/* Under the lock only the spare slot is ever written, so what counts cannot be torn. */
static int load_locked(const struct store *s, struct node *n, uint64_t *ret_generation, struct err *e) {
        int r = state_load(s->fd, s->dir, n, ret_generation, e);

        if (r == 1)
                r = state_damaged(s->dir, "its checksum does not fit", e);
        return r < 0 ? r : check_node(s->dir, n, e);
}

int store_begin(struct store *s, struct store_write *w, struct node *working, struct err *e) {
        uint64_t generation;

        if (s->read_only)
                return refuse_to_write(s, e);
        int lock = lock_take(s->dir, LOCK_EX, STORE_LOCK_MS, e);
        if (lock < 0)
                return lock;
        int r = load_locked(s, working, &generation, e);
        if (r < 0) {
                memset(working, 0, sizeof *working);
                lock_drop(lock);
                return r;
        }
        w->lock_fd = lock;
        return 0;
}

/* A replaced folder belongs to the new state: who still has the old one open leaves the tree alone. */
static bool is_replaced(const struct store *s) {
        char path[STORE_PATH_MAX + 16];
        struct stat mine, there;

        snprintf(path, sizeof path, "%s/state", s->dir);
        return fstat(s->fd, &mine) < 0 || stat(path, &there) < 0 || mine.st_ino != there.st_ino || mine.st_dev != there.st_dev;
}

static int publish(const struct store *s, const struct node *working, uint64_t *ret_generation, struct err *e) {
        uint64_t generation;
        int r = node_check(working, e);

        if (r < 0) { /* published, it could not be read by anybody */
                err_wrap(e, "%s: the change would have made a node that is not right", s->dir);
                e->code = ERR_BUG;
                return -ERR_BUG;
        }
        r = state_generation(s->fd, s->dir, &generation, e);
        if (r == 0)
                r = state_put(s->fd, s->dir, working, generation + 1, e);
        if (r == 0)
                r = state_publish(s->fd, s->dir, generation + 1, e);
        if (r == 0)
                *ret_generation = generation + 1;
        return r;
}

int store_end(struct store *s, struct store_write *w, const struct node *working, struct err *e) {
        const struct descriptor_quiet quiet = descriptor_quiet_begin();
        uint64_t generation = 0;
        int r = 0;

        if (working)
                r = publish(s, working, &generation, e);
        if (working && r == 0 && !is_replaced(s)) {
                struct err tree_error; /* the node is what counts; the record says that the tree lags behind, and store_repair says why */
                tree_show(s->dir, s->fd, working, generation, &tree_error);
        }
        lock_drop(w->lock_fd);
        w->lock_fd = -1;
        descriptor_quiet_end(&quiet);
        return r;
}

int store_hold_gpu(struct store *s, unsigned gpu, int *ret_hold, struct err *e) {
        int fd = lock_take_gpu(s->dir, gpu, STORE_GPU_MS, e);

        if (fd < 0)
                return fd;
        *ret_hold = fd;
        return 0;
}

void store_drop_gpu(int hold) {
        lock_drop_gpu(hold);
}

void store_after_fork(void) {
        descriptor_disinherit();
}

/* With a node of its own, from the kernel: it is large, and stacks of clients' threads can be small. */
static int repair_with(struct store *s, struct node *n, struct err *e) {
        uint64_t generation;
        int lock = lock_take(s->dir, LOCK_EX, STORE_LOCK_MS, e);

        if (lock < 0)
                return lock;
        int r = load_locked(s, n, &generation, e);
        if (r == 0 && !tree_is_shown(s->dir, s->fd, generation) && !is_replaced(s)) {
                tree_forget(s->fd); /* the folder itself may be gone, of which the record knows nothing */
                r = tree_show(s->dir, s->fd, n, generation, e);
        }
        lock_drop(lock);
        return r;
}

int store_repair(struct store *s, struct err *e) {
        uint64_t generation;
        int r = state_generation(s->fd, s->dir, &generation, e);

        if (r < 0 || tree_is_shown(s->dir, s->fd, generation))
                return r;
        if (s->read_only)
                return refuse_to_write(s, e);
        struct node *n = mmap(NULL, sizeof *n, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (n == MAP_FAILED)
                return err_set(e, ERR_SYSTEM, "%s: no memory to read the node: %s", s->dir, strerror(errno));
        const struct descriptor_quiet quiet = descriptor_quiet_begin();
        r = repair_with(s, n, e);
        descriptor_quiet_end(&quiet);
        munmap(n, sizeof *n);
        return r;
}
