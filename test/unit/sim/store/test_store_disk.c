/* Full disks, media and users that may only read. What needs root to arrange is skipped without it. */
#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "folder.h"
#include "sim/store/format.h"

#define NOBODY 65534

static struct node node, working;

static void mount_small(unsigned long kib) {
        char options[32];

        assert_int_equal(mkdir("small", 0755), 0);
        snprintf(options, sizeof options, "size=%luk", kib);
        if (geteuid() != 0 || mount("none", "small", "tmpfs", 0, options) < 0)
                skip();
}

static int leave(void **state) {
        if (geteuid() == 0) {
                umount2("small", MNT_DETACH);
                umount2("node", MNT_DETACH);
        }
        return folder_leave(state);
}

/* Take all the room that is left. */
static void fill_disk(void) {
        static const char block[4096];
        int fd = open("small/filler", O_WRONLY | O_CREAT, 0600);

        assert_true(fd >= 0);
        while (write(fd, block, sizeof block) > 0)
                ;
        close(fd);
}

static void a_full_disk_is_met_when_the_node_is_made(void **state) {
        (void)state;
        struct err e = { 0 };

        mount_small(64);
        folder_init_node(&node, 8);
        assert_int_equal(store_create("small/node", &node, false, &e), -ERR_SYSTEM);
        assert_refused(-1, &e, "No space left on device");
        assert_int_equal(access("small/node", F_OK), -1); /* nothing stays behind */
}

/* Enough room for the state, and not for the tree: nothing is there afterwards either. */
static void a_disk_too_small_for_the_tree_takes_no_node(void **state) {
        (void)state;
        struct err e = { 0 };

        mount_small((unsigned long)STATE_BYTES / 1024 + 16);
        folder_init_node(&node, 8);
        assert_int_equal(store_create("small/node", &node, false, &e), -ERR_SYSTEM);
        assert_refused(-1, &e, "No space left on device");
        assert_int_equal(access("small/node", F_OK), -1);
}

static void a_disk_that_fills_up_later_stops_no_write(void **state) {
        (void)state;
        struct store s;
        struct store_write w;
        struct err e = { 0 };

        mount_small(2048);
        folder_init_node(&node, 2);
        assert_ok(store_create("small/node", &node, false, &e), &e);
        assert_int_equal(symlink("small/node", "node"), 0);
        fill_disk();
        assert_ok(store_open(&s, "node", &e), &e);
        for (uint64_t stamp = 2; stamp < 6; stamp++) { /* each slot twice */
                assert_ok(store_begin(&s, &w, &working, &e), &e);
                folder_stamp(&working, stamp);
                if (stamp == 2)
                        folder_toggle(&working, 0, 1);
                assert_ok(store_end(&s, &w, &working, &e), &e);
        }
        assert_ok(store_refresh(&s, &node, NULL, &e), &e);
        assert_memory_equal(&node, &working, sizeof node);
        assert_int_equal(store_repair(&s, &e), -ERR_SYSTEM); /* the tree had no room for a new file */
        assert_refused(-1, &e, "No space left on device");
        assert_int_equal(unlink("small/filler"), 0);
        assert_ok(store_repair(&s, &e), &e);
        folder_check_tree(&working);
        store_close(&s);
}

/* A failed replacement leaves the node that was there, with its tree. */
static void a_full_disk_does_not_cost_the_old_node(void **state) {
        (void)state;
        static struct node bigger;
        struct err e = { 0 };

        mount_small(2048);
        folder_init_node(&node, 2);
        assert_ok(store_create("small/node", &node, false, &e), &e);
        assert_int_equal(symlink("small/node", "node"), 0);
        fill_disk();
        folder_init_node(&bigger, 8);
        assert_int_equal(store_create("node", &bigger, true, &e), -ERR_SYSTEM);
        folder_read(&working);
        assert_memory_equal(&working, &node, sizeof node);
        folder_check_tree(&node);
        assert_int_equal(access("small/node/root/dev/nvidia1", F_OK), 0);
        assert_int_equal(access("small/node/root/dev/nvidia2", F_OK), -1);
        assert_int_equal(access("small/node/state.new", F_OK), -1);
}

/* Reading only */

/* In a process of its own: 0 if all is as it should be, else the line. */
static int read_only_works(void) {
        struct store s;
        struct store_write w;
        struct err e = { 0 };

        if (store_open(&s, "node", &e) < 0 || !s.read_only)
                return __LINE__;
        if (store_refresh(&s, &working, NULL, &e) < 0 || working.gpu_count != 2)
                return __LINE__;
        if (store_begin(&s, &w, &working, &e) != -ERR_SYSTEM || !strstr(e.text, "may only be read"))
                return __LINE__;
        if (store_repair(&s, &e) < 0) /* nothing to repair */
                return __LINE__;
        if (store_wait(&s, s.generation, 20, &e) != 1)
                return __LINE__;
        store_close(&s);
        return 0;
}

static int as_nobody(int (*act)(void)) {
        int status;
        pid_t child = fork();

        if (child == 0) {
                if (geteuid() == 0 && (setresgid(NOBODY, NOBODY, NOBODY) < 0 || setresuid(NOBODY, NOBODY, NOBODY) < 0))
                        _exit(1);
                _exit(act());
        }
        assert_int_equal(waitpid(child, &status, 0), child);
        return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void a_user_who_may_only_read_does(void **state) {
        (void)state;
        folder_create(2);
        assert_int_equal(chmod(".", 0755), 0);
        assert_int_equal(chmod("node", 0555), 0);
        assert_int_equal(chmod("node/state", 0444), 0);
        assert_int_equal(as_nobody(read_only_works), 0);
        assert_int_equal(chmod("node", 0755), 0);
}

static int has_no_access(void) {
        struct store s;
        struct err e = { 0 };

        return store_open(&s, "node", &e) == -ERR_SYSTEM && strstr(e.text, "node/state: cannot be opened: Permission denied") ? 0 : 1;
}

static void a_user_who_may_not_even_read_is_told(void **state) {
        (void)state;
        folder_create(2);
        assert_int_equal(chmod(".", 0755), 0);
        assert_int_equal(chmod("node/state", 0), 0);
        assert_int_equal(as_nobody(has_no_access), 0);
}

/* The lock is another's, who let the state be written but not the lock: said, not waited for. */
static int has_no_lock(void) {
        struct store s;
        struct store_write w;
        struct err e = { 0 };

        if (store_open(&s, "node", &e) < 0 || s.read_only)
                return 1;
        return store_begin(&s, &w, &working, &e) == -ERR_SYSTEM && strstr(e.text, "/lock: cannot be opened: Permission denied") ? 0 : 2;
}

static void a_lock_that_may_not_be_taken_is_told(void **state) {
        (void)state;
        folder_create(2);
        assert_int_equal(chmod(".", 0755), 0);
        assert_int_equal(chmod("node/state", 0666), 0);
        assert_int_equal(chmod("node/lock", 0444), 0);
        assert_int_equal(as_nobody(has_no_lock), 0);
}

/* A medium that is mounted read-only refuses root too. Waiting works on it, as the writer works on the medium itself. */
static void a_read_only_mount_can_be_read_and_waited_for(void **state) {
        (void)state;
        struct store_write w;
        struct err e = { 0 };

        folder_create(2);
        assert_int_equal(mkdir("small", 0755), 0);
        if (geteuid() != 0 || mount("node", "small", NULL, MS_BIND, NULL) < 0 ||
            mount(NULL, "small", NULL, MS_REMOUNT | MS_BIND | MS_RDONLY, NULL) < 0)
                skip();
        struct store s;
        assert_ok(store_open(&s, "small", &e), &e);
        assert_true(s.read_only);
        assert_ok(store_refresh(&s, &node, NULL, &e), &e);
        assert_int_equal(store_begin(&s, &w, &working, &e), -ERR_SYSTEM);
        assert_int_equal(store_create("small", &node, true, &e), -ERR_SYSTEM);
        assert_refused(-1, &e, "Read-only file system");

        pid_t child = fork();
        if (child == 0) {
                struct store *writer = folder_open();
                usleep(50000);
                if (store_begin(writer, &w, &working, &e) < 0)
                        _exit(1);
                folder_stamp(&working, 2);
                _exit(store_end(writer, &w, &working, &e) < 0);
        }
        int64_t start = folder_now_ns();
        assert_int_equal(store_wait(&s, s.generation, 10000, &e), 0);
        assert_in_range(folder_now_ns() - start, 10000000, 900000000); /* woken: by itself it looks after a second */
        waitpid(child, NULL, 0);
        store_close(&s);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(a_full_disk_is_met_when_the_node_is_made, folder_enter, leave),
                cmocka_unit_test_setup_teardown(a_disk_too_small_for_the_tree_takes_no_node, folder_enter, leave),
                cmocka_unit_test_setup_teardown(a_disk_that_fills_up_later_stops_no_write, folder_enter, leave),
                cmocka_unit_test_setup_teardown(a_full_disk_does_not_cost_the_old_node, folder_enter, leave),
                cmocka_unit_test_setup_teardown(a_user_who_may_only_read_does, folder_enter, leave),
                cmocka_unit_test_setup_teardown(a_user_who_may_not_even_read_is_told, folder_enter, leave),
                cmocka_unit_test_setup_teardown(a_lock_that_may_not_be_taken_is_told, folder_enter, leave),
                cmocka_unit_test_setup_teardown(a_read_only_mount_can_be_read_and_waited_for, folder_enter, leave),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
