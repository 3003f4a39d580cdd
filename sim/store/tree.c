#include "sim/store/tree.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sim/store/format.h"
#include "sim/store/store.h"
#include "sim/store/tree_file.h"
#include "sim/store/tree_fixed.h"

#define NEW_FOLDER TREE_SPARE "/new"
#define CAPABILITY_MODE 0444

struct tree_record {
        uint64_t checksum; /* of what follows */
        uint64_t generation;
        uint64_t settled;
        struct tree_view view;
};
_Static_assert(sizeof(struct tree_record) <= STATE_PAGE, "the record has a page");
_Static_assert(sizeof(struct tree_record) % 8 == 0, "the checksum goes over whole words");

/* The record */

static uint64_t sum_of(const struct tree_record *record) {
        return state_checksum(1, &record->generation, sizeof *record - offsetof(struct tree_record, generation));
}

static bool read_record(int fd, struct tree_record *ret_record) {
        return pread(fd, ret_record, sizeof *ret_record, STATE_TREE_AT) == sizeof *ret_record && ret_record->settled == 1 &&
               ret_record->checksum == sum_of(ret_record);
}

static int write_record(const char *dir, int fd, struct tree_record *record, struct err *e) {
        record->checksum = sum_of(record);
        return state_write_at(fd, dir, record, sizeof *record, STATE_TREE_AT, e);
}

void tree_forget(int fd) {
        const uint64_t nothing = 0;

        if (pwrite(fd, &nothing, sizeof nothing, STATE_TREE_AT) < 0)
                return; /* a medium that cannot be written cannot be repaired either; who tries is told */
}

/* The view */

static struct tree_view view_of(const struct node *n) {
        struct tree_view view = { .identity = tree_identity(n) };

        for (unsigned i = 0; i < n->gpu_count; i++) {
                const struct node_gpu *gpu = &n->gpus[i];
                if (gpu->minor >= TREE_GPUS)
                        continue; /* the driver has no capabilities for it */
                view.gpus |= 1u << gpu->minor;
                for (unsigned g = 0; g < NODE_GIS_MAX; g++) {
                        const struct node_gi *gi = &gpu->gi[g];
                        if (!gi->live || gi->id >= TREE_GIS)
                                continue;
                        view.gis[gpu->minor] |= (uint16_t)(1u << gi->id);
                        for (unsigned c = 0; c < NODE_CIS_MAX; c++)
                                if (gi->ci[c].live && gi->ci[c].id < TREE_CIS)
                                        view.cis[gpu->minor][gi->id] |= (uint8_t)(1u << gi->ci[c].id);
                }
        }
        return view;
}

/* One capability */

struct place {
        char folder[96], spare_folder[48];
        char node[48], spare_node[48];
        unsigned minor;
};

static struct place place_of(unsigned gpu, unsigned gi, unsigned ci) {
        struct place p = { .minor = tree_cap_minor(gpu, gi, ci) };
        int length = snprintf(p.folder, sizeof p.folder, "proc/driver/nvidia/capabilities/gpu%u/mig/gi%u", gpu, gi);

        if (ci != TREE_WHOLE)
                snprintf(p.folder + length, sizeof p.folder - (size_t)length, "/ci%u", ci);
        snprintf(p.spare_folder, sizeof p.spare_folder, TREE_SPARE "/cap%u", p.minor);
        snprintf(p.node, sizeof p.node, "dev/nvidia-caps/nvidia-cap%u", p.minor);
        snprintf(p.spare_node, sizeof p.spare_node, TREE_SPARE "/nvidia-cap%u", p.minor);
        return p;
}

static bool is_there(int error) {
        return error == EEXIST || error == ENOTEMPTY;
}

/* The device file first: who finds the capability finds that too. */
static int show(int root, unsigned gpu, unsigned gi, unsigned ci, struct err *e) {
        const struct place p = place_of(gpu, gi, ci);
        int r;

        if (renameat(root, p.spare_node, root, p.node) < 0 && (r = tree_node(root, p.node, CAPABILITY_MODE, e)) < 0)
                return r;
        if (renameat(root, p.spare_folder, root, p.folder) == 0 || is_there(errno))
                return 0;
        r = tree_folder(root, NEW_FOLDER, e);
        if (r == 0)
                r = tree_put_capability(root, NEW_FOLDER "/access", p.minor, CAPABILITY_MODE, e);
        if (r == 0 && renameat(root, NEW_FOLDER, root, p.folder) < 0 && !is_there(errno))
                r = tree_failed(p.folder, e);
        return r;
}

/* `sure`: it is there; otherwise it may be. */
static int hide(int root, unsigned gpu, unsigned gi, unsigned ci, bool sure, struct err *e) {
        const struct place p = place_of(gpu, gi, ci);

        if (renameat(root, p.folder, root, p.spare_folder) < 0) {
                if (is_there(errno))
                        tree_delete(root, p.folder);
                else if (errno != ENOENT || sure)
                        return tree_failed(p.folder, e);
        }
        return renameat(root, p.node, root, p.spare_node) < 0 && (errno != ENOENT || sure) ? tree_failed(p.node, e) : 0;
}

struct move {
        int root;
        const struct tree_view *was, *now;
        bool sure; /* what was there is known */
};

/* All instances of a GPU instance that only one view has. Compute instances go before what they stand in, and come after it. */
static int move_gi(const struct move *m, unsigned gpu, unsigned gi, struct err *e) {
        bool had = m->was->gis[gpu] >> gi & 1, has = m->now->gis[gpu] >> gi & 1;
        unsigned had_cis = m->was->cis[gpu][gi], has_cis = m->now->cis[gpu][gi];
        int r = 0;

        for (unsigned ci = 0; r == 0 && ci < TREE_CIS; ci++)
                if ((had_cis & ~has_cis) >> ci & 1)
                        r = hide(m->root, gpu, gi, ci, m->sure, e);
        if (r == 0 && had && !has)
                r = hide(m->root, gpu, gi, TREE_WHOLE, m->sure, e);
        if (r == 0 && !had && has)
                r = show(m->root, gpu, gi, TREE_WHOLE, e);
        for (unsigned ci = 0; r == 0 && ci < TREE_CIS; ci++)
                if ((has_cis & ~had_cis) >> ci & 1)
                        r = show(m->root, gpu, gi, ci, e);
        return r;
}

static int move(const struct move *m, struct err *e) {
        int r = 0;

        for (unsigned gpu = 0; r == 0 && gpu < TREE_GPUS; gpu++)
                for (unsigned gi = 0; r == 0 && gi < TREE_GIS; gi++)
                        if ((m->was->gis[gpu] | m->now->gis[gpu]) >> gi & 1)
                                r = move_gi(m, gpu, gi, e);
        return r;
}

/* Whatever was there: first everything that is not wanted goes, then everything that is wanted comes. */
static int move_all(int root, const struct node *n, const struct tree_view *now, struct err *e) {
        struct tree_view any, none = { 0 };
        int r = tree_put_fixed(root, n, e);

        memset(&any, 0xFF, sizeof any);
        if (r == 0)
                r = move(&(struct move){ root, &any, now, false }, e);
        return r < 0 ? r : move(&(struct move){ root, &none, now, false }, e);
}

static int open_root(const char *dir, struct err *e) {
        char path[STORE_PATH_MAX + 16];

        snprintf(path, sizeof path, "%s/root", dir);
        mkdir(path, 0755); /* what comes of it shows in the next line */
        int root = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        return root < 0 ? err_set(e, ERR_SYSTEM, "%s: cannot be opened: %s", path, strerror(errno)) : root;
}

int tree_show(const char *dir, int fd, const struct node *n, uint64_t generation, struct err *e) {
        struct tree_record next = { .generation = generation, .settled = 1, .view = view_of(n) }, was;
        bool known = read_record(fd, &was) && was.view.identity == next.view.identity;

        if (known && memcmp(&was.view, &next.view, sizeof was.view) == 0)
                return write_record(dir, fd, &next, e);
        tree_forget(fd);
        int root = open_root(dir, e);
        if (root < 0)
                return root;
        int r = known ? move(&(struct move){ root, &was.view, &next.view, true }, e) : -1;
        if (r < 0)
                r = move_all(root, n, &next.view, e);
        close(root);
        return r < 0 ? err_wrap(e, "%s", dir) : write_record(dir, fd, &next, e);
}

bool tree_is_shown(const char *dir, int fd, uint64_t generation) {
        struct tree_record record;
        char path[STORE_PATH_MAX + 16];

        snprintf(path, sizeof path, "%s/root/dev", dir);
        return read_record(fd, &record) && record.generation == generation && access(path, F_OK) == 0;
}

void tree_remove(const char *dir) {
        int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

        if (fd < 0)
                return;
        tree_delete(fd, "root");
        close(fd);
}
