#include "base/quantity.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "base/mem.h"

#define TEXT_MAX 128                   /* characters of a quantity; Kubernetes itself writes at most 25 */
#define DIGITS_MAX (TEXT_MAX + 20)     /* and the 19 more that a factor of 2^60 adds */
#define EXPONENT_MAX (TEXT_MAX + 1000) /* beyond it a value is surely too large, or next to nothing */
#define INT64_DIGITS 19

/* An exact decimal: digits[0] … digits[count - 1], the point after the first `point` of them (which may lie outside). */
struct decimal {
        uint8_t digits[DIGITS_MAX];
        int count, point;
};

struct suffix {
        const char *text;
        int power_of_10, power_of_1024;
};

static const struct suffix suffixes[] = {
        { "", 0, 0 },   { "n", -9, 0 }, { "u", -6, 0 }, { "m", -3, 0 }, { "k", 3, 0 },  { "M", 6, 0 },  { "G", 9, 0 },  { "T", 12, 0 },
        { "P", 15, 0 }, { "E", 18, 0 }, { "Ki", 0, 1 }, { "Mi", 0, 2 }, { "Gi", 0, 3 }, { "Ti", 0, 4 }, { "Pi", 0, 5 }, { "Ei", 0, 6 },
};

static int refuse(struct err *e, const char *text, const char *why) {
        return err_set(e, ERR_INPUT, "'%.64s' is not a quantity: %s", text, why);
}

/* Reads digits and a point; returns what follows them, NULL where there is no digit. Zeros in front are left out. */
static const char *read_number(const char *s, const char *end, struct decimal *d) {
        bool any = false, pointed = false;

        for (; s < end && ((*s >= '0' && *s <= '9') || (*s == '.' && !pointed)); s++) {
                if (*s == '.') {
                        pointed = true;
                        continue;
                }
                any = true;
                if (d->count == 0 && *s == '0') {
                        d->point -= pointed;
                        continue;
                }
                d->digits[d->count++] = (uint8_t)(*s - '0');
                d->point += !pointed;
        }
        return any ? s : NULL;
}

/* "e3", "E-6": a signed whole number after the letter, kept within ±EXPONENT_MAX. */
static bool read_exponent(const char *s, const char *end, int *ret_exponent) {
        if (s == end || (*s != 'e' && *s != 'E'))
                return false;
        s++;
        bool negative = s < end && *s == '-';
        int value = 0;

        s += s < end && (*s == '-' || *s == '+');
        if (s == end)
                return false;
        for (; s < end; s++) {
                if (*s < '0' || *s > '9')
                        return false;
                value = MIN(value * 10 + (*s - '0'), EXPONENT_MAX);
        }
        *ret_exponent = negative ? -value : value;
        return true;
}

static void multiply(struct decimal *d, unsigned factor) {
        unsigned carry = 0, extra = 0;
        uint8_t head[8];

        for (int i = d->count; i-- > 0;) {
                carry += d->digits[i] * factor;
                d->digits[i] = (uint8_t)(carry % 10);
                carry /= 10;
        }
        for (; carry > 0; carry /= 10)
                head[extra++] = (uint8_t)(carry % 10);
        memmove(d->digits + extra, d->digits, (size_t)d->count);
        for (unsigned i = 0; i < extra; i++)
                d->digits[i] = head[extra - 1 - i];
        d->count += (int)extra;
        d->point += (int)extra;
}

static int parse(const char *text, struct decimal *d, struct err *e) {
        const char *start = text + strspn(text, " \t\r\n"), *end = start + strlen(start);

        while (end > start && strchr(" \t\r\n", end[-1]))
                end--;
        if (start == end)
                return refuse(e, text, "it is empty; expected a number such as 500m or 2Gi");
        if (end - start > TEXT_MAX)
                return refuse(e, text, "it is longer than 128 characters");
        bool negative = *start == '-';
        start += *start == '-' || *start == '+';

        const char *suffix = read_number(start, end, d);
        if (!suffix)
                return refuse(e, text, "expected a number such as 500m or 2Gi");
        if (negative && d->count > 0)
                return refuse(e, text, "it is negative; expected 0 or more");

        int exponent = 0;
        if (read_exponent(suffix, end, &exponent)) {
                d->point += exponent;
                return 0;
        }
        for (size_t i = 0; i < ARRAY_SIZE(suffixes); i++) {
                if (strlen(suffixes[i].text) != (size_t)(end - suffix) || memcmp(suffixes[i].text, suffix, (size_t)(end - suffix)) != 0)
                        continue;
                d->point += suffixes[i].power_of_10;
                for (int k = 0; k < suffixes[i].power_of_1024; k++)
                        multiply(d, 1024);
                return 0;
        }
        return refuse(e, text, "expected one of the suffixes n u m k M G T P E Ki Mi Gi Ti Pi Ei, or an exponent such as e3");
}

/* In units of 10^-`scale`, rounded up. */
static int read_scaled(const char *text, int scale, int64_t *ret_value, struct err *e) {
        struct decimal d = { 0 };
        int r = parse(text, &d, e);
        if (r < 0)
                return r;

        d.point += scale;
        if (d.count > 0 && d.point > INT64_DIGITS)
                return refuse(e, text, "it is absurdly large");
        uint64_t value = 0; /* 19 digits always fit */
        for (int i = 0; i < d.point && d.count > 0; i++)
                value = value * 10 + (i < d.count ? d.digits[i] : 0);
        for (int i = MAX(d.point, 0); i < d.count; i++)
                if (d.digits[i] > 0) {
                        value++;
                        break;
                }
        if (value > INT64_MAX)
                return refuse(e, text, "it is absurdly large");
        *ret_value = (int64_t)value;
        return 0;
}

int quantity_milli(const char *text, int64_t *ret_milli, struct err *e) {
        return read_scaled(text, 3, ret_milli, e);
}

int quantity_value(const char *text, int64_t *ret_value, struct err *e) {
        return read_scaled(text, 0, ret_value, e);
}

int quantity_mib(const char *text, int64_t *ret_mib, struct err *e) {
        int64_t bytes;
        int r = quantity_value(text, &bytes, e);
        if (r < 0)
                return r;
        *ret_mib = (bytes >> 20) + ((bytes & ((1 << 20) - 1)) != 0);
        return 0;
}
