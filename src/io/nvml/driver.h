/* driver: the GPUs of this machine as NVIDIA's driver library (NVML) shows them, and the MIG changes it can make.
 *
 * The library is loaded at run time: carve runs on machines without one, and takes a simulated one (carve-sim) as it is. Which of its
 * functions an old driver lacks is found out once; what needs a missing one says so, naming the driver that brought it.
 *
 * Every call into the library is made by a worker thread, because a broken GPU makes such calls hang. When one takes longer than the
 * deadline, the answer is ERR_AGAIN, the thread is left behind with everything it may still write to, and the next call gets a new
 * one. After DRIVER_STUCK_MAX threads left behind every call is refused until one of them comes back.
 *
 * When the driver is restarted or unloaded under an open handle, the call that notices answers ERR_AGAIN or ERR_GPU, and every one after it
 * ERR_AGAIN; driver_is_gone() is true from then on. Close the events and then the handle (where there are several: all of them) before you
 * open anew: the driver library is one for the whole process.
 *
 * A struct driver may be used by several threads (calls wait for each other, on a GPU that hangs for the deadline; who wants GPUs to be
 * independent of each other opens a handle for each) but not by a child after fork(): that must open its own.
 *
 * Errors: ERR_GPU (the driver, a GPU or permission to change it), ERR_AGAIN (in use, or no answer in time), ERR_IMPOSSIBLE (the hardware
 * has no such slice or no room for it), ERR_NOT_FOUND (no such GPU or slice). The text names GPU and slice, and says what to do.
 *
 * Sources: NVML API reference (NVML 13.3) and what drivers R450 to R595 were seen to do (captures named in the tests).
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/mem.h"
#include "core/gpu/layout.h"
#include "core/gpu/model.h"
#include "core/gpu/profile.h"

#define DRIVER_GPUS_MAX 64        /* more GPUs than that are not looked at; the largest machines have 16 */
#define DRIVER_SLICES_MAX 8       /* GPU instances on one GPU (kernel driver) */
#define DRIVER_COMPUTE_MAX 8      /* compute instances in one GPU instance */
#define DRIVER_PROFILES_MAX 18    /* NVML_GPU_INSTANCE_PROFILE_COUNT */
#define DRIVER_STARTS_MAX 32      /* placements of one profile */
#define DRIVER_PROCESSES_MAX 4096 /* on one GPU; what is beyond is left out and processes_cut says so */
#define DRIVER_STUCK_MAX 4
#define DRIVER_NAME_MAX 96
#define DRIVER_UUID_MAX 96
#define DRIVER_NONE 0xFFFFFFFFu /* "no GPU instance", "no compute instance" */

/* Numbers that a driver or GPU does not tell are negative. */
#define DRIVER_UNKNOWN (-1)

/* ---- open, close ---- */

struct driver;

struct driver_options {
        const char *library;  /* NULL: $CARVE_NVML_LIBRARY, else libnvidia-ml.so.1, else libnvidia-ml.so */
        unsigned deadline_ms; /* of one call into the library; 0: 30 s (switching MIG takes 5 s, look-ups under load 10 s) */
        unsigned in_use_ms;   /* how long to try again while a slice to be destroyed is still in use; 0: 3 s */
};

struct driver_about {
        char library[256];            /* as it was found */
        char version[80], nvml[80];   /* "590.48.01", "13.590.48.01" */
        unsigned major, minor, patch; /* of `version`; 0 where it is not three numbers */
        int cuda;                     /* 13010 is CUDA 13.1; DRIVER_UNKNOWN */
};

/* `options` NULL: all defaults. Errors: also ERR_NOT_FOUND when there is no driver library here. */
int driver_open(const struct driver_options *options, struct driver **ret_driver, struct err *e);
void driver_close(struct driver *d);
DEFINE_CLEANUP(struct driver *, driver_close)
const struct driver_about *driver_about(const struct driver *d);
bool driver_is_gone(const struct driver *d); /* restarted or unloaded: only closing is left to do */

/* ---- read ---- */

enum driver_process_kind { DRIVER_COMPUTE, DRIVER_GRAPHICS, DRIVER_MPS, DRIVER_KIND_MAX };
const char *driver_process_kind_name(enum driver_process_kind kind); /* "compute", "graphics", "mps" */

struct driver_process {
        uint32_t pid;
        enum driver_process_kind kind;
        char name[DRIVER_NAME_MAX]; /* "" where the driver does not tell */
        int64_t memory_bytes;
        uint32_t gi_id, ci_id; /* DRIVER_NONE on a GPU without MIG, and with drivers before R450.80 */
};

/* Compute instance: what a process runs on. Each is a MIG device with a name of its own. */
struct driver_compute {
        uint32_t id;
        uint32_t profile_id;         /* NVML_COMPUTE_INSTANCE_PROFILE_* */
        int start, size;             /* compute slices of its GPU instance; unknown before R455 */
        char name[PROFILE_NAME_MAX]; /* "1g.10gb", "1c.3g.40gb" */
        char uuid[DRIVER_UUID_MAX];  /* of the MIG device; "" where it cannot be asked */
        int mig_index;               /* of the MIG device on its GPU (nvidia-smi's "0:3") */
        int sm;
};

/* GPU instance: memory and engines of its own. */
struct driver_slice {
        uint32_t id;
        uint32_t profile_id;
        char name[PROFILE_NAME_MAX];      /* "3g.40gb", as this driver names it */
        const struct gpu_profile *known;  /* of the GPU's model; NULL if that or the profile is unknown */
        unsigned start, size;             /* memory slices */
        int64_t memory_bytes, used_bytes; /* of its first MIG device; unknown without one */
        unsigned compute_count;
        struct driver_compute compute[DRIVER_COMPUTE_MAX]; /* by rising id */
        unsigned process_count;
};

/* One kind of slice that the driver offers on a GPU. */
struct driver_profile {
        uint32_t nvml; /* NVML_GPU_INSTANCE_PROFILE_*: what it is asked by */
        uint32_t id;   /* what slices are made by (nvidia-smi mig -lgip) */
        char name[PROFILE_NAME_MAX];
        const struct gpu_profile *known;
        unsigned compute_slices, max_count;
        uint32_t memory_mib;
        unsigned sm;
        uint8_t engines[GPU_ENGINE_MAX];
        int remaining; /* how many could still be made; unknown while MIG is off */
        unsigned size; /* memory slices; 0 where the driver does not tell */
        unsigned start_count;
        uint8_t starts[DRIVER_STARTS_MAX];
        uint32_t free_starts; /* bit i: starts[i] overlaps no slice */
};

/* What the sensors show; all unknown on a GPU that does not tell. Utilisation is unknown on a GPU with MIG on: see driver_measure. */
struct driver_sensors {
        int gpu_percent, memory_percent;
        int temperature_c;
        int power_mw, power_limit_mw;
};

enum driver_fault {
        DRIVER_NO_FAULT,
        DRIVER_LOST,        /* fell off the bus: only a reboot helps */
        DRIVER_NEEDS_RESET, /* of the GPU */
        DRIVER_HANGS,       /* it did not answer in time, now or earlier */
        DRIVER_REFUSES,     /* anything else; the text says what */
        DRIVER_FAULT_MAX
};
const char *driver_fault_name(enum driver_fault fault); /* "", "lost", "needs-reset", "hangs", "refuses" */

struct driver_health {
        enum driver_fault fault_kind;
        char fault[ERR_TEXT_MAX];               /* why the GPU cannot be used at all ("GPU is lost"); "": it can */
        int ecc_on;                             /* 1, 0 */
        int64_t ecc_corrected, ecc_uncorrected; /* since the driver was loaded */
        int rows_pending, rows_failed;          /* memory rows that wait for a reset to be replaced; that could not be (1, 0) */
};

struct driver_gpu {
        unsigned index;
        char uuid[DRIVER_UUID_MAX], product[DRIVER_NAME_MAX], serial[32];
        const struct gpu_model *model;         /* by product name, else by PCI id; NULL: not in the catalogue */
        uint16_t pci_device_id, pci_vendor_id; /* 0: not told */
        uint16_t pci_subsystem_id, pci_subsystem_vendor_id;
        char bus_id[32];                                  /* "00000000:01:00.0" */
        int minor;                                        /* /dev/nvidia<minor> */
        int64_t memory_bytes, used_bytes, reserved_bytes; /* with drivers before R510 `used` contains what is reserved */
        bool mig_capable, mig_on, mig_pending_on;
        struct driver_health health;
        struct driver_sensors sensors;

        unsigned slice_count;
        struct driver_slice slices[DRIVER_SLICES_MAX]; /* by rising start */
        bool has_layout; /* every slice is one of `model`: then `layout` is what stands there (empty with MIG off) */
        struct layout layout;

        unsigned profile_count;
        struct driver_profile profiles[DRIVER_PROFILES_MAX];
        bool profiles_assumed; /* an old driver does not tell them while MIG is off: they come from the catalogue */

        unsigned process_count;
        struct driver_process *processes;
        bool processes_cut;
        char processes_unknown[ERR_TEXT_MAX]; /* why they cannot be listed, or not by slice; "": they can */
};

struct driver_node {
        unsigned gpu_count;
        struct driver_gpu *gpus;
};

/* All GPUs. One that cannot be read is there with health.fault saying so; who it is (index, UUID, product, serial, model, PCI ids, minor,
 * memory_bytes) is what it answered last on this handle, else unknown, and the rest is empty. Free with driver_node_done(). */
int driver_read(struct driver *d, struct driver_node *ret_node, struct err *e);
void driver_node_done(struct driver_node *node);

/* One GPU. Free with driver_gpu_done(). */
int driver_read_gpu(struct driver *d, unsigned index, struct driver_gpu *ret_gpu, struct err *e);
void driver_gpu_done(struct driver_gpu *gpu);

const struct driver_profile *driver_profile_find(const struct driver_gpu *gpu, const char *name); /* "1g.10gb+me"; NULL */
const struct driver_slice *driver_slice_find(const struct driver_gpu *gpu, uint32_t gi_id);       /* NULL */

/* How busy each slice was during `interval_ms` (at least 100), by GPU performance monitoring: Hopper or later and R525 or later, else
 * ERR_IMPOSSIBLE. Other threads use the driver meanwhile. */
struct driver_usage {
        uint32_t gi_id;
        double sm_percent, memory_percent; /* SMs that had work; memory bandwidth; negative: unknown (the slice went meanwhile) */
};
int driver_measure(struct driver *d, unsigned index, unsigned interval_ms, struct driver_usage ret_usage[DRIVER_SLICES_MAX],
                   unsigned *ret_count, struct err *e);

/* ---- change ---- */

/* Switch MIG. Success with `ret_mig_on` other than `on` is possible: the switch waits for a reset or for those who use the GPU, and
 * `ret_note` says for what and what to do ("" when it is done). Off destroys all slices. */
#define DRIVER_NOTE_MAX 256
int driver_set_mig(struct driver *d, unsigned index, bool on, bool *ret_mig_on, char ret_note[DRIVER_NOTE_MAX], struct err *e);

struct driver_wish {
        uint32_t profile_id;                  /* driver_profile.id */
        int start;                            /* first memory slice; DRIVER_UNKNOWN: where the driver likes */
        unsigned compute_count;               /* 0: one compute instance over the whole slice */
        uint32_t compute[DRIVER_COMPUTE_MAX]; /* else NVML_COMPUTE_INSTANCE_PROFILE_* of each */
};

/* Make a slice with its compute instances, or nothing: what was made before a failure is destroyed again, and where even that fails the
 * text says what is left. */
int driver_create_slice(struct driver *d, unsigned index, const struct driver_wish *wish, struct driver_slice *ret_slice, struct err *e);

/* Destroy a slice with its compute instances. The driver calls a slice "in use" for some 100 ms after its last process is gone: that is
 * tried again until driver_options.in_use_ms have passed. ERR_AGAIN names the processes that hold it. Drivers give the id of
 * a slice to another one once it is gone: `slice` is as it was read, and one of another profile or place is not touched (ERR_AGAIN). */
int driver_destroy_slice(struct driver *d, unsigned index, const struct driver_slice *slice, struct err *e);

/* ---- events ---- */

enum driver_event_kind { DRIVER_XID, DRIVER_ECC_CORRECTED, DRIVER_ECC_UNCORRECTED, DRIVER_MIG_CHANGED, DRIVER_GPU_LOST, DRIVER_OTHER };
const char *driver_event_kind_name(enum driver_event_kind kind); /* "xid", "ecc-corrected", … */

struct driver_event {
        enum driver_event_kind kind;
        unsigned gpu;          /* index; DRIVER_NONE where the driver did not say which */
        unsigned xid;          /* DRIVER_XID */
        uint32_t gi_id, ci_id; /* DRIVER_NONE: the whole GPU */
};

/* Waits have a worker of their own, so they do not stand in the way of other calls. Close before the driver. */
struct driver_events;
int driver_events_open(struct driver *d, struct driver_events **ret_events, struct err *e);
/* 0: an event; 1: none came in `timeout_ms` (or sooner, a second at least, while a GPU is lost). ERR_AGAIN: the driver was restarted or
 * hangs; open anew. */
int driver_events_wait(struct driver_events *events, unsigned timeout_ms, struct driver_event *ret_event, struct err *e);
void driver_events_close(struct driver_events *events);
DEFINE_CLEANUP(struct driver_events *, driver_events_close)
