/* Which GPUs a device-filter means. */
#include <string.h>

#include "core/migparted/file.h"

#define NUMBER_MAX 64 /* a longer one is none of 32 bits, unless written with many zeros */

static int digit_of(char c) {
        if (c >= '0' && c <= '9')
                return c - '0';
        if (c >= 'a' && c <= 'f')
                return c - 'a' + 10;
        if (c >= 'A' && c <= 'F')
                return c - 'A' + 10;
        return 99;
}

/* The base that a number's first characters say; moves *text behind them. */
static int base_of(const char **text) {
        const char *p = *text;

        if (p[0] != '0' || !p[1])
                return 10;
        *text += 2;
        if (p[1] == 'x' || p[1] == 'X')
                return 16;
        if (p[1] == 'b' || p[1] == 'B')
                return 2;
        if (p[1] == 'o' || p[1] == 'O')
                return 8;
        *text -= 1;
        return 8;
}

/* The `length` bytes as a 32-bit number in Go's notation. */
static bool parse_number(const char *text, size_t length, uint32_t *ret_number) {
        char copy[NUMBER_MAX];
        const char *p = copy;
        uint64_t number = 0;

        if (length == 0 || length >= sizeof copy)
                return false;
        memcpy(copy, text, length);
        copy[length] = '\0';
        int base = base_of(&p);
        bool digit_before = p > copy; /* '_' may follow a prefix */
        if (!*p)
                return false;
        for (; *p; p++) {
                if (*p == '_' && !digit_before)
                        return false;
                if (*p != '_') {
                        if (digit_of(*p) >= base)
                                return false;
                        number = number * (unsigned)base + (unsigned)digit_of(*p);
                        if (number > UINT32_MAX)
                                return false;
                }
                digit_before = *p != '_';
        }
        *ret_number = (uint32_t)number;
        return digit_before;
}

struct device_filter device_filter_parse(const char *text) {
        struct device_filter f = { .text = text };
        const char *colon = strchr(text, ':');
        uint32_t device = 0, board = 0;
        size_t length = colon ? (size_t)(colon - text) : strlen(text);

        if (!parse_number(text, length, &device) || (colon && !parse_number(colon + 1, strlen(colon + 1), &board)))
                return f;
        f.valid = true;
        f.device = (uint16_t)(device >> 16);
        f.vendor = (uint16_t)device;
        f.has_board = colon != NULL;
        f.board = (uint16_t)(board >> 16);
        f.board_vendor = (uint16_t)board;
        return f;
}

bool device_filter_matches(const struct device_filter *filter, uint16_t device, uint16_t vendor, uint16_t board, uint16_t board_vendor) {
        return filter->valid && filter->device == device && filter->vendor == vendor &&
               (!filter->has_board || (filter->board == board && filter->board_vendor == board_vendor));
}
