#include "core/doc/print.h"

#include <math.h>

#include "../../unit.h"

static void real(enum print_format format, double value, unsigned decimals, const char *expected) {
        struct buf b = BUF(1000);
        struct printer *p = printer_new(format, &b);

        print_real(p, value, decimals);
        printer_free(p);
        if (strncmp(buf_text(&b), expected, strlen(expected)) != 0 || buf_text(&b)[strlen(expected)] != '\n')
                fail_msg("%.17g with %u decimals: %s, not %s", value, decimals, buf_text(&b), expected);
        buf_done(&b);
}

static void reals_are_short(void **state) {
        (void)state;
        real(PRINT_JSON, 7163.3700000000008, 6, "7163.37");
        real(PRINT_JSON, 0.8048, 6, "0.8048");
        real(PRINT_JSON, 3, 6, "3");
        real(PRINT_JSON, 1000, 0, "1000"); /* no zeros lost before the point */
        real(PRINT_JSON, -0.0000001, 6, "0");
        real(PRINT_JSON, NAN, 6, "null");
        real(PRINT_JSON, INFINITY, 6, "null");
        real(PRINT_YAML, 0.1 + 0.2, 6, "0.3");
}

static void writes_blocks_and_lines(void **state) {
        (void)state;
        struct buf b = BUF(1000);
        struct printer *p = printer_new(PRINT_JSON, &b);

        print_map(p, PRINT_BLOCK);
        print_key(p, "empty"), print_seq(p, PRINT_BLOCK), print_end(p);
        print_key(p, "pods"), print_seq(p, PRINT_BLOCK);
        print_map(p, PRINT_LINE);
        print_key(p, "workload"), print_string(p, "a\"\n\x1b");
        print_key(p, "on"), print_seq(p, PRINT_BLOCK), print_int(p, 1), print_null(p), print_end(p);
        print_end(p);
        print_bool(p, true);
        print_end(p);
        print_end(p);
        printer_free(p);
        assert_string_equal(buf_text(&b),
                            "{\n  \"empty\": [],\n  \"pods\": [\n    {\"workload\": \"a\\\"\\n\\u001b\", \"on\": [1, null]},\n"
                            "    true\n  ]\n}\n");
        buf_done(&b);
}

/* What jansson itself reads from our text is the tree we gave it. */
static void a_tree_comes_back(void **state) {
        (void)state;
        json_t *tree = json_pack("{s:s, s:[i, f, f, b, n, {}], s:{s:s}}", "z", "推論 \t/", "a", -7, 1e300, 0.1, 1, "m", "k", "\x7f");
        assert_non_null(tree);
        struct buf b = BUF(1000);

        print_document(PRINT_JSON, tree, &b);
        json_t *back = json_loads(buf_text(&b), JSON_REJECT_DUPLICATES, NULL);
        assert_non_null(back);
        assert_true(json_equal(tree, back));
        assert_true(strstr(buf_text(&b), "\"z\"") < strstr(buf_text(&b), "\"a\"")); /* in the order set */
        json_decref(back);
        json_decref(tree);
        buf_done(&b);
}

static void bytes_that_are_no_text_do_not_get_through(void **state) {
        (void)state;
        static const enum print_format formats[] = { PRINT_JSON, PRINT_YAML };

        for (size_t i = 0; i < ARRAY_SIZE(formats); i++) {
                struct buf b = BUF(1000);
                struct printer *p = printer_new(formats[i], &b);
                print_string(p, "a\xff\xc0\xaf");
                printer_free(p);
                assert_string_equal(buf_text(&b), "\"a\uFFFD\uFFFD\uFFFD\"\n");
                buf_done(&b);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(reals_are_short),
                cmocka_unit_test(writes_blocks_and_lines),
                cmocka_unit_test(a_tree_comes_back),
                cmocka_unit_test(bytes_that_are_no_text_do_not_get_through),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
