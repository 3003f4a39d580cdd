#include "io/file/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../unit.h"

#define LIMIT 4096

/* Each test works in a folder of its own, which is the current one. */

static int enter_folder(void **state) {
        char *folder = mem_strdup("/tmp/carve-file-XXXXXX");

        *state = folder;
        return mkdtemp(folder) && chdir(folder) == 0 ? 0 : -1;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw) {
        (void)st, (void)type, (void)ftw;
        return remove(path);
}

static int leave_folder(void **state) {
        char *folder = *state;
        int r = chdir("/") < 0 ? -1 : nftw(folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);

        free(folder);
        return r;
}

static void put(const char *path, const char *text) {
        FILE *f = fopen(path, "w");

        assert_non_null(f);
        assert_true(fputs(text, f) >= 0);
        assert_int_equal(fclose(f), 0);
}

static void assert_holds(const char *path, const char *text) {
        _cleanup_free_ char *is = NULL;
        struct err e = { 0 };
        size_t bytes;

        assert_ok(file_read(path, LIMIT, &is, &bytes, &e), &e);
        assert_string_equal(is, text);
        assert_int_equal(bytes, strlen(text));
}

/* Reading */

static void refuse_to_read(const char *path, size_t max_bytes, int code, const char *part) {
        char *text = (char *)1;
        size_t bytes = 7;
        struct err e = { 0 };
        int r = file_read(path, max_bytes, &text, &bytes, &e);

        assert_int_equal(r, -code);
        assert_refused(r, &e, part);
        assert_true(text == (char *)1 && bytes == 7); /* outputs are untouched on failure */
}

static void reads_up_to_its_limit(void **state) {
        (void)state;
        put("empty", "");
        put("four", "abcd");
        assert_holds("empty", "");
        assert_holds("four", "abcd");

        _cleanup_free_ char *text = NULL;
        size_t bytes;
        struct err e = { 0 };
        assert_ok(file_read("four", 4, &text, &bytes, &e), &e);
        assert_int_equal(bytes, 4);
        refuse_to_read("four", 3, ERR_INPUT, "four: 4 bytes or more, and carve reads at most 3 bytes");
}

static void keeps_nul_bytes(void **state) {
        (void)state;
        _cleanup_free_ char *text = NULL;
        size_t bytes;
        struct err e = { 0 };
        int fd = open("nul", O_WRONLY | O_CREAT, 0600);

        assert_int_equal(write(fd, "a\0b", 3), 3);
        close(fd);
        assert_ok(file_read("nul", LIMIT, &text, &bytes, &e), &e);
        assert_int_equal(bytes, 3);
        assert_memory_equal(text, "a\0b", 4);
}

/* A gibibyte of zeros is refused from its size alone: reading it first would show in the time limit and the memory of the test. */
static void refuses_a_huge_file_by_its_size(void **state) {
        (void)state;
        int fd = open("huge.yaml", O_WRONLY | O_CREAT, 0600);

        assert_int_equal(ftruncate(fd, 1 << 30), 0);
        close(fd);
        refuse_to_read("huge.yaml", 256 << 20, ERR_INPUT, "huge.yaml: 1 GiB or more, and carve reads at most 256 MiB");
}

static void refuses_what_is_no_file(void **state) {
        (void)state;
        mkdir("folder", 0700);
        refuse_to_read("/dev/zero", LIMIT, ERR_INPUT, "/dev/zero: is a device");
        refuse_to_read("folder", LIMIT, ERR_INPUT, "folder: is a folder");
        refuse_to_read("missing", LIMIT, ERR_NOT_FOUND, "missing: no such file");
        refuse_to_read("missing/below", LIMIT, ERR_NOT_FOUND, "no such file");
        assert_int_equal(symlink("circle", "circle"), 0);
        refuse_to_read("circle", LIMIT, ERR_SYSTEM, "circle: ");
}

/* A writer that gives the text in small pieces, then ends. */
static pid_t write_to_fifo(const char *path, size_t bytes) {
        pid_t child = fork();

        if (child == 0) {
                signal(SIGPIPE, SIG_IGN);
                int fd = open(path, O_WRONLY);
                while (bytes-- > 0 && write(fd, "x", 1) == 1)
                        ;
                _exit(0);
        }
        return child;
}

static void reads_a_pipe_to_its_end(void **state) {
        (void)state;
        static const size_t sizes[] = { 0, 1, 1000, LIMIT };

        assert_int_equal(mkfifo("fifo", 0600), 0);
        for (unsigned i = 0; i < ARRAY_SIZE(sizes); i++) {
                _cleanup_free_ char *text = NULL;
                struct err e = { 0 };
                size_t bytes;
                pid_t child = write_to_fifo("fifo", sizes[i]);
                assert_ok(file_read("fifo", LIMIT, &text, &bytes, &e), &e);
                assert_int_equal(bytes, sizes[i]);
                waitpid(child, NULL, 0);
        }
}

static void refuses_an_endless_pipe(void **state) {
        (void)state;
        assert_int_equal(mkfifo("fifo", 0600), 0);
        pid_t child = write_to_fifo("fifo", SIZE_MAX);
        refuse_to_read("fifo", LIMIT, ERR_INPUT, "carve reads at most 4 KiB");
        waitpid(child, NULL, 0);
}

/* Walking */

struct seen {
        char text[4096]; /* the paths, each followed by a space */
        int fail_at;     /* the visit that fails, from 1; 0 = none */
        int count;
};

static int note_path(const char *path, void *context, struct err *e) {
        struct seen *seen = context;

        seen->count++;
        size_t used = strlen(seen->text);
        snprintf(seen->text + used, sizeof seen->text - used, "%s ", path);
        return seen->count == seen->fail_at ? err_set(e, ERR_INPUT, "%s: enough", path) : 0;
}

static const char *const yaml_json[] = { ".yaml", ".json", NULL };

static void visits_files_in_order(void **state) {
        (void)state;
        struct seen seen = { 0 };
        struct err e = { 0 };

        mkdir("d", 0700), mkdir("d/b", 0700), mkdir("d/.git", 0700), mkdir("d/empty", 0700);
        put("d/z.json", ""), put("d/a.yaml", ""), put("d/b/c.yaml", ""), put("d/b/readme.md", "");
        put("d/.hidden.yaml", ""), put("d/.git/x.yaml", ""), put("d/yaml", ""), put("d/.yaml", "");
        assert_ok(file_walk("d", yaml_json, note_path, &seen, &e), &e);
        assert_string_equal(seen.text, "d/a.yaml d/b/c.yaml d/z.json ");

        seen = (struct seen){ 0 };
        assert_ok(file_walk("d/", yaml_json, note_path, &seen, &e), &e);
        assert_string_equal(seen.text, "d/a.yaml d/b/c.yaml d/z.json ");
}

static void visits_a_named_file_whatever_its_name(void **state) {
        (void)state;
        struct seen seen = { 0 };
        struct err e = { 0 };

        put("notes.txt", "");
        assert_ok(file_walk("notes.txt", yaml_json, note_path, &seen, &e), &e);
        assert_ok(file_walk("-", yaml_json, note_path, &seen, &e), &e);
        assert_string_equal(seen.text, "notes.txt - ");
}

static void follows_links_but_not_in_circles(void **state) {
        (void)state;
        struct seen seen = { 0 };
        struct err e = { 0 };

        mkdir("d", 0700), mkdir("d/real", 0700), mkdir("outside", 0700);
        put("d/real/a.yaml", ""), put("outside/o.yaml", "");
        assert_int_equal(symlink("..", "d/real/up"), 0);
        assert_int_equal(symlink("real", "d/again"), 0);
        assert_int_equal(symlink("../outside", "d/out"), 0);
        assert_int_equal(symlink("real/a.yaml", "d/z.yaml"), 0); /* the same file once more */
        assert_ok(file_walk("d", yaml_json, note_path, &seen, &e), &e);
        assert_string_equal(seen.text, "d/again/a.yaml d/out/o.yaml ");
}

static void names_a_link_that_leads_nowhere(void **state) {
        (void)state;
        struct seen seen = { 0 };
        struct err e = { 0 };

        mkdir("d", 0700);
        assert_int_equal(symlink("gone", "d/a.txt"), 0); /* not a manifest: no harm */
        assert_ok(file_walk("d", yaml_json, note_path, &seen, &e), &e);
        assert_int_equal(symlink("gone", "d/a.yaml"), 0);
        assert_refused(file_walk("d", yaml_json, note_path, &seen, &e), &e, "d/a.yaml: ");
        assert_refused(file_walk("none", yaml_json, note_path, &seen, &e), &e, "none: no such file or folder");
}

static void leaves_out_what_is_no_file(void **state) {
        (void)state;
        struct seen seen = { 0 };
        struct err e = { 0 };

        mkdir("d", 0700);
        assert_int_equal(mkfifo("d/pipe.yaml", 0600), 0);
        assert_ok(file_walk("d", yaml_json, note_path, &seen, &e), &e);
        assert_string_equal(seen.text, "");
}

static void stops_where_the_visitor_fails(void **state) {
        (void)state;
        struct seen seen = { .fail_at = 2 };
        struct err e = { 0 };

        mkdir("d", 0700);
        put("d/1.yaml", ""), put("d/2.yaml", ""), put("d/3.yaml", "");
        assert_refused(file_walk("d", yaml_json, note_path, &seen, &e), &e, "d/2.yaml: enough");
        assert_int_equal(seen.count, 2);
}

static void stops_at_a_depth(void **state) {
        (void)state;
        char path[2 * FILE_DEPTH_MAX + 16] = "d";
        size_t end = 1;
        struct seen seen = { 0 };
        struct err e = { 0 };

        mkdir(path, 0700);
        for (unsigned depth = 1; depth < FILE_DEPTH_MAX; depth++) {
                end += (size_t)snprintf(path + end, sizeof path - end, "/d");
                mkdir(path, 0700);
        }
        assert_ok(file_walk("d", yaml_json, note_path, &seen, &e), &e);
        snprintf(path + end, sizeof path - end, "/d");
        mkdir(path, 0700);
        assert_refused(file_walk("d", yaml_json, note_path, &seen, &e), &e, "more than 32 folders deep");
}

static void names_a_folder_it_may_not_open(void **state) {
        (void)state;
        struct seen seen = { 0 };
        struct err e = { 0 };
        bool root = geteuid() == 0;

        mkdir("d", 0755), mkdir("d/closed", 0000);
        chmod(*state, 0755);
        if (root)
                assert_int_equal(seteuid(65534), 0);
        int r = file_walk("d", yaml_json, note_path, &seen, &e);
        if (root)
                assert_int_equal(seteuid(0), 0);
        assert_refused(r, &e, "d/closed: folder cannot be opened: Permission denied");
        chmod("d/closed", 0700);
}

/* Writing */

/* The files of the current folder. */
static unsigned count_files(void) {
        struct seen seen = { 0 };
        struct err e = { 0 };
        static const char *const any[] = { "", NULL };

        assert_ok(file_walk(".", any, note_path, &seen, &e), &e);
        return (unsigned)seen.count;
}

/* A temporary file that was left behind. */
static bool any_hidden(void) {
        bool found = false;
        DIR *folder = opendir(".");
        struct dirent *entry;

        assert_non_null(folder);
        while ((entry = readdir(folder)))
                found |= entry->d_name[0] == '.' && strcmp(entry->d_name, ".") && strcmp(entry->d_name, "..");
        closedir(folder);
        return found;
}

static void writes_and_replaces(void **state) {
        (void)state;
        struct err e = { 0 };
        struct stat st;

        assert_ok(file_write("out", "one", 3, &e), &e);
        assert_holds("out", "one");
        chmod("out", 0640);
        assert_ok(file_write("./out", "three", 5, &e), &e);
        assert_holds("out", "three");
        assert_int_equal(stat("out", &st), 0);
        assert_int_equal(st.st_mode & 07777, 0640);
        assert_int_equal(count_files(), 1);
        assert_false(any_hidden());
}

static void writes_through_a_link(void **state) {
        (void)state;
        struct err e = { 0 };
        struct stat st;

        mkdir("d", 0700);
        put("d/real", "old");
        assert_int_equal(symlink("d/real", "link"), 0);
        assert_ok(file_write("link", "new", 3, &e), &e);
        assert_holds("d/real", "new");
        assert_int_equal(lstat("link", &st), 0);
        assert_true(S_ISLNK(st.st_mode));
}

static void leaves_devices_in_place(void **state) {
        (void)state;
        struct err e = { 0 };
        struct stat st;

        assert_ok(file_write("/dev/null", "text", 4, &e), &e);
        assert_int_equal(stat("/dev/null", &st), 0);
        assert_true(S_ISCHR(st.st_mode));
        assert_refused(file_write("/dev/full", "text", 4, &e), &e, "/dev/full: cannot be written: No space left on device");
}

static void refuses_folders_and_missing_places(void **state) {
        (void)state;
        struct err e = { 0 };

        mkdir("d", 0700);
        assert_refused(file_write("d", "x", 1, &e), &e, "d: is a folder");
        assert_refused(file_write("none/out", "x", 1, &e), &e, "none/out: cannot be written: No such file");
        assert_int_equal(count_files(), 0);
}

/* A disk of one page: what does not fit must leave the old file as it was, and nothing beside it. */
static void leaves_the_old_file_when_the_disk_is_full(void **state) {
        (void)state;
        enum { BYTES = 1 << 20 };
        _cleanup_free_ char *text = mem_alloc(BYTES);
        struct err e = { 0 };

        mkdir("small", 0700);
        if (mount("none", "small", "tmpfs", 0, "size=16k") < 0)
                skip(); /* only root may make a small disk */
        memset(text, 'x', BYTES);
        put("small/out", "old");
        int r = file_write("small/out", text, BYTES, &e);
        assert_int_equal(chdir("small"), 0);
        bool hidden = any_hidden();
        unsigned files = count_files();
        assert_holds("out", "old");
        assert_int_equal(chdir(".."), 0);
        assert_int_equal(umount("small"), 0);
        assert_refused(r, &e, "small/out: cannot be written: No space left on device");
        assert_false(hidden);
        assert_int_equal(files, 1);
}

/* Writers that are killed at any moment: whoever looks at the file sees one whole version or the other. */
static void is_whole_or_not_there_when_killed(void **state) {
        (void)state;
        enum { BYTES = 1 << 20, ROUNDS = 40 };
        _cleanup_free_ char *text = mem_alloc(BYTES + 1);
        struct err e = { 0 };

        memset(text, 'o', BYTES);
        text[BYTES] = '\0';
        assert_ok(file_write("out", text, BYTES, &e), &e);
        memset(text, 'n', BYTES);
        for (unsigned i = 0; i < ROUNDS; i++) {
                pid_t child = fork();
                if (child == 0)
                        for (;;)
                                file_write("out", text, BYTES, &e);
                usleep(500 + 300 * i);
                kill(child, SIGKILL);
                waitpid(child, NULL, 0);

                _cleanup_free_ char *is = NULL;
                size_t bytes;
                assert_ok(file_read("out", 2 * BYTES, &is, &bytes, &e), &e);
                assert_int_equal(bytes, BYTES);
                assert_int_equal(strspn(is, (char[]){ is[0], '\0' }), BYTES);
        }
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, enter_folder, leave_folder)

int main(void) {
        const struct CMUnitTest tests[] = {
                TEST(reads_up_to_its_limit),
                TEST(keeps_nul_bytes),
                TEST(refuses_a_huge_file_by_its_size),
                TEST(refuses_what_is_no_file),
                TEST(reads_a_pipe_to_its_end),
                TEST(refuses_an_endless_pipe),
                TEST(visits_files_in_order),
                TEST(visits_a_named_file_whatever_its_name),
                TEST(follows_links_but_not_in_circles),
                TEST(names_a_link_that_leads_nowhere),
                TEST(leaves_out_what_is_no_file),
                TEST(stops_where_the_visitor_fails),
                TEST(stops_at_a_depth),
                TEST(names_a_folder_it_may_not_open),
                TEST(writes_and_replaces),
                TEST(writes_through_a_link),
                TEST(leaves_devices_in_place),
                TEST(refuses_folders_and_missing_places),
                TEST(leaves_the_old_file_when_the_disk_is_full),
                TEST(is_whole_or_not_there_when_killed),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
