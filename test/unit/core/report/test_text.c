#include "base/utf8.h"
#include "core/report/report.h"

#include "../../unit.h"
#include "fixture.h"

static void trace(struct fixture *f) {
        fixture_trace(f, 125, 150);
}

static void (*const plans[])(struct fixture *) = { fixture_cluster, fixture_hostile, trace, fixture_nothing };
static const unsigned widths[] = { 60, 80, 132 };

/* No line is wider than asked for, ends in a blank, or carries a byte that a terminal would obey. */
static void check_page(const char *text, unsigned columns) {
        for (const char *line = text; *line;) {
                size_t bytes = strcspn(line, "\n");
                char *copy = mem_strndup(line, bytes);
                if (utf8_columns(copy) > columns || (bytes && copy[bytes - 1] == ' '))
                        fail_msg("at %u columns: [%s]", columns, copy);
                for (size_t i = 0; i < bytes; i++)
                        if ((unsigned char)copy[i] < 0x20)
                                fail_msg("byte %u in [%s]", (unsigned char)copy[i], copy);
                assert_null(strstr(copy, "\u202e"));
                free(copy);
                line += bytes + 1;
        }
}

static void fits_the_page_and_stays_harmless(void **state) {
        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(plans); i++) {
                struct fixture f;
                plans[i](&f);
                for (size_t k = 0; k < 2 * ARRAY_SIZE(widths); k++) {
                        struct report_style style = { .columns = widths[k / 2], .verbose = k % 2 };
                        struct buf b = BUF(REPORT_BYTES_MAX);
                        report_text(&f.plan, &style, &b);
                        for (size_t w = 0; w < f.plan.workload_count; w++)
                                report_explain(&f.plan, w, &style, &b);
                        assert_false(buf_overflowed(&b));
                        check_page(buf_text(&b), style.columns);
                        buf_done(&b);
                }
                fixture_done(&f);
        }
}

static void assert_says(const struct buf *b, const char *const *parts) {
        for (; *parts; parts++)
                if (!strstr(buf_text(b), *parts))
                        fail_msg("does not say \"%s\":\n%s", *parts, buf_text(b));
}

static void says_what_matters(void **state) {
        (void)state;
        static const char *const parts[] = {
                "  $204.13/h → $87.28/h    saves 57 %, $1.0M a year\n",
                "Proven within 0.31 % of the cheapest possible plan",
                "      20  g6.4xlarge              1 × L4                      $1.32       $26.46\n",
                "GPU 0-1  MIG: 2g.20gb, 2 × 1g.10gb, 3g.40gb\n",
                "GPU 3    empty\n",
                "lab/giant ×2: asks for 16 GPUs",
                "(+0.65 %)",
                "carve plan … --explain serving/chat-api\n",
                NULL,
        };
        struct fixture f;
        struct buf b = BUF(1 << 20);

        fixture_cluster(&f);
        report_text(&f.plan, &(struct report_style){ .columns = 80 }, &b);
        assert_says(&b, parts);
        buf_done(&b);
        fixture_done(&f);
}

static void explains_one_decision(void **state) {
        (void)state;
        static const char *const parts[] = {
                "40 at most, 8 at least",
                "p50 4.0 GiB, p99 5.9 GiB",
                "p50 30 %, p95 60 % of an L4",
                "fleet.yaml:12",
                "$0.43  chosen",
                "72 % of the SMs of an L4 are more than a T4 has.",
                "2 pods on each of 20 g6.4xlarge, beside 1 other workload",
                "$278K a year less", /* (52.93 - 21.17) x 8760 = 278,218 */
                NULL,
        };
        struct fixture f;
        struct buf b = BUF(1 << 20);

        fixture_cluster(&f);
        report_explain(&f.plan, 0, &(struct report_style){ .columns = 80 }, &b);
        assert_says(&b, parts);
        buf_done(&b);
        fixture_done(&f);
}

static void colours_only_when_asked(void **state) {
        (void)state;
        struct fixture f;
        struct buf plain = BUF(1 << 20), colored = BUF(1 << 20);

        fixture_cluster(&f);
        report_text(&f.plan, &(struct report_style){ .columns = 80 }, &plain);
        report_text(&f.plan, &(struct report_style){ .columns = 80, .color = true }, &colored);
        assert_null(strchr(buf_text(&plain), '\x1b'));
        assert_non_null(strstr(buf_text(&colored), "\x1b[32msaves 57 %"));
        /* Without its colours it is the same page, but for blanks that a colour ends in. */
        size_t k = 0;
        for (size_t i = 0; i < colored.length; i++) {
                if (colored.text[i] == '\x1b')
                        i = (size_t)(strchr(colored.text + i, 'm') - colored.text);
                else if (colored.text[i] == plain.text[k])
                        k++;
                else
                        assert_int_equal(colored.text[i], ' ');
        }
        assert_int_equal(k, plain.length);
        buf_done(&plain), buf_done(&colored);
        fixture_done(&f);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(fits_the_page_and_stays_harmless),
                cmocka_unit_test(says_what_matters),
                cmocka_unit_test(explains_one_decision),
                cmocka_unit_test(colours_only_when_asked),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
