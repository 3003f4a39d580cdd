#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/mem.h"
#include "base/near.h"
#include "cli/cmd.h"

static int read_word(const struct cmd_option *option, const char *word, unsigned *ret_index, struct err *e) {
        struct near near = near_to(word);
        char hint[NEAR_HINT_MAX];
        const char *known;

        for (unsigned i = 0; (known = option->words(i)); i++) {
                if (!strcasecmp(known, word)) {
                        *ret_index = i;
                        return 0;
                }
                near_offer(&near, known);
        }
        return err_set(e, ERR_USAGE, "'%s' is not %s%s", word, option->word_is, near_hint(&near, hint));
}

static int read_number(const struct cmd_option *option, const char *text, double *ret_number, struct err *e) {
        char *end;

        errno = 0;
        double number = strtod(text, &end);
        if (end != text && *end == '%' && option->arg && !strcmp(option->arg, "PCT"))
                end++;
        if (end == text || *end || errno || !isfinite(number) || strpbrk(text, "xX") || number < option->min || number > option->max)
                return err_set(e, ERR_USAGE, "'%s' is not a number in %g..%g", text, option->min, option->max);
        *ret_number = number;
        return 0;
}

static int value_count(const struct cmd_option *option, const char *text, void *field, struct err *e) {
        double number;

        if (text[strspn(text, "0123456789")] || read_number(option, text, &number, e) < 0)
                return err_set(e, ERR_USAGE, "'%s' is not a whole number in %.0f..%.0f", text, option->min, option->max);
        *(unsigned *)field = (unsigned)number;
        return 0;
}

static int value_number(const struct cmd_option *option, const char *text, void *field, struct err *e) {
        return read_number(option, text, field, e);
}

static int value_switch(const struct cmd_option *option, const char *text, void *field, struct err *e) {
        (void)option, (void)text, (void)e;
        *(bool *)field = true;
        return 0;
}

static int value_times(const struct cmd_option *option, const char *text, void *field, struct err *e) {
        (void)option, (void)text, (void)e;
        ++*(unsigned *)field;
        return 0;
}

static int value_text(const struct cmd_option *option, const char *text, void *field, struct err *e) {
        (void)option;
        if (!*text)
                return err_set(e, ERR_USAGE, "is empty");
        *(const char **)field = text;
        return 0;
}

static int value_word(const struct cmd_option *option, const char *text, void *field, struct err *e) {
        return read_word(option, text, field, e);
}

static int add_item(const struct cmd_option *option, const char *text, size_t length, struct cmd_list *list, struct err *e) {
        unsigned index;

        if (length == 0)
                return err_set(e, ERR_USAGE, "has an empty item");
        if (list->count == CMD_LIST_MAX)
                return err_set(e, ERR_USAGE, "has more than %d items", CMD_LIST_MAX);
        _cleanup_free_ char *item = mem_strndup(text, length);
        if (option->words && !(option->knows && option->knows(item))) {
                int r = read_word(option, item, &index, e);
                if (r < 0)
                        return r;
                free(item);
                item = mem_strdup(option->words(index)); /* as the catalogue spells it */
        }
        list->items[list->count++] = TAKE_PTR(item);
        return 0;
}

static int value_list(const struct cmd_option *option, const char *text, void *field, struct err *e) {
        for (;;) {
                size_t length = strcspn(text, ",");
                int r = add_item(option, text, length, field, e);
                if (r < 0)
                        return r;
                if (!text[length])
                        return 0;
                text += length + 1;
        }
}

int cmd_value_read(const struct cmd_option *option, const char *text, void *args, struct err *e) {
        static int (*const readers[])(const struct cmd_option *, const char *, void *, struct err *) = {
                [VALUE_SWITCH] = value_switch, [VALUE_TIMES] = value_times,   [VALUE_TEXT] = value_text, [VALUE_FILE] = value_text,
                [VALUE_COUNT] = value_count,   [VALUE_NUMBER] = value_number, [VALUE_WORD] = value_word, [VALUE_LIST] = value_list,
        };

        return readers[option->value](option, text, (char *)args + option->offset, e);
}
