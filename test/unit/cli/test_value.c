#include <stdbool.h>

#include "../unit.h"
#include "cli/cmd.h"

static const char *fruit_at(size_t i) {
        static const char *const words[] = { "apple", "pear", "plum" };

        return i < ARRAY_SIZE(words) ? words[i] : NULL;
}

static bool fruit_known(const char *word) {
        return !strcmp(word, "prune"); /* another name of a plum */
}

struct args {
        const char *text;
        double number;
        unsigned count, times, word;
        bool on;
        struct cmd_list list;
};

#define ROW(kind, field, ...)                                                                                                              \
        { .name = #field, .value = kind, .offset = offsetof(struct args, field), __VA_ARGS__ }
static const struct cmd_option number = ROW(VALUE_NUMBER, number, .arg = "PCT", .max = 100);
static const struct cmd_option seconds = ROW(VALUE_NUMBER, number, .arg = "SECONDS", .max = 100);
static const struct cmd_option count = ROW(VALUE_COUNT, count, .min = 1, .max = 64);
static const struct cmd_option times = ROW(VALUE_TIMES, times, .letter = 'v');
static const struct cmd_option word = ROW(VALUE_WORD, word, .words = fruit_at, .word_is = "a fruit");
static const struct cmd_option on = ROW(VALUE_SWITCH, on, .letter = 'q');
static const struct cmd_option text = ROW(VALUE_TEXT, text, .arg = "TEXT");
static const struct cmd_option list = ROW(VALUE_LIST, list, .words = fruit_at, .knows = fruit_known, .word_is = "a fruit");
static const struct cmd_option free_list = ROW(VALUE_LIST, list, .arg = "SIZES");

static void reads_what_is_meant(void **state) {
        (void)state;
        struct args args = { 0 };
        struct err e = { 0 };

        assert_ok(cmd_value_read(&number, "0.5%", &args, &e), &e);
        assert_true(args.number > 0.49 && args.number < 0.51);
        assert_ok(cmd_value_read(&seconds, "1e1", &args, &e), &e);
        assert_true(args.number > 9.9 && args.number < 10.1);
        assert_ok(cmd_value_read(&count, "64", &args, &e), &e);
        assert_int_equal(args.count, 64);
        assert_ok(cmd_value_read(&times, NULL, &args, &e), &e);
        assert_ok(cmd_value_read(&times, NULL, &args, &e), &e);
        assert_int_equal(args.times, 2);
        assert_ok(cmd_value_read(&on, NULL, &args, &e), &e);
        assert_true(args.on);
        assert_ok(cmd_value_read(&word, "PLUM", &args, &e), &e);
        assert_int_equal(args.word, 2);
        assert_ok(cmd_value_read(&text, "x", &args, &e), &e);
        assert_string_equal(args.text, "x");
}

/* Given twice, a list grows; known names are spelled as the catalogue does, other names of the same thing stay. */
static void lists_add_up(void **state) {
        (void)state;
        static const char *const wanted[] = { "pear", "apple", "prune", "plum" };
        struct args args = { 0 };
        struct err e = { 0 };

        assert_ok(cmd_value_read(&list, "Pear,APPLE", &args, &e), &e);
        assert_ok(cmd_value_read(&list, "prune,plum", &args, &e), &e);
        assert_int_equal(args.list.count, ARRAY_SIZE(wanted));
        for (unsigned i = 0; i < ARRAY_SIZE(wanted); i++) {
                assert_string_equal(args.list.items[i], wanted[i]);
                free(args.list.items[i]);
        }
}

static const struct {
        const struct cmd_option *option;
        const char *given, *refused;
} wrong[] = {
        { &number, "", "'' is not a number in 0..100" },
        { &number, "nan", "'nan' is not a number" },
        { &number, "inf", "'inf' is not a number" },
        { &number, "0x10", "'0x10' is not a number" },
        { &number, "101", "'101' is not a number in 0..100" },
        { &number, "-1", "'-1' is not a number in 0..100" },
        { &number, "1e999", "'1e999' is not a number" },
        { &number, "5 %", "'5 %' is not a number" },
        { &seconds, "5%", "'5%' is not a number" },
        { &count, "0", "'0' is not a whole number in 1..64" },
        { &count, "65", "'65' is not a whole number in 1..64" },
        { &count, "1.5", "'1.5' is not a whole number" },
        { &count, "+1", "'+1' is not a whole number" },
        { &count, "", "'' is not a whole number" },
        { &count, "99999999999999999999", "is not a whole number" },
        { &word, "peer", "'peer' is not a fruit (did you mean pear?)" },
        { &word, "", "'' is not a fruit" },
        { &text, "", "is empty" },
        { &list, "", "has an empty item" },
        { &list, ",pear", "has an empty item" },
        { &list, "kiwi", "'kiwi' is not a fruit" },
        { &free_list, "2Gi,", "has an empty item" },
};

static void refuses_the_rest(void **state) {
        (void)state;
        for (unsigned i = 0; i < ARRAY_SIZE(wrong); i++) {
                struct args args = { 0 };
                struct err e = { 0 };
                int r = cmd_value_read(wrong[i].option, wrong[i].given, &args, &e);
                assert_int_equal(r, -ERR_USAGE);
                assert_refused(r, &e, wrong[i].refused);
                for (unsigned j = 0; j < args.list.count; j++)
                        free(args.list.items[j]);
        }
}

static void lists_have_a_maximum(void **state) {
        (void)state;
        struct args args = { 0 };
        struct err e = { 0 };

        for (unsigned i = 0; i < CMD_LIST_MAX; i++)
                assert_ok(cmd_value_read(&free_list, "x", &args, &e), &e);
        assert_refused(cmd_value_read(&free_list, "x", &args, &e), &e, "has more than 256 items");
        for (unsigned i = 0; i < args.list.count; i++)
                free(args.list.items[i]);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(reads_what_is_meant),
                cmocka_unit_test(lists_add_up),
                cmocka_unit_test(refuses_the_rest),
                cmocka_unit_test(lists_have_a_maximum),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
