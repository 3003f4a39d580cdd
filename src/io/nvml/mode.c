/* mode: MIG on and off. */
#include "base/mem.h"
#include "io/nvml/look.h"

struct mode_job {
        struct job job;
        bool on;
        bool now_on;
        char note[DRIVER_NOTE_MAX];
};

/* Why the GPU does not do what it was told: the switch waits. */
static void explain(const struct driver_gpu *gpu, nvmlReturn_t activation, bool on, char note[DRIVER_NOTE_MAX]) {
        const char *turned = on ? "on" : "off";
        char names[DRIVER_NOTE_MAX / 2];

        if (activation == NVML_ERROR_IN_USE && process_names(gpu, DRIVER_NONE, names, sizeof names) > 0)
                snprintf(note, DRIVER_NOTE_MAX, "MIG is turned %s when the GPU is free and reset; it is used by %s", turned, names);
        else if (activation == NVML_ERROR_IN_USE)
                snprintf(note, DRIVER_NOTE_MAX,
                         "MIG is turned %s when the GPU is free and reset; something holds it (a monitor such as DCGM, a device plugin)",
                         turned);
        else
                snprintf(note, DRIVER_NOTE_MAX,
                         "MIG is turned %s with the next reset: nvidia-smi --gpu-reset -i %s, or reboot (in a virtual machine: reboot it)",
                         turned, *gpu->bus_id ? gpu->bus_id : gpu->uuid);
}

static int run_mode(struct job *job, struct err *e) {
        struct mode_job *mode = (struct mode_job *)job;
        _cleanup_free_ struct driver_gpu *gpu = mem_zalloc(1, sizeof *gpu);
        nvmlReturn_t activation = NVML_SUCCESS;
        unsigned current, pending;
        nvmlDevice_t device;

        int r = look_gpu(job, 0, &device, gpu, e);
        if (r < 0)
                return r;
        if (!gpu->mig_capable)
                return err_set(e, ERR_IMPOSSIBLE, "GPU %u (%s) has no MIG", job->gpu, gpu->product);

        unsigned wanted = mode->on ? NVML_DEVICE_MIG_ENABLE : NVML_DEVICE_MIG_DISABLE;
        nvmlReturn_t set = ASK(job, nvmlDeviceSetMigMode, device, wanted, &activation);
        if (set != NVML_SUCCESS)
                return job_fail(job, set, e, "GPU %u: MIG cannot be turned %s", job->gpu, mode->on ? "on" : "off");
        set = ASK(job, nvmlDeviceGetMigMode, device, &current, &pending);
        if (set != NVML_SUCCESS)
                return job_fail(job, set, e, "GPU %u: its MIG mode", job->gpu);

        mode->now_on = current == NVML_DEVICE_MIG_ENABLE;
        if (mode->now_on != mode->on) {
                look_processes(job, device, gpu);
                explain(gpu, activation, mode->on, mode->note);
                driver_gpu_done(gpu);
        }
        return 0;
}

int driver_set_mig(struct driver *d, unsigned index, bool on, bool *ret_mig_on, char ret_note[DRIVER_NOTE_MAX], struct err *e) {
        struct mode_job *mode = job_new(sizeof *mode, d->lib, index, d->deadline_ms, run_mode);

        mode->on = on;
        int r = driver_do(d, &mode->job, e);
        if (r == 0) {
                *ret_mig_on = mode->now_on;
                memcpy(ret_note, mode->note, sizeof mode->note);
        }
        job_unref(&mode->job);
        return r;
}
