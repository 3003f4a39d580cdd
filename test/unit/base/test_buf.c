#include "base/buf.h"

#include "../unit.h"
#include "base/arena.h"

static void grows_and_prints(void **state) {
        (void)state;
        struct buf b = BUF(1000);

        assert_string_equal(buf_text(&b), "");
        buf_adds(&b, "a");
        buf_printf(&b, "%d-%s", 7, "x");
        buf_repeat(&b, "ab", 3);
        buf_addc(&b, '!');
        assert_string_equal(buf_text(&b), "a7-xababab!");
        assert_false(buf_overflowed(&b));
        buf_done(&b);
        assert_string_equal(buf_text(&b), "");
}

static void stops_at_its_maximum_and_says_so(void **state) {
        (void)state;
        struct buf b = BUF(4);

        buf_adds(&b, "abc");
        buf_adds(&b, "de");
        assert_true(buf_overflowed(&b));
        buf_adds(&b, "f"); /* would fit, but the text already misses a part */
        assert_string_equal(buf_text(&b), "abc");
        buf_done(&b);
        assert_false(buf_overflowed(&b));
}

static void arena_pieces_stay_and_are_aligned(void **state) {
        (void)state;
        struct arena a = { 0 };
        char *first = arena_strdup(&a, "first");

        for (unsigned i = 1; i < 3000; i++) {
                char *p = arena_zalloc(&a, i % 97 + 1);
                assert_int_equal((uintptr_t)p % _Alignof(max_align_t), 0);
                memset(p, 0xff, i % 97 + 1);
        }
        memset(arena_alloc(&a, 1 << 20), 0xff, 1 << 20);
        assert_string_equal(first, "first");
        assert_string_equal(arena_printf(&a, "%s-%d", "x", 5), "x-5");
        arena_done(&a);
        assert_int_equal(a.used_bytes, 0);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(grows_and_prints),
                cmocka_unit_test(stops_at_its_maximum_and_says_so),
                cmocka_unit_test(arena_pieces_stay_and_are_aligned),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
