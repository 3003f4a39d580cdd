/* Many processes and threads at once: no update is lost, no answer is torn, nobody waits in vain. */
#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "folder.h"

#define WRITERS 8
#define WRITES 250 /* of each */
#define READERS 100
#define REPARTITIONS 400
#define WAKES 200

static struct node node, working;

static void add_one(struct store *s, struct node *n) {
        struct store_write w;
        struct err e = { 0 };

        if (store_begin(s, &w, n, &e) < 0 || (folder_stamp(n, n->seed + 1), store_end(s, &w, n, &e)) < 0) {
                fprintf(stderr, "%s\n", e.text);
                _exit(1);
        }
}

static void join_all(const pid_t *children, unsigned count) {
        for (unsigned i = 0; i < count; i++) {
                int status;
                assert_int_equal(waitpid(children[i], &status, 0), children[i]);
                assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
        }
}

static void no_update_is_lost(void **state) {
        (void)state;
        pid_t children[WRITERS];

        folder_create(1);
        for (unsigned i = 0; i < WRITERS; i++)
                if ((children[i] = fork()) == 0) {
                        struct store *s = folder_open();
                        for (unsigned k = 0; k < WRITES; k++)
                                add_one(s, &working);
                        _exit(0);
                }
        join_all(children, WRITERS);
        folder_read(&node);
        assert_int_equal(node.seed, 1 + WRITERS * WRITES);
        assert_true(folder_is_whole(&node));
}

static void *write_in_thread(void *context) {
        static _Thread_local struct node own;

        for (unsigned k = 0; k < WRITES; k++)
                add_one(context, &own);
        return NULL;
}

/* Threads share one open store: each write has its own lock. */
static void threads_lose_no_update_either(void **state) {
        (void)state;
        pthread_t threads[4];

        folder_create(1);
        struct store *s = folder_open();
        for (unsigned i = 0; i < 4; i++)
                assert_int_equal(pthread_create(&threads[i], NULL, write_in_thread, s), 0);
        for (unsigned i = 0; i < 4; i++)
                assert_int_equal(pthread_join(threads[i], NULL), 0);
        folder_read(&node);
        assert_int_equal(node.seed, 1 + 4 * WRITES);
        folder_close(s);
}

/* Each answer is one of the nodes that were written, whole, and no older than the one before. */
static void read_until_the_end(uint64_t end) {
        struct store *s = folder_open();
        struct err e = { 0 };
        uint64_t last = 0;

        while (last < end) {
                if (store_refresh(s, &node, NULL, &e) < 0) {
                        fprintf(stderr, "%s\n", e.text);
                        _exit(2);
                }
                if (!folder_is_whole(&node) || node.seed < last)
                        _exit(3);
                last = node.seed;
                if (last < end && store_wait(s, s->generation, 20000, &e) != 0)
                        _exit(4);
        }
        _exit(0);
}

static void readers_never_see_a_torn_node(void **state) {
        (void)state;
        pid_t children[READERS];

        folder_create(8);
        for (unsigned i = 0; i < READERS; i++)
                if ((children[i] = fork()) == 0)
                        read_until_the_end(1 + REPARTITIONS);
        struct store *s = folder_open();
        for (unsigned k = 0; k < REPARTITIONS; k++) {
                struct store_write w;
                struct err e = { 0 };
                assert_ok(store_begin(s, &w, &working, &e), &e);
                folder_stamp(&working, working.seed + 1);
                for (unsigned gpu = 0; gpu < 8; gpu++)
                        folder_toggle(&working, gpu, k % 7);
                assert_ok(store_end(s, &w, &working, &e), &e);
        }
        join_all(children, READERS);
        folder_check_tree(&working);
        folder_close(s);
}

/* Waiting */

static void waits_no_longer_than_told(void **state) {
        (void)state;
        struct err e = { 0 };

        folder_create(1);
        struct store *s = folder_open();
        assert_ok(store_refresh(s, &node, NULL, &e), &e);
        int64_t start = folder_now_ns();
        assert_int_equal(store_wait(s, s->generation, 100, &e), 1);
        assert_in_range(folder_now_ns() - start, 99000000, 2000000000);
        assert_int_equal(store_wait(s, s->generation, 0, &e), 1);
        assert_int_equal(store_wait(s, s->generation - 1, -1, &e), 0); /* it changed long ago */
        folder_close(s);
}

static void nothing(int signal) {
        (void)signal;
}

/* Signals neither end the waiting nor prolong it. */
static void signals_do_not_end_the_waiting(void **state) {
        (void)state;
        const struct sigaction ignore = { .sa_handler = nothing };
        struct err e = { 0 };

        folder_create(1);
        struct store *s = folder_open();
        assert_ok(store_refresh(s, &node, NULL, &e), &e);
        assert_int_equal(sigaction(SIGUSR1, &ignore, NULL), 0);
        pid_t parent = getpid(), child = fork();
        if (child == 0)
                for (;;) {
                        kill(parent, SIGUSR1);
                        usleep(5000);
                }
        int64_t start = folder_now_ns();
        assert_int_equal(store_wait(s, s->generation, 200, &e), 1);
        assert_in_range(folder_now_ns() - start, 199000000, 2000000000);
        kill(child, SIGKILL);
        waitpid(child, NULL, 0);
        folder_close(s);
}

/* Two processes write in turn, each woken by the other: without the waking every round would last until the next look, a second. */
static void writes_wake_those_who_wait(void **state) {
        (void)state;
        struct err e = { 0 };

        folder_create(1);
        pid_t child = fork();
        struct store *s = folder_open();
        uint64_t mine = child == 0;
        int64_t start = folder_now_ns();
        for (unsigned turns = 0; turns < WAKES;) {
                assert_ok(store_refresh(s, &node, NULL, &e), &e);
                if (node.seed % 2 == mine) {
                        add_one(s, &working);
                        turns++;
                } else if (store_wait(s, s->generation, 20000, &e) != 0)
                        break;
        }
        if (child == 0)
                _exit(0);
        join_all(&child, 1);
        folder_read(&node);
        assert_int_equal(node.seed, 1 + 2 * WAKES);
        assert_in_range(folder_now_ns() - start, 0, WAKES * INT64_C(1000000000) / 10);
        folder_close(s);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(no_update_is_lost, folder_enter, folder_leave),
                cmocka_unit_test_setup_teardown(threads_lose_no_update_either, folder_enter, folder_leave),
                cmocka_unit_test_setup_teardown(readers_never_see_a_torn_node, folder_enter, folder_leave),
                cmocka_unit_test_setup_teardown(waits_no_longer_than_told, folder_enter, folder_leave),
                cmocka_unit_test_setup_teardown(signals_do_not_end_the_waiting, folder_enter, folder_leave),
                cmocka_unit_test_setup_teardown(writes_wake_those_who_wait, folder_enter, folder_leave),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
