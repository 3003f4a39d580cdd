/* log: what a person or a collector should know while carve works, one event per line on standard error.
 *
 *     carve: warning: usage.csv: 3 rows match no workload                               (text)
 *     {"time":"2026-11-21T09:12:33.123Z","level":"warning","message":"usage.csv: …"}    (json)
 *
 * Only cmd/ (and the programs that run for long) log above debug: a library returns its error and lets the caller decide. Set up once,
 * before any thread starts; logging itself may be done by any thread, as each event is one write.
 */
#pragma once

#include <stdbool.h>

enum log_level { LOG_ERROR, LOG_WARNING, LOG_INFO, LOG_DEBUG };
enum log_format { LOG_TEXT, LOG_JSON };

#define LOG_LINE_MAX 4096 /* a longer event is cut */

struct log_settings {
        const char *program;  /* what text lines begin with; NULL: "carve" */
        enum log_level level; /* events above it are dropped */
        enum log_format format;
        bool color;
};

void log_setup(struct log_settings settings);

void log_event(enum log_level level, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#define log_error(...) log_event(LOG_ERROR, __VA_ARGS__)
#define log_warning(...) log_event(LOG_WARNING, __VA_ARGS__)
#define log_info(...) log_event(LOG_INFO, __VA_ARGS__)
#define log_debug(...) log_event(LOG_DEBUG, __VA_ARGS__)
