/* Changes that take as long as on hardware: each GPU's by themselves, one after the other, and only what is true at the end counts. */
#include "machine.h"

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>

#include "sim/node/event.h"
#include "sim/node/fault.h"
#include "sim/node/process.h"

static void set_latency(struct node *n, void *percent) {
        n->latency_percent = *(unsigned *)percent;
}

static void start(const char *models, bool mig, unsigned percent) {
        machine_start("590.48.01", models, mig);
        machine_change(set_latency, &percent);
}

/* Until somebody holds the GPU (sim/store/lock.h), or nobody. */
static void await_holder(unsigned gpu, bool held) {
        char path[96];
        snprintf(path, sizeof path, "%s/state", machine_dir);
        int fd = open(path, O_RDWR | O_CLOEXEC);
        assert_true(fd >= 0);
        for (unsigned naps = 0;; naps++) {
                struct flock byte = { .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = gpu, .l_len = 1 };
                assert_int_equal(fcntl(fd, F_OFD_GETLK, &byte), 0);
                if ((byte.l_type != F_UNLCK) == held)
                        break;
                assert_true(naps < 20000);
                poll(NULL, 0, 1);
        }
        close(fd);
}

/* The real durations, scaled: 120 + 40 ms to make a slice of an A30 and 30 + 70 ms to destroy it, here at 10 %. */
static void takes_its_time(void **state) {
        (void)state;
        nvmlGpuInstance_t gi;
        nvmlComputeInstance_t ci;
        start("A30-24GB", true, 10);
        uint64_t begin = machine_now_us();
        assert_int_equal(nvmlDeviceCreateGpuInstance(machine_gpu(0), 14, &gi), NVML_SUCCESS);
        assert_int_equal(nvmlGpuInstanceCreateComputeInstance(gi, 0, &ci), NVML_SUCCESS);
        uint64_t made = machine_now_us();
        assert_in_range(made - begin, 16000, 2000000);
        assert_int_equal(nvmlComputeInstanceDestroy(ci), NVML_SUCCESS);
        assert_int_equal(nvmlGpuInstanceDestroy(gi), NVML_SUCCESS);
        assert_in_range(machine_now_us() - made, 10000, 2000000);
        machine_stop();
}

/* One change in a thread or a process of its own. */
struct change {
        nvmlReturn_t (*make)(void);
        nvmlReturn_t r;
        pthread_t thread;
};

static void *run(void *context) {
        struct change *c = context;
        c->r = c->make();
        return NULL;
}

static void begin(struct change *c) {
        c->r = NVML_ERROR_NO_DATA;
        assert_int_equal(pthread_create(&c->thread, NULL, run, c), 0);
}

static nvmlReturn_t end(struct change *c) {
        assert_int_equal(pthread_join(c->thread, NULL), 0);
        return c->r;
}

static pid_t begin_in_process(nvmlReturn_t (*make)(void)) {
        pid_t pid = fork();
        assert_true(pid >= 0);
        if (pid == 0)
                _exit(nvmlInit_v2() == NVML_SUCCESS ? (int)make() : 99);
        return pid;
}

static nvmlReturn_t switch_first(void) {
        nvmlReturn_t activation, r = nvmlDeviceSetMigMode(machine_gpu(0), 1, &activation);
        return r == NVML_SUCCESS ? activation : r;
}

static unsigned mig_mode(unsigned gpu) {
        unsigned current, pending;
        assert_int_equal(nvmlDeviceGetMigMode(machine_gpu(gpu), &current, &pending), NVML_SUCCESS);
        return current;
}

static void make_and_destroy(unsigned gpu) {
        nvmlGpuInstance_t gi;
        assert_int_equal(nvmlDeviceCreateGpuInstance(machine_gpu(gpu), 19, &gi), NVML_SUCCESS);
        assert_int_equal(nvmlGpuInstanceDestroy(gi), NVML_SUCCESS);
}

static void mig_on_the_second(struct node *n, void *context) {
        (void)context;
        n->gpus[1].mig_mode = n->gpus[1].mig_pending = 1;
}

/* While GPU 0 is switched (4.5 s, here 1.1 s), instances are made and destroyed on GPU 1 (190 ms, here 48 ms): by another process, and by
 * another thread of the same one. Three of 23 that would fit are asked for; under a lock of the whole node there would be none. */
static void other_gpus_go_on(void **state) {
        (void)state;
        for (unsigned processes = 0; processes < 2; processes++) {
                struct change here = { .make = switch_first };
                pid_t there = 0;
                unsigned changes = 0;
                start("A100-80GB,A100-80GB", false, 25);
                machine_change(mig_on_the_second, NULL);
                if (processes)
                        there = begin_in_process(switch_first);
                else
                        begin(&here);
                await_holder(0, true);
                while (mig_mode(0) == 0) {
                        make_and_destroy(1);
                        changes += mig_mode(0) == 0;
                }
                if (processes)
                        machine_join(there);
                else
                        assert_int_equal(end(&here), NVML_SUCCESS);
                print_message("%u changes of another GPU during one switch\n", changes);
                assert_true(changes >= 3);
                machine_stop();
        }
}

static nvmlReturn_t create_one(void) {
        nvmlGpuInstance_t gi;
        return nvmlDeviceCreateGpuInstance(machine_gpu(0), 19, &gi);
}

/* Four of 60 ms each, begun at once by two threads and two processes: all are made, and none at the same time as another. */
static void changes_of_one_gpu_queue(void **state) {
        (void)state;
        struct change here[2] = { { .make = create_one }, { .make = create_one } };
        pid_t there[2];
        unsigned left;
        start("A100-80GB", true, 50);
        uint64_t from = machine_now_us();
        for (unsigned i = 0; i < 2; i++)
                there[i] = begin_in_process(create_one);
        for (unsigned i = 0; i < 2; i++)
                begin(&here[i]);
        for (unsigned i = 0; i < 2; i++) {
                machine_join(there[i]);
                assert_int_equal(end(&here[i]), NVML_SUCCESS);
        }
        assert_true(machine_now_us() - from >= 240000);
        assert_int_equal(nvmlDeviceGetGpuInstanceRemainingCapacity(machine_gpu(0), 19, &left), NVML_SUCCESS);
        assert_int_equal(left, 3);
        machine_stop();
}

static nvmlGpuInstance_t victim;
static nvmlReturn_t destroy_victim(void) {
        return nvmlGpuInstanceDestroy(victim);
}

/* No room while one is being destroyed: who comes then waits, as for the driver, and finds it. */
static void what_is_decided_in_the_queue_counts(void **state) {
        (void)state;
        struct change destroy = { .make = destroy_victim };
        nvmlGpuInstance_t gi;
        unsigned percent = 200;
        start("A100-80GB", true, 0);
        assert_int_equal(nvmlDeviceCreateGpuInstance(machine_gpu(0), 0, &victim), NVML_SUCCESS);
        assert_int_equal(nvmlDeviceCreateGpuInstance(machine_gpu(0), 0, &gi), NVML_ERROR_INSUFFICIENT_RESOURCES);
        machine_change(set_latency, &percent);
        begin(&destroy);
        await_holder(0, true);
        assert_int_equal(nvmlDeviceCreateGpuInstance(machine_gpu(0), 0, &gi), NVML_SUCCESS);
        assert_int_equal(end(&destroy), NVML_SUCCESS);
        machine_stop();
}

/* Killed in the middle of 4.5 s: nothing has happened, and the GPU is free at once. */
static void a_killed_change_is_none(void **state) {
        (void)state;
        unsigned percent = 1;
        start("A100-80GB", false, 100);
        pid_t pid = begin_in_process(switch_first);
        await_holder(0, true);
        assert_int_equal(kill(pid, SIGKILL), 0);
        assert_int_equal(waitpid(pid, NULL, 0), pid);
        await_holder(0, false);
        assert_int_equal(mig_mode(0), 0);
        machine_change(set_latency, &percent);
        assert_int_equal(switch_first(), NVML_SUCCESS);
        assert_int_equal(mig_mode(0), 1);
        machine_stop();
}

static void use_victim(struct node *n, void *context) {
        struct node_process p = { .pid = 4711, .gi_id = n->gpus[0].gi[0].id, .ci_id = 0, .memory_bytes = 1 << 20, .name = "late" };
        (void)context;
        assert_int_equal(process_start(n, &p, machine_now_us()), NVML_SUCCESS);
}
static void lose(struct node *n, void *context) {
        (void)context;
        assert_int_equal(event_lost(n, 0, true, machine_now_us()), NVML_SUCCESS);
}
static void reboot(struct node *n, void *context) {
        (void)context;
        node_reboot(n, machine_now_us());
}

static nvmlComputeInstance_t compute;
static nvmlReturn_t destroy_compute(void) {
        return nvmlComputeInstanceDestroy(compute);
}

/* What happens to the GPU in the meantime decides. */
static void what_is_true_at_the_end_counts(void **state) {
        (void)state;
        static const struct {
                void (*meanwhile)(struct node *n, void *context);
                nvmlReturn_t answer;
        } cases[] = { { use_victim, NVML_ERROR_IN_USE }, { lose, NVML_ERROR_GPU_IS_LOST }, { reboot, NVML_ERROR_UNINITIALIZED } };
        for (unsigned i = 0; i < ARRAY_SIZE(cases); i++) {
                struct change destroy = { .make = destroy_compute };
                unsigned percent = 1000; /* 300 ms */
                start("A100-80GB", true, 0);
                assert_int_equal(nvmlDeviceCreateGpuInstance(machine_gpu(0), 19, &victim), NVML_SUCCESS);
                assert_int_equal(nvmlGpuInstanceCreateComputeInstance(victim, 0, &compute), NVML_SUCCESS);
                machine_change(set_latency, &percent);
                begin(&destroy);
                await_holder(0, true);
                machine_change(cases[i].meanwhile, NULL);
                assert_int_equal(end(&destroy), cases[i].answer);
                machine_stop();
        }
}

static void set_fault(struct node *n, void *context) {
        assert_int_equal(fault_add(n, context), NVML_SUCCESS);
}
static void count_fault(struct node *n, void *context) {
        *(unsigned *)context = n->fault_count ? n->faults[0].times : 0;
}

/* It looks at the GPU several times; a fault that is counted is used once all the same. */
static void a_fault_strikes_once(void **state) {
        (void)state;
        struct node_fault slow = { .kind = FAULT_SLOW, .times = 3, .delay_ms = 1, .call = "nvmlDeviceCreateGpuInstance" };
        unsigned left = 0;
        start("A100-80GB", true, 1);
        machine_change(set_fault, &slow);
        assert_int_equal(create_one(), NVML_SUCCESS);
        machine_change(count_fault, &left);
        assert_int_equal(left, 2);
        machine_stop();
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(takes_its_time),           cmocka_unit_test(other_gpus_go_on),
                cmocka_unit_test(changes_of_one_gpu_queue), cmocka_unit_test(what_is_decided_in_the_queue_counts),
                cmocka_unit_test(a_killed_change_is_none),  cmocka_unit_test(what_is_true_at_the_end_counts),
                cmocka_unit_test(a_fault_strikes_once),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
