#include "core/gpu/profile.h"

#include "../../unit.h"
#include "core/gpu/model.h"

static const struct {
        const char *text, *printed; /* NULL: as it was read */
        unsigned compute, slices, gb;
        const char *attributes;
} good[] = {
        { "1g.10gb", NULL, 1, 1, 10, "" },         { "1g.10gb+me", NULL, 1, 1, 10, "+me" },
        { "2g.48gb-me", NULL, 2, 2, 48, "-me" },   { "1g.24gb+me.all", NULL, 1, 1, 24, "+me.all" },
        { "1c.2g.20gb", NULL, 1, 2, 20, "" },      { "3c.4g.40gb+me", NULL, 3, 4, 40, "+me" },
        { "4g.96gb+gfx", NULL, 4, 4, 96, "+gfx" }, { "7g.141gb", NULL, 7, 7, 141, "" },
        { "2c.2g.20gb", "2g.20gb", 2, 2, 20, "" }, { "1g.0gb+me", NULL, 1, 1, 0, "+me" },
};

static void reads_and_prints_as_nvidia_does(void **state) {
        (void)state;
        for (unsigned i = 0; i < ARRAY_SIZE(good); i++) {
                struct profile_name name;
                struct err e = { 0 };
                char text[PROFILE_NAME_MAX];
                assert_ok(profile_parse(good[i].text, &name, &e), &e);
                assert_int_equal(name.compute, good[i].compute);
                assert_int_equal(name.slices, good[i].slices);
                assert_int_equal(name.gb, good[i].gb);
                assert_string_equal(name.attributes, good[i].attributes);
                profile_print(&name, text, sizeof text);
                assert_string_equal(text, good[i].printed ? good[i].printed : good[i].text);
        }
}

static void refuses_what_is_no_profile(void **state) {
        (void)state;
        static const char *const bad[] = {
                "",
                "1g",
                "g.10gb",
                "1g.gb",
                "1g.10",
                "1g.10GB",
                "1g.10gb ",
                " 1g.10gb",
                "01g.10gb",
                "1g.010gb",
                "0g.5gb",
                "0c.1g.5gb",
                "2c.1g.5gb",
                "16g.10gb",
                "1g.10000gb",
                "1g.10gb+",
                "1g.10gb-",
                "1g.10gb+me+x",
                "1g.10gbme",
                "1g.10gb.me",
                "1g.10gb+me.",
                "1g.10gb+.me",
                "1g.10gb+Me",
                "1g.5.10gb",
                "-1g.10gb",
                "1g.-10gb",
                "1c.1c.1g.5gb",
                "1g.10gb+me.all.and.more",
                "99999999999999999999g.1gb",
        };
        for (unsigned i = 0; i < ARRAY_SIZE(bad); i++) {
                struct profile_name name = { .gb = 77 };
                struct err e = { 0 };
                assert_refused(profile_parse(bad[i], &name, &e), &e, "is not a MIG profile");
                assert_int_equal(name.gb, 77);
        }
}

/* Every name in the catalogue is a name, is found, and follows from the memory sizes. */
static void formula_gives_every_name_of_the_catalogue(void **state) {
        (void)state;
        unsigned profiles = 0;
        for (size_t i = 0; i < gpu_model_count(); i++) {
                const struct gpu_model *model = gpu_model_at(i);
                for (unsigned k = 0; k < model->profile_count; k++) {
                        const struct gpu_profile *p = &model->profiles[k];
                        struct profile_name name;
                        struct err e = { 0 };
                        char text[PROFILE_NAME_MAX];
                        assert_ok(profile_parse(p->name, &name, &e), &e);
                        assert_int_equal(name.slices, p->compute_slices);
                        assert_int_equal(name.gb, profile_gb(p->memory_mib, model->memory_mib));
                        profile_print(&name, text, sizeof text);
                        assert_string_equal(text, p->name);
                        assert_ptr_equal(gpu_profile_find(model, text), p);
                        profiles++;
                }
        }
        assert_int_equal(profiles, 143);
}

/* The name is the driver's: the same instance is called otherwise where the driver reports other sizes. Pairs of MiB as captured. */
static const struct {
        unsigned memory_mib, total_mib, gb;
} sizes[] = {
        { 4864, 40960, 5 },    { 9856, 40960, 10 },   { 40192, 40960, 40 },    { 9984, 81559, 10 },     { 20096, 81559, 20 },
        { 47488, 95830, 47 },  { 33024, 143771, 35 }, { 33280, 143771, 35 },   { 71424, 143771, 71 },   { 143104, 143771, 141 },
        { 20992, 183359, 23 }, { 45312, 183359, 45 }, { 24192, 97887, 24 },    { 97408, 97887, 96 },    { 5952, 24576, 6 },
        { 32000, 256703, 31 }, { 64000, 256703, 63 }, { 128000, 256703, 126 }, { 256000, 256703, 251 }, { 1000, 0, 0 },
};

static void gigabytes_follow_from_memory(void **state) {
        (void)state;
        for (unsigned i = 0; i < ARRAY_SIZE(sizes); i++)
                assert_int_equal(profile_gb(sizes[i].memory_mib, sizes[i].total_mib), sizes[i].gb);
}

static const struct {
        const char *profile, *resource;
} resources[] = {
        { "1g.10gb", "nvidia.com/mig-1g.10gb" },
        { "1g.10gb+me", "nvidia.com/mig-1g.10gb.me" },
        { "1g.24gb+me.all", "nvidia.com/mig-1g.24gb.me.all" },
        { "1g.24gb-me", "nvidia.com/mig-1g.24gb-me" },
        { "4g.96gb+gfx", "nvidia.com/mig-4g.96gb.gfx" },
        { "1c.2g.20gb", "nvidia.com/mig-1c.2g.20gb" },
        { "2g.48gb-gb.me", "nvidia.com/mig-2g.48gb-gb.me" },
};

static void resources_write_plus_as_dot(void **state) {
        (void)state;
        for (unsigned i = 0; i < ARRAY_SIZE(resources); i++) {
                struct err e = { 0 };
                char text[64], profile[PROFILE_NAME_MAX];
                profile_to_resource(resources[i].profile, text, sizeof text);
                assert_string_equal(text, resources[i].resource);
                assert_ok(profile_from_resource(resources[i].resource, profile, &e), &e);
                assert_string_equal(profile, resources[i].profile);
        }

        static const char *const bad[] = { "nvidia.com/gpu",
                                           "mig-1g.10gb",
                                           "nvidia.com/mig-",
                                           "nvidia.com/mig-1g.10gb+me",
                                           "nvidia.com/mig-1g.10gb.",
                                           "nvidia.com/mig-1g.10gb.shared.for.very.long",
                                           "" };
        for (unsigned i = 0; i < ARRAY_SIZE(bad); i++) {
                struct err e = { 0 };
                char profile[PROFILE_NAME_MAX] = "untouched";
                assert_refused(profile_from_resource(bad[i], profile, &e), &e, "is not a MIG");
                assert_string_equal(profile, "untouched");
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(reads_and_prints_as_nvidia_does),
                cmocka_unit_test(refuses_what_is_no_profile),
                cmocka_unit_test(formula_gives_every_name_of_the_catalogue),
                cmocka_unit_test(gigabytes_follow_from_memory),
                cmocka_unit_test(resources_write_plus_as_dot),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
