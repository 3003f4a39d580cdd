#include "core/cloud/instance.h"

#include "../../unit.h"

/* Every row that Karpenter computes, read from its own table. */
static void allocatable_is_karpenters(void **state) {
        (void)state;
        FILE *f = fopen(TEST_DATA "/karpenter-allocatable.csv", "r");
        assert_non_null(f);
        char line[256], name[64], arch[16];
        unsigned rows = 0, vcpu, memory_mib, pods, cpu_milli, alloc_mib;

        assert_non_null(fgets(line, sizeof line, f));
        while (fgets(line, sizeof line, f)) {
                assert_int_equal(
                        sscanf(line, "%63[^,],%15[^,],%u,%u,%u,%um,%uMi,", name, arch, &vcpu, &memory_mib, &pods, &cpu_milli, &alloc_mib),
                        7);
                const struct instance_type *t = instance_type_find(name);
                if (!t)
                        fail_msg("%s is not known", name);
                assert_int_equal(t->arch, strcmp(arch, "arm64") ? ARCH_AMD64 : ARCH_ARM64);
                assert_int_equal(t->vcpu, vcpu);
                assert_int_equal(t->memory_mib, memory_mib);
                assert_int_equal(t->max_pods, pods);
                assert_int_equal(t->alloc_cpu_milli, cpu_milli);
                assert_int_equal(t->alloc_memory_mib, alloc_mib);
                assert_int_equal(instance_alloc_cpu_milli(vcpu), cpu_milli);
                assert_int_equal(instance_alloc_memory_mib(t->arch, memory_mib, pods), alloc_mib);
                rows++;
        }
        fclose(f);
        assert_int_equal(rows, 70);
}

/* 69 types with NVIDIA GPUs and the five g4ad. */
static void knows_every_type_once(void **state) {
        (void)state;
        assert_int_equal(instance_type_count(), 74);
        for (size_t i = 0; i < instance_type_count(); i++) {
                const struct instance_type *t = instance_type_at(i);
                size_t family = strlen(t->family);

                assert_ptr_equal(instance_type_find(t->name), t);
                assert_int_equal(instance_type_index(t), i);
                assert_memory_equal(t->name, t->family, family);
                assert_int_equal(t->name[family], '.');
                assert_true(instance_family_known(t->family));
        }
        assert_null(instance_type_find("g6.huge"));
        assert_null(instance_type_find("G6.xlarge"));
        assert_false(instance_family_known("g6.xlarge"));
        assert_false(instance_family_known("m5"));
}

static const struct {
        const char *name, *gpu, *label;
        unsigned count, milli, mib;
} gpus[] = {
        { "p3.2xlarge", "v100", "v100", 1, 1000, 16384 },
        { "p3dn.24xlarge", "v100-32gb", "v100", 8, 1000, 32768 },
        { "g4dn.12xlarge", "t4", "t4", 4, 1000, 16384 },
        { "g5g.16xlarge", "t4g", "t4g", 2, 1000, 16384 },
        { "g5.48xlarge", "a10g", "a10g", 8, 1000, 22888 },
        { "g6.xlarge", "l4", "l4", 1, 1000, 22888 },
        { "gr6.8xlarge", "l4", "l4", 1, 1000, 22888 },
        { "g6e.12xlarge", "l40s", "l40s", 4, 1000, 45776 },
        { "g6f.large", "l4", "l4", 1, 125, 2861 },
        { "g6f.2xlarge", "l4", "l4", 1, 250, 5722 },
        { "gr6f.4xlarge", "l4", "l4", 1, 500, 11444 },
        { "g7.12xlarge", "RTX-PRO-4500-32GB", "rtx-pro-4500", 2, 1000, 32768 },
        { "g7e.24xlarge", "RTX-PRO-6000-96GB", "rtx-pro-server-6000", 4, 1000, 98304 },
        { "p4d.24xlarge", "A100-40GB", "a100", 8, 1000, 40960 },
        { "p4de.24xlarge", "A100-80GB", "a100", 8, 1000, 81920 },
        { "p5.4xlarge", "H100-80GB", "h100", 1, 1000, 81920 },
        { "p5en.48xlarge", "H200-141GB", "h200", 8, 1000, 144384 },
        { "p6-b200.48xlarge", "B200-180GB", "b200", 8, 1000, 183359 },
        { "p6-b300.48xlarge", "B300-269GB", "b300", 8, 1000, 275040 },
        { "p6e-gb200.36xlarge", "GB200-186GB", "gb200", 4, 1000, 190464 },
};

static void types_have_the_gpus_aws_states(void **state) {
        (void)state;
        for (unsigned i = 0; i < ARRAY_SIZE(gpus); i++) {
                const struct instance_type *t = instance_type_find(gpus[i].name);
                assert_non_null(t);
                assert_string_equal(t->gpu->key, gpus[i].gpu);
                assert_string_equal(t->gpu_name, gpus[i].label);
                assert_int_equal(t->gpu_count, gpus[i].count);
                assert_int_equal(t->gpu_milli, gpus[i].milli);
                assert_int_equal(t->gpu_memory_mib, gpus[i].mib);
                assert_int_equal(instance_is_fractional(t), gpus[i].milli < 1000);
        }
        assert_null(instance_type_find("g4ad.xlarge")->gpu);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(allocatable_is_karpenters),
                cmocka_unit_test(knows_every_type_once),
                cmocka_unit_test(types_have_the_gpus_aws_states),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
