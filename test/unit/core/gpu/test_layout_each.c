#include "core/gpu/layout.h"

#include "../../unit.h"

/* The lines of an enumeration, hashed as test/data/mig-oracle.py does. */
struct lines {
        const struct gpu_model *model;
        char **texts;
        size_t count, capacity;
};

static void add_line(struct lines *l, const char *text) {
        MEM_GROW(l->texts, l->count, l->capacity);
        l->texts[l->count++] = mem_strdup(text);
}

static int add_layout(const struct layout *layout, void *context) {
        char text[LAYOUT_TEXT_MAX];
        layout_print(layout, text, sizeof text);
        add_line(context, text);
        return 0;
}

static int add_counts(const uint8_t counts[GPU_PROFILES_MAX], void *context) {
        struct lines *l = context;
        char text[LAYOUT_TEXT_MAX] = "";
        size_t used = 0;
        for (unsigned i = 0; i < l->model->profile_count; i++)
                if (counts[i])
                        used += (size_t)snprintf(text + used, sizeof text - used, "%s%s*%u", used ? "," : "", l->model->profiles[i].name,
                                                 counts[i]);
        add_line(l, text);
        return 0;
}

static int compare_texts(const void *a, const void *b) {
        return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Sorts, hashes and frees the lines. */
static uint64_t take_hash(struct lines *l) {
        uint64_t hash = 0xcbf29ce484222325;
        qsort(l->texts, l->count, sizeof *l->texts, compare_texts);
        for (size_t i = 0; i < l->count; i++) {
                for (const char *p = l->texts[i]; *p; p++)
                        hash = (hash ^ (unsigned char)*p) * 0x100000001b3;
                hash = (hash ^ '\n') * 0x100000001b3;
                free(l->texts[i]);
        }
        free(l->texts);
        return hash;
}

/* Count and content of every enumeration of all 21 GPUs, against the brute force in Python. */
static void equals_the_brute_force(void **state) {
        (void)state;
        FILE *f = fopen(TEST_DATA "/mig-oracle.csv", "r");
        assert_non_null(f);
        char row[256], key[64];
        unsigned rows = 0;

        assert_non_null(fgets(row, sizeof row, f));
        while (fgets(row, sizeof row, f)) {
                unsigned count[3];
                unsigned long long hash[3];
                assert_int_equal(
                        sscanf(row, "%63[^,],%u,%llx,%u,%llx,%u,%llx", key, &count[0], &hash[0], &count[1], &hash[1], &count[2], &hash[2]),
                        7);
                struct lines lines[3] = { 0 };
                const struct gpu_model *model = gpu_model_find(key);
                assert_non_null(model);
                lines[2].model = model;
                assert_int_equal(layout_each(model, add_layout, &lines[0]), 0);
                assert_int_equal(layout_each_maximal(model, add_layout, &lines[1]), 0);
                assert_int_equal(layout_each_multiset(model, add_counts, &lines[2]), 0);
                for (unsigned i = 0; i < 3; i++) {
                        assert_int_equal(lines[i].count, count[i]);
                        assert_true(take_hash(&lines[i]) == hash[i]);
                }
                rows++;
        }
        fclose(f);
        assert_int_equal(rows, 21);
}

static int count_layout(const struct layout *layout, void *context) {
        (void)layout;
        ++*(unsigned *)context;
        return 0;
}

static int count_counts(const uint8_t counts[GPU_PROFILES_MAX], void *context) {
        (void)counts;
        ++*(unsigned *)context;
        return 0;
}

/* Counts known from elsewhere: 19 maximal layouts of an A100 without media and double-memory profiles is the number that papers quote. The
 * published counts of multisets leave the empty one out. */
static const struct {
        const char *key;
        uint32_t without; /* NVML profile enums, as bits */
        unsigned sets, maximal, multisets;
} known[] = {
        { "A100-40GB", 1u << 7 | 1u << 9, 298, 19, 37 + 1 },
        { "A100-80GB", 1u << 7 | 1u << 9, 298, 19, 37 + 1 },
        { "A100-40GB", 1u << 7, 723, 78, 77 + 1 },
        { "A100-40GB", 0, 2319, 239, 127 + 1 },
        { "H100-80GB", 0, 2319, 239, 127 + 1 },
        { "A30-24GB", 0, 76, 17, 19 + 1 },
        { "RTX-PRO-6000-96GB", 0, 717, 302, 114 + 1 },
        { "l4", 0, 1, 1, 1 },
};

static void counts_are_the_known_ones(void **state) {
        (void)state;
        for (unsigned i = 0; i < ARRAY_SIZE(known); i++) {
                struct gpu_model model = *gpu_model_find(known[i].key);
                struct gpu_profile profiles[GPU_PROFILES_MAX];
                unsigned kept = 0, sets = 0, maximal = 0, multisets = 0;

                for (unsigned p = 0; p < model.profile_count; p++)
                        if (!(known[i].without & 1u << model.profiles[p].nvml)) {
                                profiles[kept] = model.profiles[p];
                                profiles[kept].index = (uint8_t)kept;
                                kept++;
                        }
                model.profiles = profiles;
                model.profile_count = (uint8_t)kept;
                assert_int_equal(layout_each(&model, count_layout, &sets), 0);
                assert_int_equal(layout_each_maximal(&model, count_layout, &maximal), 0);
                assert_int_equal(layout_each_multiset(&model, count_counts, &multisets), 0);
                assert_int_equal(sets, known[i].sets);
                assert_int_equal(maximal, known[i].maximal);
                assert_int_equal(multisets, known[i].multisets);
        }
}

/* On real GPUs memory and engines keep every profile below its maximum. With 1g.6gb alone on an A30 and a maximum of 2, by hand: the empty
 * layout, 4 with one slice, 6 with two, and those 6 are maximal. */
static void the_maximum_counts(void **state) {
        (void)state;
        struct gpu_model model = *gpu_model_find("a30");
        struct gpu_profile profiles[] = { model.profiles[0], model.profiles[4] };
        unsigned sets = 0, maximal = 0, multisets = 0;

        profiles[0].max_count = 2;
        profiles[1].index = 1;
        profiles[1].max_count = 0;
        model.profiles = profiles;
        model.profile_count = ARRAY_SIZE(profiles);
        assert_string_equal(profiles[0].name, "1g.6gb");
        assert_string_equal(profiles[1].name, "4g.24gb");
        assert_int_equal(layout_each(&model, count_layout, &sets), 0);
        assert_int_equal(layout_each_maximal(&model, count_layout, &maximal), 0);
        assert_int_equal(layout_each_multiset(&model, count_counts, &multisets), 0);
        assert_int_equal(sets, 1 + 4 + 6);
        assert_int_equal(maximal, 6);
        assert_int_equal(multisets, 3);
}

static int stop_at_five(const struct layout *layout, void *context) {
        (void)layout;
        return ++*(unsigned *)context == 5 ? 42 : 0;
}

static int stop_at_three(const uint8_t counts[GPU_PROFILES_MAX], void *context) {
        (void)counts;
        return ++*(unsigned *)context == 3 ? -7 : 0;
}

static void a_visitor_can_stop(void **state) {
        (void)state;
        unsigned calls = 0;
        assert_int_equal(layout_each(gpu_model_find("a100"), stop_at_five, &calls), 42);
        assert_int_equal(calls, 5);
        calls = 0;
        assert_int_equal(layout_each_maximal(gpu_model_find("a100"), stop_at_five, &calls), 42);
        assert_int_equal(calls, 5);
        calls = 0;
        assert_int_equal(layout_each_multiset(gpu_model_find("a100"), stop_at_three, &calls), -7);
        assert_int_equal(calls, 3);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(equals_the_brute_force),
                cmocka_unit_test(counts_are_the_known_ones),
                cmocka_unit_test(the_maximum_counts),
                cmocka_unit_test(a_visitor_can_stop),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
