/* Waiting for events: across processes and threads, none lost, none twice. */
#include "machine.h"

#include <poll.h>
#include <pthread.h>

#include "sim/node/event.h"

#define XID nvmlEventTypeXidCriticalError
#define ALL_BY_HEADER 0xFF9FULL /* every bit that NVML 13.3 names */

struct accident {
        unsigned gpu, xid, count;
        uint32_t gi_id, ci_id;
};
static void inject(struct node *n, void *context) {
        const struct accident *a = context;
        for (unsigned i = 0; i < a->count; i++)
                assert_int_equal(event_xid(n, a->gpu, a->xid + i, a->gi_id, a->ci_id, machine_now_us()), NVML_SUCCESS);
}
static void xid(unsigned gpu, unsigned number) {
        machine_change(inject, &(struct accident){ gpu, number, 1, NVML_NO_INSTANCE, NVML_NO_INSTANCE });
}
static void lose(struct node *n, void *context) {
        assert_int_equal(event_lost(n, *(unsigned *)context, true, machine_now_us()), NVML_SUCCESS);
}
static void ecc(struct node *n, void *context) {
        assert_int_equal(event_ecc(n, *(unsigned *)context, true, true, 1, machine_now_us()), NVML_SUCCESS);
}

static nvmlEventSet_t set_for(nvmlDevice_t gpu, unsigned long long types) {
        nvmlEventSet_t set;
        assert_int_equal(nvmlEventSetCreate(&set), NVML_SUCCESS);
        assert_int_equal(nvmlDeviceRegisterEvents(gpu, types, set), NVML_SUCCESS);
        return set;
}

/* What the set has next, or 0. */
static unsigned next_xid(nvmlEventSet_t set) {
        nvmlEventData_t data = { 0 };
        nvmlReturn_t r = nvmlEventSetWait_v2(set, &data, 0);
        if (r == NVML_ERROR_TIMEOUT)
                return 0;
        assert_int_equal(r, NVML_SUCCESS);
        return (unsigned)data.eventData;
}

static void answers_as_the_real_library(void **state) {
        (void)state;
        nvmlEventSet_t set, other;
        nvmlEventData_t data;
        unsigned long long types = 0;
        machine_start("590.48.01", "H100-80GB,T4", true);
        nvmlDevice_t gpu = machine_gpu(0);
        assert_int_equal(nvmlEventSetCreate(NULL), NVML_ERROR_INVALID_ARGUMENT);
        assert_int_equal(nvmlEventSetCreate(&set), NVML_SUCCESS);
        assert_int_equal(nvmlDeviceGetSupportedEventTypes(gpu, &types), NVML_SUCCESS);
        assert_int_equal(types, 0x1 | 0x2 | 0x4 | 0x8 | 0x10 | 0x100);
        assert_int_equal(nvmlDeviceGetSupportedEventTypes(machine_gpu(1), &types), NVML_SUCCESS);
        assert_int_equal(types & 0x100, 0);
        assert_int_equal(nvmlDeviceGetSupportedEventTypes(gpu, NULL), NVML_ERROR_INVALID_ARGUMENT);

        assert_int_equal(nvmlDeviceRegisterEvents(gpu, XID, NULL), NVML_ERROR_INVALID_ARGUMENT);
        assert_int_equal(nvmlDeviceRegisterEvents(gpu, XID, (nvmlEventSet_t)&data), NVML_ERROR_INVALID_ARGUMENT);
        assert_int_equal(nvmlDeviceRegisterEvents(NULL, XID, set), NVML_ERROR_INVALID_ARGUMENT);
        assert_int_equal(nvmlDeviceRegisterEvents(gpu, ~ALL_BY_HEADER, set), NVML_ERROR_INVALID_ARGUMENT);
        assert_int_equal(nvmlDeviceRegisterEvents(gpu, ALL_BY_HEADER, set), NVML_ERROR_NOT_SUPPORTED);
        assert_int_equal(nvmlDeviceRegisterEvents(gpu, XID, set), NVML_SUCCESS);

        assert_int_equal(nvmlEventSetWait_v2(set, NULL, 0), NVML_ERROR_INVALID_ARGUMENT);
        assert_int_equal(nvmlEventSetWait_v2(NULL, &data, 0), NVML_ERROR_INVALID_ARGUMENT);
        assert_int_equal(nvmlEventSetWait_v2(set, &data, 0), NVML_ERROR_TIMEOUT);
        uint64_t begin = machine_now_us();
        assert_int_equal(nvmlEventSetWait_v2(set, &data, 30), NVML_ERROR_TIMEOUT);
        assert_in_range(machine_now_us() - begin, 29000, 500000);

        assert_int_equal(nvmlEventSetFree(set), NVML_SUCCESS);
        assert_int_equal(nvmlEventSetFree(set), NVML_ERROR_INVALID_ARGUMENT);
        assert_int_equal(nvmlEventSetFree(NULL), NVML_ERROR_INVALID_ARGUMENT);
        assert_int_equal(nvmlEventSetCreate(&other), NVML_SUCCESS); /* in the same place, yet another one */
        assert_int_equal(nvmlEventSetWait_v2(set, &data, 0), NVML_ERROR_INVALID_ARGUMENT);
        assert_int_equal(nvmlShutdown(), NVML_SUCCESS);
        assert_int_equal(nvmlEventSetWait_v2(other, &data, 0), NVML_ERROR_UNINITIALIZED);
        assert_int_equal(nvmlInit_v2(), NVML_SUCCESS);
        assert_int_equal(nvmlEventSetWait_v2(other, &data, 0), NVML_ERROR_INVALID_ARGUMENT);
        machine_stop();
}

static void delivers_in_order_and_once(void **state) {
        (void)state;
        nvmlEventData_t data;
        machine_start("590.48.01", "H100-80GB,H100-80GB", false);
        xid(0, 31); /* before anybody asked */
        nvmlEventSet_t both = set_for(machine_gpu(0), XID), second = set_for(machine_gpu(1), XID);
        assert_int_equal(next_xid(both), 0);
        xid(1, 48);
        assert_int_equal(nvmlDeviceRegisterEvents(machine_gpu(1), XID, both), NVML_SUCCESS);
        xid(0, 63);
        xid(1, 79);
        xid(0, 94);
        assert_int_equal(nvmlEventSetWait_v2(both, &data, 0), NVML_SUCCESS);
        assert_ptr_equal(data.device, machine_gpu(0));
        assert_int_equal(data.eventType, XID);
        assert_int_equal(data.eventData, 63);
        assert_int_equal(data.gpuInstanceId, 0xFFFFFFFF);
        assert_int_equal(data.computeInstanceId, 0xFFFFFFFF);
        assert_int_equal(next_xid(both), 79);
        assert_int_equal(next_xid(both), 94);
        assert_int_equal(next_xid(both), 0);
        assert_int_equal(next_xid(second), 48);
        assert_int_equal(next_xid(second), 79);
        assert_int_equal(next_xid(second), 0);
        machine_stop();
}

/* A kind that is added later brings no older events with it, and takes none away of those that wait. */
static void a_kind_added_later_begins_then(void **state) {
        (void)state;
        unsigned gpu = 0;
        nvmlEventData_t data;
        machine_start("590.48.01", "H100-80GB", false);
        nvmlEventSet_t set = set_for(machine_gpu(0), XID);
        xid(0, 45);
        machine_change(ecc, &gpu);
        assert_int_equal(nvmlDeviceRegisterEvents(machine_gpu(0), XID | nvmlEventTypeDoubleBitEccError, set), NVML_SUCCESS);
        assert_int_equal(next_xid(set), 45);
        assert_int_equal(next_xid(set), 0);
        machine_change(ecc, &gpu);
        assert_int_equal(nvmlEventSetWait_v2(set, &data, 0), NVML_SUCCESS);
        assert_int_equal(data.eventType, nvmlEventTypeDoubleBitEccError);
        machine_stop();
}

static void says_which_instance_it_was(void **state) {
        (void)state;
        nvmlEventData_t data;
        nvmlGpuInstance_t gi;
        machine_start("590.48.01", "H100-80GB", true);
        nvmlEventSet_t set = set_for(machine_gpu(0), XID | nvmlEventMigConfigChange);
        assert_int_equal(nvmlDeviceCreateGpuInstance(machine_gpu(0), 19, &gi), NVML_SUCCESS);
        assert_int_equal(nvmlEventSetWait_v2(set, &data, 0), NVML_SUCCESS);
        assert_int_equal(data.eventType, nvmlEventMigConfigChange);
        assert_int_equal(data.gpuInstanceId, 13);

        machine_change(inject, &(struct accident){ 0, 13, 2, 13, 0 });
        assert_int_equal(nvmlEventSetWait_v2(set, &data, 0), NVML_SUCCESS);
        assert_int_equal(data.gpuInstanceId, 13);
        assert_int_equal(data.computeInstanceId, 0);
        memset(&data, 0xAA, sizeof data); /* the first version's struct ends before the ids */
        assert_int_equal(nvmlEventSetWait(set, &data, 0), NVML_SUCCESS);
        assert_int_equal(data.eventData, 14);
        assert_int_equal(data.gpuInstanceId, 0xAAAAAAAA);
        machine_stop();
}

/* Who may not see other people's instances sees what concerns the whole GPU. */
static void hides_instances_from_the_unprivileged(void **state) {
        (void)state;
        setenv("CARVE_SIM_UNPRIVILEGED", "1", 1);
        machine_start("590.48.01", "H100-80GB", true);
        nvmlEventSet_t set = set_for(machine_gpu(0), XID);
        machine_change(inject, &(struct accident){ 0, 13, 1, 13, 0 });
        xid(0, 79);
        assert_int_equal(next_xid(set), 79);
        assert_int_equal(next_xid(set), 0);
        unsetenv("CARVE_SIM_UNPRIVILEGED");
        machine_stop();
}

static void a_lost_gpu_ends_every_wait(void **state) {
        (void)state;
        unsigned gpu = 1;
        nvmlEventData_t data;
        machine_start("590.48.01", "H100-80GB,H100-80GB", false);
        nvmlEventSet_t set = set_for(machine_gpu(1), XID), other = set_for(machine_gpu(0), XID);
        machine_change(lose, &gpu);
        assert_int_equal(next_xid(set), 79); /* fallen off the bus */
        assert_int_equal(nvmlEventSetWait_v2(set, &data, 60000), NVML_ERROR_GPU_IS_LOST);
        assert_int_equal(nvmlEventSetWait_v2(set, &data, 0), NVML_ERROR_GPU_IS_LOST);
        assert_int_equal(nvmlEventSetWait_v2(other, &data, 0), NVML_ERROR_TIMEOUT);
        machine_stop();
}

static void there_are_only_so_many_sets(void **state) {
        (void)state;
        nvmlEventSet_t sets[64], more;
        machine_start("590.48.01", "H100-80GB", false);
        for (unsigned i = 0; i < ARRAY_SIZE(sets); i++)
                assert_int_equal(nvmlEventSetCreate(&sets[i]), NVML_SUCCESS);
        assert_int_equal(nvmlEventSetCreate(&more), NVML_ERROR_MEMORY);
        assert_int_equal(nvmlEventSetFree(sets[5]), NVML_SUCCESS);
        assert_int_equal(nvmlEventSetCreate(&more), NVML_SUCCESS);
        machine_stop();
}

struct waiter {
        nvmlEventSet_t set;
        nvmlReturn_t r;
        nvmlEventData_t data;
        unsigned timeout_ms;
};
static void *wait_in_thread(void *argument) {
        struct waiter *w = argument;
        w->r = nvmlEventSetWait_v2(w->set, &w->data, w->timeout_ms);
        return NULL;
}
static void pause_ms(unsigned ms) {
        poll(NULL, 0, (int)ms);
}

/* The longest timeout there is; then an event, a set that is freed, a shutdown. While one waits, others are served. */
static void a_wait_ends_when_it_should(void **state) {
        (void)state;
        pthread_t thread;
        unsigned long long types;
        machine_start("590.48.01", "H100-80GB", false);
        for (unsigned round = 0; round < 3; round++) {
                struct waiter w = { .set = set_for(machine_gpu(0), XID), .timeout_ms = 0xFFFFFFFF };
                assert_int_equal(pthread_create(&thread, NULL, wait_in_thread, &w), 0);
                pause_ms(30);
                assert_int_equal(nvmlDeviceGetSupportedEventTypes(machine_gpu(0), &types), NVML_SUCCESS);
                uint64_t begin = machine_now_us();
                if (round == 0)
                        xid(0, 74);
                else if (round == 1)
                        assert_int_equal(nvmlEventSetFree(w.set), NVML_SUCCESS);
                else
                        assert_int_equal(nvmlShutdown(), NVML_SUCCESS);
                assert_int_equal(pthread_join(thread, NULL), 0);
                static const nvmlReturn_t expected[] = { NVML_SUCCESS, NVML_ERROR_INVALID_ARGUMENT, NVML_ERROR_UNINITIALIZED };
                assert_int_equal(w.r, expected[round]);
                assert_true(machine_now_us() - begin < (round == 0 ? 200000 : 1500000));
        }
        machine_remove();
}

static int by_value(const void *a, const void *b) {
        const uint64_t *x = a, *y = b;
        return *x < *y ? -1 : *x > *y;
}

/* Another process waits; how long after the accident does it know? */
static void wakes_in_another_process(void **state) {
        (void)state;
        enum { ROUNDS = 100 };
        int ready[2], woken[2];
        uint64_t delays[ROUNDS], when;
        machine_make("590.48.01", "H100-80GB", false);
        assert_int_equal(pipe(ready) | pipe(woken), 0);
        pid_t pid = fork();
        if (pid == 0) {
                struct waiter w = { .timeout_ms = 20000 };
                bool good = nvmlInit_v2() == NVML_SUCCESS;
                w.set = set_for(machine_gpu(0), XID);
                for (unsigned i = 0; good && i < ROUNDS; i++) {
                        good = write(ready[1], &i, sizeof i) == sizeof i;
                        wait_in_thread(&w);
                        when = machine_now_us();
                        good = good && w.r == NVML_SUCCESS && w.data.eventData == 100 + i && write(woken[1], &when, sizeof when) > 0;
                }
                _exit(!good);
        }
        for (unsigned i = 0, told; i < ROUNDS; i++) {
                assert_int_equal(read(ready[0], &told, sizeof told), sizeof told);
                pause_ms(2); /* let it fall asleep */
                xid(0, 100 + i);
                uint64_t begin = machine_now_us();
                assert_int_equal(read(woken[0], &when, sizeof when), sizeof when);
                delays[i] = when > begin ? when - begin : 0;
        }
        machine_join(pid);
        qsort(delays, ROUNDS, sizeof *delays, by_value);
        print_message("woken after the write: median %u us, 90 %% within %u us, longest %u us\n", (unsigned)delays[ROUNDS / 2],
                      (unsigned)delays[ROUNDS * 9 / 10], (unsigned)delays[ROUNDS - 1]);
        assert_true(delays[ROUNDS / 2] < 20000);
        machine_remove();
}

/* Ten thousand in bursts of up to 50, never more than the driver keeps (256) ahead of the reader; each comes once, in order. */
static void loses_none_of_ten_thousand(void **state) {
        (void)state;
        enum { EVENTS = 10000, AHEAD = 200 };
        int taken[2];
        machine_make("590.48.01", "H100-80GB,H100-80GB", false);
        assert_int_equal(nvmlInit_v2(), NVML_SUCCESS);
        nvmlEventSet_t set = set_for(machine_gpu(0), XID);
        assert_int_equal(nvmlDeviceRegisterEvents(machine_gpu(1), XID, set), NVML_SUCCESS);
        assert_int_equal(pipe(taken), 0);
        pid_t pid = fork();
        if (pid == 0) {
                unsigned seen = 0, seed = 7;
                for (unsigned sent = 0; sent < EVENTS;) {
                        seed = seed * 1103515245 + 12345;
                        struct accident a = { .gpu = seed >> 16 & 1, .xid = sent + 1, .count = 1 + (seed >> 17) % 50 };
                        a.gi_id = a.ci_id = NVML_NO_INSTANCE;
                        if (a.count > EVENTS - sent)
                                a.count = EVENTS - sent;
                        while (sent + a.count > seen + AHEAD)
                                if (read(taken[0], &seen, sizeof seen) != sizeof seen)
                                        _exit(1);
                        machine_change(inject, &a);
                        sent += a.count;
                }
                _exit(0);
        }
        for (unsigned expected = 1; expected <= EVENTS; expected++) {
                nvmlEventData_t data;
                assert_int_equal(nvmlEventSetWait_v2(set, &data, 20000), NVML_SUCCESS);
                assert_int_equal(data.eventData, expected);
                assert_int_equal(write(taken[1], &expected, sizeof expected), sizeof expected);
        }
        machine_join(pid);
        assert_int_equal(next_xid(set), 0);
        machine_stop();
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(answers_as_the_real_library),
                cmocka_unit_test(delivers_in_order_and_once),
                cmocka_unit_test(a_kind_added_later_begins_then),
                cmocka_unit_test(says_which_instance_it_was),
                cmocka_unit_test(hides_instances_from_the_unprivileged),
                cmocka_unit_test(a_lost_gpu_ends_every_wait),
                cmocka_unit_test(there_are_only_so_many_sets),
                cmocka_unit_test(a_wait_ends_when_it_should),
                cmocka_unit_test(wakes_in_another_process),
                cmocka_unit_test(loses_none_of_ten_thousand),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
