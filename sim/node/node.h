/* node: a simulated machine with GPUs, as one value.
 *
 * Everything that is shared between processes and survives them stands in struct node: no pointers, fixed sizes, the same bytes in memory
 * and in the state file (sim/store). All functions of sim/node are pure: a node and the time in, a node or an answer out. They answer with
 * NVML's return codes, because that is what the real driver would say.
 *
 * A write is: take a copy, change it, publish it whole (sim/store). So a function that fails may leave its copy half changed: it is thrown
 * away.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "core/gpu/model.h"
#include "io/nvml/abi.h"

#define NODE_FORMAT 1 /* rises with every change of struct node; a state file of another format is refused */

#define NODE_GPUS_MAX 16
#define NODE_GIS_MAX 8 /* the driver allows no more GPU instances on one GPU (kernel driver 595.45, mig manager) */
#define NODE_CIS_MAX 8
#define NODE_PROCESSES_MAX 512
#define NODE_ACCOUNTS_MAX 32 /* ended processes of a GPU; the real driver remembers 4000, which every write would have to copy */
#define NODE_EVENTS_MAX 256  /* the newest ones; a client that waits too long misses older ones, as with the real driver */
#define NODE_FAULTS_MAX 32
#define NODE_IRQ_FIRST 128 /* a GPU's interrupt is this and its minor */
#define NODE_NONE 0xFF     /* "no GPU", "no GPU instance", "no compute instance" where a small number stands */

#define NODE_COMPUTE_MODE_MAX 3    /* nvmlComputeMode_t */
#define NODE_RECOVERY_ACTION_MAX 5 /* nvmlDeviceGpuRecoveryAction_t */

#define NODE_KEY_MAX 32
#define NODE_NAME_MAX 64

/* Compute instance: a slice of a GPU instance's compute. Its profile is NVML_COMPUTE_INSTANCE_PROFILE_*, which is its profile id too. */
struct node_ci {
        uint8_t live, id, profile;
        uint8_t start, size; /* compute slices, from the beginning of the GPU instance */
        uint8_t mig_index;   /* of the MIG device that it makes */
        uint8_t compute_mode;
        uint8_t pad;
        uint32_t serial; /* no two instances of a node ever had the same */
};

struct node_gi {
        uint8_t live, id;
        uint8_t profile; /* index in the model's profiles */
        uint8_t start;   /* first memory slice */
        uint32_t serial;
        uint64_t busy_until_us; /* still "in use" until then, though its last process is gone */
        struct node_ci ci[NODE_CIS_MAX];
};

/* What a GPU does, beyond what its processes make it do. */
struct node_load {
        uint8_t gpu_percent, memory_percent, encoder_percent, decoder_percent, jpeg_percent, ofa_percent;
        uint8_t fan_percent;
        uint8_t temperature_c; /* 0: follows the utilisation */
        uint32_t power_mw;     /* 0: follows the utilisation */
        uint32_t sm_clock_mhz; /* 0: follows the utilisation */
        uint32_t pcie_tx_kib_s, pcie_rx_kib_s;
        uint32_t nvlink_tx_mib_s, nvlink_rx_mib_s;
};

/* ECC counters by memory: SRAM and DRAM, corrected and uncorrected. */
struct node_ecc {
        uint64_t sram_corrected, sram_uncorrected, dram_corrected, dram_uncorrected;
};

/* What a process used; pid 0: none. */
struct node_account {
        uint32_t pid;
        uint8_t gpu_percent, memory_percent;
        uint16_t pad;
        uint64_t memory_bytes;
        uint64_t start_us, end_us; /* end 0: it still runs */
};

struct node_gpu {
        char model[NODE_KEY_MAX]; /* catalogue key; checked against `model_index` when a state is read */
        uint16_t model_index;
        uint16_t pci_device_id, pci_subsystem_id, pci_subvendor_id;
        uint32_t pci_domain;
        uint8_t pci_bus, pci_device;
        uint8_t minor; /* /dev/nvidia<minor> */
        uint8_t numa_node;
        uint8_t uuid[16];
        uint64_t pdi; /* per-device identifier, which the MIG devices' UUIDs are made of */
        char serial[24];
        char product[NODE_NAME_MAX]; /* as NVML names it */

        uint8_t mig_mode, mig_pending;
        uint8_t persistence_mode, compute_mode, ecc_mode, ecc_pending;
        uint8_t accounting_mode, gpm_streaming, lost;
        uint8_t exclusive_client; /* something holds the whole GPU: switching MIG and the first instance answer IN_USE */
        uint8_t pending_rows, failed_rows, recovery_action;
        uint32_t remapped_corrected, remapped_uncorrected;
        uint32_t power_limit_mw;
        uint32_t locked_min_mhz, locked_max_mhz; /* between which the GPU's clock is held; both 0: not locked */
        uint32_t pad;
        uint64_t energy_mj, energy_since_us; /* the meter, and when it was last read off */
        struct node_load load;
        struct node_ecc ecc_volatile, ecc_aggregate;
        uint64_t pcie_replays;
        struct node_gi gi[NODE_GIS_MAX];
        struct node_account accounts[NODE_ACCOUNTS_MAX]; /* of those that ended, the newest first */
};

enum node_process_kind { PROCESS_COMPUTE, PROCESS_GRAPHICS, PROCESS_MPS, PROCESS_KIND_MAX };

struct node_process {
        uint32_t pid; /* 0: this place is free */
        uint8_t kind;
        uint8_t gpu;
        uint8_t gi_id, ci_id;                                                 /* NODE_NONE without MIG */
        uint8_t sm_percent, memory_percent, encoder_percent, decoder_percent; /* of the slice, or of the GPU without MIG */
        uint64_t memory_bytes;
        uint64_t start_us;
        char name[NODE_NAME_MAX];
};

struct node_event {
        uint64_t sequence; /* counts from 1 */
        uint64_t time_us;
        uint64_t type; /* one nvmlEventType… bit */
        uint64_t data;
        uint32_t gi_id, ci_id; /* NVML_NO_INSTANCE: the whole GPU */
        uint8_t gpu;
};

/* What goes wrong on purpose: calls of one name (or all), on one GPU (or all), so many times (or until cleared). */
enum node_fault_kind { FAULT_NONE, FAULT_SLOW, FAULT_HANG, FAULT_FAIL, FAULT_KIND_MAX };

struct node_fault {
        uint8_t kind;
        uint8_t gpu;              /* NODE_NONE: any */
        uint16_t code;            /* FAULT_FAIL: the nvmlReturn_t */
        uint32_t delay_ms;        /* FAULT_SLOW */
        uint32_t times;           /* 0: until cleared */
        char call[NODE_NAME_MAX]; /* "nvmlDeviceGetHandleByUUID"; "nvmlDeviceCreate*": all that begin so; "": every call */
};

struct node {
        char driver[24]; /* "590.48.01" */
        uint16_t driver_major, driver_minor, driver_patch;
        uint16_t cuda; /* 13010 is CUDA 13.1 */
        uint64_t seed;
        uint64_t boot; /* counts reboots; a client that was there before one must begin anew */
        uint64_t boot_us;
        uint32_t next_serial;
        uint32_t latency_percent; /* of the real durations of creating, destroying and switching MIG; 0: at once */
        uint32_t release_ms;      /* how long an instance stays in use after its last process */
        uint8_t jitter_percent;   /* how far power, temperature and utilisation wander */
        uint8_t random_mig_uuids; /* a re-created instance gets a new UUID */
        uint8_t nvswitch;         /* every NVLink goes to a switch, as in 8-GPU boards */
        uint8_t gpu_count;
        struct node_gpu gpus[NODE_GPUS_MAX];
        uint32_t process_count; /* places in use at the front of `processes`; none of them is free */
        uint32_t pids_drawn;    /* pids that were drawn from the seed so far */
        struct node_process processes[NODE_PROCESSES_MAX];
        uint64_t last_event; /* sequence of the newest; it stands at (sequence - 1) % NODE_EVENTS_MAX */
        struct node_event events[NODE_EVENTS_MAX];
        uint32_t fault_count;
        struct node_fault faults[NODE_FAULTS_MAX];
};

/* What a scenario says of one GPU; zero or empty means "as usual for this model". */
struct node_gpu_wish {
        const struct gpu_model *model;
        const char *product; /* NULL: the model's */
        uint8_t numa_node;
        bool mig;
};

/* A machine that was just switched on: `count` GPUs, identifiers drawn from `seed`. Errors: ERR_INPUT (more GPUs than NODE_GPUS_MAX, none,
 * a driver version that is not three numbers or older than R450). */
int node_init(struct node *n, const char *driver, uint64_t seed, const struct node_gpu_wish *wishes, unsigned count, uint64_t now_us,
              struct err *e);

/* Is every number of `n` in its range and does each fit the others? What comes out of a file is used only after this. Errors: ERR_INPUT. */
int node_check(const struct node *n, struct err *e);
/* May `text` be a name or another text of a node? It has no control characters: they would end up on somebody's terminal. */
bool node_is_plain(const char *text);

/* Power off and on: instances, processes, volatile counters, faults and lost GPUs are gone; MIG mode stays where the generation keeps it
 * (Ampere), and what was pending becomes current. */
void node_reboot(struct node *n, uint64_t now_us);

/* nvidia-smi --gpu-reset: volatile counters are gone, and what was pending becomes current. IN_USE: something uses the GPU. */
nvmlReturn_t node_reset_gpu(struct node *n, unsigned gpu, uint64_t now_us);
/* Does anything run there: a process, a client that holds the whole GPU, an instance that is not released yet? */
bool node_gpu_busy(const struct node *n, unsigned gpu, uint64_t now_us);

static inline const struct gpu_model *node_model(const struct node_gpu *gpu) {
        return gpu_model_at(gpu->model_index);
}

/* "Ampere or older": switching MIG resets the GPU, and the mode survives a reboot. */
bool node_mig_needs_reset(const struct node_gpu *gpu);
