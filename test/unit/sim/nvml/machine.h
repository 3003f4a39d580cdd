/* machine: a simulated node in a folder of its own, and this process as its client through the library's calls. */
#pragma once

#include <ftw.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "../../unit.h"
#include "sim/node/node.h"
#include "sim/nvml/exports.h"
#include "sim/store/store.h"

static char machine_dir[64];

static inline uint64_t machine_now_us(void) {
        struct timespec now;
        clock_gettime(CLOCK_REALTIME, &now);
        return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

/* Switched on, with GPUs of these models ("H100-80GB,A30-24GB"), where nothing takes time and nothing wanders; not yet used by anyone. */
static inline void machine_make(const char *driver, const char *models, bool mig) {
        struct node *n = malloc(sizeof *n);
        struct node_gpu_wish wishes[NODE_GPUS_MAX] = { 0 };
        unsigned count = 0;
        struct err e = { 0 };
        char keys[512], *rest = NULL;

        assert_non_null(n);
        snprintf(keys, sizeof keys, "%s", models);
        for (char *key = strtok_r(keys, ",", &rest); key; key = strtok_r(NULL, ",", &rest), count++) {
                wishes[count].model = gpu_model_find(key);
                assert_non_null(wishes[count].model);
                wishes[count].mig = mig && gpu_has_mig(wishes[count].model);
        }
        assert_ok(node_init(n, driver, 1, wishes, count, machine_now_us(), &e), &e);
        n->latency_percent = 0;
        n->release_ms = 0;
        n->jitter_percent = 0;

        snprintf(machine_dir, sizeof machine_dir, "/tmp/carve-test-XXXXXX");
        assert_non_null(mkdtemp(machine_dir));
        assert_ok(store_create(machine_dir, n, true, &e), &e);
        setenv("CARVE_SIM", machine_dir, 1);
        free(n);
}

static inline int machine_remove_one(const char *path, const struct stat *status, int type, struct FTW *ftw) {
        (void)status;
        (void)type;
        (void)ftw;
        return remove(path);
}

static inline void machine_remove(void) {
        nftw(machine_dir, machine_remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

/* What carve-sim does: change the node behind the library's back. */
static inline void machine_change(void (*change)(struct node *n, void *context), void *context) {
        struct node *n = malloc(sizeof *n);
        struct store s;
        struct store_write w;
        struct err e = { 0 };

        assert_non_null(n);
        assert_ok(store_open(&s, machine_dir, &e), &e);
        assert_ok(store_begin(&s, &w, n, &e), &e);
        change(n, context);
        assert_ok(store_end(&s, &w, n, &e), &e);
        store_close(&s);
        free(n);
}

/* Usual beginning and end of a test. */
static inline void machine_start(const char *driver, const char *models, bool mig) {
        machine_make(driver, models, mig);
        assert_int_equal(nvmlInit_v2(), NVML_SUCCESS);
}

static inline void machine_stop(void) {
        assert_int_equal(nvmlShutdown(), NVML_SUCCESS);
        machine_remove();
}

static inline nvmlDevice_t machine_gpu(unsigned index) {
        nvmlDevice_t device;
        assert_int_equal(nvmlDeviceGetHandleByIndex_v2(index, &device), NVML_SUCCESS);
        return device;
}

/* A GPU instance with one compute instance. */
static inline nvmlDevice_t machine_mig_device(nvmlDevice_t gpu, unsigned profile_id, unsigned ci_profile) {
        nvmlGpuInstance_t gi;
        nvmlComputeInstance_t ci;
        nvmlComputeInstanceInfo_t info;
        assert_int_equal(nvmlDeviceCreateGpuInstance(gpu, profile_id, &gi), NVML_SUCCESS);
        assert_int_equal(nvmlGpuInstanceCreateComputeInstance(gi, ci_profile, &ci), NVML_SUCCESS);
        assert_int_equal(nvmlComputeInstanceGetInfo_v2(ci, &info), NVML_SUCCESS);
        return info.device;
}

/* A process of the test that must end well. */
static inline void machine_join(pid_t pid) {
        int status = 0;
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_true(WIFEXITED(status));
        assert_int_equal(WEXITSTATUS(status), 0);
}
