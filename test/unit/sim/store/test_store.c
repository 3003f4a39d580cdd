/* One process after the other: making, opening, reading, writing, replacing, and what is refused. */
#include <signal.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "folder.h"
#include "sim/store/format.h"
#include "sim/store/lock.h"

static struct node mine, theirs;

static void put(const char *path, const char *text) {
        FILE *f = fopen(path, "w");

        assert_non_null(f);
        assert_true(fputs(text, f) >= 0);
        assert_int_equal(fclose(f), 0);
}

static void write_stamp(struct store *s, uint64_t stamp) {
        static struct node working;
        struct store_write w;
        struct err e = { 0 };

        assert_ok(store_begin(s, &w, &working, &e), &e);
        folder_stamp(&working, stamp);
        assert_ok(store_end(s, &w, &working, &e), &e);
}

static void keeps_what_was_created(void **state) {
        (void)state;
        struct err e = { 0 };

        folder_init_node(&mine, 8);
        assert_ok(store_create("node", &mine, false, &e), &e);
        folder_read(&theirs);
        assert_memory_equal(&theirs, &mine, sizeof mine);
        assert_int_equal(access("node/state.new", F_OK), -1);
}

static void shows_a_change_once(void **state) {
        (void)state;
        struct err e = { 0 };
        bool changed = false;

        folder_create(2);
        struct store *reader = folder_open(), *writer = folder_open();
        assert_ok(store_refresh(reader, &theirs, &changed, &e), &e);
        assert_true(changed);
        assert_ok(store_refresh(reader, &theirs, &changed, &e), &e);
        assert_false(changed);
        write_stamp(writer, 42);
        assert_int_equal(theirs.seed, 1);
        assert_ok(store_refresh(reader, &theirs, &changed, &e), &e);
        assert_true(changed);
        assert_int_equal(theirs.seed, 42);
        assert_true(folder_is_whole(&theirs));
        folder_close(reader);
        folder_close(writer);
}

static void forgets_a_write_that_is_given_up(void **state) {
        (void)state;
        struct store_write w;
        struct err e = { 0 };
        bool changed;

        folder_create(2);
        struct store *s = folder_open();
        assert_ok(store_refresh(s, &theirs, NULL, &e), &e);
        assert_ok(store_begin(s, &w, &mine, &e), &e);
        folder_stamp(&mine, 42);
        assert_ok(store_end(s, &w, NULL, &e), &e);
        assert_ok(store_refresh(s, &theirs, &changed, &e), &e);
        assert_false(changed);
        write_stamp(s, 43); /* and the lock is free */
        folder_close(s);
}

static void refuses_to_publish_nonsense(void **state) {
        (void)state;
        struct store_write w;
        struct err e = { 0 };

        folder_create(2);
        struct store *s = folder_open();
        assert_ok(store_begin(s, &w, &mine, &e), &e);
        mine.gpu_count = NODE_GPUS_MAX + 1;
        assert_int_equal(store_end(s, &w, &mine, &e), -ERR_BUG);
        folder_read(&theirs);
        assert_int_equal(theirs.gpu_count, 2);
        folder_close(s);
}

/* The program changes its folder, and opens the node by a path that only held before. */
static void outlives_a_change_of_folder(void **state) {
        (void)state;
        folder_create(2);
        struct store *s = folder_open();
        assert_int_equal(mkdir("elsewhere", 0700), 0);
        assert_int_equal(chdir("elsewhere"), 0);
        write_stamp(s, 5);
        assert_int_equal(chdir(".."), 0);
        folder_read(&theirs);
        assert_int_equal(theirs.seed, 5);
        folder_close(s);
}

/* Replacing */

static void replaces_only_when_told(void **state) {
        (void)state;
        struct err e = { 0 };

        folder_create(2);
        folder_init_node(&mine, 3);
        assert_int_equal(store_create("node", &mine, false, &e), -ERR_INPUT);
        assert_refused(-1, &e, "holds a simulated node already");
        put("node/notes.txt", "of the user");
        assert_ok(store_create("node", &mine, true, &e), &e);
        folder_read(&theirs);
        assert_int_equal(theirs.gpu_count, 3);
        assert_int_equal(access("node/notes.txt", F_OK), 0);
        assert_int_equal(access("node/root/dev/nvidia2", F_OK), 0);
}

static void clients_of_a_replaced_node_keep_theirs(void **state) {
        (void)state;
        struct err e = { 0 };

        folder_create(2);
        struct store *old = folder_open();
        folder_init_node(&mine, 1);
        assert_ok(store_create("node", &mine, true, &e), &e);
        write_stamp(old, 9);
        assert_ok(store_refresh(old, &theirs, NULL, &e), &e);
        assert_int_equal(theirs.gpu_count, 2);
        assert_int_equal(theirs.seed, 9);
        folder_read(&theirs);
        assert_int_equal(theirs.gpu_count, 1);
        assert_int_equal(access("node/root/dev/nvidia1", F_OK), -1); /* their write left the new tree alone */
        folder_close(old);
}

static void creates_over_the_remains_of_a_killed_creation(void **state) {
        (void)state;
        assert_int_equal(mkdir("node", 0700), 0);
        put("node/lock", "");
        put("node/state.new", "half");
        assert_int_equal(mkdir("node/root", 0700), 0);
        folder_create(1);
        folder_read(&theirs);
        assert_int_equal(theirs.gpu_count, 1);
}

static void leaves_other_folders_alone(void **state) {
        (void)state;
        struct err e = { 0 };

        folder_init_node(&mine, 1);
        assert_int_equal(mkdir("node", 0700), 0);
        assert_int_equal(mkdir("node/root", 0700), 0); /* somebody's chroot */
        assert_refused(store_create("node", &mine, true, &e), &e, "neither empty nor a simulated node (\"root\" is in it)");
        put("node/thesis.tex", "…");
        assert_refused(store_create("node", &mine, true, &e), &e, "\"thesis.tex\" is in it");
        put("node/state", "of the union");
        assert_int_equal(store_create("node", &mine, true, &e), -ERR_INPUT);
        assert_int_equal(access("node/lock", F_OK), -1);
        put("file", "");
        assert_int_equal(store_create("file", &mine, false, &e), -ERR_INPUT);
        assert_int_equal(store_create("missing/node", &mine, false, &e), -ERR_SYSTEM);
        mine.gpu_count = 0;
        assert_int_equal(store_create("none", &mine, false, &e), -ERR_INPUT);
        assert_int_equal(access("none", F_OK), -1);
}

/* What cannot be opened */

static void refuse_to_open(const char *dir, int code, const char *part) {
        static struct store s;
        struct err e = { 0 };
        int r = store_open(&s, dir, &e);

        assert_refused(r, &e, part);
        assert_int_equal(r, -code);
        assert_int_equal(s.fd, -1);
}

static void refuses_what_is_no_node(void **state) {
        (void)state;
        refuse_to_open("missing", ERR_INPUT, "missing: no such folder");
        put("file", "");
        refuse_to_open("file", ERR_INPUT, "file: holds no simulated node");
        assert_int_equal(mkdir("node", 0700), 0);
        refuse_to_open("node", ERR_INPUT, "holds no simulated node");
        assert_int_equal(mkdir("node/state", 0700), 0);
        refuse_to_open("node", ERR_INPUT, "holds no simulated node");
        assert_int_equal(rmdir("node/state"), 0);
        assert_int_equal(mkfifo("node/state", 0700), 0);
        refuse_to_open("node", ERR_INPUT, "is not an ordinary file");
        assert_int_equal(unlink("node/state"), 0);
        put("node/state", "");
        refuse_to_open("node", ERR_INPUT, "is no state of a simulated node");
        assert_int_equal(unlink("node/state"), 0);
        assert_int_equal(symlink("state", "node/state"), 0);
        refuse_to_open("node", ERR_SYSTEM, "Too many levels of symbolic links");
}

static void refuses_a_path_too_long(void **state) {
        (void)state;
        char path[2 * STORE_PATH_MAX];

        memset(path, 'a', sizeof path - 1);
        path[sizeof path - 1] = '\0';
        refuse_to_open(path, ERR_SYSTEM, "File name too long");
}

/* Locks */

static void gives_up_when_another_holds_the_lock(void **state) {
        (void)state;
        struct err e = { 0 };

        folder_create(1);
        int held = lock_take("node", LOCK_EX, 0, &e);
        assert_true(held >= 0);
        int64_t start = lock_now_ms();
        assert_int_equal(lock_take("node", LOCK_EX, 50, &e), -ERR_AGAIN);
        assert_in_range(lock_now_ms() - start, 50, 1000);
        lock_drop(held);
        int free_again = lock_take("node", LOCK_EX, 0, &e);
        assert_true(free_again >= 0);
        lock_drop(free_again);
}

/* A child that was forked in the middle of a write shares the descriptor, and must not keep the lock. */
static void a_fork_does_not_keep_the_lock(void **state) {
        (void)state;
        struct store_write w;
        struct err e = { 0 };

        folder_create(1);
        struct store *s = folder_open();
        assert_ok(store_begin(s, &w, &mine, &e), &e);
        pid_t child = fork();
        if (child == 0) {
                pause();
                _exit(0);
        }
        assert_ok(store_end(s, &w, NULL, &e), &e);
        int lock = lock_take("node", LOCK_EX, 0, &e);
        assert_true(lock >= 0);
        lock_drop(lock);
        kill(child, SIGKILL);
        waitpid(child, NULL, 0);
        folder_close(s);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(keeps_what_was_created, folder_enter, folder_leave),
                cmocka_unit_test_setup_teardown(shows_a_change_once, folder_enter, folder_leave),
                cmocka_unit_test_setup_teardown(forgets_a_write_that_is_given_up, folder_enter, folder_leave),
                cmocka_unit_test_setup_teardown(refuses_to_publish_nonsense, folder_enter, folder_leave),
                cmocka_unit_test_setup_teardown(outlives_a_change_of_folder, folder_enter, folder_leave),
                cmocka_unit_test_setup_teardown(replaces_only_when_told, folder_enter, folder_leave),
                cmocka_unit_test_setup_teardown(clients_of_a_replaced_node_keep_theirs, folder_enter, folder_leave),
                cmocka_unit_test_setup_teardown(creates_over_the_remains_of_a_killed_creation, folder_enter, folder_leave),
                cmocka_unit_test_setup_teardown(leaves_other_folders_alone, folder_enter, folder_leave),
                cmocka_unit_test_setup_teardown(refuses_what_is_no_node, folder_enter, folder_leave),
                cmocka_unit_test_setup_teardown(refuses_a_path_too_long, folder_enter, folder_leave),
                cmocka_unit_test_setup_teardown(gives_up_when_another_holds_the_lock, folder_enter, folder_leave),
                cmocka_unit_test_setup_teardown(a_fork_does_not_keep_the_lock, folder_enter, folder_leave),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
