/* look: the parts of a GPU as jobs read them, and the handle that runs jobs. Private to io/nvml.
 *
 * All functions that take a job run in its worker. What a driver or GPU does not tell stays unknown and is no failure.
 */
#pragma once

#include <sys/types.h>

#include "io/nvml/worker.h"

struct driver {
        struct library *lib;
        unsigned deadline_ms, in_use_ms;
        pid_t owner; /* a child after fork() has no worker */

        pthread_mutex_t mutex; /* one job at a time */
        struct worker *worker;
        struct driver_gpu *known; /* who each of DRIVER_GPUS_MAX is, as it said when it still answered; uuid "": not known */
};

/* driver.c: run it, waiting for the jobs of other threads. */
int driver_do(struct driver *d, struct job *job, struct err *e);

/* read.c. Errors: ERR_NOT_FOUND (no such GPU), others of the driver. */
enum look { LOOK_CHANGES = 1, LOOK_PROCESSES = 2, LOOK_SENSORS = 4, LOOK_ALL = 7 };
/* Into a zeroed `gpu`: who it is, memory and MIG mode; LOOK_CHANGES: profiles and slices as well. */
int look_gpu(struct job *job, unsigned what, nvmlDevice_t *ret_device, struct driver_gpu *gpu, struct err *e);

/* profile.c */
void look_profiles(struct job *job, nvmlDevice_t device, struct driver_gpu *gpu);
const struct driver_profile *profile_by_id(const struct driver_gpu *gpu, uint32_t id);
void profile_name_of(const struct driver_gpu *gpu, uint32_t nvml, unsigned slices, unsigned compute, uint32_t memory_mib,
                     char name[PROFILE_NAME_MAX]);

/* instance.c: slices and what runs in them. */
int look_slices(struct job *job, nvmlDevice_t device, struct driver_gpu *gpu, struct err *e);
int look_slice(struct job *job, const struct driver_gpu *gpu, nvmlGpuInstance_t instance, struct driver_slice *slice, struct err *e);
/* The compute instances of one: returns how many, with `handles` and `compute` filled. */
unsigned look_compute(struct job *job, nvmlGpuInstance_t instance, nvmlComputeInstance_t handles[DRIVER_COMPUTE_MAX],
                      struct driver_compute compute[DRIVER_COMPUTE_MAX]);
/* The compute profiles it offers: a bit for each NVML_COMPUTE_INSTANCE_PROFILE_*. */
unsigned look_compute_profiles(struct job *job, nvmlGpuInstance_t instance,
                               nvmlComputeInstanceProfileInfo_t infos[NVML_COMPUTE_INSTANCE_PROFILE_COUNT]);

/* process.c. `gpu` gets a list of its own. */
void look_processes(struct job *job, nvmlDevice_t device, struct driver_gpu *gpu);
/* "4711 (python), 4712": those in a slice (DRIVER_NONE: all), as many as fit. Returns how many there are. */
unsigned process_names(const struct driver_gpu *gpu, uint32_t gi_id, char *text, size_t bytes);
