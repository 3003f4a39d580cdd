/* Libraries of other ages, hung calls and failing ones. The libraries are built from fake.c and named on the command line. */
#include "../../unit.h"

#include <dlfcn.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "fake.h"
#include "io/nvml/abi.h"
#include "io/nvml/driver.h"
#include "io/nvml/library.h"

enum age { R450, R470, R535_54, R590, NO_NAME, AGE_MAX };
static const char *libraries[AGE_MAX]; /* from the command line, in this order */

#define DEADLINE_MS 150

/* The library stays loaded as long as the test wants to control it. */
struct fake {
        void *handle;
        struct fake_control *control;
};

static struct fake fake_open(enum age age) {
        struct fake fake = { .handle = dlopen(libraries[age], RTLD_NOW | RTLD_LOCAL) };

        assert_non_null(fake.handle);
        fake.control = dlsym(fake.handle, "fake_control");
        assert_non_null(fake.control);
        return fake;
}

static void fake_close(struct fake *fake) {
        dlclose(fake->handle);
}

static struct driver *open_fake(enum age age) {
        const struct driver_options options = { .library = libraries[age], .deadline_ms = DEADLINE_MS };
        struct driver *d = NULL;
        struct err e = { 0 };

        assert_ok(driver_open(&options, &d, &e), &e);
        return d;
}

/* Threads that were left behind come back when the fake lets them. */
static void wait_for_hanging(const struct fake *fake, unsigned count) {
        for (unsigned i = 0; i < 5000 && fake->control->hanging != count; i++)
                usleep(1000);
        assert_int_equal(fake->control->hanging, count);
        usleep(20000); /* from the call to the end of its job */
}

/* ---- finding the library ---- */

static void says_where_no_library_is(void **state) {
        (void)state;
        const struct driver_options options = { .library = "/nowhere/libnvidia-ml.so.1" };
        struct driver *d = NULL;
        struct err e = { 0 };

        int r = driver_open(&options, &d, &e);
        assert_int_equal(r, -ERR_NOT_FOUND);
        assert_refused(r, &e, "/nowhere/libnvidia-ml.so.1");
        assert_refused(r, &e, "CARVE_NVML_LIBRARY");
        assert_refused(r, &e, "carve-sim");
        assert_null(d);
}

static void takes_the_library_of_the_environment(void **state) {
        (void)state;
        struct driver *d = NULL;
        struct err e = { 0 };

        setenv("CARVE_NVML_LIBRARY", libraries[R590], 1);
        assert_ok(driver_open(NULL, &d, &e), &e);
        assert_string_equal(driver_about(d)->library, libraries[R590]);
        assert_string_equal(driver_about(d)->version, "590.48.01");
        assert_int_equal(driver_about(d)->major, 590);
        assert_int_equal(driver_about(d)->minor, 48);
        assert_int_equal(driver_about(d)->patch, 1);
        assert_int_equal(driver_about(d)->cuda, DRIVER_UNKNOWN);
        driver_close(d);
        unsetenv("CARVE_NVML_LIBRARY");
}

static void refuses_a_library_without_what_is_required(void **state) {
        (void)state;
        static const struct { const char *library, *missing; } rows[] = { { "libm.so.6", "nvmlInit_v2" }, { NULL, "nvmlDeviceGetName" } };

        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                const struct driver_options options = { .library = rows[i].library ? rows[i].library : libraries[NO_NAME] };
                struct driver *d = NULL;
                struct err e = { 0 };
                int r = driver_open(&options, &d, &e);
                assert_int_equal(r, -ERR_GPU);
                assert_refused(r, &e, rows[i].missing);
        }
}

/* ---- old libraries ---- */

static void lives_without_what_is_optional(void **state) {
        (void)state;
        _cleanup_(driver_closep) struct driver *d = open_fake(R450);
        struct driver_node node;
        struct err e = { 0 };

        assert_ok(driver_read(d, &node, &e), &e);
        assert_int_equal(node.gpu_count, FAKE_GPUS);
        for (unsigned i = 0; i < FAKE_GPUS; i++) {
                const struct driver_gpu *gpu = &node.gpus[i];
                assert_string_equal(gpu->health.fault, "");
                assert_string_equal(gpu->model->key, "A100-40GB");
                assert_true(gpu->memory_bytes == 40960LL << 20);
                assert_int_equal(gpu->reserved_bytes, DRIVER_UNKNOWN);
                assert_int_equal(gpu->sensors.power_mw, 55000 + (int)i);
                assert_int_equal(gpu->sensors.temperature_c, DRIVER_UNKNOWN);
                assert_int_equal(gpu->sensors.gpu_percent, DRIVER_UNKNOWN);
                assert_int_equal(gpu->health.ecc_on, DRIVER_UNKNOWN);
                assert_int_equal(gpu->minor, DRIVER_UNKNOWN);
                assert_true(gpu->mig_capable && !gpu->mig_on);
                assert_true(gpu->profiles_assumed); /* by the catalogue: this driver tells none while MIG is off */
                assert_non_null(driver_profile_find(gpu, "3g.20gb"));
        }
        driver_node_done(&node);

        bool on;
        char note[DRIVER_NOTE_MAX];
        int r = driver_set_mig(d, 0, true, &on, note, &e);
        assert_int_equal(r, -ERR_GPU);
        assert_refused(r, &e, "the driver 450.80.02 does not have nvmlDeviceSetMigMode");

        struct driver_usage usage[DRIVER_SLICES_MAX];
        unsigned count;
        r = driver_measure(d, 0, 100, usage, &count, &e);
        assert_refused(r, &e, "nvmlGpmQueryDeviceSupport (it came with R520)");

        struct driver_events *events;
        r = driver_events_open(d, &events, &e);
        assert_refused(r, &e, "does not have nvmlEventSetCreate");
        assert_refused(driver_read_gpu(d, FAKE_GPUS, &(struct driver_gpu){ 0 }, &e), &e, "there is no GPU 2 here");
}

/* Entries of 16 bytes, of 24, of 32 (the trap of R535.43 to .86) and of 24 again say the same. */
static void reads_process_lists_of_every_age(void **state) {
        (void)state;
        for (enum age age = R450; age <= R590; age++) {
                _cleanup_(driver_closep) struct driver *d = open_fake(age);
                struct driver_gpu gpu;
                struct err e = { 0 };

                assert_ok(driver_read_gpu(d, 1, &gpu, &e), &e);
                assert_int_equal(gpu.process_count, 2);
                assert_int_equal(gpu.processes[0].pid, 4711);
                assert_true(gpu.processes[0].memory_bytes == 3LL << 30);
                assert_true(gpu.processes[0].gi_id == (age == R450 ? DRIVER_NONE : 7));
                assert_true(gpu.processes[0].ci_id == (age == R450 ? DRIVER_NONE : 0));
                assert_int_equal(gpu.processes[1].pid, 4712);
                assert_int_equal(gpu.processes[1].memory_bytes, DRIVER_UNKNOWN);
                assert_true(gpu.processes[1].gi_id == DRIVER_NONE);
                driver_gpu_done(&gpu);
        }
}

/* ---- failing calls ---- */

static void says_what_a_code_means(void **state) {
        (void)state;
        static const struct {
                nvmlReturn_t code;
                enum err_code error;
                const char *part;
        } rows[] = {
                { NVML_ERROR_DRIVER_NOT_LOADED, ERR_GPU, "modprobe nvidia" },
                { NVML_ERROR_LIB_RM_VERSION_MISMATCH, ERR_GPU, "different versions" },
                { NVML_ERROR_NO_PERMISSION, ERR_GPU, "Insufficient Permissions (nvmlInit_v2): run as root" },
                { NVML_ERROR_UNKNOWN, ERR_GPU, "Other Words (nvmlInit_v2)" },
        };
        struct fake fake = fake_open(R590);

        fake.control->fail_call = "nvmlInit_v2";
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                const struct driver_options options = { .library = libraries[R590] };
                struct driver *d = NULL;
                struct err e = { 0 };
                fake.control->fail_code = rows[i].code;
                int r = driver_open(&options, &d, &e);
                assert_int_equal(r, -(int)rows[i].error);
                assert_refused(r, &e, rows[i].part);
                assert_refused(r, &e, libraries[R590]);
        }
        fake_close(&fake);
}

static void a_lost_gpu_does_not_hide_the_others(void **state) {
        (void)state;
        struct fake fake = fake_open(R590);
        _cleanup_(driver_closep) struct driver *d = open_fake(R590);
        struct driver_node node;
        struct err e = { 0 };

        fake.control->fail_call = "nvmlDeviceGetName";
        fake.control->fail_code = NVML_ERROR_GPU_IS_LOST;
        assert_ok(driver_read(d, &node, &e), &e);
        assert_int_equal(node.gpu_count, FAKE_GPUS);
        assert_non_null(strstr(node.gpus[1].health.fault, "GPU 1: "));
        assert_non_null(strstr(node.gpus[1].health.fault, "(nvmlDeviceGetName): it fell off the bus"));
        assert_int_equal(node.gpus[1].sensors.power_mw, DRIVER_UNKNOWN);
        driver_node_done(&node);

        fake.control->fail_call = "nvmlDeviceGetComputeRunningProcesses_v3";
        fake.control->fail_code = NVML_ERROR_NO_PERMISSION;
        assert_ok(driver_read(d, &node, &e), &e);
        assert_string_equal(node.gpus[0].health.fault, "");
        assert_non_null(strstr(node.gpus[0].processes_unknown, "NVIDIA_MIG_MONITOR_DEVICES"));
        driver_node_done(&node);
        fake.control->fail_call = NULL;
        fake_close(&fake);
}

/* ---- hanging calls ---- */

static double seconds(void) {
        struct timespec now;

        clock_gettime(CLOCK_MONOTONIC, &now);
        return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void leaves_a_hung_gpu_behind(void **state) {
        (void)state;
        struct fake fake = fake_open(R590);
        _cleanup_(driver_closep) struct driver *d = open_fake(R590);
        struct driver_node node;
        struct err e = { 0 };

        fake.control->hang_gpu = 1;
        fake.control->hang_call = "nvmlDeviceGetPowerUsage";
        double before = seconds();
        assert_ok(driver_read(d, &node, &e), &e);
        assert_true(seconds() - before >= DEADLINE_MS / 1000.0 && seconds() - before < 10);
        assert_string_equal(node.gpus[0].health.fault, "");
        assert_int_equal(node.gpus[0].sensors.power_mw, 55000);
        assert_non_null(strstr(node.gpus[1].health.fault, "did not answer nvmlDeviceGetPowerUsage within 0.1 s: GPU 1 may be hung"));
        driver_node_done(&node);

        /* While it hangs that GPU is not asked again, so one hung GPU costs one thread and one deadline. */
        for (unsigned i = 0; i < 2 * DRIVER_STUCK_MAX; i++) {
                before = seconds();
                assert_ok(driver_read(d, &node, &e), &e);
                assert_true(seconds() - before < DEADLINE_MS / 1000.0);
                assert_string_equal(node.gpus[0].health.fault, "");
                assert_non_null(strstr(node.gpus[1].health.fault, "GPU 1 is not asked: an earlier nvmlDeviceGetPowerUsage still hangs"));
                driver_node_done(&node);
        }

        fake.control->hang_call = NULL;
        wait_for_hanging(&fake, 0);
        assert_ok(driver_read(d, &node, &e), &e);
        assert_string_equal(node.gpus[1].health.fault, "");
        assert_int_equal(node.gpus[1].sensors.power_mw, 55001);
        driver_node_done(&node);
        fake_close(&fake);
}

static void refuses_after_too_many_hung_calls(void **state) {
        (void)state;
        struct fake fake = fake_open(R590);
        _cleanup_(driver_closep) struct driver *d = open_fake(R590);
        struct driver_node node;
        struct err e = { 0 };

        fake.control->hang_gpu = 0;
        fake.control->hang_call = "nvmlDeviceGetCount_v2";
        for (unsigned i = 0; i < DRIVER_STUCK_MAX; i++) {
                int r = driver_read(d, &node, &e);
                assert_int_equal(r, -ERR_AGAIN);
                assert_refused(r, &e, "did not answer nvmlDeviceGetCount_v2");
        }
        double before = seconds();
        assert_refused(driver_read(d, &node, &e), &e, "the driver hangs in 4 calls already");
        assert_true(seconds() - before < DEADLINE_MS / 1000.0);
        assert_int_equal(fake.control->hanging, DRIVER_STUCK_MAX);

        fake.control->hang_call = NULL;
        wait_for_hanging(&fake, 0);
        assert_ok(driver_read(d, &node, &e), &e);
        driver_node_done(&node);
        fake_close(&fake);
}

/* The handle is closed while a thread still stands in the library: that one shuts it down when it comes back. */
static void closes_with_a_call_hanging(void **state) {
        (void)state;
        struct fake fake = fake_open(R590);
        struct driver *d = open_fake(R590);
        struct driver_gpu gpu;
        struct err e = { 0 };

        fake.control->hang_gpu = 0;
        fake.control->hang_call = "nvmlDeviceGetMemoryInfo";
        assert_refused(driver_read_gpu(d, 0, &gpu, &e), &e, "did not answer nvmlDeviceGetMemoryInfo");
        driver_close(d);
        assert_int_equal(fake.control->inits, 1);
        fake.control->hang_call = NULL;
        wait_for_hanging(&fake, 0);
        assert_int_equal(fake.control->inits, 0);

        d = open_fake(R590);
        assert_int_equal(fake.control->inits, 1);
        driver_close(d);
        assert_int_equal(fake.control->inits, 0);
        fake_close(&fake);
}

static void an_init_that_hangs_is_left_behind(void **state) {
        (void)state;
        struct fake fake = fake_open(R590);
        const struct driver_options options = { .library = libraries[R590], .deadline_ms = DEADLINE_MS };
        struct driver *d = NULL;
        struct err e = { 0 };

        fake.control->hang_gpu = 0;
        fake.control->hang_call = "nvmlInit_v2";
        int r = driver_open(&options, &d, &e);
        assert_int_equal(r, -ERR_AGAIN);
        assert_refused(r, &e, "did not answer nvmlInit_v2");
        fake.control->hang_call = NULL;
        wait_for_hanging(&fake, 0);
        assert_int_equal(fake.control->inits, 0);
        fake_close(&fake);
}

/* A wait that hangs holds the driver's event set. It is given back by whoever comes last: the wait, or the close. */
static void frees_an_event_set_that_was_left_behind(void **state) {
        (void)state;
        struct fake fake = fake_open(R590);
        struct driver *d = open_fake(R590);
        struct driver_events *events;
        struct driver_event event;
        struct err e = { 0 };

        fake.control->hang_gpu = 0;
        for (unsigned closed_first = 0; closed_first < 2; closed_first++) {
                assert_ok(driver_events_open(d, &events, &e), &e);
                assert_int_equal(fake.control->sets, 1);
                assert_int_equal(driver_events_wait(events, 1, &event, &e), 1);
                fake.control->hang_call = "nvmlEventSetWait_v2";
                int r = driver_events_wait(events, 1, &event, &e);
                assert_int_equal(r, -ERR_AGAIN);
                assert_refused(r, &e, "did not answer nvmlEventSetWait_v2");
                assert_refused(driver_events_wait(events, 1, &event, &e), &e, "left behind in the driver: open it anew");
                if (closed_first)
                        driver_events_close(events);
                assert_int_equal(fake.control->sets, 1);
                fake.control->hang_call = NULL;
                wait_for_hanging(&fake, 0);
                if (!closed_first)
                        driver_events_close(events);
                assert_int_equal(fake.control->sets, 0);
        }
        driver_close(d);
        assert_int_equal(fake.control->inits, 0);
        fake_close(&fake);
}

/* Who opens a new watch after each one that hangs is stopped: threads and event sets left behind have a limit. */
static void event_sets_left_behind_are_bounded(void **state) {
        (void)state;
        struct fake fake = fake_open(R590);
        struct driver *d = open_fake(R590);
        struct driver_events *events;
        struct driver_event event;
        struct err e = { 0 };

        fake.control->hang_gpu = 0;
        fake.control->hang_call = "nvmlEventSetWait_v2";
        for (unsigned i = 0; i < DRIVER_STUCK_MAX; i++) {
                assert_ok(driver_events_open(d, &events, &e), &e);
                assert_int_equal(driver_events_wait(events, 1, &event, &e), -ERR_AGAIN);
                driver_events_close(events);
        }
        for (unsigned i = 0; i < 3; i++)
                assert_refused(driver_events_open(d, &events, &e), &e, "the driver hangs in 4 calls already");
        assert_int_equal(fake.control->sets, DRIVER_STUCK_MAX);
        assert_int_equal(fake.control->hanging, DRIVER_STUCK_MAX);

        fake.control->hang_call = NULL;
        wait_for_hanging(&fake, 0);
        assert_int_equal(fake.control->sets, 0);
        assert_ok(driver_events_open(d, &events, &e), &e);
        assert_int_equal(driver_events_wait(events, 1, &event, &e), 1);
        driver_events_close(events);
        assert_int_equal(fake.control->sets, 0);

        /* Opening hangs in the middle: what was made so far goes with it. */
        fake.control->hang_call = "nvmlDeviceRegisterEvents";
        assert_refused(driver_events_open(d, &events, &e), &e, "did not answer nvmlDeviceRegisterEvents");
        fake.control->hang_call = NULL;
        wait_for_hanging(&fake, 0);
        assert_int_equal(fake.control->sets, 0);
        driver_close(d);
        assert_int_equal(fake.control->inits, 0);
        fake_close(&fake);
}

static void a_child_must_open_its_own(void **state) {
        (void)state;
        struct driver *d = open_fake(R590);
        struct err e = { 0 };

        pid_t child = fork();
        if (child == 0) {
                struct driver_node node;
                int r = driver_read(d, &node, &e);
                driver_close(d);
                _exit(r == -ERR_BUG && strstr(e.text, "fork") ? 0 : 1);
        }
        int status;
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
        driver_close(d);
}

/* ---- the table ---- */

/* The years of functions are told by the bindings of other projects, as sim/nvml/symbols.def has them. */
static void knows_which_driver_brought_what(void **state) {
        (void)state;
        static const struct {
                const char *name;
                unsigned since;
        } symbols[] = {
#define SYMBOL(name, since) { #name, since },
#include "sim/nvml/symbols.def"
#undef SYMBOL
        };
        static const char *const called[] = {
#define CALL(type, name, since, need, arguments) #name,
#include "io/nvml/calls.def"
#undef CALL
        };

        for (size_t i = 0; i < ARRAY_SIZE(called); i++) {
                size_t found = ARRAY_SIZE(symbols);
                for (size_t k = 0; k < ARRAY_SIZE(symbols); k++)
                        if (strcmp(called[i], symbols[k].name) == 0)
                                found = k;
                assert_true(found < ARRAY_SIZE(symbols));
                if (library_since(called[i]) != symbols[found].since)
                        fail_msg("%s: %u, not %u", called[i], library_since(called[i]), symbols[found].since);
        }
}

/* The room for a text is followed by others: nothing is read beyond it. */
static void ends_texts_that_have_no_end(void **state) {
        (void)state;
        struct fake fake = fake_open(R590);
        struct driver_gpu gpu;
        struct err e = { 0 };

        fake.control->endless = true;
        struct driver *d = open_fake(R590);
        assert_int_equal(strlen(driver_about(d)->version), sizeof driver_about(d)->version - 1);
        assert_ok(driver_read_gpu(d, 0, &gpu, &e), &e);
        assert_int_equal(strlen(gpu.product), sizeof gpu.product - 1);
        driver_gpu_done(&gpu);
        driver_close(d);
        fake.control->endless = false;
        fake_close(&fake);
}

int main(int argc, char **argv) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(says_where_no_library_is),
                cmocka_unit_test(takes_the_library_of_the_environment),
                cmocka_unit_test(refuses_a_library_without_what_is_required),
                cmocka_unit_test(lives_without_what_is_optional),
                cmocka_unit_test(reads_process_lists_of_every_age),
                cmocka_unit_test(says_what_a_code_means),
                cmocka_unit_test(a_lost_gpu_does_not_hide_the_others),
                cmocka_unit_test(leaves_a_hung_gpu_behind),
                cmocka_unit_test(refuses_after_too_many_hung_calls),
                cmocka_unit_test(closes_with_a_call_hanging),
                cmocka_unit_test(an_init_that_hangs_is_left_behind),
                cmocka_unit_test(frees_an_event_set_that_was_left_behind),
                cmocka_unit_test(event_sets_left_behind_are_bounded),
                cmocka_unit_test(ends_texts_that_have_no_end),
                cmocka_unit_test(a_child_must_open_its_own),
                cmocka_unit_test(knows_which_driver_brought_what),
        };

        if (argc != AGE_MAX + 1)
                return 2;
        for (int i = 0; i < AGE_MAX; i++)
                libraries[i] = argv[i + 1];
        return cmocka_run_group_tests(tests, NULL, NULL);
}
