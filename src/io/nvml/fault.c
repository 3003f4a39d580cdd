/* fault: what the driver's return codes mean to the one who has to do something about them. */
#include <stdio.h>

#include "base/mem.h"
#include "io/nvml/worker.h"

static const struct advice {
        nvmlReturn_t code;
        enum err_code error;
        const char *text;
} advices[] = {
        { NVML_ERROR_UNINITIALIZED, ERR_AGAIN, "the driver was restarted: open it anew" },
        { NVML_ERROR_NOT_SUPPORTED, ERR_IMPOSSIBLE, "this GPU, or this driver with this GPU, cannot do that" },
        { NVML_ERROR_NO_PERMISSION, ERR_GPU,
          "run as root; in a container, give it the MIG capabilities (NVIDIA_MIG_CONFIG_DEVICES=all to change, "
          "NVIDIA_MIG_MONITOR_DEVICES=all to look) or CAP_SYS_ADMIN" },
        { NVML_ERROR_NOT_FOUND, ERR_NOT_FOUND, "it is not there (any more)" },
        { NVML_ERROR_DRIVER_NOT_LOADED, ERR_GPU, "the kernel module is not loaded: modprobe nvidia, and look at the kernel log" },
        { NVML_ERROR_TIMEOUT, ERR_AGAIN, "try again" },
        { NVML_ERROR_GPU_IS_LOST, ERR_GPU, "it fell off the bus: look for Xid lines in the kernel log, drain the node and reboot it" },
        { NVML_ERROR_RESET_REQUIRED, ERR_GPU, "reset the GPU (nvidia-smi --gpu-reset) or reboot the node" },
        { NVML_ERROR_LIB_RM_VERSION_MISMATCH, ERR_GPU,
          "the driver library and the kernel module are of different versions: reboot, or reload the module" },
        { NVML_ERROR_IN_USE, ERR_AGAIN, "something uses it: a process, a monitor (DCGM, nsys), a device plugin" },
        { NVML_ERROR_INSUFFICIENT_RESOURCES, ERR_IMPOSSIBLE, "there is no room for it" },
        { NVML_ERROR_OPERATING_SYSTEM, ERR_GPU, "the operating system refused" },
};

static const struct advice *advice_of(nvmlReturn_t r) {
        static const struct advice none = { .error = ERR_GPU };

        for (size_t i = 0; i < ARRAY_SIZE(advices); i++)
                if (advices[i].code == r)
                        return &advices[i];
        return &none;
}

int job_fail(struct job *job, nvmlReturn_t r, struct err *e, const char *what, ...) {
        const struct driver_about *about = &job->lib->about;
        const struct advice *advice = advice_of(r);
        char context[ERR_TEXT_MAX / 2];
        va_list args;

        job->failed = r;
        va_start(args, what);
        vsnprintf(context, sizeof context, what, args);
        va_end(args);

        if (r == NVML_ERROR_FUNCTION_NOT_FOUND) {
                unsigned since = library_since(job->call);
                char came[32] = "";
                if (since > 0)
                        snprintf(came, sizeof came, " (it came with R%u)", since);
                return err_set(e, ERR_GPU, "%s: the driver %s does not have %s%s", context, about->version, job->call, came);
        }
        const char *words = job->lib->calls.nvmlErrorString(r);
        return err_set(e, advice->error, "%s: %s (%s)%s%s", context, words ? words : "no reason given", job->call, advice->text ? ": " : "",
                       advice->text ? advice->text : "");
}
