/* tree_pci: what the kernel's sysfs says about one GPU: files of a PCI device. */
#pragma once

#include "base/err.h"
#include "sim/node/node.h"

/* Put them below `folder`, a path relative to the open folder `root`. Errors: ERR_SYSTEM, which name the path. */
int tree_put_pci(int root, const struct node_gpu *gpu, const char *folder, struct err *e);
