#include "core/doc/read_json.h"

#include <string.h>

#include "base/mem.h"
#include "core/doc/scalar.h"
#include "core/doc/text.h"

void json_stream_open(struct json_stream *j, const char *name, const char *text, size_t bytes) {
        *j = (struct json_stream){ .name = name, .at = text, .end = text + bytes, .counted = text, .line = 1, .column = 1 };
}

/* Moves the known place on to `to`; each character is counted once however often a place is asked for. */
static struct text_place place(struct json_stream *j, const char *to) {
        for (; j->counted < to; j->counted++) {
                char c = *j->counted;
                if (c == '\n' || (c == '\r' && !(j->counted + 1 < j->end && j->counted[1] == '\n'))) {
                        j->line++;
                        j->column = 1;
                } else if ((c & 0xC0) != 0x80)
                        j->column++;
        }
        return (struct text_place){ j->line, j->column };
}

/* What stands at the cursor, for messages. */
static const char *found(const struct json_stream *j, char out[static 32]) {
        if (j->at == j->end)
                return "the end of the file";
        if (*j->at == '\n' || *j->at == '\r')
                return "a line end";
        if (*j->at == '\t')
                return "a tab";
        size_t length = MAX(text_char_bytes(j->at, (size_t)(j->end - j->at)), (size_t)1);
        snprintf(out, 32, "'%.*s'", (int)length, j->at);
        return out;
}

static int expected(struct json_stream *j, const char *what, struct err *e) {
        char buffer[32];
        struct text_place at = place(j, j->at);

        return err_set(e, ERR_INPUT, "%s:%u:%u: %s where JSON expects %s", j->name, at.line, at.column, found(j, buffer), what);
}

char json_stream_peek(struct json_stream *j) {
        while (j->at < j->end && (*j->at == ' ' || *j->at == '\n' || *j->at == '\r' || *j->at == '\t'))
                j->at++;
        return j->at < j->end ? *j->at : '\0';
}

static int parse_hex(struct json_stream *j, uint32_t *ret_value, struct err *e) {
        uint32_t value = 0;

        for (int i = 0; i < 4; i++, j->at++) {
                static const char digits[] = "0123456789abcdef0123456789ABCDEF";
                const char *digit = j->at < j->end ? memchr(digits, *j->at, sizeof digits - 1) : NULL;
                if (!digit)
                        return expected(j, "a hexadecimal digit of \\uXXXX", e);
                value = value << 4 | ((uint32_t)(digit - digits) & 15);
        }
        *ret_value = value;
        return 0;
}

/* The part of \uXXXX after the u; characters outside the basic plane are two of them. */
static int parse_unicode(struct json_stream *j, uint32_t *ret_character, struct err *e) {
        const char *escape = j->at - 2;
        uint32_t high, low = 0;
        int r = parse_hex(j, &high, e);
        if (r < 0)
                return r;

        bool pair = high >= 0xD800 && high < 0xDC00 && j->end - j->at >= 6 && j->at[0] == '\\' && j->at[1] == 'u';
        if (pair) {
                j->at += 2;
                r = parse_hex(j, &low, e);
                if (r < 0)
                        return r;
                pair = low >= 0xDC00 && low < 0xE000;
        }
        if (high == 0 || (high >= 0xD800 && high < 0xE000 && !pair)) {
                j->at = escape;
                return expected(j, high == 0 ? "no \\u0000 (no text here may hold a NUL)" : "both halves of a surrogate pair", e);
        }
        *ret_character = pair ? 0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00) : high;
        return 0;
}

/* After a backslash: appends what the escape stands for. */
static int parse_escape(struct json_stream *j, char **out, struct err *e) {
        static const char letters[] = "\"\\/bfnrt", meanings[] = "\"\\/\b\f\n\r\t";
        const char *letter = j->at < j->end ? memchr(letters, *j->at, sizeof letters - 1) : NULL;
        uint32_t character = 0;

        if (letter) {
                *(*out)++ = meanings[letter - letters];
                j->at++;
                return 0;
        }
        if (j->at == j->end || *j->at != 'u')
                return expected(j, "one of \" \\ / b f n r t u after a backslash", e);
        j->at++;
        int r = parse_unicode(j, &character, e);
        if (r < 0)
                return r;
        *out += text_encode(character, *out);
        return 0;
}

/* A string, the cursor on its opening quote. */
static int parse_string(struct json_stream *j, struct tree *t, const char **ret_text, struct err *e) {
        const char *start = ++j->at, *quote = start;

        /* What is written is never shorter than what it means, so the closing quote bounds the room needed. */
        while (quote < j->end && *quote != '"')
                quote += 1 + (*quote == '\\' && quote + 1 < j->end);
        char *text = arena_alloc(&t->arena, (size_t)(quote - start) + 1), *out = text;

        for (;;) {
                const char *run = j->at;
                while (j->at < j->end && *j->at != '"' && *j->at != '\\' && (uint8_t)*j->at >= 0x20)
                        j->at++;
                memcpy(out, run, (size_t)(j->at - run));
                out += j->at - run;

                if (j->at == j->end || (uint8_t)*j->at < 0x20)
                        return expected(j, "the closing '\"' of a string (in one a line end is written \\n, a tab \\t)", e);
                if (*j->at++ == '"')
                        break;
                int r = parse_escape(j, &out, e);
                if (r < 0)
                        return r;
        }
        *out = '\0';
        *ret_text = text;
        return 0;
}

static size_t digits(struct json_stream *j) {
        const char *start = j->at;

        while (j->at < j->end && *j->at >= '0' && *j->at <= '9')
                j->at++;
        return (size_t)(j->at - start);
}

/* -? (0 | [1-9][0-9]*) (. [0-9]+)? ([eE] [+-]? [0-9]+)? */
static int scan_number(struct json_stream *j, struct err *e) {
        if (*j->at == '-')
                j->at++;
        bool zero = j->at < j->end && *j->at == '0';
        size_t whole = digits(j);
        if (whole == 0)
                return expected(j, "a digit", e);
        if (zero && whole > 1) {
                j->at -= whole - 1;
                return expected(j, "no digit after a leading 0", e);
        }
        if (j->at < j->end && *j->at == '.') {
                j->at++;
                if (digits(j) == 0)
                        return expected(j, "a digit after the point", e);
        }
        if (j->at < j->end && (*j->at == 'e' || *j->at == 'E')) {
                j->at++;
                if (j->at < j->end && (*j->at == '+' || *j->at == '-'))
                        j->at++;
                if (digits(j) == 0)
                        return expected(j, "a digit of the exponent", e);
        }
        return 0;
}

static int parse_scalar(struct json_stream *j, struct tree *t, struct err *e) {
        static const struct {
                const char *word;
                enum doc_kind kind;
                bool boolean;
        } words[] = { { "null", DOC_NULL, false }, { "true", DOC_BOOL, true }, { "false", DOC_BOOL, false } };
        const char *start = j->at, *text;
        struct text_place at = place(j, start);
        struct doc_node *node = NULL;
        char first = json_stream_peek(j);

        if (first == '"') {
                int r = parse_string(j, t, &text, e);
                if (r < 0)
                        return r;
                node = tree_scalar(t, DOC_STRING, text, false, at.line, at.column);
                return tree_add(t, node, TREE_LEAF, at.line, at.column, e);
        }
        for (size_t i = 0; i < ARRAY_SIZE(words) && !node; i++) {
                size_t length = strlen(words[i].word);
                if ((size_t)(j->end - start) < length || memcmp(start, words[i].word, length) != 0)
                        continue;
                j->at += length;
                node = tree_scalar(t, words[i].kind, words[i].word, true, at.line, at.column);
                if (node->kind == DOC_BOOL)
                        node->boolean = words[i].boolean;
        }
        if (!node) {
                if (first != '-' && (first < '0' || first > '9'))
                        return expected(j, "a value (an object, a list, a \"string\", a number, true, false or null)", e);
                int r = scan_number(j, e);
                if (r < 0)
                        return r;
                text = arena_strndup(&t->arena, start, (size_t)(j->at - start));
                node = tree_scalar(t, DOC_NULL, text, true, at.line, at.column);
                if (!scalar_json_number(node)) {
                        j->at = start;
                        return expected(j, "a number within the range of a double (±1.8e308)", e);
                }
        }
        return tree_add(t, node, TREE_LEAF, at.line, at.column, e);
}

static int parse_value(struct json_stream *j, struct tree *t, struct err *e);

/* One "key": value, or one value of a list. */
static int parse_member(struct json_stream *j, struct tree *t, bool keyed, struct err *e) {
        if (keyed) {
                const char *key;
                if (json_stream_peek(j) != '"')
                        return expected(j, "a key in double quotes", e);
                struct text_place at = place(j, j->at);
                int r = parse_string(j, t, &key, e);
                if (r < 0)
                        return r;
                tree_key(t, key, false, at.line, at.column);
                if (json_stream_peek(j) != ':')
                        return expected(j, "':' after a key", e);
                j->at++;
        }
        return parse_value(j, t, e);
}

/* An object or a list; the depth of the recursion is the tree's, which tree_open() bounds. */
static int parse_collection(struct json_stream *j, struct tree *t, struct err *e) {
        bool keyed = *j->at == '{';
        char close = keyed ? '}' : ']';
        struct text_place at = place(j, j->at);
        struct tree_weight weight;
        struct doc_node *node;
        int r = tree_open(t, keyed ? DOC_MAP : DOC_SEQ, at.line, at.column, &node, e);
        if (r < 0)
                return r;

        j->at++;
        if (json_stream_peek(j) == close) {
                j->at++;
                return tree_close(t, &weight, e);
        }
        for (;;) {
                r = parse_member(j, t, keyed, e);
                if (r < 0)
                        return r;
                char next = json_stream_peek(j);
                if (next != ',' && next != close)
                        return expected(j, keyed ? "',' or '}'" : "',' or ']'", e);
                j->at++;
                if (next == close)
                        return tree_close(t, &weight, e);
        }
}

static int parse_value(struct json_stream *j, struct tree *t, struct err *e) {
        char first = json_stream_peek(j);

        return first == '{' || first == '[' ? parse_collection(j, t, e) : parse_scalar(j, t, e);
}

int json_stream_next(struct json_stream *j, struct tree *t, struct err *e) {
        if (json_stream_peek(j) == '\0')
                return 0;
        int r = parse_value(j, t, e);
        if (r < 0)
                return r;
        /* "12null" is a slip, not two documents. */
        const char *after = j->at;
        if (t->root->text && json_stream_peek(j) != '\0' && j->at == after)
                return expected(j, "white space or the end of the file", e);
        return 1;
}
