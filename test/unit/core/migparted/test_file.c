#include "core/migparted/file.h"

#include "../../unit.h"

/* A whole file of the test data; freed by the caller. */
static char *load(const char *name) {
        _cleanup_free_ char *path = mem_printf("%s/mig-parted/%s", TEST_DATA, name);
        FILE *f = fopen(path, "r");
        char *text = mem_zalloc(1, 1u << 20);

        assert_non_null(f);
        assert_true(fread(text, 1, (1u << 20) - 1, f) > 0);
        fclose(f);
        return text;
}

/* Words of mig-parted that carve does not repeat: those of Go's JSON and YAML readers. */
static bool of_the_language(const char *words) {
        static const char *const begins[] = { "json: ", "(json: ", "error converting YAML" };

        for (unsigned i = 0; i < ARRAY_SIZE(begins); i++)
                if (strncmp(words, begins[i], strlen(begins[i])) == 0)
                        return true;
        return false;
}

static void check_verdict(const char *verdict, const char *name, char *words, const char *text) {
        struct migparted_file file = { 0 };
        const struct migparted_config *config;
        struct err e = { 0 };
        char *nil = strstr(words, ": <nil>");

        if (nil)
                *nil = '\0';
        int r = migparted_file_read("-", text, strlen(text), &file, &e);
        if (r >= 0)
                r = migparted_file_select(&file, "a", &config, &e);
        migparted_file_done(&file);
        if ((r >= 0) != (strcmp(verdict, "accept") == 0))
                fail_msg("%s: mig-parted would %s it (%s), carve says: %s", name, verdict, words, r < 0 ? e.text : "fine");
        if (r < 0 && !of_the_language(words) && !strstr(e.text, words))
                fail_msg("%s: mig-parted says \"%s\", carve says \"%s\"", name, words, e.text);
}

static void takes_and_refuses_what_mig_parted_does(void **state) {
        (void)state;
        _cleanup_free_ char *data = load("verdicts.txt");
        char *next = strstr(data, "\n=== "), empty[] = "";
        unsigned count = 0;

        while (next) {
                char *verdict = next + 5, *text = strchr(verdict, '\n') + 1;
                next = strstr(text - 1, "\n=== ");
                if (next && next < text)
                        text = empty;
                else if (next)
                        next[1] = '\0'; /* the newline before "===" belongs to the file */
                *strchr(verdict, '\n') = '\0';
                char *name = strstr(verdict, " | "), *words = strstr(name + 3, " | ");
                *name = *words = '\0';
                check_verdict(verdict, name + 3, words + 3, text);
                count++;
        }
        assert_int_equal(count, 206);
}

static void reads_every_field(void **state) {
        (void)state;
        static const char text[] = "version: v1\n"
                                   "mig-configs:\n"
                                   "  half:\n"
                                   "  - device-filter: [\"0x233010DE\", \"0x20B010DE:0x134F10DE\"]\n"
                                   "    devices: [0, 3]\n"
                                   "    mig-enabled: true\n"
                                   "    mig-devices: {\"1c.3g.40gb\": 2, \"1g.10gb+me\": 1}\n"
                                   "  - devices: all\n"
                                   "    mig-enabled: false\n";
        struct migparted_file file;
        const struct migparted_config *config;
        struct err e = { 0 };

        assert_ok(migparted_file_read("f.yaml", text, strlen(text), &file, &e), &e);
        assert_ok(migparted_file_select(&file, NULL, &config, &e), &e);
        assert_string_equal(config->name, "half");
        assert_int_equal(config->entry_count, 2);
        const struct migparted_entry *entry = &config->entries[0];
        assert_int_equal(entry->line, 4);
        assert_int_equal(entry->filter_count, 2);
        assert_int_equal(entry->filters[0].device, 0x2330);
        assert_int_equal(entry->filters[1].board, 0x134F);
        assert_false(entry->all);
        assert_int_equal(entry->indexes[1], 3);
        assert_true(entry->mig);
        assert_int_equal(entry->slices[0].name.compute, 1);
        assert_int_equal(entry->slices[0].name.slices, 3);
        assert_int_equal(entry->slices[0].count, 2);
        assert_string_equal(entry->slices[1].name.attributes, "me");
        assert_int_equal(entry->slices[1].column, 36);
        assert_true(config->entries[1].all);
        assert_false(config->entries[1].mig);
        migparted_file_done(&file);
}

static void says_where_and_what_was_meant(void **state) {
        (void)state;
        static const struct {
                const char *text, *says;
        } cases[] = {
                { "version: v1\nmig-config: {}\n", "f.yaml:2:1: unexpected field: mig-config (did you mean mig-configs?)" },
                { "version: v1\nmig-configs:\n  a:\n  - devices: all\n    mig-enabled: maybe\n",
                  "f.yaml:5:18: mig-enabled: expected true or false, found a string" },
                { "version: v1\nmig-configs:\n  a:\n  - devices: all\n    mig-enabled: true\n    mig-devices: {1g.10: 2}\n",
                  "f.yaml:6:19: error validating values in 'mig-devices' field: invalid format for '1g.10': cannot parse fields of "
                  "'1g.10': missing 'gb' from '%dgb'" },
                { "version: v1\nversion: v1\n", "f.yaml:2:1: " },
        };

        for (unsigned i = 0; i < ARRAY_SIZE(cases); i++) {
                struct migparted_file file;
                struct err e = { 0 };
                int r = migparted_file_read("f.yaml", cases[i].text, strlen(cases[i].text), &file, &e);
                assert_int_equal(r, -ERR_INPUT);
                assert_refused(r, &e, cases[i].says);
        }
}

static void selects_by_name(void **state) {
        (void)state;
        static const char text[] = "version: v1\nmig-configs:\n  half: [{devices: all, mig-enabled: false}]\n  full: [{devices: all, "
                                   "mig-enabled: true, mig-devices: {}}]\n";
        struct migparted_file file;
        const struct migparted_config *config = NULL;
        struct err e = { 0 };

        assert_ok(migparted_file_read("f.yaml", text, strlen(text), &file, &e), &e);
        assert_ok(migparted_file_select(&file, "full", &config, &e), &e);
        assert_string_equal(config->name, "full");
        int r = migparted_file_select(&file, "", &config, &e);
        assert_int_equal(r, -ERR_USAGE);
        assert_refused(r, &e, "missing required flag 'selected-config' when more than one config available");
        r = migparted_file_select(&file, "hall", &config, &e);
        assert_int_equal(r, -ERR_INPUT);
        assert_refused(r, &e, "selected mig-config not present: hall (did you mean half");
        migparted_file_done(&file);
}

/* mig-parted's own tests (pkg/types/device_test.go) and Go's notation of numbers. */
static void filters_mean_devices(void **state) {
        (void)state;
        static const struct {
                const char *filter;
                uint16_t device, vendor, board, board_vendor;
                bool matches;
        } cases[] = {
                { "0x25B610DE", 0x25B6, 0x10DE, 0x14A9, 0x10DE, true },
                { "0x25B610DE:0x14A910DE", 0x25B6, 0x10DE, 0x14A9, 0x10DE, true },
                { "0x25B610DE:0x14A910DE", 0x25B6, 0x10DE, 0x157E, 0x10DE, false },
                { "0x25B610DE:0x14A910DE", 0x25B6, 0x10DE, 0, 0, false },
                { "0x25B610DE:0x00000000", 0x25B6, 0x10DE, 0, 0, true },
                { "0x25B610DE:0", 0x25B6, 0x10DE, 0, 0, true },
                { "0x1E3010DE", 0x25B6, 0x10DE, 0x14A9, 0x10DE, false },
                { "not-a-device-id", 0, 0, 0, 0, false },
                { "0x25B610DE:x", 0x25B6, 0x10DE, 0, 0, false },
                { "0x25B610DE:0x14A910DE:extra", 0x25B6, 0x10DE, 0x14A9, 0x10DE, false },
                { "0X25b610de", 0x25B6, 0x10DE, 0, 0, true },
                { "0x25B6_10DE", 0x25B6, 0x10DE, 0, 0, true },
                { "0x_25B610DE", 0x25B6, 0x10DE, 0, 0, true },
                { "0x25B6__10DE", 0x25B6, 0x10DE, 0, 0, false },
                { "0x25B610DE_", 0x25B6, 0x10DE, 0, 0, false },
                { "632688862", 0x25B6, 0x10DE, 0, 0, true },
                { "04555410336", 0x25B6, 0x10DE, 0, 0, true },
                { "25B610DE", 0x25B6, 0x10DE, 0, 0, false },
                { "0x125B610DE", 0x25B6, 0x10DE, 0, 0, false },
                { "", 0, 0, 0, 0, false },
                { "0x", 0, 0, 0, 0, false },
        };

        for (unsigned i = 0; i < ARRAY_SIZE(cases); i++) {
                struct device_filter filter = device_filter_parse(cases[i].filter);
                if (device_filter_matches(&filter, cases[i].device, cases[i].vendor, cases[i].board, cases[i].board_vendor) !=
                    cases[i].matches)
                        fail_msg("%s: not %s", cases[i].filter, cases[i].matches ? "matched" : "refused");
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(takes_and_refuses_what_mig_parted_does),
                cmocka_unit_test(reads_every_field),
                cmocka_unit_test(says_where_and_what_was_meant),
                cmocka_unit_test(selects_by_name),
                cmocka_unit_test(filters_mean_devices),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
