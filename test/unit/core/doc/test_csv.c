#include "../../unit.h"

#include "base/buf.h"
#include "core/doc/csv.h"

/* Prints the rows as "line: [field][field]" so that a case is one text in, one text out. */
static char *rows(const char *text, size_t bytes) {
        struct buf out = BUF(1 << 20);
        struct csv *c;
        struct err e;

        if (csv_open("f.csv", text, bytes, &c, &e) < 0)
                return mem_strdup(e.text);
        int r;
        while ((r = csv_next(c, &e)) > 0) {
                buf_printf(&out, "%u:", csv_line(c));
                for (const char *name = "abc"; *name; name++) {
                        int column = csv_column(c, (char[]){ *name, '\0' });
                        if (column >= 0)
                                buf_printf(&out, " [%s]", csv_field(c, column));
                }
                buf_addc(&out, '\n');
        }
        if (r < 0)
                buf_adds(&out, e.text);
        csv_free(c);
        char *answer = mem_strdup(buf_text(&out));
        buf_done(&out);
        return answer;
}

#define TEXT(literal) literal, sizeof(literal) - 1

/* The well-formed ones agree with Python's csv module (strict=True); lines counted by hand. */
static const struct {
        const char *text;
        size_t bytes;
        const char *rows;
} cases[] = {
        { TEXT("a,b\n1,2\n3,4\n"), "2: [1] [2]\n3: [3] [4]\n" },
        { TEXT("a,b\r\n1,2\r\n"), "2: [1] [2]\n" },
        { TEXT("a,b\n1,2"), "2: [1] [2]\n" },
        { TEXT("\xef\xbb\xbf"
               "a,b\n1,2"),
          "2: [1] [2]\n" },
        { TEXT("b,a\n1,2\n"), "2: [2] [1]\n" },
        { TEXT("a,b\n,\n"), "2: [] []\n" },
        { TEXT("a,b\n\n\n1,2\n\n"), "4: [1] [2]\n" },
        { TEXT("a\n\"x\"\n"), "2: [x]\n" },
        { TEXT("a,b\n\"x,y\",\"p\"\"q\"\n"), "2: [x,y] [p\"q]\n" },
        { TEXT("a,b\n\"x\ny\",1\n2,3\n"), "2: [x\ny] [1]\n4: [2] [3]\n" },
        { TEXT("a,b\n\"\",\n"), "2: [] []\n" },
        { TEXT("\"a\",\"b\"\n 1 , 2\n"), "2: [ 1 ] [ 2]\n" },
        { TEXT("a,b\n1\r2,3\n"), "2: [1\r2] [3]\n" },
        { TEXT("a,b\né,日本\n"), "2: [é] [日本]\n" },
        { TEXT("a,b\n"), "" },
        { TEXT(""), "f.csv: empty; expected a header line" },
        { TEXT("\n\n"), "f.csv: empty; expected a header line" },
        { TEXT("a,a\n"), "f.csv:1: column \"a\" twice" },
        { TEXT("a,b\n1\n"), "f.csv:2: 1 fields; expected 2, as in the header" },
        { TEXT("a,b\n1,2\n1,2,3\n"), "2: [1] [2]\nf.csv:3: 3 fields; expected 2, as in the header" },
        { TEXT("a,b\n1,x\"y\n"), "f.csv:2: a quote inside a field; expected the whole field in quotes and the quote doubled" },
        { TEXT("a,b\n1,\"x\"y\n"), "f.csv:2: text after a quoted field; expected ',' or the end of the line" },
        { TEXT("a,b\n1,\"x\n"), "f.csv:2: a quoted field does not end; expected its closing quote" },
        { TEXT("a,b\n1,\0\n"), "f.csv:2:3: a NUL byte; expected text" },
        { TEXT("a,b\n1,\xff\n"), "f.csv:2:3: byte 0xFF is not UTF-8 here; expected UTF-8 text" },
        { TEXT("a\0b\0"), "f.csv:1:1: this is UTF-16 or binary; expected UTF-8 text" },
};

static void reads_rows(void **state) {
        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                /* A copy that ends where the text ends, so that the sanitizers see a read beyond it. */
                _cleanup_free_ char *exact = mem_alloc(MAX(cases[i].bytes, (size_t)1));
                memcpy(exact, cases[i].text, cases[i].bytes);
                _cleanup_free_ char *got = rows(exact, cases[i].bytes);
                assert_string_equal(got, cases[i].rows);
        }
}

static struct csv *open_row(const char *text) {
        struct csv *c;
        struct err e;

        assert_ok(csv_open("f.csv", text, strlen(text), &c, &e), &e);
        assert_int_equal(csv_next(c, &e), 1);
        return c;
}

static void reads_whole_numbers(void **state) {
        static const char *const refused[] = { "", "x", "1.5", "9", "-6", "+1", " 1", "1 ", "0x1", "1e0", "-", "99999999999999999999" };
        struct err e;
        int64_t value = 77;

        (void)state;
        struct csv *c = open_row("a,b,c\n-5,8,007\n");
        assert_ok(csv_int(c, 0, -5, 8, &value, &e), &e);
        assert_int_equal(value, -5);
        assert_ok(csv_int(c, 1, -5, 8, &value, &e), &e);
        assert_int_equal(value, 8);
        assert_ok(csv_int(c, 2, -5, 8, &value, &e), &e);
        assert_int_equal(value, 7);
        csv_free(c);
        for (size_t i = 0; i < ARRAY_SIZE(refused); i++) {
                _cleanup_free_ char *text = mem_printf("gpus,b\n%s,1\n", refused[i]),
                                    *said = mem_printf("f.csv:2: gpus: '%s' is not a whole number in -5..8", refused[i]);
                c = open_row(text);
                assert_refused(csv_int(c, 0, -5, 8, &value, &e), &e, said);
                assert_int_equal(value, 7);
                csv_free(c);
        }
}

static void reads_decimals(void **state) {
        static const struct {
                const char *text;
                double value;
        } good[] = { { "0.5", 0.5 }, { "1e1", 10 }, { "-2.5E-1", -0.25 }, { ".5", 0.5 }, { "+3", 3 } };
        static const char *const refused[] = { "",   "nan", "inf", "-inf", "0x1p3", "1,5",   "1.5.2",
                                               " 1", "1 ",  "1e",  "e1",   "--1",   "1e999", "11" };
        struct err e;
        double value = 0;

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
                _cleanup_free_ char *text = mem_printf("a,b\n%s,1\n", good[i].text);
                struct csv *c = open_row(text);
                assert_ok(csv_real(c, 0, -1, 10, &value, &e), &e);
                assert_true(value == good[i].value);
                csv_free(c);
        }
        for (size_t i = 0; i < ARRAY_SIZE(refused); i++) {
                _cleanup_free_ char *text = mem_printf("a,b\n\"%s\",1\n", refused[i]);
                struct csv *c = open_row(text);
                assert_refused(csv_real(c, 0, -1, 10, &value, &e), &e, "is not a number in -1..10");
                csv_free(c);
        }
}

static void has_limits(void **state) {
        struct buf text = BUF(1 << 20);
        struct csv *c;
        struct err e;

        (void)state;
        buf_repeat(&text, "x,", CSV_COLUMNS_MAX);
        assert_refused(csv_open("f.csv", buf_text(&text), text.length, &c, &e), &e, "f.csv:1: more than 256 fields");
        buf_done(&text);

        for (unsigned over = 0; over <= 1; over++)
                for (unsigned quoted = 0; quoted <= 1; quoted++) {
                        buf_adds(&text, quoted ? "a\n\"" : "a\n");
                        buf_repeat(&text, "x", CSV_FIELD_MAX + over);
                        buf_adds(&text, quoted ? "\"\n" : "\n");
                        assert_ok(csv_open("f.csv", buf_text(&text), text.length, &c, &e), &e);
                        if (over)
                                assert_refused(csv_next(c, &e), &e, "f.csv:2: a field longer than 64 KiB");
                        else
                                assert_int_equal(csv_next(c, &e), 1);
                        csv_free(c);
                        buf_done(&text);
                }
}

static void missing_column_is_empty(void **state) {
        struct csv *c = open_row("a,b\n1,2\n");

        (void)state;
        assert_int_equal(csv_column(c, "c"), -1);
        assert_string_equal(csv_field(c, -1), "");
        assert_string_equal(csv_field(c, 2), "");
        csv_free(c);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(reads_rows), cmocka_unit_test(reads_whole_numbers),     cmocka_unit_test(reads_decimals),
                cmocka_unit_test(has_limits), cmocka_unit_test(missing_column_is_empty),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
