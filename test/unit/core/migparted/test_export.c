#include "core/migparted/export.h"

#include "../../unit.h"

#define GPUS_MAX 64

static void add_devices(struct export_gpu *gpu, char *text) {
        for (char *item; (item = strsep(&text, ","));) {
                char *star = strchr(item, '*');
                if (!star)
                        continue;
                *star = '\0';
                for (unsigned long n = strtoul(star + 1, NULL, 10); n > 0; n--)
                        snprintf(gpu->devices[gpu->device_count++], EXPORT_NAME_MAX, "%s", item);
        }
}

/* "2330+1g.10gb*7;20B2-" */
static unsigned parse_gpus(char *text, struct export_gpu *gpus) {
        unsigned count = 0;

        for (char *item; (item = strsep(&text, ";"));) {
                if (!*item)
                        continue;
                gpus[count] = (struct export_gpu){ .index = count, .vendor = 0x10DE, .mig = item[4] == '+' };
                gpus[count].device = (uint16_t)strtoul((char[]){ item[0], item[1], item[2], item[3], 0 }, NULL, 16);
                add_devices(&gpus[count++], item + 5);
        }
        return count;
}

/* The answers are mig-parted's own (test/data/mig-parted/exports.txt). */
static void prints_what_mig_parted_prints(void **state) {
        (void)state;
        FILE *f = fopen(TEST_DATA "/mig-parted/exports.txt", "r");
        char *data = mem_zalloc(1, 1u << 20);
        struct export_gpu *gpus = mem_zalloc(GPUS_MAX, sizeof *gpus);
        unsigned cases = 0;

        assert_non_null(f);
        assert_true(fread(data, 1, (1u << 20) - 1, f) > 0);
        fclose(f);
        for (char *at = strstr(data, "\n=== "); at; cases++) {
                struct buf out = BUF(1u << 20);
                char *format = at + 5, *text = strchr(format, '\n') + 1;
                at = strstr(text, "\n=== ");
                if (at)
                        at[1] = '\0';
                text[-1] = '\0';
                char *label = strstr(format, " | "), *of = strstr(label + 3, " | ");
                *label = *of = '\0';
                _cleanup_free_ char *question = mem_strdup(of + 3);
                unsigned count = parse_gpus(of + 3, gpus);
                assert_true(migparted_label_ok(label + 3));
                migparted_export(gpus, count, label + 3, strcmp(format, "yaml") ? PRINT_JSON : PRINT_YAML, &out);
                if (strcmp(format, "json") == 0)
                        buf_addc(&out, '\n');
                if (strcmp(buf_text(&out), text) != 0)
                        fail_msg("%s of %s as %s:\n%s", format, question, label + 3, buf_text(&out));
                buf_done(&out);
        }
        assert_int_equal(cases, 56);
        free(gpus);
        free(data);
}

static void refuses_labels_that_need_care(void **state) {
        (void)state;
        static const char *const bad[] = { "", "-a", "a b", "a:b", "a\"b", "a\nb", ".a", "\xc3\xa9" };

        for (unsigned i = 0; i < ARRAY_SIZE(bad); i++)
                assert_false(migparted_label_ok(bad[i]));
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(prints_what_mig_parted_prints),
                cmocka_unit_test(refuses_labels_that_need_care),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
