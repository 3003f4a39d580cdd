#include "base/err.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* A message may quote a file name or a value: it must not be able to drive the terminal. UTF-8 stays as it is. */
static void make_printable(char *text) {
        for (char *c = text; *c; c++)
                if ((unsigned char)*c < 0x20 || *c == 0x7f)
                        *c = '?';
}

static void mark_cut(char *text, int wanted) {
        static const char ellipsis[] = "…";

        if (wanted < ERR_TEXT_MAX)
                return;
        size_t end = ERR_TEXT_MAX - sizeof ellipsis;
        while (end > 0 && ((unsigned char)text[end] & 0xc0) == 0x80) /* not inside a UTF-8 sequence */
                end--;
        memcpy(text + end, ellipsis, sizeof ellipsis);
}

int err_set(struct err *e, enum err_code code, const char *fmt, ...) {
        va_list args;

        va_start(args, fmt);
        int wanted = vsnprintf(e->text, sizeof e->text, fmt, args);
        va_end(args);
        make_printable(e->text);
        mark_cut(e->text, wanted);
        e->code = code;
        return -(int)code;
}

int err_wrap(struct err *e, const char *fmt, ...) {
        char inner[ERR_TEXT_MAX], outer[ERR_TEXT_MAX];
        va_list args;

        memcpy(inner, e->text, sizeof inner);
        va_start(args, fmt);
        vsnprintf(outer, sizeof outer, fmt, args);
        va_end(args);
        make_printable(outer);
        int wanted = snprintf(e->text, sizeof e->text, "%s: %s", outer, inner);
        mark_cut(e->text, wanted);
        return -(int)e->code;
}

int err_exit_status(const struct err *e) {
        static const int status[] = {
                [ERR_USAGE] = 2, [ERR_INPUT] = 3,  [ERR_NOT_FOUND] = 3, [ERR_IMPOSSIBLE] = 1,
                [ERR_AGAIN] = 4, [ERR_SYSTEM] = 3, [ERR_GPU] = 5,       [ERR_BUG] = 70,
        };

        return status[e->code];
}
