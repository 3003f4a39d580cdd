/* Forms as the kernel prints them (drivers/pci/pci-sysfs.c), the header as the PCI specification lays it out. Programs that look for GPUs
 * on the bus need all of these files: one that is missing ends them. No memory stands behind the GPU, so it has no regions. */
#include "sim/store/tree_pci.h"

#include <unistd.h>

#include "sim/store/tree_file.h"

#define VENDOR_NVIDIA 0x10de
#define CLASS_3D 0x030200
#define REVISION 0xa1
#define COMMAND_ON 0x0006 /* memory and bus master */
#define REGIONS 13        /* six of the device, its ROM, six of virtual functions */
#define HEADER_BYTES 256

static void put_word(unsigned char *at, unsigned word) {
        at[0] = (unsigned char)word;
        at[1] = (unsigned char)(word >> 8);
}

/* The configuration space: no capabilities, as no status bit says that there were. */
static int put_config(int root, const struct node_gpu *gpu, const char *folder, struct err *e) {
        unsigned char space[HEADER_BYTES] = { 0 };
        char path[128];

        put_word(space, VENDOR_NVIDIA);
        put_word(space + 2, gpu->pci_device_id);
        put_word(space + 4, COMMAND_ON);
        space[8] = REVISION;
        put_word(space + 10, CLASS_3D >> 8);
        put_word(space + 0x2c, gpu->pci_subvendor_id);
        put_word(space + 0x2e, gpu->pci_subsystem_id);
        snprintf(path, sizeof path, "%s/config", folder);
        int fd = tree_begin(root, 0644, e);
        if (fd < 0)
                return fd;
        if (!tree_write(fd, (const char *)space, sizeof space)) {
                int r = tree_failed(path, e);
                close(fd);
                return r;
        }
        return tree_finish(root, fd, path, e);
}

static int put_resource(int root, const char *folder, struct err *e) {
        static const char line[] = "0x0000000000000000 0x0000000000000000 0x0000000000000000\n";
        char path[128], text[REGIONS * (sizeof line - 1) + 1];

        for (unsigned i = 0; i < REGIONS; i++)
                memcpy(text + i * (sizeof line - 1), line, sizeof line);
        snprintf(path, sizeof path, "%s/resource", folder);
        return tree_text(root, path, 0444, e, "%s", text);
}

int tree_put_pci(int root, const struct node_gpu *gpu, const char *folder, struct err *e) {
        const struct {
                const char *name;
                int digits, number;
        } files[] = {
                { "vendor", 4, VENDOR_NVIDIA },
                { "device", 4, gpu->pci_device_id },
                { "subsystem_vendor", 4, gpu->pci_subvendor_id },
                { "subsystem_device", 4, gpu->pci_subsystem_id },
                { "class", 6, CLASS_3D },
                { "revision", 2, REVISION },
        };
        char path[128];
        int r = tree_folder(root, folder, e);

        for (unsigned i = 0; r == 0 && i < sizeof files / sizeof *files; i++) {
                snprintf(path, sizeof path, "%s/%s", folder, files[i].name);
                r = tree_text(root, path, 0444, e, "0x%0*x\n", files[i].digits, (unsigned)files[i].number);
        }
        snprintf(path, sizeof path, "%s/numa_node", folder);
        if (r == 0)
                r = tree_text(root, path, 0444, e, "%d\n", gpu->numa_node == NODE_NONE ? -1 : gpu->numa_node);
        if (r == 0)
                r = put_resource(root, folder, e);
        return r < 0 ? r : put_config(root, gpu, folder, e);
}
