/* Faults set on a node, as its clients feel them. */
#include <pthread.h>

#include "machine.h"
#include "sim/node/event.h"
#include "sim/node/fault.h"

static void add(struct node *n, void *fault) {
        assert_int_equal(fault_add(n, fault), NVML_SUCCESS);
}

static void clear(struct node *n, void *context) {
        (void)context;
        fault_clear(n, NODE_NONE);
}

static int64_t now_ms(void) {
        return (int64_t)(machine_now_us() / 1000);
}

static void set(enum node_fault_kind kind, const char *call, uint8_t gpu, uint32_t times, uint32_t number) {
        struct node_fault fault = { .kind = (uint8_t)kind, .gpu = gpu, .times = times };
        if (kind == FAULT_SLOW)
                fault.delay_ms = number;
        if (kind == FAULT_FAIL)
                fault.code = (uint16_t)number;
        snprintf(fault.call, sizeof fault.call, "%s", call);
        machine_change(add, &fault);
}

static nvmlReturn_t ask_index(unsigned gpu) {
        unsigned index;
        return nvmlDeviceGetIndex(machine_gpu(gpu), &index);
}

static void a_call_fails_so_many_times(void **state) {
        (void)state;
        machine_start("590.48.01", "A100-80GB,A100-80GB", false);
        nvmlDevice_t device[2] = { machine_gpu(0), machine_gpu(1) };
        unsigned index;

        set(FAULT_FAIL, "nvmlDeviceGetIndex", 1, 2, NVML_ERROR_TIMEOUT);
        assert_int_equal(nvmlDeviceGetIndex(device[0], &index), NVML_SUCCESS);
        assert_int_equal(nvmlDeviceGetIndex(device[1], &index), NVML_ERROR_TIMEOUT);
        assert_int_equal(nvmlDeviceGetIndex(device[1], &index), NVML_ERROR_TIMEOUT);
        assert_int_equal(nvmlDeviceGetIndex(device[1], &index), NVML_SUCCESS);

        set(FAULT_FAIL, "nvmlDeviceGetIndex", NODE_NONE, 1, NVML_ERROR_IRQ_ISSUE); /* of any GPU: used once, not once for each look */
        assert_int_equal(nvmlDeviceGetIndex(device[0], &index), NVML_ERROR_IRQ_ISSUE);
        assert_int_equal(nvmlDeviceGetIndex(device[1], &index), NVML_SUCCESS);

        set(FAULT_FAIL, "nvmlSystemGetDriverVersion", NODE_NONE, 1, NVML_ERROR_UNKNOWN); /* a call that concerns no GPU */
        char version[80];
        assert_int_equal(nvmlSystemGetDriverVersion(version, sizeof version), NVML_ERROR_UNKNOWN);
        assert_int_equal(nvmlSystemGetDriverVersion(version, sizeof version), NVML_SUCCESS);

        set(FAULT_FAIL, "", 0, 0, NVML_ERROR_UNKNOWN); /* every call about one GPU, until cleared */
        for (unsigned i = 0; i < 5; i++) {
                assert_int_equal(nvmlDeviceGetIndex(device[0], &index), NVML_ERROR_UNKNOWN);
                assert_int_equal(nvmlDeviceGetIndex(device[1], &index), NVML_SUCCESS);
        }
        machine_change(clear, NULL);
        assert_int_equal(nvmlDeviceGetIndex(device[0], &index), NVML_SUCCESS);
        machine_stop();
}

static void a_change_that_fails_changes_nothing(void **state) {
        nvmlEnableState_t mode = NVML_FEATURE_DISABLED;
        (void)state;
        machine_start("590.48.01", "A100-80GB", false);
        set(FAULT_FAIL, "nvmlDeviceSetPersistenceMode", 0, 1, NVML_ERROR_UNKNOWN);
        assert_int_equal(nvmlDeviceSetPersistenceMode(machine_gpu(0), NVML_FEATURE_DISABLED), NVML_ERROR_UNKNOWN);
        assert_int_equal(nvmlDeviceGetPersistenceMode(machine_gpu(0), &mode), NVML_SUCCESS);
        assert_int_equal(mode, NVML_FEATURE_ENABLED);
        assert_int_equal(nvmlDeviceSetPersistenceMode(machine_gpu(0), NVML_FEATURE_DISABLED), NVML_SUCCESS);
        machine_stop();
}

static void an_init_that_fails_is_none(void **state) {
        unsigned n;
        (void)state;
        machine_make("590.48.01", "A100-80GB", false);
        set(FAULT_FAIL, "nvmlInit*", NODE_NONE, 1, NVML_ERROR_TIMEOUT);
        assert_int_equal(nvmlInit_v2(), NVML_ERROR_TIMEOUT);
        assert_int_equal(nvmlDeviceGetCount_v2(&n), NVML_ERROR_UNINITIALIZED);
        assert_int_equal(nvmlInit_v2(), NVML_SUCCESS);
        machine_stop();
}

static void a_slow_call_takes_its_time(void **state) {
        (void)state;
        machine_start("590.48.01", "A100-80GB", false);
        nvmlDevice_t device = machine_gpu(0);
        char uuid[80];
        set(FAULT_SLOW, "nvmlDeviceGetUUID", 0, 0, 120);
        int64_t begin = now_ms();
        assert_int_equal(nvmlDeviceGetUUID(device, uuid, sizeof uuid), NVML_SUCCESS);
        assert_true(now_ms() - begin >= 119);
        begin = now_ms();
        assert_int_equal(ask_index(0), NVML_SUCCESS);
        assert_true(now_ms() - begin < 100);
        machine_stop();
}

struct hung {
        nvmlDevice_t device;
        nvmlReturn_t answer;
        bool write;
};

static void *hang(void *context) {
        struct hung *h = context;
        unsigned index;
        h->answer = h->write ? nvmlDeviceSetPersistenceMode(h->device, NVML_FEATURE_DISABLED) : nvmlDeviceGetIndex(h->device, &index);
        return NULL;
}

/* Neither a call that reads nor one that writes keeps others from what they ask about another GPU. */
static void a_hung_call_hangs_alone(void **state) {
        (void)state;
        for (unsigned write = 0; write < 2; write++) {
                pthread_t thread;
                struct hung h = { .answer = NVML_ERROR_NO_DATA, .write = write };
                machine_start("590.48.01", "A100-80GB,A100-80GB", false);
                h.device = machine_gpu(0);
                set(FAULT_HANG, write ? "nvmlDeviceSetPersistenceMode" : "nvmlDeviceGetIndex", 0, 0, 0);
                assert_int_equal(pthread_create(&thread, NULL, hang, &h), 0);
                for (int64_t begin = now_ms(); now_ms() - begin < 150;)
                        assert_int_equal(ask_index(1), NVML_SUCCESS);
                machine_change(clear, NULL); /* which another process may do, though a writer hangs */
                assert_int_equal(pthread_join(thread, NULL), 0);
                assert_int_equal(h.answer, NVML_SUCCESS);
                machine_stop();
        }
}

static void lose(struct node *n, void *lost) {
        assert_int_equal(event_lost(n, 1, *(bool *)lost, machine_now_us()), NVML_SUCCESS);
}

static void a_lost_gpu_answers_nothing_else(void **state) {
        unsigned n;
        nvmlDevice_t device;
        (void)state;
        machine_start("590.48.01", "A100-80GB,A100-80GB", false);
        nvmlDevice_t gpu = machine_gpu(1);
        machine_change(lose, &(bool){ true });
        assert_int_equal(nvmlDeviceGetCount_v2(&n), NVML_SUCCESS);
        assert_int_equal(n, 2);
        assert_int_equal(nvmlDeviceGetHandleByIndex_v2(1, &device), NVML_ERROR_GPU_IS_LOST);
        assert_int_equal(nvmlDeviceGetIndex(gpu, &n), NVML_ERROR_GPU_IS_LOST);
        assert_int_equal(nvmlDeviceSetPersistenceMode(gpu, NVML_FEATURE_DISABLED), NVML_ERROR_GPU_IS_LOST);
        assert_int_equal(ask_index(0), NVML_SUCCESS);
        machine_stop();
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(a_call_fails_so_many_times), cmocka_unit_test(a_change_that_fails_changes_nothing),
                cmocka_unit_test(an_init_that_fails_is_none), cmocka_unit_test(a_slow_call_takes_its_time),
                cmocka_unit_test(a_hung_call_hangs_alone),    cmocka_unit_test(a_lost_gpu_answers_nothing_else),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
