/* State files that are not what they should be: refused, or harmless; never another node than the one that was written. */
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "folder.h"
#include "sim/store/format.h"

#define FLIPS 10000

static struct node right, working, seen;

/* Two writes, so that both slots hold a node; the one that counts is `right`. */
static void prepare(void) {
        struct store_write w;
        struct err e = { 0 };

        folder_create(4);
        struct store *s = folder_open();
        for (uint64_t stamp = 2; stamp <= 3; stamp++) {
                assert_ok(store_begin(s, &w, &working, &e), &e);
                folder_stamp(&working, stamp);
                folder_toggle(&working, 1, (unsigned)stamp);
                assert_ok(store_end(s, &w, &working, &e), &e);
        }
        folder_close(s);
        folder_read(&right);
        assert_int_equal(right.seed, 3);
}

/* Open and read as a stranger does. 0: `seen` is what was read. */
static int look(struct err *e) {
        struct store s;
        int r = store_open(&s, "node", e);

        if (r < 0)
                return r;
        memset(&seen, 0xAA, sizeof seen);
        r = store_refresh(&s, &seen, NULL, e);
        if (r < 0)
                assert_int_equal(seen.gpu_count, 0); /* who looks all the same sees a machine without GPUs */
        store_close(&s);
        return r;
}

static void patch(off_t at, const void *bytes, size_t count) {
        int fd = open("node/state", O_WRONLY);

        assert_true(fd >= 0);
        assert_int_equal(pwrite(fd, bytes, count, at), count);
        close(fd);
}

static void refuses_every_length_that_is_too_short(void **state) {
        (void)state;
        struct err e = { 0 };

        prepare();
        const off_t slot = STATE_SLOT_AT(3), seal = (off_t)sizeof(struct state_seal);
        const off_t lengths[] = { STATE_BYTES - 1,
                                  slot + seal + 83,
                                  slot + seal,
                                  slot + 8,
                                  slot,
                                  STATE_SLOT_AT(2) + 5,
                                  STATE_TREE_AT + 17,
                                  STATE_PAGE,
                                  41,
                                  40,
                                  39,
                                  32,
                                  20,
                                  15,
                                  1,
                                  0 };
        for (unsigned i = 0; i < ARRAY_SIZE(lengths); i++) {
                assert_int_equal(truncate("node/state", lengths[i]), 0);
                assert_int_equal(look(&e), -ERR_INPUT);
                assert_refused(-1, &e, "node/state: ");
        }
}

/* Those who have it open already. */
static void notices_a_file_that_is_cut_while_it_is_open(void **state) {
        (void)state;
        struct store_write w;
        struct err e = { 0 };

        prepare();
        struct store *s = folder_open();
        assert_ok(store_refresh(s, &seen, NULL, &e), &e);
        assert_int_equal(truncate("node/state", 0), 0);
        assert_int_equal(store_refresh(s, &seen, NULL, &e), -ERR_INPUT);
        assert_refused(-1, &e, "damaged (it ends too early)");
        assert_int_equal(store_wait(s, 3, 1000, &e), -ERR_INPUT);
        assert_int_equal(store_begin(s, &w, &working, &e), -ERR_INPUT);
        assert_int_equal(store_repair(s, &e), -ERR_INPUT);
        folder_close(s);
}

/* Any single byte: what is read then is refused, or is the right node. Spare slot, record of the tree and padding may be anything. */
static void no_changed_byte_makes_another_node(void **state) {
        (void)state;
        unsigned seed = 1, refused = 0;
        struct err e = { 0 };
        int fd;

        prepare();
        fd = open("node/state", O_RDWR);
        assert_true(fd >= 0);
        for (unsigned i = 0; i < FLIPS; i++) {
                off_t at = i < 64 ? (off_t)i : rand_r(&seed) % STATE_BYTES; /* of the header every byte */
                uint8_t was, is;
                assert_int_equal(pread(fd, &was, 1, at), 1);
                is = (uint8_t)(was ^ 1u << rand_r(&seed) % 8);
                assert_int_equal(pwrite(fd, &is, 1, at), 1);
                bool counts = at < (off_t)sizeof(struct state_header) ||
                              (at >= STATE_SLOT_AT(3) && at < STATE_SLOT_AT(3) + (off_t)(sizeof(struct state_seal) + sizeof seen));
                int r = look(&e);
                if (r == 0)
                        assert_memory_equal(&seen, &right, sizeof seen);
                assert_int_equal(r < 0, counts);
                refused += r < 0;
                assert_int_equal(pwrite(fd, &was, 1, at), 1);
        }
        close(fd);
        assert_ok(look(&e), &e);
        print_message("%u of %u refused\n", refused, FLIPS);
        assert_in_range(refused, FLIPS / 3, FLIPS * 2 / 3); /* one slot of two, and the header */
}

/* A slot that is partly the one before, as a torn copy is. */
static void no_mixture_of_two_nodes_passes(void **state) {
        (void)state;
        unsigned seed = 2;
        struct err e = { 0 };
        static uint8_t old[sizeof(struct state_seal) + sizeof(struct node)], new[sizeof old];

        prepare();
        int fd = open("node/state", O_RDONLY);
        assert_int_equal(pread(fd, new, sizeof new, STATE_SLOT_AT(3)), sizeof new);
        assert_int_equal(pread(fd, old, sizeof old, STATE_SLOT_AT(2)), sizeof old);
        close(fd);
        for (unsigned i = 0; i < 500; i++) {
                size_t cut = 1 + (size_t)rand_r(&seed) % (sizeof old - 1);
                patch(STATE_SLOT_AT(3), old, cut);
                int r = look(&e);
                if (r == 0)
                        assert_memory_equal(&seen, &right, sizeof seen);
                assert_true(r < 0); /* the seal stands first, so it is the old one */
                patch(STATE_SLOT_AT(3), new, sizeof new);
                patch(STATE_SLOT_AT(3) + (off_t)cut, old + cut, sizeof old - cut);
                r = look(&e);
                if (r == 0)
                        assert_memory_equal(&seen, &right, sizeof seen);
                assert_int_equal(r == 0, memcmp(old + cut, new + cut, sizeof old - cut) == 0);
                patch(STATE_SLOT_AT(3), new, sizeof new);
        }
}

static void refuses_other_versions_and_machines(void **state) {
        (void)state;
        const struct {
                size_t at;
                uint64_t value;
                unsigned bytes;
                int code;
                const char *part;
        } rows[] = {
                { offsetof(struct state_header, byte_order), 0x04030201, 4, ERR_IMPOSSIBLE, "the other byte order" },
                { offsetof(struct state_header, format), NODE_FORMAT + 1, 4, ERR_IMPOSSIBLE,
                  "has format 2 and this version of carve reads" },
                { offsetof(struct state_header, node_bytes), sizeof(struct node) + 8, 8, ERR_IMPOSSIBLE, "holds nodes of" },
                { offsetof(struct state_header, generation), 0, 8, ERR_INPUT, "damaged (it does not say which node counts)" },
                { offsetof(struct state_header, generation), 2, 8, ERR_INPUT, "damaged (it does not say which node counts)" },
                { offsetof(struct state_header, generation), state_word(4), 8, ERR_INPUT, "damaged (its checksum does not fit)" },
                { offsetof(struct state_header, magic), 0, 1, ERR_INPUT, "is no state of a simulated node" },
        };
        struct state_header header;
        struct err e = { 0 };

        prepare();
        int fd = open("node/state", O_RDONLY);
        assert_int_equal(pread(fd, &header, sizeof header, 0), sizeof header);
        close(fd);
        for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
                patch((off_t)rows[i].at, &rows[i].value, rows[i].bytes);
                assert_int_equal(look(&e), -rows[i].code);
                assert_refused(-1, &e, rows[i].part);
                patch(0, &header, sizeof header);
        }
        assert_ok(look(&e), &e);
}

/* A node that is sealed well, but that no machine can be. */
static void refuses_a_node_that_cannot_be(void **state) {
        (void)state;
        struct err e = { 0 };

        prepare();
        int fd = open("node/state", O_RDWR);
        right.process_count = NODE_PROCESSES_MAX + 1;
        assert_ok(state_put(fd, "node", &right, 3, &e), &e);
        close(fd);
        assert_int_equal(look(&e), -ERR_INPUT);
        assert_refused(-1, &e, "node/state: damaged: ");
}

/* The record of the tree may say anything: the next write sees to the tree. */
static void a_spoiled_record_costs_a_repair_only(void **state) {
        (void)state;
        unsigned seed = 3;
        struct err e = { 0 };
        uint8_t noise[600];

        prepare();
        struct store *s = folder_open();
        for (unsigned i = 0; i < 20; i++) {
                for (unsigned k = 0; k < sizeof noise; k++)
                        noise[k] = (uint8_t)rand_r(&seed);
                patch(STATE_TREE_AT, noise, sizeof noise);
                if (i % 2)
                        assert_int_equal(rename("node/root/dev/nvidia-caps/nvidia-cap2", "node/root/dev/nvidia-caps/nvidia-cap3"), 0);
                assert_ok(store_repair(s, &e), &e);
                folder_check_tree(&right);
        }
        folder_close(s);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(refuses_every_length_that_is_too_short, folder_enter, folder_leave),
                cmocka_unit_test_setup_teardown(notices_a_file_that_is_cut_while_it_is_open, folder_enter, folder_leave),
                cmocka_unit_test_setup_teardown(no_changed_byte_makes_another_node, folder_enter, folder_leave),
                cmocka_unit_test_setup_teardown(no_mixture_of_two_nodes_passes, folder_enter, folder_leave),
                cmocka_unit_test_setup_teardown(refuses_other_versions_and_machines, folder_enter, folder_leave),
                cmocka_unit_test_setup_teardown(refuses_a_node_that_cannot_be, folder_enter, folder_leave),
                cmocka_unit_test_setup_teardown(a_spoiled_record_costs_a_repair_only, folder_enter, folder_leave),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
