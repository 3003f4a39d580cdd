#include "core/doc/print.h"

#include <assert.h>
#include <ctype.h>
#include <math.h>
#include <strings.h>

#include <yaml.h>

#include "base/mem.h"
#include "base/utf8.h"

struct level {
        bool map, line, empty;
};

struct printer {
        enum print_format format;
        struct buf *out;
        unsigned depth;
        bool after_key;
        struct level levels[PRINT_DEPTH_MAX];
        yaml_emitter_t emitter;
};

/* --- JSON ------------------------------------------------------------------------------------------------------------------------- */

static void json_break(struct printer *p) {
        buf_addc(p->out, '\n');
        buf_repeat(p->out, "  ", p->depth);
}

/* What stands between the value or key before and the one that comes. */
static void json_lead(struct printer *p) {
        if (p->after_key) {
                p->after_key = false;
                return;
        }
        if (p->depth == 0)
                return;
        struct level *level = &p->levels[p->depth - 1];
        if (!level->empty)
                buf_addc(p->out, ',');
        if (!level->line)
                json_break(p);
        else if (!level->empty)
                buf_addc(p->out, ' ');
        level->empty = false;
}

static void json_quote(struct buf *out, const char *text) {
        static const char *const names[0x80] = {
                ['"'] = "\\\"", ['\\'] = "\\\\", ['\b'] = "\\b", ['\f'] = "\\f", ['\n'] = "\\n", ['\r'] = "\\r", ['\t'] = "\\t",
        };
        uint32_t c;

        buf_addc(out, '"');
        while ((c = utf8_next(&text))) {
                if (c < 0x80 && names[c])
                        buf_adds(out, names[c]);
                else if (c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0x2028 || c == 0x2029)
                        buf_printf(out, "\\u%04x", c);
                else
                        utf8_add(out, c);
        }
        buf_addc(out, '"');
}

static void json_close(struct printer *p, const struct level *level) {
        if (!level->line && !level->empty)
                json_break(p);
        buf_addc(p->out, level->map ? '}' : ']');
}

/* --- YAML ------------------------------------------------------------------------------------------------------------------------- */

static int yaml_write(void *context, unsigned char *text, size_t bytes) {
        buf_add(context, (const char *)text, bytes);
        return 1;
}

/* The emitter fails on memory, on bytes that are not UTF-8 and on calls out of order: all three would be ours. */
static void yaml_emit(struct printer *p, yaml_event_t *event, int made) {
        if (!made || !yaml_emitter_emit(&p->emitter, event)) {
                fprintf(stderr, "carve: writing YAML: %s\n", p->emitter.problem ? p->emitter.problem : "no memory");
                abort();
        }
}

static void yaml_scalar(struct printer *p, const char *text, yaml_scalar_style_t style) {
        yaml_event_t event;

        yaml_emit(p, &event, yaml_scalar_event_initialize(&event, NULL, NULL, (const yaml_char_t *)text, (int)strlen(text), 1, 1, style));
}

/* May `text` stand without quotes and still be a string to every reader? YAML 1.1 readers take yes, on, 1:20, 0x7, 1e3, 2026-11-21 and =
 * for other things; nearly all of these start with a digit or a sign, so only texts that start with a letter or '/' go plain. */
static bool yaml_plain(const char *text) {
        static const char *const words[] = { "y", "n", "yes", "no", "on", "off", "true", "false", "null", "nan", "inf" };

        if (!isalpha((unsigned char)*text) && *text != '/')
                return false;
        for (size_t i = 0; i < ARRAY_SIZE(words); i++)
                if (!strcasecmp(text, words[i]))
                        return false;
        for (const char *c = text; *c; c++)
                if ((unsigned char)*c < 0x20 || (unsigned char)*c > 0x7e)
                        return false;
        return true;
}

static void yaml_string(struct printer *p, const char *text) {
        struct buf clean = BUF(p->out->max_bytes);
        const char *rest = text;
        uint32_t c;

        while ((c = utf8_next(&rest)))
                utf8_add(&clean, c);
        yaml_scalar(p, buf_text(&clean), yaml_plain(buf_text(&clean)) ? YAML_ANY_SCALAR_STYLE : YAML_DOUBLE_QUOTED_SCALAR_STYLE);
        buf_done(&clean);
}

static void yaml_open(struct printer *p, bool map, bool line) {
        yaml_event_t event;

        if (map)
                yaml_emit(p, &event,
                          yaml_mapping_start_event_initialize(&event, NULL, NULL, 1,
                                                              line ? YAML_FLOW_MAPPING_STYLE : YAML_BLOCK_MAPPING_STYLE));
        else
                yaml_emit(p, &event,
                          yaml_sequence_start_event_initialize(&event, NULL, NULL, 1,
                                                               line ? YAML_FLOW_SEQUENCE_STYLE : YAML_BLOCK_SEQUENCE_STYLE));
}

static void yaml_close(struct printer *p, const struct level *level) {
        yaml_event_t event;

        yaml_emit(p, &event, level->map ? yaml_mapping_end_event_initialize(&event) : yaml_sequence_end_event_initialize(&event));
}

static void yaml_start(struct printer *p) {
        yaml_event_t event;

        if (!yaml_emitter_initialize(&p->emitter))
                abort();
        yaml_emitter_set_output(&p->emitter, yaml_write, p->out);
        yaml_emitter_set_unicode(&p->emitter, 1);
        yaml_emitter_set_width(&p->emitter, -1);
        yaml_emit(p, &event, yaml_stream_start_event_initialize(&event, YAML_UTF8_ENCODING));
        yaml_emit(p, &event, yaml_document_start_event_initialize(&event, NULL, NULL, NULL, 1));
}

static void yaml_finish(struct printer *p) {
        yaml_event_t event;

        yaml_emit(p, &event, yaml_document_end_event_initialize(&event, 1));
        yaml_emit(p, &event, yaml_stream_end_event_initialize(&event));
        yaml_emitter_delete(&p->emitter);
}

/* --- both ------------------------------------------------------------------------------------------------------------------------- */

struct printer *printer_new(enum print_format format, struct buf *out) {
        struct printer *p = mem_zalloc(1, sizeof *p);

        p->format = format;
        p->out = out;
        if (format == PRINT_YAML)
                yaml_start(p);
        return p;
}

struct printer *printer_free(struct printer *p) {
        if (!p)
                return NULL;
        assert(p->depth == 0);
        if (p->format == PRINT_YAML)
                yaml_finish(p);
        else
                buf_addc(p->out, '\n');
        free(p);
        return NULL;
}

static void open_level(struct printer *p, bool map, enum print_style style) {
        assert(p->depth < PRINT_DEPTH_MAX);
        bool line = style == PRINT_LINE || (p->depth > 0 && p->levels[p->depth - 1].line);
        if (p->format == PRINT_YAML) {
                yaml_open(p, map, line);
        } else {
                json_lead(p);
                buf_addc(p->out, map ? '{' : '[');
        }
        p->levels[p->depth++] = (struct level){ .map = map, .line = line, .empty = true };
}

void print_map(struct printer *p, enum print_style style) {
        open_level(p, true, style);
}

void print_seq(struct printer *p, enum print_style style) {
        open_level(p, false, style);
}

void print_end(struct printer *p) {
        assert(p->depth > 0);
        const struct level *level = &p->levels[--p->depth];
        if (p->format == PRINT_YAML)
                yaml_close(p, level);
        else
                json_close(p, level);
}

void print_key(struct printer *p, const char *key) {
        if (p->format == PRINT_YAML) {
                yaml_string(p, key);
                return;
        }
        json_lead(p);
        json_quote(p->out, key);
        buf_adds(p->out, ": ");
        p->after_key = true;
}

void print_string(struct printer *p, const char *text) {
        if (p->format == PRINT_YAML) {
                yaml_string(p, text);
                return;
        }
        json_lead(p);
        json_quote(p->out, text);
}

/* A scalar that reads the same in both formats. */
static void plain(struct printer *p, const char *text) {
        if (p->format == PRINT_YAML) {
                yaml_scalar(p, text, YAML_PLAIN_SCALAR_STYLE);
                return;
        }
        json_lead(p);
        buf_adds(p->out, text);
}

void print_int(struct printer *p, int64_t value) {
        char text[32];

        snprintf(text, sizeof text, "%lld", (long long)value);
        plain(p, text);
}

void print_bool(struct printer *p, bool value) {
        plain(p, value ? "true" : "false");
}

void print_null(struct printer *p) {
        plain(p, "null");
}

void print_key_string(struct printer *p, const char *key, const char *text) {
        print_key(p, key);
        print_string(p, text ? text : "");
}

void print_key_int(struct printer *p, const char *key, int64_t value) {
        print_key(p, key);
        print_int(p, value);
}

void print_key_bool(struct printer *p, const char *key, bool value) {
        print_key(p, key);
        print_bool(p, value);
}

#define DECIMALS_MAX 17

void print_real(struct printer *p, double value, unsigned decimals) {
        char text[512]; /* the largest double has 309 digits before the point */

        if (!isfinite(value)) {
                print_null(p);
                return;
        }
        snprintf(text, sizeof text, "%.*f", (int)MIN(decimals, DECIMALS_MAX), value);
        if (strchr(text, '.')) {
                char *end = text + strlen(text);
                while (end[-1] == '0')
                        *--end = '\0';
                if (end[-1] == '.')
                        *--end = '\0';
        }
        plain(p, strcmp(text, "-0") ? text : "0");
}

/* A real of a tree keeps all its digits. YAML 1.1 readers know 1.0e+20 as a number, but not 1e+20. */
static void tree_real(struct printer *p, double value) {
        char digits[40], text[48];

        for (int precision = 15; precision <= 17; precision++) {
                snprintf(digits, sizeof digits, "%.*g", precision, value);
                if (strtod(digits, NULL) == value)
                        break;
        }
        const char *exponent = strchr(digits, 'e');
        if (strchr(digits, '.'))
                snprintf(text, sizeof text, "%s", digits);
        else if (exponent)
                snprintf(text, sizeof text, "%.*s.0%s", (int)(exponent - digits), digits, exponent);
        else
                snprintf(text, sizeof text, "%s.0", digits);
        plain(p, text);
}

static void tree_map(struct printer *p, const json_t *value) {
        const char *key;
        json_t *child;

        print_map(p, PRINT_BLOCK);
        json_object_foreach((json_t *)value, key, child) {
                print_key(p, key);
                print_value(p, child);
        }
        print_end(p);
}

static void tree_seq(struct printer *p, const json_t *value) {
        print_seq(p, PRINT_BLOCK);
        for (size_t i = 0; i < json_array_size(value); i++)
                print_value(p, json_array_get(value, i));
        print_end(p);
}

void print_value(struct printer *p, const json_t *value) {
        switch (json_typeof(value)) {
        case JSON_OBJECT:
                tree_map(p, value);
                break;
        case JSON_ARRAY:
                tree_seq(p, value);
                break;
        case JSON_STRING:
                print_string(p, json_string_value(value));
                break;
        case JSON_INTEGER:
                print_int(p, json_integer_value(value));
                break;
        case JSON_REAL:
                tree_real(p, json_real_value(value));
                break;
        case JSON_TRUE:
        case JSON_FALSE:
                print_bool(p, json_is_true(value));
                break;
        case JSON_NULL:
                print_null(p);
                break;
        }
}

void print_document(enum print_format format, const json_t *value, struct buf *out) {
        struct printer *p = printer_new(format, out);

        print_value(p, value);
        printer_free(p);
}
