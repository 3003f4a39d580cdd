/* scenario: a whole simulated node in one YAML file: GPUs, slices, processes, faults (docs/reference/scenario.md).
 *
 * Reading checks what stands in the file, building checks what the hardware allows; both tell the place. What is not said stays as usual
 * for the model, and every number that must be chosen is drawn from the seed: the same scenario gives the same node.
 */
#pragma once

#include "base/buf.h"
#include "core/doc/doc.h"
#include "core/doc/text.h"
#include "sim/node/node.h"
#include "sim/tool/inject.h"

#define SCENARIO_BYTES_MAX (4u << 20)
#define SCENARIO_FAULTS_MAX 256
#define SCENARIO_DRIVER "590.48.01"                /* unless the file says otherwise */
#define SCENARIO_SEED_MAX ((INT64_C(1) << 53) - 1) /* what a double, and so every JSON reader, keeps exactly */

#define SCENARIO_WATTS_MAX 10000
#define SCENARIO_TEMPERATURE_MAX 127
#define SCENARIO_MHZ_MAX 10000
#define SCENARIO_TRAFFIC_MAX 1000000 /* MiB/s */
#define SCENARIO_MEMORY_MAX (INT64_C(1) << 40)

struct scenario_slice {
        const struct gpu_profile *profile;
        struct text_place place;
        int start;              /* first memory slice; -1: wherever it fits */
        unsigned compute_count; /* compute instances; 0 and !compute_given: one, the whole slice */
        bool compute_given;
        uint8_t compute[NODE_CIS_MAX]; /* compute slices of each */
};

/* Numbers are FIELD_UNSET (-1) where nothing was said. */
struct scenario_load {
        int64_t gpu, memory, encoder, decoder, jpeg, ofa, fan, temperature_c, power_watts, sm_clock_mhz;
        int64_t pcie_tx, pcie_rx, nvlink_tx, nvlink_rx; /* MiB/s */
};

/* Rows of memory that are not used any more. */
struct scenario_rows {
        int64_t corrected, uncorrected, pending, failed;
};

struct scenario_gpu {
        struct text_place place;
        const struct gpu_model *model;
        const char *product;
        int64_t count, numa_node, mig, persistence, ecc, compute_mode, power_limit_watts, pcie_replays, recovery_action;
        struct scenario_load load;
        struct scenario_rows rows;
        unsigned slice_count;
        struct scenario_slice slices[NODE_GIS_MAX];
};

struct scenario_process {
        struct text_place place;
        int64_t gpu, pid, count, kind, memory_bytes, sm, memory_bandwidth, encoder, decoder;
        const char *slice, *name;
};

struct scenario_fault {
        struct text_place place;
        struct injection injection;
};

struct scenario_settings {
        const char *driver;
        int64_t seed, latency_percent, release_ms, jitter_percent, nvswitch;
        int64_t mig_uuids; /* 0: the same for the same slot, 1: random */
};

struct scenario {
        const char *file;
        struct scenario_settings settings;
        unsigned gpu_count, process_count, fault_count; /* entries, not what their `count` makes of them */
        struct scenario_gpu gpus[NODE_GPUS_MAX];
        struct scenario_process processes[NODE_PROCESSES_MAX];
        struct scenario_fault faults[SCENARIO_FAULTS_MAX];
};

/* Nothing said. Large: not for the stack. */
void scenario_init(struct scenario *s, const char *file);
void scenario_gpu_init(struct scenario_gpu *gpu);

/* Texts and places of `*ret` live as long as `reader`, which is to be freed after `ret` was used. Errors: ERR_INPUT. */
int scenario_read(const char *file, const char *text, size_t bytes, struct doc_reader **ret_reader, struct scenario *ret, struct err *e);

/* "4g.40gb@0,1g.10gb:2" into the slices of a GPU; `place` is where the text begins. Errors: ERR_INPUT. */
int scenario_layout(const char *file, struct text_place place, const char *text, struct scenario_gpu *gpu, struct err *e);

/* Errors: ERR_INPUT, with the place of what the hardware or the driver does not allow. */
int scenario_build(const struct scenario *s, uint64_t now_us, struct node *ret, struct err *e);
