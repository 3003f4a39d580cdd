#include "core/doc/scalar.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

#define NUMBER_TEXT_MAX 512 /* a longer one is a string */

static const struct {
        const char *text;
        enum doc_kind kind;
        bool boolean;
} words[] = {
        { "", DOC_NULL, false },      { "~", DOC_NULL, false },     { "null", DOC_NULL, false },  { "Null", DOC_NULL, false },
        { "NULL", DOC_NULL, false },  { "true", DOC_BOOL, true },   { "True", DOC_BOOL, true },   { "TRUE", DOC_BOOL, true },
        { "yes", DOC_BOOL, true },    { "Yes", DOC_BOOL, true },    { "YES", DOC_BOOL, true },    { "on", DOC_BOOL, true },
        { "On", DOC_BOOL, true },     { "ON", DOC_BOOL, true },     { "y", DOC_BOOL, true },      { "Y", DOC_BOOL, true },
        { "false", DOC_BOOL, false }, { "False", DOC_BOOL, false }, { "FALSE", DOC_BOOL, false }, { "no", DOC_BOOL, false },
        { "No", DOC_BOOL, false },    { "NO", DOC_BOOL, false },    { "off", DOC_BOOL, false },   { "Off", DOC_BOOL, false },
        { "OFF", DOC_BOOL, false },   { "n", DOC_BOOL, false },     { "N", DOC_BOOL, false },
};

static bool resolve_word(struct doc_node *node) {
        if (strlen(node->text) > 5 || !strchr("~nNtTyYoOfF", node->text[0])) /* strchr finds the "" of null as well */
                return false;
        for (size_t i = 0; i < ARRAY_SIZE(words); i++)
                if (strcmp(node->text, words[i].text) == 0) {
                        node->kind = words[i].kind;
                        if (node->kind == DOC_BOOL)
                                node->boolean = words[i].boolean;
                        return true;
                }
        return false;
}

/* Copies a number without its '_'. */
static bool strip_underscores(const char *text, char out[static NUMBER_TEXT_MAX]) {
        size_t n = 0;

        for (; *text; text++) {
                if (*text == '_')
                        continue;
                if (n + 1 == NUMBER_TEXT_MAX)
                        return false;
                out[n++] = *text;
        }
        out[n] = '\0';
        return true;
}

/* [-+] then 0x…, 0b…, 0o…, 0… (octal) or decimal digits, within int64. */
static bool parse_int(const char *text, int64_t *ret_value) {
        static const struct {
                const char *prefix;
                int base;
        } bases[] = { { "0x", 16 }, { "0X", 16 }, { "0b", 2 }, { "0B", 2 }, { "0o", 8 }, { "0O", 8 }, { "0", 8 } };
        bool negative = *text == '-';
        uint64_t value = 0, limit = negative ? (uint64_t)INT64_MAX + 1 : INT64_MAX;
        unsigned base = 10;

        text += *text == '-' || *text == '+';
        for (size_t i = 0; i < ARRAY_SIZE(bases) && text[0] == '0' && text[1]; i++)
                if (strncmp(text, bases[i].prefix, strlen(bases[i].prefix)) == 0) {
                        base = (unsigned)bases[i].base;
                        text += strlen(bases[i].prefix);
                        break;
                }
        if (!*text)
                return false;
        for (; *text; text++) {
                static const char digits[] = "0123456789abcdef";
                const char *digit = strchr(digits, *text >= 'A' && *text <= 'F' ? *text + ('a' - 'A') : *text);
                if (!digit || digit - digits >= base)
                        return false;
                unsigned d = (unsigned)(digit - digits);
                if (value > (limit - d) / base)
                        return false;
                value = value * base + d;
        }
        *ret_value = negative ? (int64_t)-value : (int64_t)value;
        return true;
}

static const char *skip_digits(const char *s) {
        return s + strspn(s, "0123456789");
}

/* [-+] digits [. digits] or . digits, then an exponent. */
static bool is_float(const char *s) {
        s += *s == '-' || *s == '+';
        const char *whole = skip_digits(s), *after = whole;

        if (*whole == '.') {
                after = skip_digits(whole + 1);
                if (whole == s && after == whole + 1)
                        return false;
        } else if (whole == s)
                return false;
        if (*after == 'e' || *after == 'E') {
                after++;
                after += *after == '-' || *after == '+';
                if (skip_digits(after) == after)
                        return false;
                after = skip_digits(after);
        }
        return *after == '\0';
}

static bool parse_real(const char *text, double *ret_value) {
        double value = strtod(text, NULL);

        if (!isfinite(value))
                return false;
        *ret_value = value;
        return true;
}

static bool resolve_number(struct doc_node *node) {
        char text[NUMBER_TEXT_MAX];
        int64_t integer;
        double real;

        if (!strchr("+-.0123456789", node->text[0]) || !strip_underscores(node->text, text))
                return false;
        if (parse_int(text, &integer)) {
                node->kind = DOC_INT;
                node->integer = integer;
                return true;
        }
        if (is_float(text) && parse_real(text, &real)) {
                node->kind = DOC_REAL;
                node->real = real;
                return true;
        }
        return false;
}

void scalar_resolve(struct doc_node *node) {
        if (!resolve_word(node) && !resolve_number(node))
                node->kind = DOC_STRING;
}

bool scalar_resolve_tag(struct doc_node *node, const char *tag) {
        static const struct {
                const char *name;
                enum doc_kind kind;
        } tags[] = {
                { "null", DOC_NULL },
                { "bool", DOC_BOOL },
                { "int", DOC_INT },
                { "float", DOC_REAL },
        };
        static const char prefix[] = "tag:yaml.org,2002:";
        size_t prefix_length = sizeof prefix - 1;

        node->kind = DOC_STRING;
        if (strncmp(tag, prefix, prefix_length) != 0)
                return true;
        for (size_t i = 0; i < ARRAY_SIZE(tags); i++) {
                if (strcmp(tag + prefix_length, tags[i].name) != 0)
                        continue;
                scalar_resolve(node);
                if (tags[i].kind == DOC_REAL && node->kind == DOC_INT) {
                        node->kind = DOC_REAL;
                        node->real = (double)node->integer;
                }
                return node->kind == tags[i].kind;
        }
        return true;
}

bool scalar_json_number(struct doc_node *node) {
        int64_t integer;
        double real;

        if (!strpbrk(node->text, ".eE") && parse_int(node->text, &integer)) {
                node->kind = DOC_INT;
                node->integer = integer;
                return true;
        }
        if (!parse_real(node->text, &real))
                return false;
        node->kind = DOC_REAL;
        node->real = real;
        return true;
}
