/* Forms of the files as the kernel driver prints them: its open sources (nvidia.ko 595.45: nv-caps.c, nv-procfs.c), and listings of
 * machines. What a simulated node cannot have, an interrupt say, is a plausible constant. */
#include "sim/store/tree_fixed.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sim/node/driver.h"
#include "sim/node/mig.h"
#include "sim/node/reading.h"
#include "sim/store/format.h"
#include "sim/store/tree.h"
#include "sim/store/tree_file.h"
#include "sim/store/tree_pci.h"

#define GPUS_FOLDER "proc/driver/nvidia/gpus"
#define PCI_FOLDER "sys/bus/pci/devices"
#define MINORS_FILE "proc/driver/nvidia-caps/mig-minors"

#define FABRIC_IMEX "fabric-imex-mgmt"

#define CAP_FABRIC 0
#define CAP_CONFIG 1
#define CAP_MONITOR 2
#define CAP_FIRST 3 /* of GPU 0, GPU instance 0 */
#define CAPS_OF_GI (1 + TREE_CIS)
#define CAP_FABRIC_IMEX (CAP_FIRST + TREE_GPUS * TREE_GIS * CAPS_OF_GI) /* behind all of MIG: 4323 */

#define IMEX_FOLDER "nvidia-caps-imex-channels"
#define IMEX_SINCE 550 /* 550.54 */

#define RENAMED_SINCE 550 /* before this driver the character device was called nvidia-frontend */

static const char *const folders[] = {
        TREE_SPARE,
        "dev",
        "dev/nvidia-caps",
        "proc",
        "proc/driver",
        "proc/driver/nvidia",
        GPUS_FOLDER,
        "proc/driver/nvidia/capabilities",
        "proc/driver/nvidia/capabilities/mig",
        "proc/driver/nvidia-caps",
        "sys",
        "sys/bus",
        "sys/bus/pci",
        PCI_FOLDER,
};

static const char *const devices[] = { "dev/nvidiactl", "dev/nvidia-modeset", "dev/nvidia-uvm", "dev/nvidia-uvm-tools" };

static const struct {
        const char *name;
        unsigned minor;
        mode_t mode;
} rights[] = {
        { "mig/config", CAP_CONFIG, 0400 },
        { "mig/monitor", CAP_MONITOR, 0444 },
        { FABRIC_IMEX, CAP_FABRIC_IMEX, 0400 },
};

uint64_t tree_identity(const struct node *n) {
        uint64_t sum = n->gpu_count;
        uint64_t words[16] = { 0 };

        memcpy(words, n->driver, sizeof n->driver);
        sum = state_checksum(sum, words, sizeof words);
        for (unsigned i = 0; i < n->gpu_count; i++) {
                const struct node_gpu *gpu = &n->gpus[i];
                memset(words, 0, sizeof words);
                memcpy(words, gpu->uuid, sizeof gpu->uuid);
                memcpy(words + 2, gpu->product, sizeof gpu->product);
                words[10] = (uint64_t)gpu->pci_domain << 32 | (uint64_t)gpu->pci_bus << 16 | gpu->pci_device;
                words[11] = (uint64_t)gpu->minor << 32 | (uint64_t)gpu->numa_node << 16 | gpu->pci_device_id;
                words[12] = gpu->model_index;
                sum = state_checksum(sum, words, sizeof words);
        }
        return sum;
}

unsigned tree_cap_minor(unsigned gpu, unsigned gi, unsigned ci) {
        return CAP_FIRST + (gpu * TREE_GIS + gi) * CAPS_OF_GI + (ci == TREE_WHOLE ? 0 : 1 + ci);
}

bool tree_cap_place(unsigned minor, unsigned *ret_gpu, unsigned *ret_gi, unsigned *ret_ci) {
        unsigned gi = (minor - CAP_FIRST) / CAPS_OF_GI, rest = (minor - CAP_FIRST) % CAPS_OF_GI;

        if (minor < CAP_FIRST || gi >= TREE_GPUS * TREE_GIS)
                return false;
        *ret_gpu = gi / TREE_GIS;
        *ret_gi = gi % TREE_GIS;
        *ret_ci = rest ? rest - 1 : TREE_WHOLE;
        return true;
}

int tree_put_capability(int root, const char *path, unsigned minor, mode_t mode, struct err *e) {
        return tree_text(root, path, mode, e, "DeviceFileMinor: %u\nDeviceFileMode: %u\nDeviceFileModify: 1\n", minor, (unsigned)mode);
}

static void bus_id(const struct node_gpu *gpu, char text[32]) {
        snprintf(text, 32, "%04x:%02x:%02x.0", gpu->pci_domain, gpu->pci_bus, gpu->pci_device);
}

static bool has_bus_id(const char *name, const void *context) {
        const struct node *n = context;
        char text[32];

        for (unsigned i = 0; i < n->gpu_count; i++) {
                bus_id(&n->gpus[i], text);
                if (strcmp(name, text) == 0)
                        return true;
        }
        return false;
}

/* The whole table, whether or not the instances exist: 4322 lines. Its size tells whether it is there already. */
static int print_minors(int fd, size_t *bytes) {
        char text[8192];
        size_t used = (size_t)snprintf(text, sizeof text, "config %u\nmonitor %u\n", CAP_CONFIG, CAP_MONITOR);

        *bytes = 0;
        for (unsigned gpu = 0; gpu < TREE_GPUS; gpu++) {
                for (unsigned gi = 0; gi < TREE_GIS; gi++) {
                        used += (size_t)snprintf(text + used, sizeof text - used, "gpu%u/gi%u/access %u\n", gpu, gi,
                                                 tree_cap_minor(gpu, gi, TREE_WHOLE));
                        for (unsigned ci = 0; ci < TREE_CIS; ci++)
                                used += (size_t)snprintf(text + used, sizeof text - used, "gpu%u/gi%u/ci%u/access %u\n", gpu, gi, ci,
                                                         tree_cap_minor(gpu, gi, ci));
                }
                if (fd >= 0 && !tree_write(fd, text, used))
                        return -1;
                *bytes += used;
                used = 0;
        }
        return 0;
}

static int put_minors(int root, struct err *e) {
        struct stat st;
        size_t bytes;

        print_minors(-1, &bytes);
        if (fstatat(root, MINORS_FILE, &st, AT_SYMLINK_NOFOLLOW) == 0 && st.st_size == (off_t)bytes)
                return 0;
        int fd = tree_begin(root, 0444, e);
        if (fd < 0)
                return fd;
        if (print_minors(fd, &bytes) < 0) {
                int r = tree_failed(MINORS_FILE, e);
                close(fd);
                return r;
        }
        return tree_finish(root, fd, MINORS_FILE, e);
}

/* Superchips share memory with those of other machines through channels. The driver makes the first one only where it is told so, as
 * machines of that kind are set up; elsewhere it only knows the kind of device. */
static bool has_channels(const struct node *n) {
        const struct gpu_model *model = node_model(&n->gpus[0]);
        return n->driver_major >= IMEX_SINCE && board_of(model)->c2c && strcmp(model->arch, "blackwell") == 0;
}

static int put_driver(int root, const struct node *n, struct err *e) {
        const char *frontend = n->driver_major >= RENAMED_SINCE ? "nvidia" : "nvidia-frontend";
        int r = tree_text(root, "proc/driver/nvidia/version", 0444, e,
                          "NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  %s  Release Build  (carve-sim)\n"
                          "GCC version:  gcc version 12.2.0\n",
                          n->driver);

        if (r == 0)
                r = tree_text(root, "proc/devices", 0444, e,
                              "Character devices:\n195 %s\n195 nvidia-modeset\n195 nvidiactl\n%s235 nvidia-caps\n510 nvidia-uvm\n"
                              "\nBlock devices:\n",
                              frontend, n->driver_major >= IMEX_SINCE ? "234 " IMEX_FOLDER "\n" : "");
        for (unsigned i = 0; r == 0 && i < sizeof devices / sizeof *devices; i++)
                r = tree_node(root, devices[i], 0666, e);
        if (r == 0 && has_channels(n))
                r = tree_folder(root, "dev/" IMEX_FOLDER, e);
        if (r == 0 && has_channels(n))
                r = tree_node(root, "dev/" IMEX_FOLDER "/channel0", 0666, e);
        if (r == 0)
                r = tree_text(root, "proc/driver/nvidia-caps/nvlink-minors", 0444, e, "fabric-mgmt %u\n", CAP_FABRIC);
        if (r == 0)
                r = tree_text(root, "proc/driver/nvidia-caps/sys-minors", 0444, e, FABRIC_IMEX " %u\n", CAP_FABRIC_IMEX);
        return r < 0 ? r : put_minors(root, e);
}

static int put_rights(int root, struct err *e) {
        char path[128];
        int r = 0;

        for (unsigned i = 0; r == 0 && i < sizeof rights / sizeof *rights; i++) {
                snprintf(path, sizeof path, "proc/driver/nvidia/capabilities/%s", rights[i].name);
                r = tree_put_capability(root, path, rights[i].minor, rights[i].mode, e);
                snprintf(path, sizeof path, "dev/nvidia-caps/nvidia-cap%u", rights[i].minor);
                if (r == 0)
                        r = tree_node(root, path, rights[i].mode, e);
        }
        return r;
}

static int put_information(int root, const struct node *n, const struct node_gpu *gpu, const char *bus, struct err *e) {
        char path[128], uuid[MIG_UUID_MAX];
        const struct board *board = board_of(node_model(gpu));

        snprintf(path, sizeof path, GPUS_FOLDER "/%s", bus);
        int r = tree_folder(root, path, e);
        if (r < 0)
                return r;
        mig_gpu_uuid(gpu, uuid);
        snprintf(path, sizeof path, GPUS_FOLDER "/%s/information", bus);
        return tree_text(root, path, 0444, e,
                         "Model: \t\t %s\nIRQ:   \t\t %u\nGPU UUID: \t %s\nVideo BIOS: \t %s\nBus Type: \t PCIe\nDMA Size: \t 52 bits\n"
                         "DMA Mask: \t 0xfffffffffffff\nBus Location: \t %s\nDevice Minor: \t %u\nGPU Firmware: \t %s\n"
                         "GPU Excluded:\t No\n",
                         gpu->product, NODE_IRQ_FIRST + (unsigned)gpu->minor, uuid, board->vbios, bus, gpu->minor,
                         driver_uses_gsp(n, node_model(gpu)) ? n->driver : "N/A");
}

static int put_gpu(int root, const struct node *n, const struct node_gpu *gpu, struct err *e) {
        char path[128], bus[32];

        bus_id(gpu, bus);
        int r = put_information(root, n, gpu, bus, e);
        snprintf(path, sizeof path, PCI_FOLDER "/%s", bus);
        if (r == 0)
                r = tree_put_pci(root, gpu, path, e);
        snprintf(path, sizeof path, "dev/nvidia%u", gpu->minor);
        if (r == 0)
                r = tree_node(root, path, 0666, e);
        if (r < 0 || gpu->minor >= TREE_GPUS)
                return r;
        snprintf(path, sizeof path, "proc/driver/nvidia/capabilities/gpu%u", gpu->minor);
        r = tree_folder(root, path, e);
        snprintf(path, sizeof path, "proc/driver/nvidia/capabilities/gpu%u/mig", gpu->minor);
        return r < 0 ? r : tree_folder(root, path, e);
}

static bool keeps_device(const char *name, const void *context) {
        const struct node *n = context;
        unsigned minor, length = 0;

        if (strcmp(name, IMEX_FOLDER) == 0)
                return has_channels(n);
        if (sscanf(name, "nvidia%3u%n", &minor, &length) != 1 || name[length] != '\0')
                return true; /* not one GPU's */
        for (unsigned i = 0; i < n->gpu_count; i++)
                if (n->gpus[i].minor == minor)
                        return true;
        return false;
}

static bool keeps_capabilities(const char *name, const void *context) {
        const struct node *n = context;
        char mine[16];

        for (unsigned i = 0; i < n->gpu_count; i++) {
                snprintf(mine, sizeof mine, "gpu%u", n->gpus[i].minor);
                if (strcmp(name, mine) == 0)
                        return true;
        }
        return strcmp(name, "mig") == 0 || strcmp(name, FABRIC_IMEX) == 0;
}

int tree_put_fixed(int root, const struct node *n, struct err *e) {
        int r = 0;

        for (unsigned i = 0; r == 0 && i < sizeof folders / sizeof *folders; i++)
                r = tree_folder(root, folders[i], e);
        if (r == 0)
                r = put_driver(root, n, e);
        if (r == 0)
                r = put_rights(root, e);
        for (unsigned i = 0; r == 0 && i < n->gpu_count; i++)
                r = put_gpu(root, n, &n->gpus[i], e);
        tree_sweep(root, GPUS_FOLDER, has_bus_id, n);
        tree_sweep(root, PCI_FOLDER, has_bus_id, n);
        tree_sweep(root, "dev", keeps_device, n);
        tree_sweep(root, "proc/driver/nvidia/capabilities", keeps_capabilities, n);
        return r;
}
