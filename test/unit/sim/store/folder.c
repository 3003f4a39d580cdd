#include "folder.h"

#include <ftw.h>
#include <time.h>
#include <unistd.h>

int folder_enter(void **state) {
        char *folder = mem_strdup("/tmp/carve-store-XXXXXX");

        *state = folder;
        return mkdtemp(folder) && chdir(folder) == 0 ? 0 : -1;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw) {
        (void)st, (void)type, (void)ftw;
        return remove(path);
}

int folder_leave(void **state) {
        char *folder = *state;
        int r = chdir("/") < 0 ? -1 : nftw(folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);

        free(folder);
        return r;
}

void folder_init_node(struct node *n, unsigned gpus) {
        struct node_gpu_wish wishes[NODE_GPUS_MAX] = { 0 };
        struct err e = { 0 };

        for (unsigned i = 0; i < gpus; i++)
                wishes[i] = (struct node_gpu_wish){ .model = gpu_model_find("A100-80GB"), .mig = true };
        assert_ok(node_init(n, "590.48.01", 7, wishes, gpus, NOW, &e), &e);
}

void folder_create(unsigned gpus) {
        static struct node n;
        struct err e = { 0 };

        folder_init_node(&n, gpus);
        folder_stamp(&n, 1);
        assert_ok(store_create("node", &n, false, &e), &e);
}

struct store *folder_open(void) {
        struct store *s = mem_alloc(sizeof *s);
        struct err e = { 0 };

        assert_ok(store_open(s, "node", &e), &e);
        return s;
}

void folder_close(struct store *s) {
        store_close(s);
        free(s);
}

void folder_read(struct node *n) {
        struct store *s = folder_open();
        struct err e = { 0 };

        assert_ok(store_refresh(s, n, NULL, &e), &e);
        folder_close(s);
}

void folder_stamp(struct node *n, uint64_t stamp) {
        n->seed = stamp;
        for (unsigned i = 0; i < NODE_GPUS_MAX; i++)
                n->gpus[i].pcie_replays = stamp;
        n->events[NODE_EVENTS_MAX - 1].data = stamp;
        n->faults[NODE_FAULTS_MAX - 1].delay_ms = (uint32_t)stamp;
}

bool folder_is_whole(const struct node *n) {
        bool whole = n->events[NODE_EVENTS_MAX - 1].data == n->seed && n->faults[NODE_FAULTS_MAX - 1].delay_ms == (uint32_t)n->seed;

        for (unsigned i = 0; i < NODE_GPUS_MAX; i++)
                whole &= n->gpus[i].pcie_replays == n->seed;
        return whole;
}

int64_t folder_now_ns(void) {
        struct timespec t;

        clock_gettime(CLOCK_MONOTONIC, &t);
        return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}
