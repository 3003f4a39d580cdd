#include "core/migparted/want.h"

#include "../../unit.h"

static struct want_gpu gpu_of(const char *key, unsigned index) {
        const struct gpu_model *model = gpu_model_find(key);

        assert_non_null(model);
        return (struct want_gpu){ .index = index,
                                  .product = model->product,
                                  .device = model->pci_ids[0],
                                  .vendor = PCI_VENDOR_NVIDIA,
                                  .model = gpu_has_mig(model) ? model : NULL };
}

static const char *cut_text(const struct compute_cut *cut, char text[64]) {
        size_t used = 0;

        text[0] = '\0';
        for (unsigned n = 1; n <= COMPUTE_SLICES_MAX; n++)
                for (unsigned i = 0; i < cut->of[n]; i++)
                        used += (size_t)snprintf(text + used, 64 - used, "%s%uc", used ? "+" : "", n);
        return text;
}

/* "3g.40gb@4(1c+2c) 1g.10gb" in the order they are in; '-' for MIG off, "" when nothing is said. */
static const char *want_text(const struct want *want, char text[512]) {
        size_t used = 0;
        char cut[64];

        snprintf(text, 512, "%s", want->said ? want->mig ? "on" : "off" : "nothing");
        used = strlen(text);
        for (unsigned i = 0; i < want->slice_count; i++) {
                const struct change_to *s = &want->slices[i];
                const struct compute_cut whole = compute_whole(s->profile);
                used += (size_t)snprintf(text + used, 512 - used, " %s", s->profile->name);
                if (s->start != CHANGE_ANYWHERE)
                        used += (size_t)snprintf(text + used, 512 - used, "@%u", s->start);
                if (!compute_equal(&s->cut, &whole))
                        used += (size_t)snprintf(text + used, 512 - used, "(%s)", cut_text(&s->cut, cut));
        }
        return text;
}

typedef int (*want_maker)(const char *text, const struct want_gpu *gpu, struct want *ret_want, struct err *e);

struct row {
        const char *gpu, *text, *want, *refused;
};

static void check_rows(const struct row *rows, size_t count, want_maker make) {
        for (size_t i = 0; i < count; i++) {
                const struct want_gpu gpu = gpu_of(rows[i].gpu, 0);
                struct want want;
                struct err e = { 0 };
                char text[512];
                int r = make(rows[i].text, &gpu, &want, &e);
                if (rows[i].refused) {
                        assert_refused(r, &e, rows[i].refused);
                        continue;
                }
                assert_ok(r, &e);
                assert_string_equal(want_text(&want, text), rows[i].want);
        }
}

/* all-balanced: mig-parted's own expectations (pkg/mig/builder/balanced_test.go). */
static void presets_mean_what_everybody_takes_them_for(void **state) {
        (void)state;
        static const struct row rows[] = {
                { "A30-24GB", "all-balanced", "on 2g.12gb 1g.6gb 1g.6gb", NULL },
                { "A100-40GB", "all-balanced", "on 3g.20gb 2g.10gb 1g.5gb 1g.5gb", NULL },
                { "A100-80GB", "all-balanced", "on 3g.40gb 2g.20gb 1g.10gb 1g.10gb", NULL },
                { "H100-80GB", "all-balanced", "on 3g.40gb 2g.20gb 1g.10gb 1g.10gb", NULL },
                { "H100-NVL-94GB", "all-balanced", "on 3g.47gb 2g.24gb 1g.12gb 1g.12gb", NULL },
                { "H200-141GB", "all-balanced", "on 3g.71gb 2g.35gb 1g.18gb 1g.18gb", NULL },
                { "B200-180GB", "all-balanced", "on 3g.90gb 2g.45gb 1g.23gb 1g.23gb", NULL },
                { "RTX-PRO-6000-96GB", "all-balanced", "on 2g.48gb 1g.24gb 1g.24gb", NULL },
                { "A100-40GB", "all-disabled", "off", NULL },
                { "A100-40GB", "all-enabled", "on", NULL },
                { "A100-40GB", "all-1g.10gb", "on 1g.10gb 1g.10gb 1g.10gb 1g.10gb", NULL },
                { "A100-80GB", "all-1g.10gb.me", "on 1g.10gb+me", NULL },
                { "A100-80GB", "all-1g.10gb+me", "on 1g.10gb+me", NULL },
                { "RTX-PRO-6000-96GB", "all-1g.24gb.me.all", "on 1g.24gb+me.all", NULL },
                { "RTX-PRO-6000-96GB", "all-1g.24gb-me", "on 1g.24gb-me 1g.24gb-me 1g.24gb-me 1g.24gb-me", NULL },
                { "l4", "all-1g.10gb", "on", NULL },
                { "A100-40GB", "all-1g.6gb", NULL, "no preset 'all-1g.6gb' for GPU 0 (NVIDIA A100-SXM4-40GB) (did you mean all-1g.5gb" },
                { "A100-40GB", "all-balance", NULL, "(did you mean all-balanced" },
        };

        check_rows(rows, ARRAY_SIZE(rows), want_from_preset);
}

static void layouts_are_written_as_text(void **state) {
        (void)state;
        static const struct row rows[] = {
                { "A100-80GB", "1g.10gb@0,3g.40gb@4", "on 3g.40gb@4 1g.10gb@0", NULL },
                { "A100-80GB", "1g.10gb:2,3g.40gb:1", "on 3g.40gb 1g.10gb 1g.10gb", NULL },
                { "A100-80GB", "3g.40gb", "on 3g.40gb", NULL },
                { "A100-80GB", "1g.10gb:0", "on", NULL },
                { "A100-80GB", "1c.3g.40gb:3", "on 3g.40gb(1c+1c+1c)", NULL },
                { "A100-80GB", "1c.3g.40gb:2,2c.3g.40gb", "on 3g.40gb(1c+2c) 3g.40gb(1c)", NULL },
                { "A100-80GB", "1c.3g.40gb@4,2c.3g.40gb@4,3g.40gb@0", "on 3g.40gb@0 3g.40gb@4(1c+2c)", NULL },
                { "A100-80GB", "1c.3g.40gb:4", "on 3g.40gb(1c+1c+1c) 3g.40gb(1c)", NULL },
                { "A100-80GB", "7c.7g.80gb", "on 7g.80gb", NULL },
                { "A100-80GB", "5c.7g.80gb", NULL, "has no slices '5c.7g.80gb'" },
                { "A100-80GB", "1g.5gb", NULL, "GPU 0 (NVIDIA A100-SXM4-80GB) has no slices '1g.5gb' (did you mean" },
                { "A100-80GB", "half", NULL, "'half' is neither a preset nor a slice: write PROFILE" },
                { "A100-80GB", "1g.10gb@", NULL, "'1g.10gb@' is no slice" },
                { "A100-80GB", "1g.10gb:-1", NULL, "'1g.10gb:-1' is no slice" },
                { "A100-80GB", "1g.10gb,", NULL, "'' is neither" },
                { "A100-80GB", "", NULL, "'' is neither" },
                { "A100-80GB", "1g.10gb:99", NULL, "cannot hold 99 slices" },
        };

        check_rows(rows, ARRAY_SIZE(rows), want_from_text);
}

static void read_file(const char *name, const char *text, struct migparted_file *file) {
        struct err e = { 0 };

        assert_ok(migparted_file_read(name, text, strlen(text), file, &e), &e);
}

static void the_last_entry_that_means_a_gpu_counts(void **state) {
        (void)state;
        static const char text[] = "version: v1\n"
                                   "mig-configs:\n"
                                   "  a:\n"
                                   "  - {devices: all, mig-enabled: false}\n"
                                   "  - {devices: [1, 2], mig-enabled: true, mig-devices: {1g.10gb: 2}}\n"
                                   "  - {device-filter: \"0x233010DE\", devices: [2], mig-enabled: true, mig-devices: {3g.40gb: 1}}\n"
                                   "  b:\n"
                                   "  - {devices: [0], mig-enabled: true, mig-devices: {1g.5gb: 1, 1g.10gb: 1}}\n";
        static const struct {
                unsigned config, index;
                const char *gpu, *want;
        } rows[] = {
                { 0, 0, "A100-80GB", "off" },
                { 0, 1, "A100-80GB", "on 1g.10gb 1g.10gb" },
                { 0, 2, "A100-80GB", "on 1g.10gb 1g.10gb" },
                { 0, 2, "H100-80GB", "on 3g.40gb" },
                { 1, 1, "A100-80GB", "nothing" },
                { 1, 0, "A100-40GB", "on 1g.10gb 1g.5gb" },
        };
        struct migparted_file file;
        struct want want;
        struct err e = { 0 };
        char written[512];

        read_file("f.yaml", text, &file);
        for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
                const struct want_gpu gpu = gpu_of(rows[i].gpu, rows[i].index);
                assert_ok(want_from_config(&file, &file.configs[rows[i].config], &gpu, &want, &e), &e);
                assert_string_equal(want_text(&want, written), rows[i].want);
        }
        const struct want_gpu a100 = gpu_of("A100-80GB", 0);
        int r = want_from_config(&file, &file.configs[1], &a100, &want, &e);
        assert_int_equal(r, -ERR_IMPOSSIBLE);
        assert_refused(r, &e, "f.yaml:8:53: GPU 0 (NVIDIA A100-SXM4-80GB) has no slices '1g.5gb'");
        migparted_file_done(&file);
}

/* Every configuration of mig-parted's own file, on every GPU of the catalogue: where it says what this GPU gets, the preset of that name
 * says the same, and where it has slices that this GPU has not, there is no such preset. */
static void presets_are_those_of_mig_parted(void **state) {
        (void)state;
        FILE *f = fopen(TEST_DATA "/mig-parted/config-default.yaml", "r");
        _cleanup_free_ char *text = mem_zalloc(1, 1u << 20);
        unsigned same = 0, neither = 0;
        struct migparted_file file;

        assert_non_null(f);
        assert_true(fread(text, 1, (1u << 20) - 1, f) > 0);
        fclose(f);
        read_file("config-default.yaml", text, &file);
        for (size_t m = 0; m < gpu_model_count(); m++)
                for (unsigned c = 0; gpu_has_mig(gpu_model_at(m)) && c < file.config_count; c++) {
                        const struct want_gpu gpu = gpu_of(gpu_model_at(m)->key, 0);
                        struct want theirs, ours;
                        struct err e = { 0 };
                        char theirs_text[512], ours_text[512];
                        int r = want_from_config(&file, &file.configs[c], &gpu, &theirs, &e);
                        int p = want_from_preset(file.configs[c].name, &gpu, &ours, &e);
                        if (r == 0 && theirs.said) {
                                if (p < 0)
                                        fail_msg("%s on %s: %s", file.configs[c].name, gpu.model->key, e.text);
                                assert_string_equal(want_text(&ours, ours_text), want_text(&theirs, theirs_text));
                                same++;
                        } else if (r < 0) {
                                if (p == 0)
                                        fail_msg("%s on %s: mig-parted has it not", file.configs[c].name, gpu.model->key);
                                neither++;
                        }
                }
        assert_true(same > 150 && neither > 500);
        migparted_file_done(&file);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(presets_mean_what_everybody_takes_them_for),
                cmocka_unit_test(layouts_are_written_as_text),
                cmocka_unit_test(the_last_entry_that_means_a_gpu_counts),
                cmocka_unit_test(presets_are_those_of_mig_parted),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
