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
#define CAPABILITIES "proc/driver/nvidia/capabilities"

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
        int length = snprintf(p.folder, sizeof p.folder, CAPABILITIES "/gpu%u/mig/gi%u", gpu, gi);

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

static int hide(int root, unsigned gpu, unsigned gi, unsigned ci, struct err *e) {
        const struct place p = place_of(gpu, gi, ci);

        if (renameat(root, p.folder, root, p.spare_folder) < 0) {
                if (!is_there(errno))
                        return tree_failed(p.folder, e);
                tree_delete(root, p.folder);
        }
        return renameat(root, p.node, root, p.spare_node) < 0 ? tree_failed(p.node, e) : 0;
}

/* All instances of a GPU instance that only one view has. Compute instances go before what they stand in, and come after it. */
static int move_gi(int root, const struct tree_view *was, const struct tree_view *now, unsigned gpu, unsigned gi, struct err *e) {
        bool had = was->gis[gpu] >> gi & 1, has = now->gis[gpu] >> gi & 1;
        unsigned had_cis = was->cis[gpu][gi], has_cis = now->cis[gpu][gi];
        int r = 0;

        for (unsigned ci = 0; r == 0 && ci < TREE_CIS; ci++)
                if ((had_cis & ~has_cis) >> ci & 1)
                        r = hide(root, gpu, gi, ci, e);
        if (r == 0 && had && !has)
                r = hide(root, gpu, gi, TREE_WHOLE, e);
        if (r == 0 && !had && has)
                r = show(root, gpu, gi, TREE_WHOLE, e);
        for (unsigned ci = 0; r == 0 && ci < TREE_CIS; ci++)
                if ((has_cis & ~had_cis) >> ci & 1)
                        r = show(root, gpu, gi, ci, e);
        return r;
}

static int move(int root, const struct tree_view *was, const struct tree_view *now, struct err *e) {
        int r = 0;

        for (unsigned gpu = 0; r == 0 && gpu < TREE_GPUS; gpu++)
                for (unsigned gi = 0; r == 0 && gi < TREE_GIS; gi++)
                        if ((was->gis[gpu] | now->gis[gpu]) >> gi & 1)
                                r = move_gi(root, was, now, gpu, gi, e);
        return r;
}

/* Whatever was there */

struct wanted {
        const struct tree_view *view;
        unsigned gpu, gi;
};

static bool keeps_gi(const char *name, const void *context) {
        const struct wanted *w = context;
        char mine[16];

        for (unsigned gi = 0; gi < TREE_GIS; gi++) {
                snprintf(mine, sizeof mine, "gi%u", gi);
                if (w->view->gis[w->gpu] >> gi & 1 && strcmp(name, mine) == 0)
                        return true;
        }
        return false;
}

static bool keeps_ci(const char *name, const void *context) {
        const struct wanted *w = context;
        char mine[16];

        for (unsigned ci = 0; ci < TREE_CIS; ci++) {
                snprintf(mine, sizeof mine, "ci%u", ci);
                if (w->view->cis[w->gpu][w->gi] >> ci & 1 && strcmp(name, mine) == 0)
                        return true;
        }
        return strcmp(name, "access") == 0;
}

static bool keeps_node(const char *name, const void *context) {
        const struct tree_view *view = context;
        unsigned gpu, gi, ci, minor;
        int length = 0;

        if (sscanf(name, "nvidia-cap%4u%n", &minor, &length) != 1 || name[length] != '\0')
                return true; /* not ours */
        if (!tree_cap_place(minor, &gpu, &gi, &ci))
                return true; /* a right */
        return ci == TREE_WHOLE ? view->gis[gpu] >> gi & 1 : view->cis[gpu][gi] >> ci & 1;
}

static void sweep(int root, const struct tree_view *view) {
        char path[96];

        tree_sweep(root, "dev/nvidia-caps", keeps_node, view);
        for (unsigned gpu = 0; gpu < TREE_GPUS; gpu++) {
                if (!(view->gpus >> gpu & 1))
                        continue;
                snprintf(path, sizeof path, CAPABILITIES "/gpu%u/mig", gpu);
                tree_sweep(root, path, keeps_gi, &(struct wanted){ view, gpu, 0 });
                for (unsigned gi = 0; gi < TREE_GIS; gi++) {
                        if (!(view->gis[gpu] >> gi & 1))
                                continue;
                        snprintf(path, sizeof path, CAPABILITIES "/gpu%u/mig/gi%u", gpu, gi);
                        tree_sweep(root, path, keeps_ci, &(struct wanted){ view, gpu, gi });
                }
        }
}

static int show_all(int root, const struct node *n, const struct tree_view *view, struct err *e) {
        const struct tree_view none = { 0 };
        int r = tree_put_fixed(root, n, e);

        if (r < 0)
                return r;
        sweep(root, view);
        return move(root, &none, view, e);
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
        int r = known ? move(root, &was.view, &next.view, e) : -1;
        if (r < 0)
                r = show_all(root, n, &next.view, e);
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
