/* export: what the GPUs of a node have now, as a configuration file of mig-parted, byte for byte as `nvidia-mig-parted export` prints it.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "core/doc/print.h"

#define EXPORT_GPUS_MAX 64
#define EXPORT_DEVICES_MAX 64
#define EXPORT_NAME_MAX 32

struct export_gpu {
        unsigned index;
        uint16_t device, vendor; /* PCI ids */
        bool mig;
        unsigned device_count;
        char devices[EXPORT_DEVICES_MAX][EXPORT_NAME_MAX]; /* names of its MIG devices, in any order */
};

/* Names that a configuration can be given: letters, digits and _-./+ after a letter or digit. */
bool migparted_label_ok(const char *label);

/* At most EXPORT_GPUS_MAX of them, by rising index. `label` is the configuration's name. */
void migparted_export(const struct export_gpu *gpus, unsigned count, const char *label, enum print_format format, struct buf *out);
