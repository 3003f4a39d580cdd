#include "base/utf8.h"

#include "../unit.h"

/* Widths are those of Unicode 15 EastAsianWidth.txt and general categories. */
static const struct {
        const char *text;
        size_t columns;
} widths[] = {
        { "", 0 },
        { "plain", 5 },
        { "größe", 5 },
        { "e\u0301", 1 },
        { "推論", 4 },
        { "한국", 4 },
        { "🚀x", 3 },
        { "→·…█", 4 },
        { "\xff\xfe", 2 },         /* each invalid byte is one U+FFFD */
        { "\xed\xa0\x80", 3 },     /* a surrogate is no character */
        { "\xc0\xaf", 2 },         /* nor is an overlong slash */
        { "\xf4\x90\x80\x80", 4 }, /* past U+10FFFF */
        { "a\xe2\x82", 3 },        /* cut off inside a character */
};

static void counts_columns(void **state) {
        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(widths); i++)
                if (utf8_columns(widths[i].text) != widths[i].columns)
                        fail_msg("row %zu: %zu columns", i, utf8_columns(widths[i].text));
}

static const struct {
        const char *text;
        size_t columns;
        const char *shown;
} cuts[] = {
        { "chat-api", 8, "chat-api" },
        { "chat-api", 7, "chat-a…" },
        { "推論サーバ", 6, "推論…" }, /* a wide character is not cut in two */
        { "x", 0, "" },
        { "red\x1b[31m", 9, "red\uFFFD[31m" },
        { "a\tb\nc", 9, "a b c" },
        { "evil\u202egnp.exe", 20, "evil\uFFFDgnp.exe" },
        { "caf\xe9", 9, "caf\uFFFD" },
};

static void shows_only_what_is_safe_to_show(void **state) {
        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(cuts); i++) {
                struct buf b = BUF(100);
                utf8_add_cut(&b, cuts[i].text, cuts[i].columns);
                assert_string_equal(buf_text(&b), cuts[i].shown);
                buf_done(&b);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(counts_columns),
                cmocka_unit_test(shows_only_what_is_safe_to_show),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
