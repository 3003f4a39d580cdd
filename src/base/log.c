#include "base/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#include "base/buf.h"

static struct log_settings settings = { .level = LOG_WARNING };

static const struct {
        const char *name, *color;
} levels[] = {
        [LOG_ERROR] = { "error", "\033[1;31m" },
        [LOG_WARNING] = { "warning", "\033[1;33m" },
        [LOG_INFO] = { "info", "" },
        [LOG_DEBUG] = { "debug", "\033[2m" },
};

void log_setup(struct log_settings s) {
        settings = s;
}

static void add_text(struct buf *line, enum log_level level, const char *message) {
        const char *color = settings.color ? levels[level].color : "";

        buf_printf(line, "%s: %s%s:%s ", settings.program ? settings.program : "carve", color, levels[level].name, *color ? "\033[0m" : "");
        /* A message may quote a file name: it must not be able to drive the terminal. */
        for (const char *c = message; *c; c++)
                buf_addc(line, (unsigned char)*c < 0x20 || *c == 0x7f ? '?' : *c);
}

static void add_time(struct buf *line) {
        struct timespec now;
        struct tm utc;
        char text[32];

        clock_gettime(CLOCK_REALTIME, &now);
        gmtime_r(&now.tv_sec, &utc);
        strftime(text, sizeof text, "%FT%T", &utc);
        buf_printf(line, "%s.%03ldZ", text, now.tv_nsec / 1000000);
}

static void add_json(struct buf *line, enum log_level level, const char *message) {
        buf_adds(line, "{\"time\":\"");
        add_time(line);
        buf_printf(line, "\",\"level\":\"%s\",\"message\":\"", levels[level].name);
        for (const char *c = message; *c; c++)
                if (*c == '"' || *c == '\\')
                        buf_printf(line, "\\%c", *c);
                else if ((unsigned char)*c < 0x20)
                        buf_printf(line, "\\u%04x", *c);
                else
                        buf_addc(line, *c);
        buf_adds(line, "\"}");
}

void log_event(enum log_level level, const char *fmt, ...) {
        struct buf line = BUF(8 * LOG_LINE_MAX); /* a control character becomes six in JSON */
        char message[LOG_LINE_MAX];
        va_list args;

        if (level > settings.level)
                return;
        va_start(args, fmt);
        vsnprintf(message, sizeof message, fmt, args);
        va_end(args);
        if (settings.format == LOG_JSON)
                add_json(&line, level, message);
        else
                add_text(&line, level, message);
        buf_addc(&line, '\n');
        ssize_t written = write(STDERR_FILENO, buf_text(&line), line.length);
        (void)written; /* a log that cannot be written has nobody to tell */
        buf_done(&line);
}
