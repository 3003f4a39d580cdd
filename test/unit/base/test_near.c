#include "base/near.h"

#include "../unit.h"

static const char *const names[] = { "g6.xlarge", "gr6.xlarge", "g6.2xlarge", "p5.48xlarge", "plan", "version", "completion", "help" };

/* What a reader would expect to be asked back. */
static const struct {
        const char *word, *hint;
} cases[] = {
        { "plna", " (did you mean plan?)" },
        { "PLAN", " (did you mean plan?)" },
        { "verison", " (did you mean version?)" },
        { "g6.xlrage", " (did you mean g6.xlarge, gr6.xlarge or g6.2xlarge?)" },
        { "g6", " (did you mean g6.xlarge or g6.2xlarge?)" },
        { "p5.49xlarge", " (did you mean p5.48xlarge?)" },
        { "frobnicate", "" },
        { "x", "" },
        { "", "" },
};

static void asks_for_what_was_meant(void **state) {
        (void)state;
        for (unsigned i = 0; i < ARRAY_SIZE(cases); i++) {
                struct near near = near_to(cases[i].word);
                for (unsigned j = 0; j < ARRAY_SIZE(names); j++)
                        near_offer(&near, names[j]);
                assert_string_equal(near_hint(&near, (char[NEAR_HINT_MAX]){ 0 }), cases[i].hint);
        }
}

/* Words may come from a hostile file: any length, any bytes. */
static void bounds_what_it_reads_and_writes(void **state) {
        (void)state;
        char word[3 * NEAR_WORD_MAX + 1], hint[NEAR_HINT_MAX];

        memset(word, 0xff, sizeof word - 1);
        word[sizeof word - 1] = '\0';
        struct near near = near_to(word);
        for (unsigned i = 0; i < 10; i++)
                near_offer(&near, word);
        assert_int_equal(near.count, NEAR_NAMES_MAX);
        assert_true(strlen(near_hint(&near, hint)) < NEAR_HINT_MAX);
        assert_string_equal(hint + strlen(hint) - 2, "?)");
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(asks_for_what_was_meant),
                cmocka_unit_test(bounds_what_it_reads_and_writes),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
