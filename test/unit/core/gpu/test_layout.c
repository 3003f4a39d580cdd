#include "core/gpu/layout.h"

#include "../../unit.h"

static struct layout layout_from_text(const char *key, const char *text) {
        struct err e = { 0 };
        struct layout layout;
        assert_ok(layout_parse(gpu_model_find(key), text, &layout, &e), &e);
        return layout;
}

static struct slice slice_at(const struct gpu_model *model, const char *name, unsigned start) {
        const struct gpu_profile *profile = gpu_profile_find(model, name);
        assert_non_null(profile);
        return (struct slice){ profile, (uint8_t)start };
}

static bool same_slices(const struct layout *a, const struct layout *b) {
        if (a->count != b->count)
                return false;
        for (unsigned i = 0; i < a->count; i++)
                if (a->slices[i].profile != b->slices[i].profile || a->slices[i].start != b->slices[i].start)
                        return false;
        return true;
}

/* Each row is one question to layout_can_add. The answers follow from NVIDIA's tables: placements, engine counts of the full profile,
 * maxima. */
static const struct {
        const char *gpu, *has, *add;
        unsigned start;
        const char *refused; /* part of the sentence, NULL = allowed */
} cases[] = {
        { "A100-80GB", "", "1g.10gb", 0, NULL },
        { "A100-80GB", "1g.10gb@0", "3g.40gb", 0, "3g.40gb at 0 would overlap the 1g.10gb at 0" },
        { "A100-80GB", "1g.10gb@0", "3g.40gb", 4, NULL },
        { "A100-80GB", "", "2g.20gb", 1, "2g.20gb cannot start at memory slice 1 of the A100-80GB" },
        { "A100-80GB", "", "2g.20gb", 6, "cannot start at memory slice 6" },
        { "A100-80GB", "", "1g.20gb", 6, NULL },
        { "A100-80GB", "", "1g.10gb", 7, "cannot start at memory slice 7" },
        { "A100-80GB", "4g.40gb@0", "3g.40gb", 4, NULL },
        { "A100-80GB", "", "4g.40gb", 4, "cannot start at memory slice 4" },
        { "A100-80GB", "1g.10gb+me@0", "1g.10gb+me", 1, "at most 1 of 1g.10gb+me" },
        { "A30-24GB", "1g.6gb+me@0", "2g.12gb+me", 2, "JPEG engines of the A30-24GB, and 0 are left: the 1g.6gb+me at 0 has 1" },
        { "A30-24GB", "1g.6gb+me@0", "2g.12gb", 2, NULL },
        { "RTX-PRO-6000-96GB", "1g.24gb+me.all@0", "1g.24gb", 3, "decode engines of the RTX-PRO-6000-96GB, and 0 are left" },
        { "RTX-PRO-6000-96GB", "1g.24gb+me.all@0", "1g.24gb-me", 3, NULL },
        { "RTX-PRO-6000-96GB", "1g.24gb@0", "1g.24gb", 1, "cannot start at memory slice 1" },
        { "RTX-PRO-6000-96GB", "1g.24gb@0", "2g.48gb", 6, NULL },
        { "RTX-PRO-4500-32GB", "", "1g.16gb", 0, "where a 1g.16gb may stand on the RTX-PRO-4500-32GB is not published" },
};

static void refuses_what_hardware_refuses(void **state) {
        (void)state;
        for (unsigned i = 0; i < ARRAY_SIZE(cases); i++) {
                struct layout layout = layout_from_text(cases[i].gpu, cases[i].has);
                struct err e = { 0 };
                int r = layout_can_add(&layout, slice_at(layout.model, cases[i].add, cases[i].start), &e);
                if (cases[i].refused)
                        assert_refused(r, &e, cases[i].refused);
                else
                        assert_int_equal(r, 0);
        }
}

static void add_and_remove_keep_the_order(void **state) {
        (void)state;
        struct layout layout = layout_from_text("A100-40GB", "3g.20gb@4,1g.5gb@2,1g.5gb@0");
        const struct layout before = layout;
        struct err e = { 0 };
        char text[LAYOUT_TEXT_MAX];

        layout_print(&layout, text, sizeof text);
        assert_string_equal(text, "1g.5gb@0,1g.5gb@2,3g.20gb@4");
        assert_refused(layout_add(&layout, slice_at(layout.model, "1g.5gb", 5), &e), &e, "would overlap the 3g.20gb at 4");
        assert_true(same_slices(&layout, &before));
        assert_ok(layout_add(&layout, slice_at(layout.model, "1g.5gb", 1), &e), &e);
        layout_remove(&layout, 0);
        layout_print(&layout, text, sizeof text);
        assert_string_equal(text, "1g.5gb@1,1g.5gb@2,3g.20gb@4");
        assert_int_equal(layout.count, 3);
}

/* What counts as free is what layout_can_add allows: asked for every layout, profile and start of every GPU. */
static int compare_free(const struct layout *layout, void *context) {
        unsigned *layouts = context;
        uint8_t counts[GPU_PROFILES_MAX];
        layout_free_placements(layout, counts);
        for (unsigned i = 0; i < layout->model->profile_count; i++) {
                unsigned allowed = 0;
                struct err e;
                for (uint8_t start = 0; start < 16; start++)
                        allowed += layout_can_add(layout, (struct slice){ &layout->model->profiles[i], start }, &e) == 0;
                if (counts[i] != allowed)
                        return 1;
        }
        ++*layouts;
        return 0;
}

static void free_placements_are_those_that_can_be_added(void **state) {
        (void)state;
        static const char *const keys[] = { "A30-24GB", "A100-40GB", "RTX-PRO-6000-96GB", "RTX-PRO-4500-32GB" };
        unsigned layouts = 0;
        for (unsigned i = 0; i < ARRAY_SIZE(keys); i++)
                assert_int_equal(layout_each(gpu_model_find(keys[i]), compare_free, &layouts), 0);
        assert_int_equal(layouts, 76 + 2319 + 717 + 1);
}

/* Sequences of automatic placements captured on real A100, H100, H200 and GH200: profile ids as created, and where each slice went (the
 * captures give instance ids, which encode start and size). 255: refused. */
static const struct {
        uint8_t count, ids[8], starts[8];
} observed[] = {
        { 7, { 19, 19, 19, 19, 19, 19, 19 }, { 6, 4, 5, 0, 1, 2, 3 } },
        { 3, { 19, 14, 5 }, { 6, 4, 0 } },
        { 4, { 9, 19, 14, 19 }, { 4, 0, 2, 1 } },
        { 6, { 14, 19, 19, 19, 19, 19 }, { 4, 6, 0, 1, 2, 3 } },
        { 2, { 9, 9 }, { 4, 0 } },
        { 4, { 9, 14, 19, 19 }, { 4, 0, 2, 3 } },
        { 3, { 15, 15, 15 }, { 4, 0, 2 } },
        { 4, { 19, 19, 14, 9 }, { 6, 4, 0, 255 } },
};

static const struct gpu_profile *profile_of_id(const struct gpu_model *model, unsigned id) {
        for (unsigned i = 0; i < model->profile_count; i++)
                if (model->profiles[i].id == id)
                        return &model->profiles[i];
        return NULL;
}

static void best_start_is_where_the_driver_puts_it(void **state) {
        (void)state;
        static const char *const keys[] = { "A100-40GB", "A100-80GB", "H100-80GB", "H200-141GB", "GH200-96GB" };
        for (unsigned k = 0; k < ARRAY_SIZE(keys); k++)
                for (unsigned i = 0; i < ARRAY_SIZE(observed); i++) {
                        struct layout layout = { .model = gpu_model_find(keys[k]) };
                        for (unsigned n = 0; n < observed[i].count; n++) {
                                const struct gpu_profile *profile = profile_of_id(layout.model, observed[i].ids[n]);
                                struct err e = { 0 };
                                uint8_t start = 255;
                                int r = layout_best_start(&layout, profile, &start, &e);
                                assert_int_equal(start, observed[i].starts[n]);
                                if (start == 255)
                                        assert_refused(r, &e, "no place is left for a 3g");
                                else
                                        assert_ok(layout_add(&layout, (struct slice){ profile, start }, &e), &e);
                        }
                }

        /* A30: the first 1g became instance 3, which is start 0. */
        struct layout a30 = { .model = gpu_model_find("a30") };
        struct err e = { 0 };
        uint8_t start = 255;
        assert_ok(layout_best_start(&a30, gpu_profile_find(a30.model, "1g.6gb"), &start, &e), &e);
        assert_int_equal(start, 0);
}

static const struct {
        const char *text, *error;
} texts[] = {
        { "1g.10gb", "'1g.10gb' is not a slice" },
        { "1g.10gb@", "'1g.10gb@' is not a slice" },
        { "@0", "'@0' is not a slice" },
        { "1g.10gb@x", "'x' is not a memory slice" },
        { "1g.10gb@00", "is not a slice" },
        { "1g.10gb@0,", "'' is not a slice" },
        { ",1g.10gb@0", "'' is not a slice" },
        { "1g.10gb@0 ,1g.10gb@1", "is not a slice" },
        { "1g.5gb@0", "the A100-80GB has no profile '1g.5gb'" },
        { "1g.10gb@0,1g.10gb@0", "would overlap" },
        { "1g.10gb@99", "cannot start at memory slice 99" },
};

static void bad_texts_are_explained(void **state) {
        (void)state;
        for (unsigned i = 0; i < ARRAY_SIZE(texts); i++) {
                struct layout layout = { 0 };
                struct err e = { 0 };
                assert_refused(layout_parse(gpu_model_find("A100-80GB"), texts[i].text, &layout, &e), &e, texts[i].error);
                assert_null(layout.model);
        }
}

static int print_and_read_back(const struct layout *layout, void *context) {
        char text[LAYOUT_TEXT_MAX];
        struct layout again;
        struct err e;
        (void)context;
        layout_print(layout, text, sizeof text);
        return layout_parse(layout->model, text, &again, &e) < 0 || !same_slices(&again, layout);
}

static void every_layout_survives_print_and_parse(void **state) {
        (void)state;
        assert_int_equal(layout_each(gpu_model_find("A100-80GB"), print_and_read_back, NULL), 0);
        assert_int_equal(layout_each(gpu_model_find("RTX-PRO-6000-96GB"), print_and_read_back, NULL), 0);

        char text[16];
        struct layout layout = layout_from_text("A100-80GB", "1g.10gb@0,3g.40gb@4");
        layout_print(&layout, text, sizeof text);
        assert_string_equal(text, "1g.10gb@0,3g.40");
}

/* A driver may tell of a profile that needs more than its GPU has. */
static void a_model_may_contradict_itself(void **state) {
        (void)state;
        struct gpu_model model = *gpu_model_find("A30-24GB");
        struct gpu_profile profiles[GPU_PROFILES_MAX];
        struct layout layout = { .model = &model };
        struct err e = { 0 };

        memcpy(profiles, model.profiles, model.profile_count * sizeof *profiles);
        model.profiles = profiles;
        struct slice slice = slice_at(&model, "1g.6gb", 0);
        profiles[slice.profile->index].engines[GPU_ENGINE_DECODE] = 100;
        assert_int_equal(layout_can_add(&layout, slice, &e), -ERR_IMPOSSIBLE);
        assert_refused(-1, &e, "1g.6gb needs 100 decode engines, and the A30-24GB has 4");
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(refuses_what_hardware_refuses),
                cmocka_unit_test(add_and_remove_keep_the_order),
                cmocka_unit_test(free_placements_are_those_that_can_be_added),
                cmocka_unit_test(best_start_is_where_the_driver_puts_it),
                cmocka_unit_test(bad_texts_are_explained),
                cmocka_unit_test(every_layout_survives_print_and_parse),
                cmocka_unit_test(a_model_may_contradict_itself),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
