/* reading: what the sensors of a simulated GPU show at a moment. A function of the node and the time, nothing else: with jitter_percent 0
 * the answers are exactly what load and processes say, and with jitter the seed decides. */
#pragma once

#include "sim/node/node.h"

/* What is fixed for a model: data/gpu/boards.csv. */
struct board {
        const char *key; /* of the GPU model */
        const char *part_number, *vbios;
        const char *inforom_image, *inforom_oem, *inforom_ecc; /* versions of the store of the board's configuration; "": not known */
        uint32_t cores, memory_bus_bits;
        uint32_t power_min_w, power_default_w, power_idle_w;
        uint32_t graphics_max_mhz, sm_max_mhz, memory_max_mhz, video_max_mhz, idle_mhz;
        uint32_t bar1_mib;
        uint32_t reserved_mib; /* of the memory: what the driver takes before anybody can use it */
        uint16_t chip;         /* NVIDIA's number of the chip: a part of the UUIDs */
        uint8_t brand;         /* nvmlBrandType_t */
        uint8_t pcie_generation, pcie_width;
        uint8_t nvlinks, nvlink_version;
        uint8_t fans; /* 0: passive */
        uint8_t slowdown_c, shutdown_c, memory_max_c, gpu_max_c;
        bool ecc, row_remap, gpm, c2c;
};
const struct board *board_of(const struct gpu_model *model);

struct reading {
        uint8_t gpu_percent, memory_percent, encoder_percent, decoder_percent, jpeg_percent, ofa_percent, fan_percent;
        uint8_t performance_state; /* 0 busy … 8 idle */
        uint32_t temperature_c, memory_temperature_c;
        uint32_t power_mw;
        uint64_t energy_mj; /* since boot */
        uint32_t graphics_mhz, sm_mhz, memory_mhz, video_mhz;
        uint32_t pcie_tx_kib_s, pcie_rx_kib_s;
        uint64_t clock_event_reasons;
};
void reading_gpu(const struct node *n, unsigned gpu, uint64_t now_us, struct reading *ret_reading);
/* Of one GPU instance (ci_id NODE_NONE) or compute instance: only the percentages, which count against that slice. */
void reading_slice(const struct node *n, unsigned gpu, unsigned gi_id, unsigned ci_id, uint64_t now_us, struct reading *ret_reading);

/* Call before anything changes a GPU's load or processes: brings the energy meter up to `now_us`. */
void reading_settle(struct node *n, unsigned gpu, uint64_t now_us);
