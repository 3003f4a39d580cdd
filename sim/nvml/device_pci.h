/* device_pci: where a GPU stands on the PCI bus, for its own queries and those of its neighbours. */
#pragma once

#include "sim/node/node.h"

void pci_info_of(const struct node_gpu *gpu, nvmlPciInfo_t *ret_pci);
