#include "folder.h"

#include <ftw.h>
#include <time.h>
#include <unistd.h>

#include "sim/node/mig.h"

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
        n->processes[NODE_PROCESSES_MAX - 1].memory_bytes = stamp;
        n->faults[NODE_FAULTS_MAX - 1].delay_ms = (uint32_t)stamp;
}

bool folder_is_whole(const struct node *n) {
        bool whole = n->processes[NODE_PROCESSES_MAX - 1].memory_bytes == n->seed &&
                     n->faults[NODE_FAULTS_MAX - 1].delay_ms == (uint32_t)n->seed;

        for (unsigned i = 0; i < NODE_GPUS_MAX; i++)
                whole &= n->gpus[i].pcie_replays == n->seed;
        return whole;
}

/* Instances, by hand */

void folder_toggle(struct node *n, unsigned gpu, unsigned start) {
        const nvmlGpuInstancePlacement_t place = { .start = start, .size = 1 };
        struct node_gi *gi = n->gpus[gpu].gi;
        unsigned slot, ci_slot;

        for (unsigned i = 0; i < NODE_GIS_MAX; i++)
                if (gi[i].live && gi[i].start == start) {
                        for (unsigned c = 0; c < NODE_CIS_MAX; c++)
                                if (gi[i].ci[c].live)
                                        assert_int_equal(mig_destroy_ci(n, gpu, i, c, NOW), NVML_SUCCESS);
                        assert_int_equal(mig_destroy_gi(n, gpu, i, NOW), NVML_SUCCESS);
                        return;
                }
        assert_int_equal(mig_create_gi(n, gpu, 19, &place, NOW, &slot), NVML_SUCCESS); /* 19: 1g */
        assert_int_equal(mig_create_ci(n, gpu, slot, 0, NULL, NOW, &ci_slot), NVML_SUCCESS);
}

/* The tree */

static void assert_capability(const char *path, unsigned minor) {
        char is[256] = "", wanted[256], device[64];
        FILE *f = fopen(path, "r");

        if (!f)
                fail_msg("%s is missing", path);
        assert_true(fread(is, 1, sizeof is - 1, f) > 0);
        fclose(f);
        snprintf(wanted, sizeof wanted, "DeviceFileMinor: %u\nDeviceFileMode: 292\nDeviceFileModify: 1\n", minor);
        assert_string_equal(is, wanted);
        snprintf(device, sizeof device, "node/root/dev/nvidia-caps/nvidia-cap%u", minor);
        if (access(device, F_OK) < 0)
                fail_msg("%s is missing", device);
}

static unsigned capabilities, devices;

static int count_one(const char *path, const struct stat *st, int type, struct FTW *ftw) {
        (void)st;
        capabilities += type == FTW_F && strcmp(path + ftw->base, "access") == 0 && strstr(path, "/capabilities/") != NULL;
        devices += type == FTW_F && strncmp(path + ftw->base, "nvidia-cap", 10) == 0 && strstr(path, "/dev/") != NULL;
        return 0;
}

/* The numbers are those of NVIDIA's table: 3 + 135 G + 9 I and 4 + 135 G + 9 I + C. */
void folder_check_tree(const struct node *n) {
        char path[128];
        unsigned live = 0;

        for (unsigned g = 0; g < n->gpu_count; g++)
                for (unsigned i = 0; i < NODE_GIS_MAX; i++) {
                        const struct node_gi *gi = &n->gpus[g].gi[i];
                        unsigned gpu = n->gpus[g].minor;
                        if (!gi->live)
                                continue;
                        snprintf(path, sizeof path, "node/root/proc/driver/nvidia/capabilities/gpu%u/mig/gi%u/access", gpu, gi->id);
                        assert_capability(path, 3 + 135 * gpu + 9 * gi->id);
                        live++;
                        for (unsigned c = 0; c < NODE_CIS_MAX; c++) {
                                unsigned ci = gi->ci[c].id;
                                if (!gi->ci[c].live)
                                        continue;
                                snprintf(path, sizeof path, "node/root/proc/driver/nvidia/capabilities/gpu%u/mig/gi%u/ci%u/access", gpu,
                                         gi->id, ci);
                                assert_capability(path, 4 + 135 * gpu + 9 * gi->id + ci);
                                live++;
                        }
                }
        capabilities = devices = 0;
        assert_int_equal(nftw("node/root/proc", count_one, 16, FTW_PHYS), 0);
        assert_int_equal(nftw("node/root/dev", count_one, 16, FTW_PHYS), 0);
        assert_int_equal(capabilities, live);
        assert_int_equal(devices, live + 3); /* and the rights to configure, to see all and to manage the fabric */
}

int64_t folder_now_ns(void) {
        struct timespec t;

        clock_gettime(CLOCK_MONOTONIC, &t);
        return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}
