#include "core/doc/text.h"

#include <stdbool.h>
#include <string.h>

#include "base/mem.h"

struct text_place text_place(const char *text, size_t offset) {
        struct text_place place = { 1, 1 };

        for (size_t i = 0; i < offset; i++) {
                if (text[i] == '\n' || (text[i] == '\r' && (i + 1 == offset || text[i + 1] != '\n')))
                        place = (struct text_place){ place.line + 1, 1 };
                else if ((text[i] & 0xC0) != 0x80)
                        place.column++;
        }
        return place;
}

size_t text_offset(const char *text, size_t bytes, size_t characters) {
        size_t offset = 0;

        for (; characters > 0 && offset < bytes; characters--)
                offset += MAX(text_char_bytes(text + offset, bytes - offset), (size_t)1);
        return offset;
}

size_t text_mark_bytes(const char *text, size_t bytes) {
        return bytes >= 3 && memcmp(text, "\xEF\xBB\xBF", 3) == 0 ? 3 : 0;
}

size_t text_char_bytes(const char *text, size_t bytes) {
        /* Unicode 15, table 3-7: the first byte fixes the length and the range of the second. */
        static const struct {
                uint8_t first_min, first_max, second_min, second_max, length;
        } forms[] = {
                { 0x00, 0x7F, 0x00, 0x00, 1 }, { 0xC2, 0xDF, 0x80, 0xBF, 2 }, { 0xE0, 0xE0, 0xA0, 0xBF, 3 },
                { 0xE1, 0xEC, 0x80, 0xBF, 3 }, { 0xED, 0xED, 0x80, 0x9F, 3 }, { 0xEE, 0xEF, 0x80, 0xBF, 3 },
                { 0xF0, 0xF0, 0x90, 0xBF, 4 }, { 0xF1, 0xF3, 0x80, 0xBF, 4 }, { 0xF4, 0xF4, 0x80, 0x8F, 4 },
        };
        const uint8_t *s = (const uint8_t *)text;

        for (size_t i = 0; bytes > 0 && i < ARRAY_SIZE(forms); i++) {
                if (s[0] < forms[i].first_min || s[0] > forms[i].first_max)
                        continue;
                if (bytes < forms[i].length)
                        return 0;
                if (forms[i].length > 1 && (s[1] < forms[i].second_min || s[1] > forms[i].second_max))
                        return 0;
                for (size_t k = 2; k < forms[i].length; k++)
                        if ((s[k] & 0xC0) != 0x80)
                                return 0;
                return forms[i].length;
        }
        return 0;
}

size_t text_encode(uint32_t c, char *out) {
        if (c < 0x80) {
                out[0] = (char)c;
                return 1;
        }
        size_t length = c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
        static const uint8_t lead[] = { 0, 0, 0xC0, 0xE0, 0xF0 };

        for (size_t i = length; i-- > 1; c >>= 6)
                out[i] = (char)(0x80 | (c & 0x3F));
        out[0] = (char)(lead[length] | c);
        return length;
}

/* With a mark, or without one when the first character is of ASCII. */
static bool looks_like_utf16(const char *text, size_t bytes) {
        if (bytes < 2)
                return false;
        return memcmp(text, "\xFF\xFE", 2) == 0 || memcmp(text, "\xFE\xFF", 2) == 0 || (text[0] == '\0') != (text[1] == '\0');
}

int text_check(const char *name, const char *text, size_t bytes, struct err *e) {
        if (looks_like_utf16(text, bytes))
                return err_set(e, ERR_INPUT, "%s:1:1: this is UTF-16 or binary; expected UTF-8 text", name);

        for (size_t i = 0; i < bytes;) {
                uint64_t word;

                /* Eight bytes of ASCII at a time: none has its top bit set and none is zero. */
                if (bytes - i >= sizeof word) {
                        memcpy(&word, text + i, sizeof word);
                        if (((word | (word - 0x0101010101010101u)) & 0x8080808080808080u) == 0) {
                                i += sizeof word;
                                continue;
                        }
                }
                size_t length = text_char_bytes(text + i, bytes - i);
                if (length > 0 && text[i] != '\0') {
                        i += length;
                        continue;
                }
                struct text_place at = text_place(text, i);
                if (text[i] == '\0')
                        return err_set(e, ERR_INPUT, "%s:%u:%u: a NUL byte; expected text", name, at.line, at.column);
                return err_set(e, ERR_INPUT, "%s:%u:%u: byte 0x%02X is not UTF-8 here; expected UTF-8 text", name, at.line, at.column,
                               (uint8_t)text[i]);
        }
        return 0;
}
