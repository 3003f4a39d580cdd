#include "base/log.h"

#include <regex.h>
#include <unistd.h>

#include "../unit.h"

/* What log_warning("%s", message) writes under `settings`. */
static void logged(struct log_settings settings, const char *message, char *text, size_t bytes) {
        int pipe_ends[2], kept = dup(STDERR_FILENO);

        assert_int_equal(pipe(pipe_ends), 0);
        dup2(pipe_ends[1], STDERR_FILENO);
        close(pipe_ends[1]);
        log_setup(settings);
        log_warning("%s", message);
        dup2(kept, STDERR_FILENO); /* closes the last writer of the pipe */
        close(kept);
        ssize_t n = read(pipe_ends[0], text, bytes - 1);
        close(pipe_ends[0]);
        assert_true(n >= 0);
        text[n] = '\0';
}

static void says_who_and_how_bad(void **state) {
        (void)state;
        char text[256];

        logged((struct log_settings){ .level = LOG_WARNING }, "a row", text, sizeof text);
        assert_string_equal(text, "carve: warning: a row\n");
        logged((struct log_settings){ .level = LOG_ERROR }, "a row", text, sizeof text);
        assert_string_equal(text, "");
}

static void keeps_control_characters_from_the_terminal(void **state) {
        (void)state;
        char text[256];

        logged((struct log_settings){ .level = LOG_DEBUG }, "a\033[2Jb\nc", text, sizeof text);
        assert_string_equal(text, "carve: warning: a?[2Jb?c\n");
}

static void writes_json_a_collector_can_read(void **state) {
        (void)state;
        char text[256];
        regex_t line;

        logged((struct log_settings){ .level = LOG_DEBUG, .format = LOG_JSON }, "a \"b\\\"\n\001", text, sizeof text);
        assert_int_equal(regcomp(&line,
                                 "^\\{\"time\":\"20[0-9]{2}-[01][0-9]-[0-3][0-9]T[0-9:]{8}\\.[0-9]{3}Z\",\"level\":\"warning\","
                                 "\"message\":\"a \\\\\"b\\\\\\\\\\\\\"\\\\u000a\\\\u0001\"\\}\n$",
                                 REG_EXTENDED),
                         0);
        assert_int_equal(regexec(&line, text, 0, NULL, 0), 0);
        regfree(&line);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(says_who_and_how_bad),
                cmocka_unit_test(keeps_control_characters_from_the_terminal),
                cmocka_unit_test(writes_json_a_collector_can_read),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
