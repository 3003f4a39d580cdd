#include "../unit.h"

static void wraps_from_the_outside_in(void **state) {
        (void)state;
        struct err e = { 0 };

        assert_int_equal(err_set(&e, ERR_INPUT, "0 is not in 1..100"), -ERR_INPUT);
        assert_int_equal(err_wrap(&e, "%s", "NodePool gpu"), -ERR_INPUT);
        assert_int_equal(err_wrap(&e, "fleet.yaml:12:9"), -ERR_INPUT);
        assert_string_equal(e.text, "fleet.yaml:12:9: NodePool gpu: 0 is not in 1..100");
        assert_int_equal(err_exit_status(&e), 3);
        err_set(&e, ERR_GPU, "GPU 0 is lost");
        assert_int_equal(err_exit_status(&e), 5);
}

static void cuts_long_text_between_characters(void **state) {
        (void)state;
        struct err e = { 0 };
        char text[2 * ERR_TEXT_MAX + 1];

        for (size_t shift = 0; shift < 3; shift++) {
                memset(text, 'a', shift);
                for (size_t i = shift; i + 2 <= 2 * ERR_TEXT_MAX; i += 2)
                        memcpy(text + i, "é", 2);
                text[2 * ERR_TEXT_MAX - 2] = '\0';
                err_set(&e, ERR_INPUT, "%s", text);
                size_t n = strlen(e.text);
                assert_true(n < ERR_TEXT_MAX);
                assert_string_equal(e.text + n - 3, "…");
                assert_int_equal((n - 3 - shift) % 2, 0);
        }
}

static void shows_no_control_characters(void **state) {
        (void)state;
        struct err e = { 0 };

        err_set(&e, ERR_INPUT, "%s", "a\033[31mb\nc\x7f");
        assert_string_equal(e.text, "a?[31mb?c?");
        err_wrap(&e, "%s", "x\ty");
        assert_string_equal(e.text, "x?y: a?[31mb?c?");
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(wraps_from_the_outside_in),
                cmocka_unit_test(cuts_long_text_between_characters),
                cmocka_unit_test(shows_no_control_characters),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
