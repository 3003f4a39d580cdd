/* store: a simulated node in a folder, shared by any number of processes.
 *
 *     DIR/state   header and two copies of struct node; the header's generation says which one counts
 *     DIR/lock    held (flock) by the one who writes; the kernel frees it with the process, however that ends
 *                 for as long as it takes to write, never for as long as the change would take on hardware
 *     DIR/root    what the driver would show: proc/driver/nvidia…, dev/nvidia…, made after the state (sim/store/tree.c)
 *
 * A write copies the node, changes the copy, puts it into the place that does not count, then raises the generation by one 8-byte write.
 * Who dies before that has changed nothing. A reader compares the generation (one pread, 0.3 us) and copies the node only when it rose; a
 * checksum and the generation inside each copy tell a torn one, which is read again. Nothing is mapped for reading, so that a state file
 * which somebody truncates is an error and not a SIGBUS in the client. Nothing is forced to the disk: a node survives every end of a
 * process, not a loss of power.
 *
 * Errors of all functions: ERR_INPUT (not a state file, damaged), ERR_IMPOSSIBLE (of another version or machine), ERR_SYSTEM (permission,
 * disk full, …), ERR_AGAIN (lock not had in time). The text names the folder and what to do.
 */
#pragma once

#include "sim/node/node.h"

#define STORE_PATH_MAX 4096
#define STORE_LOCK_MS 30000 /* a writer waits so long for another; a write takes milliseconds */
/* Who wants to change a GPU waits so long for those who do. A MIG switch takes 4.5 s, and a hundred times that where latency is raised. */
#define STORE_GPU_MS 3600000

struct store {
        char dir[STORE_PATH_MAX];
        int fd;              /* of DIR/state, open for the life of the store; -1: not open */
        bool read_only;      /* the folder may not be written: reading works, writing is ERR_SYSTEM */
        uint64_t generation; /* of the last node that was read */
};

/* Make DIR (it may exist, empty or with a node that `replace` allows to be thrown away) hold `n`. All or nothing. Who has the old node open
 * keeps it; their writes are seen by each other and no longer in DIR/root. */
int store_create(const char *dir, const struct node *n, bool replace, struct err *e);

int store_open(struct store *s, const char *dir, struct err *e);
void store_close(struct store *s);

/* If the node changed since `snapshot` was read (or was never read: generation 0), read it anew. `ret_changed` may be NULL. After a failure
 * `snapshot` is a node of zeros, without GPUs, and the next call reads anew. */
int store_refresh(struct store *s, struct node *snapshot, bool *ret_changed, struct err *e);

/* A write: begin locks and reads the newest node into `working`; end publishes it, or forgets it (`working` NULL), and unlocks in any case.
 * Safe against other threads and forks of the same process too: each write has its own lock descriptor. What node_check refuses is not
 * published (ERR_BUG). Where begin fails there is nothing to end, and `working` is a node of zeros. */
struct store_write {
        int lock_fd;
};
int store_begin(struct store *s, struct store_write *w, struct node *working, struct err *e);
int store_end(struct store *s, struct store_write *w, const struct node *working, struct err *e);

/* Be the only one who changes this GPU for some time, in which the folder is not locked: the others queue here, and those of other GPUs go
 * on. Only who asks is kept out; the kernel ends it with the process. Not to be called between begin and end. Errors: ERR_AGAIN,
 * ERR_SYSTEM. */
int store_hold_gpu(struct store *s, unsigned gpu, int *ret_hold, struct err *e);
void store_drop_gpu(int hold);

/* In a child after fork(): what other threads of the parent were writing is no business of the child's, which must not keep it locked. */
void store_after_fork(void);

/* Sleep until the generation is no longer `generation` or until `timeout_ms` have passed (-1: for ever). 0: it changed; 1: time is up. May
 * wake early for no reason. Wakes across processes, without polling. */
int store_wait(struct store *s, uint64_t generation, int timeout_ms, struct err *e);

/* Make DIR/root show the newest node. Every store_end does so after publishing, at the cost of what changed; where it cannot (disk full, a
 * folder without permission) the write has happened all the same, and a driver call does not fail for it. DIR/state remembers that the tree
 * lags behind, also when a writer was killed on the way: the next write completes it, and so does this function, which says why it cannot.
 * Without a lag it costs three system calls. */
int store_repair(struct store *s, struct err *e);
