#include "core/migparted/name.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

#define NAME_MAX_BYTES 512
#define ATTRIBUTES_MAX 32

/* `text` without its unit, as a number. `unit` is "c", "g" or "gb". */
static int parse_field(char *text, const char *unit, int *ret_number, struct err *e) {
        size_t length = strlen(text), unit_length = strlen(unit);

        if (*text == ' ' || (length > 0 && text[length - 1] == ' '))
                return err_set(e, ERR_INPUT, "leading or trailing spaces on '%%d%s'", unit);
        if (length < unit_length || strcmp(text + length - unit_length, unit) != 0)
                return err_set(e, ERR_INPUT, "missing '%s' from '%%d%s'", unit, unit);
        text[length - unit_length] = '\0';
        if (!*text || text[strspn(text, "0123456789")] || strlen(text) > 9)
                return err_set(e, ERR_INPUT, "malformed number in '%%d%s'", unit);
        *ret_number = (int)strtol(text, NULL, 10);
        return 0;
}

/* "1c.3g.40gb" or "3g.40gb". Changes `text`. */
static int parse_fields(char *text, struct slice_name *name, struct err *e) {
        char *second = strchr(text, '.');
        char *third = second ? strchr(second + 1, '.') : NULL;
        int r = 0;

        if (!second)
                return err_set(e, ERR_INPUT, "parsed wrong number of fields, expected 2 or 3");
        *second++ = '\0';
        if (!third) {
                if ((r = parse_field(text, "g", &name->slices, e)) < 0 || (r = parse_field(second, "gb", &name->gb, e)) < 0)
                        return r;
                name->compute = name->slices;
                return 0;
        }
        *third++ = '\0';
        if ((r = parse_field(text, "c", &name->compute, e)) < 0 || (r = parse_field(second, "g", &name->slices, e)) < 0)
                return r;
        return parse_field(third, "gb", &name->gb, e);
}

static int check_attribute(const char *text, struct err *e) {
        size_t length = strlen(text);

        if (length == 0)
                return err_set(e, ERR_INPUT, "empty attribute in list");
        if (*text == ' ' || text[length - 1] == ' ')
                return err_set(e, ERR_INPUT, "leading or trailing spaces in attribute");
        if (*text >= '0' && *text <= '9')
                return err_set(e, ERR_INPUT, "attribute begins with a number");
        if (*text == '.' || text[length - 1] == '.')
                return err_set(e, ERR_INPUT, "attribute begins/ends with a dot");
        for (; *text; text++)
                if (!(*text >= 'a' && *text <= 'z') && !(*text >= 'A' && *text <= 'Z') && !(*text >= '0' && *text <= '9') && *text != '.')
                        return err_set(e, ERR_INPUT, "non alpha-numeric character or digit in attribute");
        return 0;
}

static int compare_texts(const void *a, const void *b) {
        return strcmp(*(char *const *)a, *(char *const *)b);
}

/* "me,gfx", sorted. Changes `text`. */
static int parse_attributes(char *text, struct slice_name *name, struct err *e) {
        char *words[ATTRIBUTES_MAX];
        unsigned count = 0;

        for (char *word; (word = strsep(&text, ","));) {
                if (count == ATTRIBUTES_MAX)
                        return err_set(e, ERR_INPUT, "more than %d attributes in list", ATTRIBUTES_MAX);
                for (unsigned i = 0; i < count; i++)
                        if (strcmp(words[i], word) == 0)
                                return err_set(e, ERR_INPUT, "non unique attribute in list");
                int r = check_attribute(word, e);
                if (r < 0)
                        return r;
                words[count++] = word;
        }
        qsort(words, count, sizeof *words, compare_texts);
        size_t used = 0;
        for (unsigned i = 0; i < count && used < sizeof name->attributes; i++)
                used += (size_t)snprintf(name->attributes + used, sizeof name->attributes - used, "%s%s", i ? "," : "", words[i]);
        return 0;
}

int slice_name_parse(const char *text, struct slice_name *ret_name, struct err *e) {
        struct slice_name name = { 0 };
        char copy[NAME_MAX_BYTES];

        if (!*text)
                return err_set(e, ERR_INPUT, "profile is the empty string");
        if (strlen(text) >= sizeof copy)
                return err_set(e, ERR_INPUT, "profile is longer than %d bytes", NAME_MAX_BYTES - 1);
        if (strchr(text, '+') && strchr(text, '-'))
                return err_set(e, ERR_INPUT, "profile '%s' contains both '+/-' attributes", text);
        memcpy(copy, text, strlen(text) + 1);
        char *attributes = strpbrk(copy, "+-");
        if (attributes) {
                name.sign = *attributes;
                *attributes++ = '\0';
        }
        int r = parse_fields(copy, &name, e);
        if (r < 0)
                return err_wrap(e, "cannot parse fields of '%s'", text);
        if (attributes && (r = parse_attributes(attributes, &name, e)) < 0)
                return err_wrap(e, "cannot parse attributes of '%s'", text);
        *ret_name = name;
        return 0;
}

static bool slice_name_equal(const struct slice_name *a, const struct slice_name *b) {
        return a->compute == b->compute && a->slices == b->slices && a->gb == b->gb && a->sign == b->sign &&
               strcmp(a->attributes, b->attributes) == 0;
}

const struct gpu_profile *slice_name_find(const struct gpu_model *model, const struct slice_name *name) {
        struct slice_name whole = *name, has;
        struct err e;

        whole.compute = whole.slices;
        if (name->compute < 1 || name->compute > name->slices)
                return NULL;
        for (unsigned i = 0; i < model->profile_count; i++)
                if (slice_name_parse(model->profiles[i].name, &has, &e) == 0 && slice_name_equal(&has, &whole))
                        return &model->profiles[i];
        return NULL;
}
