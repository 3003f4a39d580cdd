/* The library's beginning and end: what the environment says, what the folder holds, who counts. */
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>

#include "machine.h"

static unsigned count(void) {
        unsigned n = 999;
        assert_int_equal(nvmlDeviceGetCount_v2(&n), NVML_SUCCESS);
        return n;
}

/* What `call` says on stderr. */
static void heard(void (*call)(void), char *text, size_t size) {
        char path[] = "/tmp/carve-heard-XXXXXX";
        int fd = mkstemp(path), before = dup(STDERR_FILENO);
        assert_true(fd >= 0 && before >= 0);
        fflush(stderr);
        dup2(fd, STDERR_FILENO);
        call();
        fflush(stderr);
        dup2(before, STDERR_FILENO);
        close(before);
        ssize_t length = pread(fd, text, size - 1, 0);
        text[length > 0 ? length : 0] = '\0';
        close(fd);
        unlink(path);
}

static unsigned lines(const char *text) {
        unsigned n = 0;
        for (; *text; text++)
                n += *text == '\n';
        return n;
}

static void needs_no_init(void **state) {
        unsigned n;
        nvmlDevice_t device;
        (void)state;
        machine_make("590.48.01", "A100-80GB", false);
        assert_int_equal(nvmlDeviceGetCount_v2(&n), NVML_ERROR_UNINITIALIZED);
        assert_int_equal(nvmlDeviceGetHandleByIndex_v2(0, &device), NVML_ERROR_UNINITIALIZED);
        assert_int_equal(nvmlShutdown(), NVML_ERROR_UNINITIALIZED);
        assert_string_equal(nvmlErrorString(NVML_ERROR_UNINITIALIZED), "Uninitialized");
        machine_remove();
}

static void counts_inits(void **state) {
        nvmlDevice_t device;
        unsigned index;
        (void)state;
        machine_make("590.48.01", "A100-80GB", false);
        assert_int_equal(nvmlInit_v2(), NVML_SUCCESS);
        assert_int_equal(nvmlInit(), NVML_SUCCESS);
        assert_int_equal(nvmlInitWithFlags(1), NVML_SUCCESS);
        device = machine_gpu(0);
        assert_int_equal(nvmlShutdown(), NVML_SUCCESS);
        assert_int_equal(nvmlShutdown(), NVML_SUCCESS);
        assert_int_equal(nvmlDeviceGetIndex(device, &index), NVML_SUCCESS);
        assert_int_equal(nvmlShutdown(), NVML_SUCCESS);
        assert_int_equal(nvmlDeviceGetIndex(device, &index), NVML_ERROR_UNINITIALIZED);
        assert_int_equal(nvmlShutdown(), NVML_ERROR_UNINITIALIZED);
        machine_remove();
}

static void init_without_a_driver(void) {
        for (unsigned i = 0; i < 3; i++)
                assert_int_equal(nvmlInit_v2(), NVML_ERROR_DRIVER_NOT_LOADED);
}

/* A message that nobody can read is no reason to die. */
static void complains_to_nobody(void **state) {
        int ends[2], status;
        (void)state;
        unsetenv("CARVE_SIM");
        assert_int_equal(pipe(ends), 0);
        pid_t child = fork();
        if (child == 0) {
                signal(SIGPIPE, SIG_DFL);
                close(ends[0]);
                dup2(ends[1], STDERR_FILENO);
                _exit(nvmlInit_v2() == NVML_ERROR_DRIVER_NOT_LOADED ? 0 : 1);
        }
        close(ends[0]);
        close(ends[1]);
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_true(WIFEXITED(status));
        assert_int_equal(WEXITSTATUS(status), 0);
}

static void init_of_another_version(void) {
        assert_int_equal(nvmlInit_v2(), NVML_ERROR_LIB_RM_VERSION_MISMATCH);
}

static void overwrite(off_t at, const void *bytes, size_t size) {
        char path[128];
        snprintf(path, sizeof path, "%s/state", machine_dir);
        int fd = open(path, O_WRONLY);
        assert_true(fd >= 0);
        assert_int_equal(pwrite(fd, bytes, size, at), size);
        close(fd);
}

/* One line each, even where a program tries again and again. */
static void no_node_is_no_driver(void **state) {
        char text[2048];
        (void)state;
        unsetenv("CARVE_SIM");
        heard(init_without_a_driver, text, sizeof text);
        assert_non_null(strstr(text, "CARVE_SIM is not set"));
        assert_int_equal(lines(text), 1);

        setenv("CARVE_SIM", "/nonexistent/carve", 1);
        heard(init_without_a_driver, text, sizeof text);
        assert_non_null(strstr(text, "/nonexistent/carve: no such folder"));
        assert_int_equal(lines(text), 1);

        machine_make("590.48.01", "A100-80GB", false);
        overwrite(0, "something else", 14);
        heard(init_without_a_driver, text, sizeof text);
        assert_non_null(strstr(text, "is no state of a simulated node"));
        machine_remove();
}

/* The format stands behind 16 bytes of magic and 4 of byte order (sim/store/format.h). */
static void another_format_is_another_version(void **state) {
        char text[2048];
        uint32_t format = NODE_FORMAT + 1;
        (void)state;
        machine_make("590.48.01", "A100-80GB", false);
        overwrite(20, &format, sizeof format);
        heard(init_of_another_version, text, sizeof text);
        assert_non_null(strstr(text, "has format 2"));
        assert_int_equal(lines(text), 1);
        machine_remove();
}

static void count_in_vain(void) {
        unsigned n;
        for (unsigned i = 0; i < 3; i++)
                assert_int_equal(nvmlDeviceGetCount_v2(&n), NVML_ERROR_UNKNOWN);
}

static void damage_while_running_is_unknown(void **state) {
        char path[128], text[2048];
        (void)state;
        machine_start("590.48.01", "A100-80GB", false);
        assert_int_equal(count(), 1);
        snprintf(path, sizeof path, "%s/state", machine_dir);
        assert_int_equal(truncate(path, 10), 0);
        heard(count_in_vain, text, sizeof text);
        assert_non_null(strstr(text, "damaged"));
        assert_int_equal(lines(text), 1);
        machine_stop();
}

static void reboot(struct node *n, void *context) {
        (void)context;
        node_reboot(n, machine_now_us());
}

static void a_reboot_ends_the_init(void **state) {
        unsigned n;
        (void)state;
        machine_start("590.48.01", "A100-80GB", false);
        assert_int_equal(nvmlInit_v2(), NVML_SUCCESS);
        machine_change(reboot, NULL);
        assert_int_equal(nvmlDeviceGetCount_v2(&n), NVML_ERROR_UNINITIALIZED);
        assert_int_equal(nvmlInit_v2(), NVML_SUCCESS);
        assert_int_equal(count(), 1);
        assert_int_equal(nvmlShutdown(), NVML_SUCCESS); /* inits from before the reboot do not count */
        assert_int_equal(nvmlShutdown(), NVML_ERROR_UNINITIALIZED);
        machine_remove();
}

/* Each row: CARVE_SIM_VISIBLE of a machine with four GPUs, and which of them are left. @n stands for the UUID of GPU n. */
static const struct {
        const char *visible, *left;
} views[] = {
        { "0", "0" }, { "2,1", "12" }, { "3,3", "3" },   { "all", "0123" },
        { "", "" },   { "7", "" },     { "@1,3", "13" }, { "GPU-nonsense,2", "2" },
};

static void only_some_are_visible(void **state) {
        char uuids[4][NVML_DEVICE_UUID_BUFFER_SIZE];
        nvmlDevice_t all[4], device;
        (void)state;
        machine_start("590.48.01", "A100-80GB,A100-80GB,l4,l4", false);
        for (unsigned i = 0; i < 4; i++) {
                all[i] = machine_gpu(i);
                assert_int_equal(nvmlDeviceGetUUID(all[i], uuids[i], sizeof uuids[i]), NVML_SUCCESS);
        }
        assert_int_equal(nvmlShutdown(), NVML_SUCCESS);
        for (size_t row = 0; row < ARRAY_SIZE(views); row++) {
                char visible[256], *end = visible;
                unsigned index;
                for (const char *p = views[row].visible; *p; p++)
                        if (*p == '@')
                                end += snprintf(end, sizeof visible - (size_t)(end - visible), "%s", uuids[*++p - '0']);
                        else
                                *end++ = *p;
                *end = '\0';
                setenv("CARVE_SIM_VISIBLE", visible, 1);
                assert_int_equal(nvmlInit_v2(), NVML_SUCCESS);
                assert_int_equal(count(), strlen(views[row].left));
                for (unsigned i = 0; i < 4; i++) {
                        const char *at = strchr(views[row].left, '0' + (int)i);
                        assert_int_equal(nvmlDeviceGetIndex(all[i], &index), at ? NVML_SUCCESS : NVML_ERROR_INVALID_ARGUMENT);
                        if (at)
                                assert_int_equal(index, at - views[row].left);
                        assert_int_equal(nvmlDeviceGetHandleByUUID(uuids[i], &device), at ? NVML_SUCCESS : NVML_ERROR_NOT_FOUND);
                }
                assert_int_equal(nvmlShutdown(), NVML_SUCCESS);
        }
        unsetenv("CARVE_SIM_VISIBLE");
        machine_remove();
}

/* As in a container that was given one slice: its GPU is there, and of the slices only that one, which is counted from 0. */
static void only_some_slices_are_visible(void **state) {
        nvmlDevice_t slices[3], device;
        char uuid[NVML_DEVICE_UUID_BUFFER_SIZE], other[NVML_DEVICE_UUID_BUFFER_SIZE];
        unsigned index;
        (void)state;
        machine_start("590.48.01", "H100-80GB,l4", true);
        for (unsigned i = 0; i < ARRAY_SIZE(slices); i++)
                slices[i] = machine_mig_device(machine_gpu(0), 14, 1);
        assert_int_equal(nvmlDeviceGetMigDeviceHandleByIndex(machine_gpu(0), 2, &slices[2]), NVML_SUCCESS);
        assert_int_equal(nvmlDeviceGetMigDeviceHandleByIndex(machine_gpu(0), 0, &slices[0]), NVML_SUCCESS);
        assert_int_equal(nvmlDeviceGetUUID(slices[2], uuid, sizeof uuid), NVML_SUCCESS);
        assert_int_equal(nvmlDeviceGetUUID(slices[0], other, sizeof other), NVML_SUCCESS);
        const char *const names[] = { uuid, "0:2" }, *const nonsense[] = { "0:", "0:2x", "0:3", "0:4294967298", "1:0" };
        for (unsigned n = 0; n < ARRAY_SIZE(names); n++) {
                assert_int_equal(nvmlShutdown(), NVML_SUCCESS);
                setenv("CARVE_SIM_VISIBLE", names[n], 1);
                assert_int_equal(nvmlInit_v2(), NVML_SUCCESS);
                assert_int_equal(count(), 1);
                assert_int_equal(nvmlDeviceGetMigDeviceHandleByIndex(machine_gpu(0), 0, &device), NVML_SUCCESS);
                assert_ptr_equal(device, slices[2]);
                assert_int_equal(nvmlDeviceGetIndex(device, &index), NVML_SUCCESS);
                assert_int_equal(index, 0);
                assert_int_equal(nvmlDeviceGetMigDeviceHandleByIndex(machine_gpu(0), 1, &device), NVML_ERROR_NOT_FOUND);
                assert_int_equal(nvmlDeviceGetHandleByUUID(uuid, &device), NVML_SUCCESS);
                assert_int_equal(nvmlDeviceGetHandleByUUID(other, &device), NVML_ERROR_NOT_FOUND);
                assert_int_equal(nvmlDeviceGetIndex(slices[0], &index), NVML_ERROR_INVALID_ARGUMENT);
                nvmlGpuInstance_t instances[3];
                assert_int_equal(nvmlDeviceGetGpuInstances(machine_gpu(0), 14, instances, &index), NVML_SUCCESS);
                assert_int_equal(index, 1);
        }
        for (unsigned n = 0; n < ARRAY_SIZE(nonsense); n++) {
                assert_int_equal(nvmlShutdown(), NVML_SUCCESS);
                setenv("CARVE_SIM_VISIBLE", nonsense[n], 1);
                assert_int_equal(nvmlInit_v2(), NVML_SUCCESS);
                assert_int_equal(count(), 0);
        }
        unsetenv("CARVE_SIM_VISIBLE");
        machine_stop();
}

static void unprivileged_may_only_look(void **state) {
        nvmlGpuInstance_t gi;
        nvmlEnableState_t mode;
        (void)state;
        setenv("CARVE_SIM_UNPRIVILEGED", "1", 1);
        machine_start("590.48.01", "A100-80GB", true);
        nvmlDevice_t device = machine_gpu(0);
        assert_int_equal(nvmlDeviceGetPersistenceMode(device, &mode), NVML_SUCCESS);
        assert_int_equal(nvmlDeviceSetPersistenceMode(device, NVML_FEATURE_DISABLED), NVML_ERROR_NO_PERMISSION);
        assert_int_equal(nvmlDeviceCreateGpuInstance(device, 19, &gi), NVML_ERROR_NO_PERMISSION);
        machine_stop();
        unsetenv("CARVE_SIM_UNPRIVILEGED");
}

/* Each symbol came with a driver: before it, the function is not there. R450 knew neither placements at creation nor the v2 memory. */
static void old_drivers_have_fewer_functions(void **state) {
        nvmlMemory_v2_t memory = { .version = NVML_VERSION(nvmlMemory_v2_t, 2) };
        nvmlMemory_t plain;
        (void)state;
        machine_start("450.80.02", "A100-40GB", false);
        assert_int_equal(nvmlDeviceGetMemoryInfo(machine_gpu(0), &plain), NVML_SUCCESS);
        assert_int_equal(nvmlDeviceGetMemoryInfo_v2(machine_gpu(0), &memory), NVML_ERROR_FUNCTION_NOT_FOUND);
        machine_stop();
        machine_start("510.39.01", "A100-40GB", false);
        assert_int_equal(nvmlDeviceGetMemoryInfo_v2(machine_gpu(0), &memory), NVML_SUCCESS);
        machine_stop();
}

/* A child of a fork goes on by itself, and its end is not the parent's. */
static void survives_a_fork(void **state) {
        (void)state;
        machine_start("590.48.01", "A100-80GB,A100-80GB", false);
        nvmlDevice_t device = machine_gpu(1);
        pid_t child = fork();
        assert_true(child >= 0);
        if (child == 0) {
                unsigned index = 9;
                bool well = nvmlDeviceGetIndex(device, &index) == NVML_SUCCESS && index == 1 &&
                            nvmlDeviceSetPersistenceMode(device, NVML_FEATURE_DISABLED) == NVML_SUCCESS && nvmlShutdown() == NVML_SUCCESS &&
                            nvmlShutdown() == NVML_ERROR_UNINITIALIZED;
                _exit(well ? 0 : 1);
        }
        machine_join(child);
        nvmlEnableState_t mode = NVML_FEATURE_ENABLED;
        assert_int_equal(nvmlDeviceGetPersistenceMode(device, &mode), NVML_SUCCESS);
        assert_int_equal(mode, NVML_FEATURE_DISABLED);
        machine_stop();
}

/* Who may only read the folder may only look. A child does it, which gives root away for good. */
static void a_folder_that_may_not_be_written(void **state) {
        char path[128];
        (void)state;
        machine_make("590.48.01", "A100-80GB", false);
        snprintf(path, sizeof path, "%s/state", machine_dir);
        assert_int_equal(chmod(machine_dir, 0755), 0);
        assert_int_equal(chmod(path, 0444), 0);
        pid_t child = fork();
        assert_true(child >= 0);
        if (child == 0) {
                nvmlDevice_t device;
                nvmlEnableState_t mode;
                bool well = (geteuid() != 0 || setuid(65534) == 0) && nvmlInit_v2() == NVML_SUCCESS &&
                            nvmlDeviceGetHandleByIndex_v2(0, &device) == NVML_SUCCESS &&
                            nvmlDeviceGetPersistenceMode(device, &mode) == NVML_SUCCESS &&
                            nvmlDeviceSetPersistenceMode(device, NVML_FEATURE_DISABLED) == NVML_ERROR_NO_PERMISSION;
                _exit(well ? 0 : 1);
        }
        machine_join(child);
        machine_remove();
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(needs_no_init),
                cmocka_unit_test(counts_inits),
                cmocka_unit_test(complains_to_nobody), /* before the message was said */
                cmocka_unit_test(no_node_is_no_driver),
                cmocka_unit_test(another_format_is_another_version),
                cmocka_unit_test(damage_while_running_is_unknown),
                cmocka_unit_test(a_reboot_ends_the_init),
                cmocka_unit_test(only_some_are_visible),
                cmocka_unit_test(only_some_slices_are_visible),
                cmocka_unit_test(unprivileged_may_only_look),
                cmocka_unit_test(old_drivers_have_fewer_functions),
                cmocka_unit_test(survives_a_fork),
                cmocka_unit_test(a_folder_that_may_not_be_written),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
