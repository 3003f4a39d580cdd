/* Files of mig-parted: read whole or refused with a place; what was read can be asked for every GPU of the catalogue. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "core/migparted/want.h"
#include "fuzz.h"

static void ask_every_gpu(const struct migparted_file *file) {
        for (size_t m = 0; m < gpu_model_count(); m += 5)
                for (unsigned c = 0; c < file->config_count && c < 20; c++) {
                        const struct gpu_model *model = gpu_model_at(m);
                        const struct want_gpu gpu = { .index = c % 3,
                                                      .product = model->product,
                                                      .device = model->pci_ids[0],
                                                      .vendor = PCI_VENDOR_NVIDIA,
                                                      .model = gpu_has_mig(model) ? model : NULL };
                        struct want want;
                        struct err e = { 0 };
                        int r = want_from_config(file, &file->configs[c], &gpu, &want, &e);
                        MUST(r == 0 || (r == -ERR_IMPOSSIBLE && strncmp(e.text, "fuzz:", 5) == 0));
                        if (r == 0)
                                MUST(want.slice_count <= LAYOUT_SLICES_MAX && (want.mig || want.slice_count == 0));
                }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes) {
        const struct want_gpu gpu = { .product = "", .model = gpu_model_find("A100-80GB") };
        _cleanup_free_ char *text = mem_strndup((const char *)data, bytes);
        struct migparted_file file;
        struct want want;
        struct err e = { 0 };

        if (migparted_file_read("fuzz", (const char *)data, bytes, &file, &e) == 0) {
                ask_every_gpu(&file);
                migparted_file_done(&file);
        } else {
                MUST(strncmp(e.text, "fuzz:", 5) == 0);
        }
        (void)device_filter_parse(text);
        if (want_from_text(text, &gpu, &want, &e) == 0)
                MUST(want.slice_count <= LAYOUT_SLICES_MAX);
        (void)want_from_preset(text, &gpu, &want, &e);
        return 0;
}
