/* MIG devices: indexes, names, attributes and memory. Figures of H100 and H200: captures of nvidia-smi -q on R590.48.01, MIG mode, idle
 * (github.com/utkuozdemir/nvidia_gpu_exporter, MIT). */
#include "node_of.h"
#include "sim/node/driver.h"
#include "sim/node/process.h"
#include "sim/node/reading.h"

#define NEWEST "590.48.01"
#define MIB (UINT64_C(1) << 20)

static void make(struct node *n, unsigned gi_profile, unsigned count, const unsigned *ci_profiles) {
        unsigned gi, ci;

        assert_int_equal(mig_create_gi(n, 0, gi_profile, NULL, NOW, &gi), NVML_SUCCESS);
        for (unsigned i = 0; i < count; i++)
                assert_int_equal(mig_create_ci(n, 0, gi, ci_profiles[i], NULL, NOW, &ci), NVML_SUCCESS);
}

struct row {
        unsigned gi_id, ci_id, sm, copy, encode, decode, ofa, jpeg;
        uint64_t memory_mib, bar1_mib, used_mib; /* used 0: not compared */
};

/* Each line of the capture, which is one MIG device. */
static const struct row h100[] = {
        { 2, 0, 60, 3, 0, 3, 0, 3, 40448, 24739, 26 },
        { 3, 0, 32, 2, 0, 2, 0, 2, 20096, 12369, 17 },
        { 9, 0, 16, 1, 0, 1, 0, 1, 9984, 6184, 9 },
        { 10, 0, 16, 1, 0, 1, 0, 1, 9984, 6184, 9 },
};
static const struct row h200[] = {
        { 2, 0, 16, 3, 0, 3, 0, 3, 71424, 59237, 0 }, /* 22 MiB used in a 3g that is divided: not modelled */
        { 2, 1, 32, 3, 0, 3, 0, 3, 71424, 59237, 0 }, { 3, 0, 32, 2, 0, 2, 0, 2, 33280, 29618, 17 },
        { 9, 0, 16, 1, 0, 1, 0, 1, 16384, 14809, 9 }, { 10, 0, 16, 1, 0, 1, 0, 1, 16384, 14809, 9 },
};

static uint64_t rounded_mib(uint64_t bytes) {
        return (bytes + MIB / 2) / MIB;
}

static void compare(const struct node *n, const struct row *rows, unsigned count) {
        for (unsigned i = 0; i < count; i++) {
                unsigned gi, ci;
                nvmlDeviceAttributes_t a;
                struct mig_memory memory, bar1;
                assert_true(mig_device_at(&n->gpus[0], i, &gi, &ci));
                assert_int_equal(n->gpus[0].gi[gi].id, rows[i].gi_id);
                assert_int_equal(n->gpus[0].gi[gi].ci[ci].id, rows[i].ci_id);
                mig_attributes(n, 0, gi, ci, &a);
                assert_int_equal(a.multiprocessorCount, rows[i].sm);
                assert_int_equal(a.sharedCopyEngineCount, rows[i].copy);
                assert_int_equal(a.sharedEncoderCount, rows[i].encode);
                assert_int_equal(a.sharedDecoderCount, rows[i].decode);
                assert_int_equal(a.sharedOfaCount, rows[i].ofa);
                assert_int_equal(a.sharedJpegCount, rows[i].jpeg);
                assert_int_equal(a.memorySizeMB, rows[i].memory_mib);
                mig_memory(n, 0, gi, &memory);
                assert_int_equal(memory.total, rows[i].memory_mib * MIB);
                assert_int_equal(memory.reserved, 0);
                if (rows[i].used_mib)
                        assert_int_equal(rounded_mib(memory.used), rows[i].used_mib);
                mig_bar1(n, 0, gi, &bar1);
                assert_in_range(bar1.total / MIB, rows[i].bar1_mib, rows[i].bar1_mib + 1); /* the capture has rounded what it is part of */
                assert_int_equal(bar1.used, 0);
        }
        unsigned gi, ci;
        assert_false(mig_device_at(&n->gpus[0], count, &gi, &ci));
}

static void compare_parent(const struct node *n, uint64_t total, uint64_t reserved, uint64_t used, uint64_t bar1_total,
                           uint64_t bar1_used) {
        struct mig_memory memory, bar1;

        mig_memory(n, 0, NODE_NONE, &memory);
        assert_int_equal(memory.total, total * MIB);
        assert_int_equal(memory.reserved, reserved * MIB);
        assert_in_range(memory.used / MIB, used, used + 4); /* sum of its instances */
        mig_bar1(n, 0, NODE_NONE, &bar1);
        assert_int_equal(bar1.total, bar1_total * MIB);
        assert_in_range(bar1.used / MIB, bar1_used - 1, bar1_used);
}

static void shows_what_an_h100_shows(void **state) {
        struct node *n = node_of("H100-80GB", NEWEST, true);

        (void)state;
        make(n, 9, 1, (unsigned[]){ 2 });
        make(n, 14, 1, (unsigned[]){ 1 });
        make(n, 19, 1, (unsigned[]){ 0 });
        make(n, 19, 1, (unsigned[]){ 0 });
        compare(n, h100, ARRAY_SIZE(h100));
        compare_parent(n, 81559, 479, 59, 131072, 81081);
        free(n);
}

static void shows_what_an_h200_shows(void **state) {
        struct node *n = node_of("H200-141GB", NEWEST, true);

        (void)state;
        make(n, 9, 2, (unsigned[]){ 0, 1 });
        make(n, 14, 1, (unsigned[]){ 1 });
        make(n, 19, 1, (unsigned[]){ 0 });
        make(n, 19, 1, (unsigned[]){ 0 });
        compare(n, h200, ARRAY_SIZE(h200));
        compare_parent(n, 143771, 614, 55, 262144, 143157);
        free(n);
}

/* Without MIG: nothing used at rest (H100, L40S), and a small BAR1 window is no mirror of the memory. */
static void shows_a_whole_gpu(void **state) {
        static const struct {
                const char *gpu;
                uint64_t reserved, bar1, bar1_used;
        } cases[] = { { "H100-80GB", 479, 131072, 1000 }, { "l40s", 609, 65536, 1000 }, { "t4", 469, 256, 2 } };
        (void)state;
        for (unsigned i = 0; i < ARRAY_SIZE(cases); i++) {
                struct node *n = node_of(cases[i].gpu, NEWEST, false);
                const struct node_process p = { .pid = 7, .gi_id = NODE_NONE, .ci_id = NODE_NONE, .memory_bytes = 1000 * MIB };
                struct mig_memory m;
                mig_memory(n, 0, NODE_NONE, &m);
                assert_int_equal(m.reserved, cases[i].reserved * MIB);
                assert_int_equal(m.used, 0);
                assert_int_equal(process_start(n, &p, NOW), NVML_SUCCESS);
                mig_memory(n, 0, NODE_NONE, &m);
                assert_int_equal(m.used, 1000 * MIB);
                mig_bar1(n, 0, NODE_NONE, &m);
                assert_int_equal(m.total, cases[i].bar1 * MIB);
                assert_int_equal(m.used, cases[i].bar1_used * MIB);
                free(n);
        }
}

/* Destroying leaves a hole; the next creation closes it, in the order of GPU and compute instance ids. */
static void numbers_with_holes(void **state) {
        struct node *n = node_of("A100-40GB", NEWEST, true);
        struct node_gpu *g = &n->gpus[0];
        unsigned gi, ci, slots[3];

        (void)state;
        assert_int_equal(mig_max_devices(g), 7);
        for (unsigned i = 0; i < 3; i++) { /* GPU instances 13, 11, 12: index by id, not by age */
                assert_int_equal(mig_create_gi(n, 0, 19, NULL, NOW, &slots[i]), NVML_SUCCESS);
                assert_int_equal(mig_create_ci(n, 0, slots[i], 0, NULL, NOW, &ci), NVML_SUCCESS);
        }
        static const uint8_t order[] = { 11, 12, 13 };
        for (unsigned i = 0; i < 3; i++) {
                assert_true(mig_device_at(g, i, &gi, &ci));
                assert_int_equal(g->gi[gi].id, order[i]);
        }
        assert_int_equal(mig_destroy_ci(n, 0, slots[2], 0, NOW), NVML_SUCCESS); /* 12, the middle one */
        assert_true(mig_device_at(g, 0, &gi, &ci));
        assert_false(mig_device_at(g, 1, &gi, &ci));
        assert_true(mig_device_at(g, 2, &gi, &ci));
        assert_int_equal(g->gi[gi].id, 13);
        assert_int_equal(mig_destroy_gi(n, 0, slots[2], NOW), NVML_SUCCESS);
        assert_false(mig_device_at(g, 1, &gi, &ci));

        make(n, 9, 1, (unsigned[]){ 2 }); /* GPU instance 1 comes first now */
        static const uint8_t after[] = { 1, 11, 13 };
        for (unsigned i = 0; i < 3; i++) {
                assert_true(mig_device_at(g, i, &gi, &ci));
                assert_int_equal(g->gi[gi].id, after[i]);
        }
        free(n);
}

static void counts_the_devices_there_may_be(void **state) {
        static const struct {
                const char *gpu;
                bool mig;
                unsigned most;
        } cases[] = { { "A100-40GB", true, 7 },         { "A100-40GB", false, 0 }, { "A30-24GB", true, 4 },
                      { "RTX-PRO-6000-96GB", true, 4 }, { "l4", false, 0 },        { "RTX-PRO-4500-32GB", true, 2 } };
        (void)state;
        for (unsigned i = 0; i < ARRAY_SIZE(cases); i++) {
                struct node *n = node_of(cases[i].gpu, NEWEST, cases[i].mig);
                assert_int_equal(mig_max_devices(&n->gpus[0]), cases[i].most);
                free(n);
        }
}

/* Names and memory as the driver's version has them (data/gpu/driver_drift.csv names who saw it). */
static void names_as_its_driver_does(void **state) {
        static const struct {
                const char *gpu, *driver;
                unsigned profile, compute;
                const char *name;
                uint32_t memory_mib;
        } cases[] = {
                { "A100-80GB", NEWEST, 9, 3, "3g.40gb", 40192 },
                { "A100-80GB", "525.60.13", 9, 3, "3g.39gb", 40192 },
                { "A100-80GB", "545.23.08", 0, 7, "7g.79gb", 80896 },
                { "A100-80GB", "550.54.14", 0, 7, "7g.80gb", 80896 },
                { "A100-80GB", "460.32.03", 0, 7, "7g.80gb", 80896 },
                { "A100-80GB", "525.60.13", 9, 1, "1c.3g.39gb", 40192 },
                { "H200-141GB", "550.54.14", 14, 2, "2g.35gb", 33024 },
                { "H200-141GB", NEWEST, 14, 2, "2g.35gb", 33280 },
                { "H200-141GB", NEWEST, 9, 2, "2c.3g.71gb", 71424 },
                { "H200-141GB", "580.65.06", 9, 3, "3g.71gb", 71168 },
                { "RTX-PRO-6000-96GB", NEWEST, 65, 1, "1g.24gb+me.all", 24192 },
        };
        (void)state;
        for (unsigned i = 0; i < ARRAY_SIZE(cases); i++) {
                struct node *n = node_of(cases[i].gpu, cases[i].driver, true);
                const struct gpu_profile *p;
                char name[32];
                assert_int_equal(mig_profile_by_id(n, 0, cases[i].profile, &p), NVML_SUCCESS);
                mig_profile_name(n, 0, p, cases[i].compute, name);
                assert_string_equal(name, cases[i].name);
                assert_int_equal(mig_profile_memory_mib(n, 0, p), cases[i].memory_mib);
                free(n);
        }
}

/* A B200 has 148 SMs, an H20 78, an A100 of 64 GB 124 (NVIDIA's data sheets): 3 and 4 sevenths of 148 are 63 and 84, a seventh of 78 is 11,
 * 4 sevenths of 124 are 70. What was seen on a board stays as it was seen: 18 SMs in a B200's 1g. */
static void guesses_sms_that_nobody_saw(void **state) {
        static const struct {
                const char *gpu;
                unsigned profile, sm;
        } cases[] = {
                { "B200-180GB", 9, 63 }, { "B200-180GB", 5, 84 }, { "B200-180GB", 19, 18 }, { "H20-96GB", 19, 11 }, { "A100-64GB", 5, 70 }
        };

        (void)state;
        for (unsigned i = 0; i < ARRAY_SIZE(cases); i++) {
                struct node *n = node_of(cases[i].gpu, NEWEST, true);
                unsigned gi, whole;
                nvmlDeviceAttributes_t a;
                assert_int_equal(mig_create_gi(n, 0, cases[i].profile, NULL, NOW, &gi), NVML_SUCCESS);
                const struct gpu_profile *p = &node_model(&n->gpus[0])->profiles[n->gpus[0].gi[gi].profile];
                assert_int_equal(mig_create_ci(n, 0, gi, p->compute[p->compute_count - 1].id, NULL, NOW, &whole), NVML_SUCCESS);
                mig_attributes(n, 0, gi, whole, &a);
                assert_int_equal(a.multiprocessorCount, cases[i].sm);
                assert_int_equal(mig_sm(&n->gpus[0], p->sm, p->compute_slices), cases[i].sm);
                free(n);
        }
}

/* NVIDIA's driver README, "GSP Firmware": Turing and later, from R510 on. */
static void firmware_on_the_gpu(void **state) {
        static const struct {
                const char *gpu, *driver;
                bool uses;
        } cases[] = { { "v100", NEWEST, false }, { "t4", NEWEST, true }, { "t4", "470.57.02", false }, { "A100-80GB", "510.39.01", true } };

        (void)state;
        for (unsigned i = 0; i < ARRAY_SIZE(cases); i++) {
                struct node *n = node_of(cases[i].gpu, cases[i].driver, false);
                assert_true(driver_uses_gsp(n, node_model(&n->gpus[0])) == cases[i].uses);
                free(n);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(shows_what_an_h100_shows),
                cmocka_unit_test(shows_what_an_h200_shows),
                cmocka_unit_test(shows_a_whole_gpu),
                cmocka_unit_test(numbers_with_holes),
                cmocka_unit_test(counts_the_devices_there_may_be),
                cmocka_unit_test(names_as_its_driver_does),
                cmocka_unit_test(guesses_sms_that_nobody_saw),
                cmocka_unit_test(firmware_on_the_gpu),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
