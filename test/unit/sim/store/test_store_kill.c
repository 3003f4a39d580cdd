/* kill -9 at every point of a write and of a creation: the node is the old one or the new one, the lock is free, the tree can be repaired.
 * Once by stopping at each system call in turn, once at random moments. */
#include <errno.h>
#include <signal.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include "folder.h"

#define SYSTEM_CALLS_MAX 2000

static struct node node, working;
static unsigned random_kills = 200; /* or the number given to the program */

/* What a child does until it is killed. */

static void write_once(void) {
        struct store *s = folder_open();
        struct store_write w;
        struct err e;

        if (store_begin(s, &w, &working, &e) < 0)
                _exit(1);
        folder_stamp(&working, working.seed + 1);
        folder_toggle(&working, 0, 2); /* comes */
        folder_toggle(&working, 1, 3); /* goes */
        if (store_end(s, &w, &working, &e) < 0)
                _exit(1);
        folder_close(s);
}

static void replace(void) {
        struct err e;

        folder_init_node(&working, 3);
        folder_stamp(&working, 2);
        if (store_create("node", &working, true, &e) < 0)
                _exit(1);
}

/* Run `act` in a child up to its system call number `calls`, and kill it there: before it (`calls` even) or behind it (odd). Returns false
 * when it came to its end before. */
static bool kill_at(void (*act)(void), unsigned calls) {
        int status;
        pid_t child = fork();

        if (child == 0) {
                if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) < 0)
                        _exit(77);
                raise(SIGSTOP);
                act();
                _exit(0);
        }
        assert_int_equal(waitpid(child, &status, 0), child);
        if (WIFEXITED(status) && WEXITSTATUS(status) == 77)
                skip();
        for (unsigned i = 0; i <= calls; i++) {
                assert_int_equal(ptrace(PTRACE_SYSCALL, child, NULL, NULL), 0);
                assert_int_equal(waitpid(child, &status, 0), child);
                if (WIFEXITED(status)) {
                        assert_int_equal(WEXITSTATUS(status), 0);
                        return false;
                }
        }
        kill(child, SIGKILL);
        assert_int_equal(waitpid(child, &status, 0), child);
        return true;
}

/* The node as a stranger sees it now, with its tree repaired. */
static void check_node(struct node *n) {
        struct store *s = folder_open();
        struct err e = { 0 };

        assert_ok(store_refresh(s, n, NULL, &e), &e);
        assert_true(folder_is_whole(n));
        assert_ok(store_repair(s, &e), &e);
        folder_check_tree(n);
        folder_close(s);
}

/* One GPU instance is there to go, one is to come. */
static void prepare(void) {
        struct store *s = folder_open();
        struct store_write w;
        struct err e = { 0 };

        assert_ok(store_begin(s, &w, &working, &e), &e);
        for (unsigned i = 0; i < NODE_GIS_MAX; i++)
                if (working.gpus[0].gi[i].live)
                        folder_toggle(&working, 0, working.gpus[0].gi[i].start);
        if (!working.gpus[1].gi[0].live)
                folder_toggle(&working, 1, 3);
        assert_ok(store_end(s, &w, &working, &e), &e);
        folder_close(s);
}

static void a_write_is_old_or_new_at_every_system_call(void **state) {
        (void)state;
        unsigned olds = 0, news = 0;
        bool on = true;

        folder_create(2);
        for (unsigned calls = 0; on; calls++) {
                assert_true(calls < SYSTEM_CALLS_MAX);
                prepare();
                folder_read(&node);
                uint64_t was = node.seed;
                on = kill_at(write_once, calls);
                check_node(&node);
                assert_true(node.seed == was || node.seed == was + 1);
                assert_int_equal(node.gpus[0].gi[0].live, node.seed - was);
                assert_int_equal(node.gpus[1].gi[0].live, 1 - (node.seed - was));
                olds += node.seed == was;
                news += node.seed != was;
        }
        print_message("killed at %u points: %u times the old node, %u the new one\n", olds + news, olds, news);
        assert_true(olds > 20 && news > 20); /* both sides of the point where it counts were met */
}

static void a_replacement_is_old_or_new_at_every_system_call(void **state) {
        (void)state;
        unsigned olds = 0, news = 0;
        struct err e = { 0 };
        bool on = true;

        for (unsigned calls = 0; on; calls += 7) { /* a creation has some hundreds of them, all of one kind */
                assert_true(calls < SYSTEM_CALLS_MAX);
                folder_init_node(&node, 2);
                folder_stamp(&node, 1);
                assert_ok(store_create("node", &node, true, &e), &e);
                on = kill_at(replace, calls);
                check_node(&node);
                assert_true((node.gpu_count == 2 && node.seed == 1) || (node.gpu_count == 3 && node.seed == 2));
                assert_int_equal(access("node/root/dev/nvidia2", F_OK) == 0, node.gpu_count == 3);
                olds += node.gpu_count == 2;
                news += node.gpu_count == 3;
        }
        print_message("killed at %u points: %u times the old node, %u the new one\n", olds + news, olds, news);
        assert_true(olds > 5 && news > 0);
}

/* A folder where a first creation was killed is one in which creating works. */
static void create_anew(void) {
        struct err e;

        folder_init_node(&working, 1);
        folder_stamp(&working, 1);
        if (store_create("node", &working, false, &e) < 0)
                _exit(1);
}

static void a_killed_creation_can_be_done_again(void **state) {
        (void)state;
        bool on = true;

        for (unsigned calls = 0; on; calls += 7) {
                assert_true(calls < SYSTEM_CALLS_MAX);
                on = kill_at(create_anew, calls);
                if (access("node/state", F_OK) < 0)
                        create_anew();
                check_node(&node);
                assert_int_equal(system("rm -r node"), 0);
        }
}

/* Random moments, in the middle of system calls too. */

static void write_for_ever(void) {
        struct store *s = folder_open();
        struct store_write w;
        struct err e;

        for (;;) {
                if (store_begin(s, &w, &working, &e) < 0)
                        _exit(1);
                folder_stamp(&working, working.seed + 1);
                folder_toggle(&working, (unsigned)(working.seed % 2), (unsigned)(working.seed / 2 % 7));
                if (store_end(s, &w, &working, &e) < 0)
                        _exit(1);
        }
}

static void writers_die_at_random(void **state) {
        (void)state;
        unsigned seed = 1;
        uint64_t last = 1;
        int status;

        folder_create(2);
        for (unsigned i = 0; i < random_kills; i++) {
                pid_t child = fork();
                if (child == 0)
                        write_for_ever();
                usleep((useconds_t)(rand_r(&seed) % 1500));
                kill(child, SIGKILL);
                assert_int_equal(waitpid(child, &status, 0), child);
                assert_true(WIFSIGNALED(status));
                check_node(&node);
                assert_true(node.seed >= last);
                last = node.seed;
        }
        print_message("%u writers killed, %llu writes\n", random_kills, (unsigned long long)last);
        assert_true(last > random_kills / 10); /* they did come to write */
}

int main(int argc, char **argv) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(a_write_is_old_or_new_at_every_system_call, folder_enter, folder_leave),
                cmocka_unit_test_setup_teardown(a_replacement_is_old_or_new_at_every_system_call, folder_enter, folder_leave),
                cmocka_unit_test_setup_teardown(a_killed_creation_can_be_done_again, folder_enter, folder_leave),
                cmocka_unit_test_setup_teardown(writers_die_at_random, folder_enter, folder_leave),
        };

        if (argc > 1)
                random_kills = (unsigned)strtoul(argv[1], NULL, 10);
        return cmocka_run_group_tests(tests, NULL, NULL);
}
