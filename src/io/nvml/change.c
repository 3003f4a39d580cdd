/* change: slices made and destroyed, each whole or not at all. */
#include "base/mem.h"
#include "io/nvml/look.h"

#define RETRY_FIRST_MS 20
#define RETRY_MAX_MS 200
#define TEXT_MAX 160

struct change_job {
        struct job job;
        unsigned in_use_ms;
        struct driver_wish wish; /* create */
        struct driver_slice old; /* destroy */
        struct driver_gpu gpu;
        struct driver_slice slice;
};

static void done_change(struct job *job) {
        driver_gpu_done(&((struct change_job *)job)->gpu);
}

/* ---- destroy ---- */

/* "In use" may just mean that the driver has not tidied up behind the last process yet. */
struct patience {
        uint64_t until_ms;
        unsigned pause_ms;
};

static struct patience patience_of(const struct change_job *change) {
        return (struct patience){ worker_now_ms() + change->in_use_ms, RETRY_FIRST_MS };
}

static bool wait_more(struct patience *p) {
        uint64_t now = worker_now_ms();

        if (now >= p->until_ms)
                return false;
        worker_sleep_ms((unsigned)MIN((uint64_t)p->pause_ms, p->until_ms - now));
        p->pause_ms = MIN(p->pause_ms * 2, (unsigned)RETRY_MAX_MS);
        return true;
}

static nvmlReturn_t destroy_compute(struct job *job, nvmlComputeInstance_t handle, struct patience *p) {
        nvmlReturn_t r;

        do
                r = ASK(job, nvmlComputeInstanceDestroy, handle);
        while (r == NVML_ERROR_IN_USE && wait_more(p));
        return r;
}

static nvmlReturn_t destroy_instance(struct job *job, nvmlGpuInstance_t handle, struct patience *p) {
        nvmlReturn_t r;

        do
                r = ASK(job, nvmlGpuInstanceDestroy, handle);
        while (r == NVML_ERROR_IN_USE && wait_more(p));
        return r;
}

/* The compute instances, then the instance itself; stops at the first that does not go. */
static nvmlReturn_t destroy_all(struct job *job, nvmlGpuInstance_t instance, struct patience *p, unsigned *ret_destroyed) {
        nvmlComputeInstance_t handles[DRIVER_COMPUTE_MAX];
        struct driver_compute compute[DRIVER_COMPUTE_MAX];
        unsigned count = look_compute(job, instance, handles, compute);

        *ret_destroyed = 0;
        for (unsigned i = 0; i < count; i++) {
                nvmlReturn_t r = destroy_compute(job, handles[i], p);
                if (r != NVML_SUCCESS)
                        return r;
                (*ret_destroyed)++;
        }
        return destroy_instance(job, instance, p);
}

/* Nothing is touched while a process runs there. `text` names those that still do when patience is over. */
static bool wait_until_idle(struct change_job *change, nvmlDevice_t device, struct patience *p, char *text, size_t bytes) {
        do {
                driver_gpu_done(&change->gpu);
                look_processes(&change->job, device, &change->gpu);
                if (process_names(&change->gpu, change->old.id, text, bytes) == 0)
                        return true;
        } while (wait_more(p));
        return false;
}

/* "GPU 3: slice 1g.10gb at 0 (instance 7)" */
static void slice_text(const struct driver_gpu *gpu, const struct driver_slice *slice, char text[TEXT_MAX]) {
        snprintf(text, TEXT_MAX, "GPU %u: slice %s at %u (instance %u)", gpu->index, *slice->name ? slice->name : "of unknown profile",
                 slice->start, slice->id);
}

static int run_destroy(struct job *job, struct err *e) {
        struct change_job *change = (struct change_job *)job;
        char who[TEXT_MAX], names[TEXT_MAX];
        nvmlGpuInstance_t instance;
        nvmlDevice_t device;
        unsigned destroyed;

        int r = look_gpu(job, LOOK_CHANGES, &device, &change->gpu, e);
        if (r < 0)
                return r;
        nvmlReturn_t got = ASK(job, nvmlDeviceGetGpuInstanceById, device, change->old.id, &instance);
        if (got != NVML_SUCCESS)
                return job_fail(job, got, e, "GPU %u: slice with instance id %u", job->gpu, change->old.id);
        r = look_slice(job, &change->gpu, instance, &change->slice, e);
        if (r < 0)
                return r;
        slice_text(&change->gpu, &change->slice, who);
        if (change->slice.profile_id != change->old.profile_id || change->slice.start != change->old.start)
                return err_set(e, ERR_AGAIN, "%s is not the one that was to be destroyed, which is gone: nothing was changed", who);

        struct patience patience = patience_of(change);
        if (!wait_until_idle(change, device, &patience, names, sizeof names))
                return err_set(e, ERR_AGAIN, "%s is used by %s: nothing was changed. End them, or choose another slice", who, names);

        got = destroy_all(job, instance, &patience, &destroyed);
        if (got == NVML_ERROR_IN_USE && destroyed > 0)
                return err_set(e, ERR_AGAIN,
                               "%s is still in use after %.1f s; %u of its compute instances are gone already: destroy it again", who,
                               change->in_use_ms / 1000.0, destroyed);
        if (got != NVML_SUCCESS && destroyed > 0)
                return job_fail(job, got, e, "%s cannot be destroyed, and %u of its compute instances are gone already", who, destroyed);
        if (got != NVML_SUCCESS)
                return job_fail(job, got, e, "%s cannot be destroyed", who);
        return 0;
}

/* ---- create ---- */

static int check_start(const struct driver_gpu *gpu, const struct driver_profile *profile, int start, struct err *e) {
        char starts[4 * DRIVER_STARTS_MAX + 1] = "";
        size_t used = 0;

        if (start < 0)
                return 0;
        for (unsigned i = 0; i < profile->start_count; i++) {
                if (profile->starts[i] == start)
                        return 0;
                used += (size_t)snprintf(starts + used, sizeof starts - used, "%s%u", i ? " " : "", profile->starts[i]);
        }
        if (!profile->start_count)
                return err_set(e, ERR_GPU, "GPU %u: the driver %s", gpu->index, "does not tell where a slice can be placed");
        return err_set(e, ERR_IMPOSSIBLE, "GPU %u: %s cannot start at memory slice %d (it can at %s)", gpu->index, profile->name, start,
                       starts);
}

static int find_wish(const struct change_job *change, const struct driver_profile **ret_profile, struct err *e) {
        const struct driver_gpu *gpu = &change->gpu;
        const struct driver_profile *profile = profile_by_id(gpu, change->wish.profile_id);

        if (!gpu->mig_capable)
                return err_set(e, ERR_IMPOSSIBLE, "GPU %u (%s) has no MIG", gpu->index, gpu->product);
        if (!gpu->mig_on)
                return err_set(e, ERR_GPU, "GPU %u: MIG is off: turn it on first", gpu->index);
        if (!profile)
                return err_set(e, ERR_IMPOSSIBLE, "GPU %u (%s) has no slice with profile id %u", gpu->index, gpu->product,
                               change->wish.profile_id);
        *ret_profile = profile;
        return check_start(gpu, profile, change->wish.start, e);
}

/* Which of two compute profiles covers more of a slice? Where both have as many slices (double-memory slices of Hopper and later offer two)
 * the one with more SMs. */
static bool covers_more(const nvmlComputeInstanceProfileInfo_t *a, const nvmlComputeInstanceProfileInfo_t *b) {
        return a->sliceCount > b->sliceCount || (a->sliceCount == b->sliceCount && a->multiprocessorCount > b->multiprocessorCount);
}

/* The compute profile that covers all of the slice. */
static nvmlReturn_t whole_compute(struct job *job, nvmlGpuInstance_t instance, uint32_t *ret_profile) {
        nvmlComputeInstanceProfileInfo_t infos[NVML_COMPUTE_INSTANCE_PROFILE_COUNT];
        unsigned offered = look_compute_profiles(job, instance, infos);
        int best = -1;

        for (int i = 0; i < NVML_COMPUTE_INSTANCE_PROFILE_COUNT; i++)
                if (offered >> i & 1 && (best < 0 || covers_more(&infos[i], &infos[best])))
                        best = i;
        if (best < 0)
                return NVML_ERROR_NOT_SUPPORTED;
        *ret_profile = infos[best].id;
        return NVML_SUCCESS;
}

static nvmlReturn_t create_compute(struct change_job *change, nvmlGpuInstance_t instance) {
        struct job *job = &change->job;
        const struct driver_wish *wish = &change->wish;
        uint32_t whole = 0;

        if (wish->compute_count == 0) {
                nvmlReturn_t r = whole_compute(job, instance, &whole);
                if (r != NVML_SUCCESS)
                        return r;
        }
        for (unsigned i = 0; i < MAX(wish->compute_count, 1u); i++) {
                nvmlComputeInstance_t handle;
                nvmlReturn_t r =
                        ASK(job, nvmlGpuInstanceCreateComputeInstance, instance, wish->compute_count ? wish->compute[i] : whole, &handle);
                if (r != NVML_SUCCESS)
                        return r;
        }
        return NVML_SUCCESS;
}

static nvmlReturn_t create_instance(struct change_job *change, nvmlDevice_t device, const struct driver_profile *profile,
                                    nvmlGpuInstance_t *ret_instance) {
        nvmlGpuInstancePlacement_t place = { .start = (unsigned)change->wish.start, .size = profile->size };

        if (change->wish.start < 0)
                return ASK(&change->job, nvmlDeviceCreateGpuInstance, device, profile->id, ret_instance);
        return ASK(&change->job, nvmlDeviceCreateGpuInstanceWithPlacement, device, profile->id, &place, ret_instance);
}

/* The slice exists but its compute instances do not: back to what was. Keeps the reason and adds what is left behind. */
static int take_back(struct change_job *change, nvmlGpuInstance_t instance, struct err *e) {
        struct patience patience = patience_of(change);
        nvmlGpuInstanceInfo_t info = { .id = DRIVER_NONE };
        unsigned destroyed;

        ASK(&change->job, nvmlGpuInstanceGetInfo, instance, &info);
        nvmlReturn_t r = destroy_all(&change->job, instance, &patience, &destroyed);
        if (r != NVML_SUCCESS) {
                struct err why = *e;
                job_fail(&change->job, r, e, "%s. GPU instance %u is left behind, it cannot be destroyed", why.text, info.id);
                e->code = ERR_GPU;
        }
        return -(int)e->code;
}

static int run_create(struct job *job, struct err *e) {
        struct change_job *change = (struct change_job *)job;
        const struct driver_profile *profile = NULL;
        nvmlGpuInstance_t instance;
        nvmlDevice_t device;
        char what[TEXT_MAX], at[32] = "";

        int r = look_gpu(job, LOOK_CHANGES, &device, &change->gpu, e);
        if (r == 0)
                r = find_wish(change, &profile, e);
        if (r < 0)
                return r;
        if (change->wish.start >= 0)
                snprintf(at, sizeof at, " at memory slice %d", change->wish.start);
        snprintf(what, sizeof what, "GPU %u: %s%s cannot be made", job->gpu, profile->name, at);

        nvmlReturn_t made = create_instance(change, device, profile, &instance);
        if (made != NVML_SUCCESS)
                return job_fail(job, made, e, "%s", what);
        made = create_compute(change, instance);
        if (made != NVML_SUCCESS)
                job_fail(job, made, e, "%s: its compute instance", what);
        else if (look_slice(job, &change->gpu, instance, &change->slice, e) == 0 && job_check(job, e) == 0)
                return 0;
        return take_back(change, instance, e);
}

/* ---- the jobs ---- */

static struct change_job *change_new(struct driver *d, unsigned index, int (*run)(struct job *, struct err *)) {
        struct change_job *change = job_new(sizeof *change, d->lib, index, d->deadline_ms, run);

        change->job.done = done_change;
        change->in_use_ms = d->in_use_ms;
        return change;
}

int driver_create_slice(struct driver *d, unsigned index, const struct driver_wish *wish, struct driver_slice *ret_slice, struct err *e) {
        if (wish->compute_count > DRIVER_COMPUTE_MAX)
                return err_set(e, ERR_IMPOSSIBLE, "GPU %u: a slice has at most %d compute instances", index, DRIVER_COMPUTE_MAX);

        struct change_job *change = change_new(d, index, run_create);
        change->wish = *wish;
        int r = driver_do(d, &change->job, e);
        if (r == 0)
                *ret_slice = change->slice;
        job_unref(&change->job);
        return r;
}

int driver_destroy_slice(struct driver *d, unsigned index, const struct driver_slice *slice, struct err *e) {
        struct change_job *change = change_new(d, index, run_destroy);

        change->old = *slice;
        int r = driver_do(d, &change->job, e);
        job_unref(&change->job);
        return r;
}
