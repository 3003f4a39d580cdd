#include "base/utf8.h"

#include <stdbool.h>

#include "base/mem.h"

struct range {
        uint32_t first, last;
};

static bool in_ranges(uint32_t c, const struct range *ranges, size_t count) {
        for (size_t i = 0; i < count && c >= ranges[i].first; i++)
                if (c <= ranges[i].last)
                        return true;
        return false;
}

/* Lead bytes: what they keep of their own bits, how many follow, and the smallest character so long a form may say. */
static const struct {
        uint8_t mask, lead, keep, follow;
        uint32_t least;
} forms[] = {
        { 0x80, 0x00, 0x7f, 0, 0 },
        { 0xe0, 0xc0, 0x1f, 1, 0x80 },
        { 0xf0, 0xe0, 0x0f, 2, 0x800 },
        { 0xf8, 0xf0, 0x07, 3, 0x10000 },
};

uint32_t utf8_next(const char **text) {
        const unsigned char *s = (const unsigned char *)*text;

        if (!*s)
                return 0;
        (*text)++;
        for (size_t i = 0; i < ARRAY_SIZE(forms); i++) {
                if ((*s & forms[i].mask) != forms[i].lead)
                        continue;
                uint32_t c = *s & forms[i].keep;
                for (unsigned k = 1; k <= forms[i].follow; k++) {
                        if ((s[k] & 0xc0) != 0x80)
                                return UTF8_REPLACEMENT;
                        c = c << 6 | (s[k] & 0x3f);
                }
                if (c < forms[i].least || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
                        return UTF8_REPLACEMENT;
                *text += forms[i].follow;
                return c;
        }
        return UTF8_REPLACEMENT;
}

uint32_t utf8_next_shown(const char **text) {
        static const struct range hidden[] = {
                { 0x00, 0x1f }, { 0x7f, 0x9f }, { 0x200e, 0x200f }, { 0x2028, 0x202e }, { 0x2066, 0x2069 }, { 0xfeff, 0xfeff },
        };
        uint32_t c = utf8_next(text);

        if (c == '\t' || c == '\n' || c == '\r')
                return ' ';
        return c && in_ranges(c, hidden, ARRAY_SIZE(hidden)) ? UTF8_REPLACEMENT : c;
}

void utf8_add(struct buf *b, uint32_t c) {
        if (c < 0x80) {
                buf_addc(b, (char)c);
                return;
        }
        unsigned follow = c < 0x800 ? 1 : c < 0x10000 ? 2 : 3;
        char bytes[4];
        bytes[0] = (char)(forms[follow].lead | c >> (6 * follow));
        for (unsigned k = 1; k <= follow; k++)
                bytes[k] = (char)(0x80 | (c >> (6 * (follow - k)) & 0x3f));
        buf_add(b, bytes, follow + 1);
}

unsigned utf8_width(uint32_t c) {
        static const struct range zero[] = {
                { 0x0300, 0x036f }, { 0x0483, 0x0489 }, { 0x0591, 0x05bd }, { 0x0610, 0x061a }, { 0x064b, 0x065f },   { 0x1ab0, 0x1aff },
                { 0x1dc0, 0x1dff }, { 0x200b, 0x200f }, { 0x20d0, 0x20ff }, { 0xfe00, 0xfe0f }, { 0xe0100, 0xe01ef },
        };
        static const struct range wide[] = {
                { 0x1100, 0x115f },   { 0x231a, 0x231b },   { 0x2329, 0x232a }, { 0x23e9, 0x23ec },   { 0x2e80, 0x303e },
                { 0x3041, 0x4dbf },   { 0x4e00, 0xa4cf },   { 0xa960, 0xa97f }, { 0xac00, 0xd7a3 },   { 0xf900, 0xfaff },
                { 0xfe30, 0xfe6f },   { 0xff00, 0xff60 },   { 0xffe0, 0xffe6 }, { 0x1f300, 0x1f64f }, { 0x1f680, 0x1f6ff },
                { 0x1f900, 0x1f9ff }, { 0x20000, 0x3fffd },
        };

        if (in_ranges(c, zero, ARRAY_SIZE(zero)))
                return 0;
        return in_ranges(c, wide, ARRAY_SIZE(wide)) ? 2 : 1;
}

size_t utf8_columns(const char *text) {
        size_t columns = 0;
        uint32_t c;

        while ((c = utf8_next_shown(&text)))
                columns += utf8_width(c);
        return columns;
}

size_t utf8_add_cut(struct buf *b, const char *text, size_t columns) {
        bool cut = utf8_columns(text) > columns;
        size_t taken = 0;
        uint32_t c;

        if (columns == 0)
                return 0;
        while ((c = utf8_next_shown(&text))) {
                unsigned width = utf8_width(c);
                if (cut && taken + width > columns - 1)
                        break;
                utf8_add(b, c);
                taken += width;
        }
        if (cut) {
                buf_adds(b, "…");
                taken++;
        }
        return taken;
}
