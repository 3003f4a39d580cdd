#include "../unit.h"

#include "base/quantity.h"

#define REFUSED (-1)

/* The numbers are what k8s.io/apimachinery v0.34.4 answers to ParseQuantity(text) with MilliValue() and Value(). It answers with an
 * overflowed or capped number where we refuse (beyond 2^63-1 of the unit), and takes negative ones. */
static const struct {
        const char *text;
        int64_t milli, value;
} cases[] = {
        { "0", 0, 0 },
        { "1", 1000, 1 },
        { "500m", 500, 1 },
        { "1.5", 1500, 2 },
        { "0.0000001", 1, 1 },
        { "1e3", 1000000, 1000 },
        { "1E", REFUSED, 1000000000000000000LL },
        { "1E3", 1000000, 1000 },
        { "1E+3", 1000000, 1000 },
        { "1e-3", 1, 1 },
        { "1e+3", 1000000, 1000 },
        { "12.5Gi", 13421772800000LL, 13421772800LL },
        { "+1", 1000, 1 },
        { ".5", 500, 1 },
        { "5.", 5000, 5 },
        { "1Ki5", REFUSED, REFUSED },
        { "1Ki", 1024000, 1024 },
        { "1Mi", 1048576000LL, 1048576 },
        { "1Gi", 1073741824000LL, 1073741824LL },
        { "1Ti", 1099511627776000LL, 1099511627776LL },
        { "1Pi", 1125899906842624000LL, 1125899906842624LL },
        { "1Ei", REFUSED, 1152921504606846976LL },
        { "7Ei", REFUSED, 8070450532247928832LL },
        { "8Ei", REFUSED, REFUSED },
        { "1n", 1, 1 },
        { "1u", 1, 1 },
        { "999999999n", 1000, 1 },
        { "1000000000n", 1000, 1 },
        { "1000000001n", 1001, 2 },
        { "1001m", 1001, 2 },
        { "1k", 1000000, 1000 },
        { "1M", 1000000000LL, 1000000 },
        { "1G", 1000000000000LL, 1000000000LL },
        { "1T", 1000000000000000LL, 1000000000000LL },
        { "1P", 1000000000000000000LL, 1000000000000000LL },
        { "9E", REFUSED, 9000000000000000000LL },
        { "10E", REFUSED, REFUSED },
        { "0.5Ki", 512000, 512 },
        { "0.1Ki", 102400, 103 },
        { "1.1Ki", 1126400, 1127 },
        { "0.3333333333333333333333Gi", 357913941334LL, 357913942 },
        { "1.5Ei", REFUSED, 1729382256910270464LL },
        { "9223372036854775807", REFUSED, 9223372036854775807LL },
        { "9223372036854775808", REFUSED, REFUSED },
        { "9223372036854775.807", 9223372036854775807LL, 9223372036854776LL },
        { "9223372036854775.808", REFUSED, 9223372036854776LL },
        { "9223372036854775.8071", REFUSED, 9223372036854776LL },
        { "00100", 100000, 100 },
        { "0.5", 500, 1 },
        { "1.0", 1000, 1 },
        { "100.000", 100000, 100 },
        { "1e400", REFUSED, REFUSED },
        { "0e400", 0, 0 },
        { "1e-400", 1, 1 },
        { "1e4294967296", REFUSED, REFUSED },
        { "-1", REFUSED, REFUSED },
        { "-0", 0, 0 },
        { "-0.5", REFUSED, REFUSED },
        { "-500m", REFUSED, REFUSED },
        { "1 ", 1000, 1 },
        { " 1Gi", 1073741824000LL, 1073741824LL },
        { "1 Gi", REFUSED, REFUSED },
        { "1gi", REFUSED, REFUSED },
        { "1GI", REFUSED, REFUSED },
        { "1ki", REFUSED, REFUSED },
        { "1K", REFUSED, REFUSED },
        { "1g", REFUSED, REFUSED },
        { "1kb", REFUSED, REFUSED },
        { "1GiB", REFUSED, REFUSED },
        { "1mi", REFUSED, REFUSED },
        { "1i", REFUSED, REFUSED },
        { "1e", REFUSED, REFUSED },
        { "1e1.5", REFUSED, REFUSED },
        { "1ee3", REFUSED, REFUSED },
        { "1e3k", REFUSED, REFUSED },
        { "1k5", REFUSED, REFUSED },
        { "1m5", REFUSED, REFUSED },
        { "0x10", REFUSED, REFUSED },
        { "1_000", REFUSED, REFUSED },
        { "1,5", REFUSED, REFUSED },
        { "1..5", REFUSED, REFUSED },
        { "1.5.5", REFUSED, REFUSED },
        { "--1", REFUSED, REFUSED },
        { "+-1", REFUSED, REFUSED },
        { "nan", REFUSED, REFUSED },
        { "inf", REFUSED, REFUSED },
        { "12345678901234567890123456789012345678901234567890n", REFUSED, REFUSED },
        { "0.000000000000000000000000000000000000000000000000001Ki", 1, 1 },
        { "123456789.987654321Mi", 129453827018094618LL, 129453827018095LL },
        { "3.14159265358979323846264338327950288Gi", 3373259426131LL, 3373259427LL },
        { "1E-3", 1, 1 },
        { "1e18", REFUSED, 1000000000000000000LL },
        { "1e19", REFUSED, REFUSED },
        { "922337203685477580e1", REFUSED, 9223372036854775800LL },
        { "1.000000000000000000000000000001", 1001, 2 },
        { "4294967296Gi", REFUSED, 4611686018427387904LL },
        { "8589934592Gi", REFUSED, REFUSED },
        { "2147483648", 2147483648000LL, 2147483648LL },
        { "0.001", 1, 1 },
        { "0.0001", 1, 1 },
        { "0.0015", 2, 1 },
        { "99m", 99, 1 },
        { "80Gi", 85899345920000LL, 85899345920LL },
        { "65535Mi", 68718428160000LL, 68718428160LL },
        { "1234567Ki", 1264196608000LL, 1264196608LL },
};

static void check(const char *text, int (*read)(const char *, int64_t *, struct err *), int64_t wanted) {
        struct err e = { 0 };
        int64_t got = REFUSED;
        int r = read(text, &got, &e);

        if (r < 0 && !strstr(e.text, "is not a quantity"))
                fail_msg("'%s' is refused with \"%s\"", text, e.text);
        if (got != wanted)
                fail_msg("'%s' is %lld, not %lld (%s)", text, (long long)got, (long long)wanted, e.text);
}

static void agrees_with_kubernetes(void **state) {
        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                check(cases[i].text, quantity_milli, cases[i].milli);
                check(cases[i].text, quantity_value, cases[i].value);
        }
}

static void rounds_up_to_mib(void **state) {
        (void)state;
        check("0", quantity_mib, 0);
        check("1", quantity_mib, 1);
        check("1Mi", quantity_mib, 1);
        check("1048577", quantity_mib, 2);
        check("1M", quantity_mib, 1);
        check("1G", quantity_mib, 954); /* 953.67 */
        check("80Gi", quantity_mib, 81920);
        check("9223372036854775807", quantity_mib, 8796093022208);
        check("8Ei", quantity_mib, REFUSED);
}

/* Kubernetes reads these as 0; whoever wrote them meant something else. */
static void wants_a_digit(void **state) {
        static const char *const texts[] = { "", " ", ".", "+", "-", "m", "Gi", ".Gi" };

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
                check(texts[i], quantity_value, REFUSED);
}

static void bounds_its_length(void **state) {
        char text[200];

        (void)state;
        memset(text, '0', sizeof text);
        text[128] = '\0';
        text[127] = '7';
        check(text, quantity_value, 7);
        text[128] = '7';
        text[129] = '\0';
        check(text, quantity_value, REFUSED);
        memset(text, '9', 126);
        memcpy(text + 126, "Ei", 3);
        check(text, quantity_value, REFUSED);
        text[0] = '.';
        check(text, quantity_value, 1LL << 60); /* 0.999… Ei, rounded up */
}

static void says_what_is_wrong(void **state) {
        struct err e;
        int64_t value = 0;

        (void)state;
        assert_refused(quantity_value("-1Gi", &value, &e), &e, "'-1Gi' is not a quantity: it is negative; expected 0 or more");
        assert_refused(quantity_value("1GB", &value, &e), &e, "expected one of the suffixes");
        assert_refused(quantity_value("16E", &value, &e), &e, "absurdly large");
        assert_int_equal(value, 0);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(agrees_with_kubernetes), cmocka_unit_test(rounds_up_to_mib),   cmocka_unit_test(wants_a_digit),
                cmocka_unit_test(bounds_its_length),      cmocka_unit_test(says_what_is_wrong),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
