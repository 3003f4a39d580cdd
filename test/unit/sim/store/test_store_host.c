/* Programs that were started in odd ways: without a standard output, with limits. Each is a process of its own. */
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "folder.h"

static struct node working;

/* 0 if all is as it should be, else the line. */
static int in_a_process(int (*act)(void)) {
        int status;
        pid_t child = fork();

        if (child == 0)
                _exit(act());
        assert_int_equal(waitpid(child, &status, 0), child);
        return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

static int stamp_node(struct store *s, uint64_t stamp, struct err *e) {
        struct store_write w;

        if (store_begin(s, &w, &working, e) < 0)
                return -(int)e->code;
        folder_stamp(&working, stamp);
        folder_toggle(&working, 0, 0);
        return store_end(s, &w, &working, e);
}

/* What such a program prints goes nowhere; it must not go into the node. */
static int without_standard_files(void) {
        static const char text[] = "printed";
        struct store s;
        struct store_write w;
        struct err e = { 0 };

        for (int fd = 0; fd < 3; fd++)
                close(fd);
        if (store_open(&s, "node", &e) < 0 || stamp_node(&s, 2, &e) < 0 || store_begin(&s, &w, &working, &e) < 0)
                return __LINE__;
        for (int fd = 0; fd < 3; fd++)
                if (write(fd, text, sizeof text) >= 0)
                        return __LINE__;
        if (store_end(&s, &w, NULL, &e) < 0)
                return __LINE__;
        store_close(&s);
        return 0;
}

static void a_program_without_standard_files_prints_nothing_into_the_node(void **state) {
        (void)state;
        folder_create(2);
        assert_int_equal(in_a_process(without_standard_files), 0);
        folder_read(&working);
        assert_true(folder_is_whole(&working));
        assert_int_equal(working.seed, 2);
}

/* Beyond its limit the kernel would end the program (SIGXFSZ); the write fails instead, and nothing of the program's signals is changed. */
static int with_a_limit_of_file_sizes(void) {
        const struct rlimit limit = { 4096, 4096 };
        sigset_t mask, pending;
        struct store s;
        struct err e = { 0 };

        signal(SIGXFSZ, SIG_DFL);
        if (setrlimit(RLIMIT_FSIZE, &limit) < 0 || store_open(&s, "node", &e) < 0)
                return __LINE__;
        if (stamp_node(&s, 2, &e) != -ERR_SYSTEM || !strstr(e.text, "File too large"))
                return __LINE__;
        if (pthread_sigmask(SIG_BLOCK, NULL, &mask) != 0 || sigismember(&mask, SIGXFSZ) || sigpending(&pending) < 0 ||
            sigismember(&pending, SIGXFSZ))
                return __LINE__;
        store_close(&s);
        return 0;
}

static void a_limit_of_file_sizes_is_an_error(void **state) {
        (void)state;
        folder_create(2);
        assert_int_equal(in_a_process(with_a_limit_of_file_sizes), 0);
        folder_read(&working);
        assert_true(folder_is_whole(&working));
        assert_int_equal(working.seed, 1);
}

static int ends[2];

/* Killed in the middle of a write, while a child lives on that another thread forked. */
static int dies_and_leaves_a_child(void) {
        struct store s;
        struct store_write w;
        struct err e = { 0 };
        char byte = 0;

        if (store_open(&s, "node", &e) < 0 || store_begin(&s, &w, &working, &e) < 0)
                return __LINE__;
        pid_t child = fork();
        if (child == 0) {
                store_after_fork();
                close(ends[1]);
                if (write(ends[0], &byte, 1) != 1 || read(ends[0], &byte, 1) != 0)
                        _exit(1);
                _exit(0);
        }
        close(ends[0]);
        return read(ends[1], &byte, 1) == 1 ? 0 : __LINE__;
}

static void a_child_does_not_keep_what_its_killed_parent_had_locked(void **state) {
        (void)state;
        struct store *s;
        struct err e = { 0 };

        folder_create(2);
        assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends), 0);
        assert_int_equal(in_a_process(dies_and_leaves_a_child), 0);
        s = folder_open();
        assert_ok(stamp_node(s, 2, &e), &e);
        folder_close(s);
        close(ends[0]);
        close(ends[1]); /* which ends the child */
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(a_program_without_standard_files_prints_nothing_into_the_node, folder_enter, folder_leave),
                cmocka_unit_test_setup_teardown(a_limit_of_file_sizes_is_an_error, folder_enter, folder_leave),
                cmocka_unit_test_setup_teardown(a_child_does_not_keep_what_its_killed_parent_had_locked, folder_enter, folder_leave),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
