#include "core/gpu/model.h"

#include "../../unit.h"

/* 21 GPUs with MIG profiles and seven of EC2 without. */
static void knows_every_model_once(void **state) {
        (void)state;
        unsigned with_profiles = 0, with_layouts = 0;

        assert_int_equal(gpu_model_count(), 28);
        for (size_t i = 0; i < gpu_model_count(); i++) {
                const struct gpu_model *m = gpu_model_at(i);
                assert_ptr_equal(gpu_model_find(m->key), m);
                assert_ptr_equal(gpu_model_find(m->product), m);
                assert_int_equal(gpu_model_index(m), i);
                assert_true(m->fp16_tflops > 0);
                assert_true(m->memory_mib > 0 || !strcmp(m->arch, "blackwell"));
                with_profiles += m->profile_count > 0;
                with_layouts += gpu_has_mig(m);
        }
        assert_int_equal(with_profiles, 21);
        assert_int_equal(with_layouts, 17); /* four have no published placements */
}

static const struct {
        const char *name, *key; /* NULL: unknown */
} names[] = {
        { "a100", "A100-40GB" },
        { "A100", "A100-40GB" },
        { "a100-80gb", "A100-80GB" },
        { "h100", "H100-80GB" },
        { "h200", "H200-141GB" },
        { "b200", "B200-180GB" },
        { "b300", "B300-269GB" },
        { "rtx-pro-server-6000", "RTX-PRO-6000-96GB" },
        { "rtx-pro-4500", "RTX-PRO-4500-32GB" },
        { "v100", "v100" },
        { "V100M32", "v100-32gb" },
        { "L40S", "l40s" },
        { "T4G", "t4g" },
        { "Tesla-T4", "t4" },
        { "NVIDIA-A100-SXM4-80GB", "A100-80GB" },
        { "NVIDIA H100 80GB HBM3", "H100-80GB" },
        { "NVIDIA-RTX-PRO-6000-Blackwell-Server-Edition", "RTX-PRO-6000-96GB" },
        { "NVIDIA A800 80GB PCIe", "A100-80GB" },
        { "A100-80", NULL },
        { "radeon-pro-v520", NULL },
        { "", NULL },
};

static void finds_by_every_name_in_use(void **state) {
        (void)state;
        for (unsigned i = 0; i < ARRAY_SIZE(names); i++) {
                const struct gpu_model *m = gpu_model_find(names[i].name);
                if (names[i].key) {
                        if (!m)
                                fail_msg("%s is not found", names[i].name);
                        assert_string_equal(m->key, names[i].key);
                } else
                        assert_null(m);
        }
}

/* Spot values, read off NVIDIA's listings (nvidia-smi mig -lgip): id, NVML enum, slices, MiB, SM, CE DEC ENC JPEG OFA, maximum, starts. */
static void profiles_are_nvidias(void **state) {
        (void)state;
        const struct gpu_profile *p = gpu_profile_find(gpu_model_find("A100-80GB"), "3g.40gb");
        assert_non_null(p);
        assert_int_equal(p->id, 9);
        assert_int_equal(p->nvml, 2);
        assert_int_equal(p->compute_slices, 3);
        assert_int_equal(p->memory_slices, 4);
        assert_int_equal(p->memory_mib, 40192);
        assert_int_equal(p->sm, 42);
        assert_int_equal(p->engines[GPU_ENGINE_COPY], 3);
        assert_int_equal(p->engines[GPU_ENGINE_DECODE], 2);
        assert_int_equal(p->max_count, 2);
        assert_int_equal(p->start_count, 2);
        assert_int_equal(p->starts[1], 4);

        p = gpu_profile_find(gpu_model_find("RTX-PRO-6000-96GB"), "1g.24gb+me.all");
        assert_non_null(p);
        assert_int_equal(p->id, 65);
        assert_int_equal(p->engines[GPU_ENGINE_ENCODE], 4);
        assert_int_equal(p->engines[GPU_ENGINE_JPEG], 4);
        assert_int_equal(p->engines[GPU_ENGINE_OFA], 1);
        assert_int_equal(p->starts[3], 9);

        assert_null(gpu_profile_find(gpu_model_find("A100-80GB"), "3g.20gb"));
        assert_null(gpu_profile_find(gpu_model_find("l4"), "1g.5gb"));
}

/* What nobody has published is never taken to be more than it may be. */
static void unknown_values_stay_careful(void **state) {
        (void)state;
        const struct gpu_model *m = gpu_model_find("rtx-pro-4500");
        const struct gpu_profile *p = gpu_profile_find(m, "1g.16gb");

        assert_false(gpu_has_mig(m));
        assert_non_null(p);
        assert_int_equal(p->id, GPU_PROFILE_ID_UNKNOWN);
        assert_int_equal(p->start_count, 0);
        assert_in_range(p->memory_mib, 14000, 16384 * 91 / 100);

        /* H20: 97871 MiB in eighths, 90 % of one */
        p = gpu_profile_find(gpu_model_find("h20"), "1g.12gb");
        assert_int_equal(p->memory_mib, 11010);
        assert_int_equal(p->sm, 0);
}

static void modes_have_names(void **state) {
        (void)state;
        struct err e = { 0 };
        enum gpu_mode mode = GPU_MODE_MAX;

        assert_ok(gpu_mode_parse("time-slicing", &mode, &e), &e);
        assert_int_equal(mode, GPU_TIME_SLICING);
        assert_string_equal(gpu_mode_name(GPU_MIG), "mig");
        assert_refused(gpu_mode_parse("MIG", &mode, &e), &e, "'MIG' is not a mode");
        assert_int_equal(mode, GPU_TIME_SLICING);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(knows_every_model_once), cmocka_unit_test(finds_by_every_name_in_use),
                cmocka_unit_test(profiles_are_nvidias),   cmocka_unit_test(unknown_values_stay_careful),
                cmocka_unit_test(modes_have_names),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
