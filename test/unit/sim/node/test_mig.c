/* MIG mode, GPU instances and compute instances from creation to destruction. */
#include "node_of.h"
#include "sim/node/event.h"
#include "sim/node/process.h"

#define NEWEST "590.48.01"

enum occupant { NOBODY, PROCESS, CLIENT };
enum after { CALL, RESET, REBOOT };

/* Switching the mode of an empty GPU: what the call says of the activation, and what mode there is then, or after a reset or reboot. Rules
 * per generation: NVIDIA's MIG user guide (Ampere needs a reset and keeps the mode, later ones need an idle GPU and forget it). */
static const struct {
        const char *gpu;
        unsigned was, wanted;
        enum occupant occupant;
        nvmlReturn_t activation;
        enum after after;
        unsigned current, pending;
} switches[] = {
        { "A100-40GB", 0, 1, NOBODY, NVML_SUCCESS, CALL, 1, 1 },
        { "A100-40GB", 0, 1, PROCESS, NVML_ERROR_IN_USE, CALL, 0, 1 },
        { "A100-40GB", 0, 1, CLIENT, NVML_ERROR_RESET_REQUIRED, CALL, 0, 1 },
        { "A100-40GB", 0, 1, PROCESS, NVML_ERROR_IN_USE, RESET, 1, 1 },
        { "A100-40GB", 0, 1, CLIENT, NVML_ERROR_RESET_REQUIRED, REBOOT, 1, 1 },
        { "A100-40GB", 0, 1, NOBODY, NVML_SUCCESS, REBOOT, 1, 1 },
        { "A100-40GB", 1, 0, NOBODY, NVML_SUCCESS, CALL, 0, 0 },
        { "A100-40GB", 1, 0, NOBODY, NVML_SUCCESS, REBOOT, 0, 0 },
        { "A100-40GB", 1, 1, NOBODY, NVML_SUCCESS, CALL, 1, 1 },
        { "A30-24GB", 0, 1, NOBODY, NVML_SUCCESS, CALL, 1, 1 },
        { "H100-80GB", 0, 1, NOBODY, NVML_SUCCESS, CALL, 1, 1 },
        { "H100-80GB", 0, 1, PROCESS, NVML_ERROR_IN_USE, CALL, 0, 1 },
        { "H100-80GB", 0, 1, CLIENT, NVML_ERROR_IN_USE, CALL, 0, 1 },
        { "H100-80GB", 0, 1, PROCESS, NVML_ERROR_IN_USE, REBOOT, 0, 0 },
        { "H100-80GB", 0, 1, NOBODY, NVML_SUCCESS, REBOOT, 0, 0 },
        { "B200-180GB", 0, 1, NOBODY, NVML_SUCCESS, REBOOT, 0, 0 },
        { "B200-180GB", 1, 0, NOBODY, NVML_SUCCESS, CALL, 0, 0 },
        { "RTX-PRO-5000-48GB", 0, 1, NOBODY, NVML_SUCCESS, CALL, 1, 1 },
};

static void occupy(struct node *n, enum occupant occupant) {
        const struct node_process p = { .pid = 7, .gi_id = NODE_NONE, .ci_id = NODE_NONE };

        if (occupant == PROCESS)
                assert_int_equal(process_start(n, &p, NOW), NVML_SUCCESS);
        n->gpus[0].exclusive_client = occupant == CLIENT;
}

static void switches_as_the_generation_does(void **state) {
        (void)state;
        for (unsigned i = 0; i < ARRAY_SIZE(switches); i++) {
                struct node *n = node_of(switches[i].gpu, NEWEST, switches[i].was);
                nvmlReturn_t activation = NVML_ERROR_UNKNOWN;
                occupy(n, switches[i].occupant);
                assert_int_equal(mig_set_mode(n, 0, switches[i].wanted, NOW, &activation), NVML_SUCCESS);
                assert_int_equal(activation, switches[i].activation);
                if (switches[i].after == RESET) {
                        assert_int_equal(node_reset_gpu(n, 0, NOW), NVML_ERROR_IN_USE);
                        assert_int_equal(process_end(n, 7, NOW), NVML_SUCCESS);
                        assert_int_equal(node_reset_gpu(n, 0, NOW), NVML_SUCCESS);
                } else if (switches[i].after == REBOOT) {
                        node_reboot(n, NOW + 60000000);
                }
                if (n->gpus[0].mig_mode != switches[i].current || n->gpus[0].mig_pending != switches[i].pending)
                        fail_msg("case %u: mode %u, pending %u", i, n->gpus[0].mig_mode, n->gpus[0].mig_pending);
                free(n);
        }
}

static void refuses_a_wrong_switch(void **state) {
        static const struct {
                const char *gpu, *driver;
                unsigned mode;
                nvmlReturn_t code;
        } cases[] = {
                { "l4", NEWEST, 1, NVML_ERROR_NOT_SUPPORTED },
                { "H100-80GB", "520.61.05", 1, NVML_ERROR_NOT_SUPPORTED }, /* H100 came with R525, B200 with R570.133 */
                { "H100-80GB", "525.60.13", 1, NVML_SUCCESS },
                { "B200-180GB", "570.86.15", 1, NVML_ERROR_NOT_SUPPORTED },
                { "B200-180GB", "570.133.20", 1, NVML_SUCCESS },
                { "RTX-PRO-6000-96GB", "575.51.02", 0, NVML_ERROR_NOT_SUPPORTED },
                { "RTX-PRO-6000-96GB", "575.51.03", 0, NVML_SUCCESS },
                { "A100-40GB", NEWEST, 2, NVML_ERROR_INVALID_ARGUMENT },
        };
        (void)state;
        for (unsigned i = 0; i < ARRAY_SIZE(cases); i++) {
                struct node *n = node_of(cases[i].gpu, cases[i].driver, false);
                nvmlReturn_t activation;
                assert_int_equal(mig_set_mode(n, 0, cases[i].mode, NOW, &activation), cases[i].code);
                assert_int_equal(mig_set_mode(n, 0, cases[i].mode, NOW, NULL), NVML_ERROR_INVALID_ARGUMENT);
                free(n);
        }
}

static unsigned make_gi(struct node *n, unsigned id) {
        unsigned slot = NODE_NONE;

        assert_int_equal(mig_create_gi(n, 0, id, NULL, NOW, &slot), NVML_SUCCESS);
        return slot;
}

static unsigned make_ci(struct node *n, unsigned gi_slot, unsigned id) {
        unsigned slot = NODE_NONE;

        assert_int_equal(mig_create_ci(n, 0, gi_slot, id, NULL, NOW, &slot), NVML_SUCCESS);
        return slot;
}

static void switching_off_takes_all_instances(void **state) {
        struct node *n = node_of("A100-40GB", NEWEST, true);
        struct node_process p = { .pid = 7, .memory_bytes = 1 << 20 };
        unsigned gi = make_gi(n, 9);
        nvmlReturn_t activation;
        struct err e = { 0 };

        (void)state;
        make_ci(n, gi, 2);
        p.gi_id = n->gpus[0].gi[gi].id;
        assert_int_equal(process_start(n, &p, NOW), NVML_SUCCESS);
        assert_int_equal(mig_set_mode(n, 0, 0, NOW, &activation), NVML_SUCCESS);
        assert_int_equal(activation, NVML_ERROR_IN_USE);
        assert_true(n->gpus[0].gi[gi].live);
        assert_int_equal(process_end(n, 7, NOW), NVML_SUCCESS);
        assert_int_equal(mig_set_mode(n, 0, 0, NOW, &activation), NVML_SUCCESS);
        assert_int_equal(activation, NVML_SUCCESS);
        assert_false(n->gpus[0].gi[gi].live);
        assert_ok(node_check(n, &e), &e);
        unsigned slot;
        assert_int_equal(mig_create_gi(n, 0, 9, NULL, NOW, &slot), NVML_ERROR_NOT_SUPPORTED);
        free(n);
}

/* From the inside out, nothing while it is used, and a little later than the last process. */
static void is_destroyed_only_when_free(void **state) {
        struct node *n = node_of("H100-80GB", NEWEST, true);
        unsigned gi = make_gi(n, 14), ci = make_ci(n, gi, 1);
        const struct node_process p = { .pid = 7, .gi_id = n->gpus[0].gi[gi].id };

        (void)state;
        n->release_ms = 300;
        assert_int_equal(mig_destroy_gi(n, 0, gi, NOW), NVML_ERROR_IN_USE);
        assert_int_equal(process_start(n, &p, NOW), NVML_SUCCESS);
        assert_int_equal(mig_destroy_ci(n, 0, gi, ci, NOW), NVML_ERROR_IN_USE);
        assert_int_equal(process_end(n, 7, NOW), NVML_SUCCESS);
        assert_int_equal(mig_destroy_ci(n, 0, gi, ci, NOW), NVML_SUCCESS);
        assert_int_equal(mig_destroy_gi(n, 0, gi, NOW + 299999), NVML_ERROR_IN_USE);
        assert_int_equal(mig_destroy_gi(n, 0, gi, NOW + 300000), NVML_SUCCESS);
        assert_int_equal(mig_layout(&n->gpus[0]).count, 0);
        free(n);
}

static void a_client_of_the_whole_gpu_blocks_the_first_instance(void **state) {
        struct node *n = node_of("H100-80GB", NEWEST, true);
        unsigned slot;

        (void)state;
        n->gpus[0].exclusive_client = 1;
        assert_int_equal(mig_create_gi(n, 0, 19, NULL, NOW, &slot), NVML_ERROR_IN_USE);
        n->gpus[0].exclusive_client = 0;
        make_gi(n, 19);
        n->gpus[0].exclusive_client = 1;
        make_gi(n, 19);
        free(n);
}

/* Which profile enumerators and ids a driver takes, and what stands beside what. */
static void knows_what_its_driver_knows(void **state) {
        static const struct {
                const char *gpu, *driver;
                unsigned enumerator, id;
                nvmlReturn_t by_enum, by_id, create;
        } cases[] = {
                { "A100-40GB", NEWEST, 0, 19, NVML_SUCCESS, NVML_SUCCESS, NVML_SUCCESS },
                { "A100-40GB", NEWEST, 7, 20, NVML_SUCCESS, NVML_SUCCESS, NVML_SUCCESS },
                { "A100-40GB", NEWEST, 9, 15, NVML_SUCCESS, NVML_SUCCESS, NVML_SUCCESS },
                { "A100-40GB", "510.85.02", 9, 15, NVML_ERROR_INVALID_ARGUMENT, NVML_ERROR_NOT_SUPPORTED, NVML_ERROR_INVALID_ARGUMENT },
                { "A100-40GB", "510.85.02", 7, 20, NVML_SUCCESS, NVML_SUCCESS, NVML_SUCCESS },
                { "A100-40GB", "460.32.03", 7, 20, NVML_ERROR_INVALID_ARGUMENT, NVML_ERROR_NOT_SUPPORTED, NVML_ERROR_INVALID_ARGUMENT },
                { "A100-40GB", "450.80.02", 5, 255, NVML_ERROR_INVALID_ARGUMENT, NVML_ERROR_INVALID_ARGUMENT, NVML_ERROR_INVALID_ARGUMENT },
                { "A100-40GB", NEWEST, 5, 21, NVML_ERROR_NOT_SUPPORTED, NVML_ERROR_NOT_SUPPORTED, NVML_ERROR_INVALID_ARGUMENT },
                { "A100-40GB", NEWEST, 0x11, 1000, NVML_ERROR_INVALID_ARGUMENT, NVML_ERROR_INVALID_ARGUMENT, NVML_ERROR_INVALID_ARGUMENT },
                { "A30-24GB", "515.65.01", 0, 6, NVML_SUCCESS, NVML_ERROR_NOT_SUPPORTED, NVML_ERROR_INVALID_ARGUMENT },
                { "A30-24GB", "525.60.13", 8, 6, NVML_SUCCESS, NVML_SUCCESS, NVML_SUCCESS },
                { "RTX-PRO-6000-96GB", NEWEST, 0x10, 64, NVML_SUCCESS, NVML_SUCCESS, NVML_SUCCESS },
                { "RTX-PRO-5000-48GB", NEWEST, 0, 19, NVML_ERROR_NOT_SUPPORTED, NVML_ERROR_NOT_SUPPORTED, NVML_ERROR_NOT_SUPPORTED },
        };
        (void)state;
        for (unsigned i = 0; i < ARRAY_SIZE(cases); i++) {
                struct node *n = node_of(cases[i].gpu, cases[i].driver, true);
                const struct gpu_profile *p = NULL;
                unsigned slot;
                nvmlReturn_t r = mig_profile_by_enum(n, 0, cases[i].enumerator, &p);
                if (r != cases[i].by_enum || (r == NVML_SUCCESS && p->nvml != cases[i].enumerator))
                        fail_msg("case %u: enumerator: %d", i, r);
                r = mig_profile_by_id(n, 0, cases[i].id, &p);
                if (r != cases[i].by_id || (r == NVML_SUCCESS && p->id != cases[i].id))
                        fail_msg("case %u: id: %d", i, r);
                r = mig_create_gi(n, 0, cases[i].id, NULL, NOW, &slot);
                if (r != cases[i].create)
                        fail_msg("case %u: create: %d", i, r);
                free(n);
        }
}

/* 4g and 3g on one GPU: legal since R510. */
static void a_4g_beside_a_3g(void **state) {
        static const struct {
                const char *driver;
                unsigned first, second;
                bool together;
        } cases[] = { { "510.85.02", 5, 9, true }, { "510.85.02", 9, 5, true }, { "495.46", 5, 9, false }, { "495.46", 9, 5, false } };
        (void)state;
        for (unsigned i = 0; i < ARRAY_SIZE(cases); i++) {
                struct node *n = node_of("A100-40GB", cases[i].driver, true);
                const struct gpu_profile *p;
                unsigned slot;
                make_gi(n, cases[i].first);
                assert_int_equal(mig_profile_by_id(n, 0, cases[i].second, &p), NVML_SUCCESS);
                assert_int_equal(mig_remaining(n, 0, p), cases[i].together);
                assert_int_equal(mig_create_gi(n, 0, cases[i].second, NULL, NOW, &slot),
                                 cases[i].together ? NVML_SUCCESS : NVML_ERROR_INSUFFICIENT_RESOURCES);
                free(n);
        }
}

static void tells_of_changes(void **state) {
        struct node *n = node_of("H100-80GB", NEWEST, false);
        nvmlReturn_t activation;

        (void)state;
        assert_null(event_after(n, 0));
        assert_int_equal(mig_set_mode(n, 0, 1, NOW, &activation), NVML_SUCCESS);
        unsigned gi = make_gi(n, 14), ci = make_ci(n, gi, 1);
        mig_destroy_ci(n, 0, gi, ci, NOW);
        mig_destroy_gi(n, 0, gi, NOW);
        static const uint32_t gis[] = { NVML_NO_INSTANCE, 5, 5, 5, 5 },
                              cis[] = { NVML_NO_INSTANCE, NVML_NO_INSTANCE, 0, 0, NVML_NO_INSTANCE };
        for (unsigned i = 0; i < ARRAY_SIZE(gis); i++) {
                const struct node_event *event = event_after(n, i);
                assert_non_null(event);
                assert_int_equal(event->type, nvmlEventMigConfigChange);
                assert_int_equal(event->gi_id, gis[i]);
                assert_int_equal(event->ci_id, cis[i]);
        }
        assert_null(event_after(n, ARRAY_SIZE(gis)));
        free(n);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(switches_as_the_generation_does),
                cmocka_unit_test(refuses_a_wrong_switch),
                cmocka_unit_test(switching_off_takes_all_instances),
                cmocka_unit_test(is_destroyed_only_when_free),
                cmocka_unit_test(a_client_of_the_whole_gpu_blocks_the_first_instance),
                cmocka_unit_test(knows_what_its_driver_knows),
                cmocka_unit_test(a_4g_beside_a_3g),
                cmocka_unit_test(tells_of_changes),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
