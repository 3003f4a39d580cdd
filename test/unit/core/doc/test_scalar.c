#include "../../unit.h"

#include <math.h>

#include "core/doc/doc.h"

#define REFUSED (-1)

/* What "v: TEXT" means to go.yaml.in/yaml/v2 v2.4.3, on which Kubernetes' reader (sigs.k8s.io/yaml v1.6.0) stands, as its own Unmarshal
 * answered. Three rows are changed: whole numbers from 2^63 on are reals here, infinities and NaN are texts (no Kubernetes object can hold
 * one), and !!binary keeps what was written. */
static const struct {
        const char *text;
        int kind;
        const char *value;
} cases[] = {
        { "", DOC_NULL, "" },
        { "~", DOC_NULL, "" },
        { "null", DOC_NULL, "" },
        { "Null", DOC_NULL, "" },
        { "NULL", DOC_NULL, "" },
        { "nULL", DOC_STRING, "nULL" },
        { "Nil", DOC_STRING, "Nil" },
        { "true", DOC_BOOL, "true" },
        { "True", DOC_BOOL, "true" },
        { "TRUE", DOC_BOOL, "true" },
        { "tRUE", DOC_STRING, "tRUE" },
        { "yes", DOC_BOOL, "true" },
        { "Yes", DOC_BOOL, "true" },
        { "YES", DOC_BOOL, "true" },
        { "yES", DOC_STRING, "yES" },
        { "on", DOC_BOOL, "true" },
        { "On", DOC_BOOL, "true" },
        { "ON", DOC_BOOL, "true" },
        { "y", DOC_BOOL, "true" },
        { "Y", DOC_BOOL, "true" },
        { "false", DOC_BOOL, "false" },
        { "False", DOC_BOOL, "false" },
        { "FALSE", DOC_BOOL, "false" },
        { "no", DOC_BOOL, "false" },
        { "No", DOC_BOOL, "false" },
        { "NO", DOC_BOOL, "false" },
        { "off", DOC_BOOL, "false" },
        { "Off", DOC_BOOL, "false" },
        { "OFF", DOC_BOOL, "false" },
        { "n", DOC_BOOL, "false" },
        { "N", DOC_BOOL, "false" },
        { "t", DOC_STRING, "t" },
        { "f", DOC_STRING, "f" },
        { "\"yes\"", DOC_STRING, "yes" },
        { "'1'", DOC_STRING, "1" },
        { "0", DOC_INT, "0" },
        { "-0", DOC_INT, "0" },
        { "+0", DOC_INT, "0" },
        { "1", DOC_INT, "1" },
        { "-1", DOC_INT, "-1" },
        { "+1", DOC_INT, "1" },
        { "--1", DOC_STRING, "--1" },
        { "12345678901", DOC_INT, "12345678901" },
        { "9223372036854775807", DOC_INT, "9223372036854775807" },
        { "9223372036854775808", DOC_REAL, "9223372036854775808" },
        { "18446744073709551615", DOC_REAL, "18446744073709551615" },
        { "18446744073709551616", DOC_REAL, "1.8446744073709552e+19" },
        { "-9223372036854775808", DOC_INT, "-9223372036854775808" },
        { "-9223372036854775809", DOC_REAL, "-9.2233720368547758e+18" },
        { "010", DOC_INT, "8" },
        { "0o10", DOC_INT, "8" },
        { "0o19", DOC_STRING, "0o19" },
        { "09", DOC_REAL, "9" },
        { "08.5", DOC_REAL, "8.5" },
        { "00", DOC_INT, "0" },
        { "-010", DOC_INT, "-8" },
        { "0x1F", DOC_INT, "31" },
        { "0X1f", DOC_INT, "31" },
        { "-0x10", DOC_INT, "-16" },
        { "0xG", DOC_STRING, "0xG" },
        { "0x", DOC_STRING, "0x" },
        { "0b101", DOC_INT, "5" },
        { "0B11", DOC_INT, "3" },
        { "-0b11", DOC_INT, "-3" },
        { "0b2", DOC_STRING, "0b2" },
        { "0b", DOC_STRING, "0b" },
        { "1_000", DOC_INT, "1000" },
        { "1__0", DOC_INT, "10" },
        { "1_", DOC_INT, "1" },
        { "_1", DOC_STRING, "_1" },
        { "0x_1", DOC_INT, "1" },
        { "+_1", DOC_INT, "1" },
        { "1.5", DOC_REAL, "1.5" },
        { "-1.5", DOC_REAL, "-1.5" },
        { "+1.5", DOC_REAL, "1.5" },
        { "1.", DOC_REAL, "1" },
        { ".5", DOC_REAL, "0.5" },
        { "-.5", DOC_REAL, "-0.5" },
        { "+.5", DOC_REAL, "0.5" },
        { ".", DOC_STRING, "." },
        { "..", DOC_STRING, ".." },
        { "-.", DOC_STRING, "-." },
        { "1.5.2", DOC_STRING, "1.5.2" },
        { "1e3", DOC_REAL, "1000" },
        { "1E3", DOC_REAL, "1000" },
        { "1e+3", DOC_REAL, "1000" },
        { "1e-3", DOC_REAL, "0.001" },
        { "1e", DOC_STRING, "1e" },
        { "e3", DOC_STRING, "e3" },
        { "1.e3", DOC_REAL, "1000" },
        { ".5e3", DOC_REAL, "500" },
        { ".5_0", DOC_REAL, "0.5" },
        { ".e3", DOC_STRING, ".e3" },
        { "1_0.5", DOC_REAL, "10.5" },
        { "1e400", DOC_STRING, "1e400" },
        { "-1e400", DOC_STRING, "-1e400" },
        { "1e-400", DOC_REAL, "0" },
        { ".inf", DOC_STRING, ".inf" },
        { "-.inf", DOC_STRING, "-.inf" },
        { "+.Inf", DOC_STRING, "+.Inf" },
        { ".INF", DOC_STRING, ".INF" },
        { ".nan", DOC_STRING, ".nan" },
        { ".NaN", DOC_STRING, ".NaN" },
        { "nan", DOC_STRING, "nan" },
        { "inf", DOC_STRING, "inf" },
        { "Infinity", DOC_STRING, "Infinity" },
        { "1:30", DOC_STRING, "1:30" },
        { "12:30:45", DOC_STRING, "12:30:45" },
        { "190:20:30", DOC_STRING, "190:20:30" },
        { "2001-01-01", DOC_STRING, "2001-01-01" },
        { "2001-12-14T21:59:43Z", DOC_STRING, "2001-12-14T21:59:43Z" },
        { "1.2.3.4", DOC_STRING, "1.2.3.4" },
        { "500m", DOC_STRING, "500m" },
        { "10Gi", DOC_STRING, "10Gi" },
        { "1,000", DOC_STRING, "1,000" },
        { "0x1p3", DOC_STRING, "0x1p3" },
        { "1d", DOC_STRING, "1d" },
        { "<<", DOC_STRING, "<<" },
        { "=", DOC_STRING, "=" },
        { "!!str 1", DOC_STRING, "1" },
        { "!!str", DOC_STRING, "" },
        { "!!str yes", DOC_STRING, "yes" },
        { "!!int 1", DOC_INT, "1" },
        { "!!int \"1\"", DOC_INT, "1" },
        { "!!int a", REFUSED, "" },
        { "!!int 1.5", REFUSED, "" },
        { "!!float 1", DOC_REAL, "1" },
        { "!!float \"1.5\"", DOC_REAL, "1.5" },
        { "!!bool yes", DOC_BOOL, "true" },
        { "!!bool \"true\"", DOC_BOOL, "true" },
        { "!!bool 1", REFUSED, "" },
        { "!!null \"\"", DOC_NULL, "" },
        { "!!null x", REFUSED, "" },
        { "!!timestamp 2001-01-01", DOC_STRING, "2001-01-01" },
        { "!local 1", DOC_STRING, "1" },
        { "!local x", DOC_STRING, "x" },
        { "! 1", DOC_STRING, "1" },
        { "! yes", DOC_STRING, "yes" },
        { "!!binary aGk=", DOC_STRING, "aGk=" },
        { "!<tag:yaml.org,2002:int> 7", DOC_INT, "7" },
        { "!<tag:example.com,2000:x> 7", DOC_STRING, "7" },
};

static void check(const char *text, const struct doc_node *node, int kind, const char *value) {
        if ((int)node->kind != kind)
                fail_msg("'%s' is %s", text, doc_kind_name(node->kind));
        switch (node->kind) {
        case DOC_BOOL:
                assert_string_equal(node->boolean ? "true" : "false", value);
                break;
        case DOC_INT:
                assert_int_equal(node->integer, strtoll(value, NULL, 10));
                break;
        case DOC_REAL:
                assert_true(node->real == strtod(value, NULL));
                break;
        case DOC_STRING:
                assert_string_equal(node->text, value);
                assert_string_equal(doc_string(node), value);
                break;
        default:
                break;
        }
        if (node->kind != DOC_STRING)
                assert_null(doc_string(node));
}

static void means_what_it_means_to_kubernetes(void **state) {
        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                _cleanup_free_ char *text = mem_printf("v: %s\n", cases[i].text);
                struct doc_reader *reader = doc_reader_new("f.yaml", text, strlen(text));
                const struct doc_node *root;
                struct err e;
                int r = doc_reader_next(reader, &root, &e);

                if (cases[i].kind == REFUSED)
                        assert_refused(r, &e, "is tagged !!");
                else {
                        assert_ok(r, &e);
                        check(cases[i].text, doc_get(root, "v"), cases[i].kind, cases[i].value);
                }
                doc_reader_free(reader);
        }
}

/* Python's json reads the same values. */
static void json_numbers(void **state) {
        static const char text[] = "[0, -0, 9223372036854775807, -9223372036854775808, 9223372036854775808, 1.5, 1E3, -2e-2, 1e-400, 0.1]";
        static const double reals[] = { 0, 0, 0, 0, 9223372036854775808.0, 1.5, 1000, -0.02, 0, 0.1 };
        static const int64_t integers[] = { 0, 0, INT64_MAX, INT64_MIN };
        struct doc_reader *reader = doc_reader_new("f.json", text, strlen(text));
        const struct doc_node *root;
        struct err e;

        (void)state;
        assert_ok(doc_reader_next(reader, &root, &e), &e);
        assert_int_equal(root->count, ARRAY_SIZE(reals));
        for (uint32_t i = 0; i < root->count; i++) {
                const struct doc_node *node = doc_item(root, i);
                if (i < ARRAY_SIZE(integers)) {
                        assert_int_equal(node->kind, DOC_INT);
                        assert_true(node->integer == integers[i]);
                } else {
                        assert_int_equal(node->kind, DOC_REAL);
                        assert_true(node->real == reals[i]);
                }
        }
        doc_reader_free(reader);
}

int main(void) {
        const struct CMUnitTest tests[] = { cmocka_unit_test(means_what_it_means_to_kubernetes), cmocka_unit_test(json_numbers) };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
