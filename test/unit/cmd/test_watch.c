#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../unit.h"
#include "cmd/plan_args.h"

/* A child that meets Ctrl-C so many times while it watches, and once more after that if `after`; how it ended. */
static int interrupted(unsigned times, bool after) {
        int status;
        pid_t child = fork();

        if (child == 0) {
                struct plan_watch watch;
                close(STDERR_FILENO);
                plan_watch_begin(&watch, false);
                struct pack_env env = plan_watch_env(&watch);
                if (env.stop(env.context))
                        _exit(1);
                for (unsigned i = 0; i < times; i++) {
                        kill(getpid(), SIGINT); /* a thread takes it: it has two seconds, the second one all of them */
                        for (unsigned wait = 0; wait < 400 && (i > 0 || !env.stop(env.context)); wait++)
                                usleep(5000);
                }
                bool stop = env.stop(env.context);
                plan_watch_end(&watch);
                if (after)
                        raise(SIGINT);
                _exit(stop ? 42 : 0);
        }
        assert_int_equal(waitpid(child, &status, 0), child);
        return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

static void the_first_stops_the_second_ends(void **state) {
        (void)state;
        assert_int_equal(interrupted(0, false), 0);
        assert_int_equal(interrupted(1, false), 42);
        assert_int_equal(interrupted(2, false), -SIGINT);
        assert_int_equal(interrupted(0, true), -SIGINT); /* outside a solve, Ctrl-C is what it always is */
        assert_int_equal(interrupted(1, true), -SIGINT);
}

static void the_clock_goes_forward(void **state) {
        (void)state;
        struct plan_watch watch;

        plan_watch_begin(&watch, false);
        struct pack_env env = plan_watch_env(&watch);
        double before = env.now_seconds(env.context);
        usleep(20000);
        double passed = env.now_seconds(env.context) - before;
        plan_watch_end(&watch);
        assert_true(passed >= 0.02 && passed < 10);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(the_first_stops_the_second_ends),
                cmocka_unit_test(the_clock_goes_forward),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
