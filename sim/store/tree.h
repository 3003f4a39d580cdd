/* tree: DIR/root, what the driver of the simulated node would show of itself in the file system. Known to sim/store only.
 *
 *     dev/nvidia<minor>, nvidiactl, nvidia-modeset, nvidia-uvm, nvidia-uvm-tools, nvidia-caps/nvidia-cap<N>     empty files
 *     dev/nvidia-caps-imex-channels/channel0                                                  on Blackwell superchips
 *     proc/devices, proc/driver/nvidia/{version,gpus/<bus id>/information}
 *     proc/driver/nvidia-caps/mig-minors, proc/driver/nvidia/capabilities/…                                   the capabilities
 *     sys/bus/pci/devices/<bus id>/{vendor,device,class,numa_node}
 *
 * Files that never change while instances come and go are written when the node is made. A capability that comes or goes is two renames,
 * between its place and .spare: the folder appears with its file in it or not at all, and nothing is written a second time.
 *
 * What the tree shows is kept as a record in DIR/state. A record that is unsettled (a writer died on the way) means that anything may be
 * there; then everything is looked at.
 */
#pragma once

#include "sim/node/node.h"

#define TREE_GPUS 32 /* the driver's table of minors goes so far (nvidia-caps, kernel driver 595.45) … */
#define TREE_GIS 15
#define TREE_CIS 8
#define TREE_WHOLE 0xFF /* where a compute instance may stand: the GPU instance itself */

/* A bit for each instance that lives, by the GPU's minor. */
struct tree_view {
        uint64_t identity; /* checksum of what the files say that only a new node changes */
        uint32_t gpus;
        uint16_t gis[TREE_GPUS];
        uint8_t cis[TREE_GPUS][TREE_GIS];
        uint32_t pad; /* views are compared as bytes */
};

/* Make the tree in DIR/root show `n`, which is `generation` of the state open as `fd`. Under the lock. Errors: ERR_SYSTEM. */
int tree_show(const char *dir, int fd, const struct node *n, uint64_t generation, struct err *e);
/* Does the tree show that generation, for all that the record knows? */
bool tree_is_shown(const char *dir, int fd, uint64_t generation);
/* From now on anything may be there. */
void tree_forget(int fd);
/* Take DIR/root away. */
void tree_remove(const char *dir);
