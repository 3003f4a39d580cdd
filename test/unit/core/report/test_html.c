#include "core/report/html.h"

#include "../../unit.h"
#include "core/report/report.h"
#include "fixture.h"

static void text_stays_text(void **state) {
        (void)state;
        static const struct {
                const char *text, *html;
        } cases[] = {
                { "plain ü →", "plain ü →" },
                { "<b a='x' b=\"y\">&amp;`", "&lt;b a=&#39;x&#39; b=&quot;y&quot;&gt;&amp;amp;&#96;" },
                { "</script>", "&lt;/script&gt;" },
                { "a\xff\x1b[0m\u202e", "a\uFFFD\uFFFD[0m\uFFFD" },
        };

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                struct buf b = BUF(1000);
                html_text(&b, cases[i].text);
                assert_string_equal(buf_text(&b), cases[i].html);
                buf_done(&b);
        }
}

static void paths_may_break_after_a_slash(void **state) {
        (void)state;
        struct buf b = BUF(1000);

        html_name(&b, "Kind/a<b/c");
        assert_string_equal(buf_text(&b), "Kind/<wbr>a&lt;b/<wbr>c");
        buf_done(&b);
}

/* How often `tag` occurs ("<b>", "</b>"). Not by strstr(), which under AddressSanitizer measures the rest of the text each time. */
static unsigned count(const char *text, const char *tag) {
        size_t bytes = strlen(tag);
        unsigned n = 0;

        for (const char *at = text; *at; at++)
                n += *at == '<' && !strncmp(at, tag, bytes);
        return n;
}

static void trace(struct fixture *f) {
        fixture_trace(f, 2100, 320); /* past what is shown and drawn */
}

/* Elements that enclose others are closed as often as they are opened, and only the script that is built in is one. */
static void elements_are_closed(void **state) {
        (void)state;
        static void (*const plans[])(struct fixture *) = { fixture_cluster, fixture_hostile, trace, fixture_nothing };
        static const char *const elements[] = { "section", "table", "thead", "tbody",   "tr",     "ul",     "ol",
                                                "li",      "div",   "svg",   "details", "b",      "p",      "span",
                                                "small",   "h2",    "h3",    "main",    "header", "script", "style" };

        for (size_t i = 0; i < ARRAY_SIZE(plans); i++) {
                struct fixture f;
                struct buf b = BUF(REPORT_BYTES_MAX);
                plans[i](&f);
                report_html(&f.plan, &b);
                assert_false(buf_overflowed(&b));
                for (size_t k = 0; k < ARRAY_SIZE(elements); k++) {
                        char bare[32], open[32], close[32];
                        snprintf(bare, sizeof bare, "<%s>", elements[k]);
                        snprintf(open, sizeof open, "<%s ", elements[k]);
                        snprintf(close, sizeof close, "</%s>", elements[k]);
                        assert_int_equal(count(buf_text(&b), bare) + count(buf_text(&b), open), count(buf_text(&b), close));
                }
                assert_int_equal(count(buf_text(&b), "<script"), 1);
                assert_null(strstr(buf_text(&b), "<img"));
                assert_null(strstr(buf_text(&b), " style="));
                buf_done(&b);
                fixture_done(&f);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(text_stays_text),
                cmocka_unit_test(paths_may_break_after_a_slash),
                cmocka_unit_test(elements_are_closed),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
