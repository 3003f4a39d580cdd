#include "sim/store/format.h"

#include <errno.h>
#include <limits.h>
#include <linux/futex.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

_Static_assert(sizeof(STATE_MAGIC) == 16, "the magic fills its place");
_Static_assert(sizeof(struct node) % 8 == 0, "the checksum goes over whole words");
_Static_assert(offsetof(struct state_header, generation) % 8 == 0, "the generation is written and waited for as one word");

#define LANES 4            /* sums side by side, for the multiplier to keep busy */
#define GENERATION_BITS 48 /* a write each microsecond for nine years */
#define GENERATION_MASK ((UINT64_C(1) << GENERATION_BITS) - 1)
#define FACTOR 0x9E3779B97F4A7C15u

static uint64_t step(uint64_t sum, uint64_t word) {
        sum = (sum ^ word) * FACTOR;
        return sum ^ sum >> 29;
}

uint64_t state_checksum(uint64_t seed, const void *data, size_t bytes) {
        uint64_t lanes[LANES], sum = seed + bytes * FACTOR + 1;
        const uint64_t *words = data;
        size_t count = bytes / sizeof *words, i = 0;

        for (unsigned lane = 0; lane < LANES; lane++)
                lanes[lane] = step(sum, lane);
        for (; i + LANES <= count; i += LANES)
                for (unsigned lane = 0; lane < LANES; lane++)
                        lanes[lane] = step(lanes[lane], words[i + lane]);
        for (; i < count; i++)
                lanes[i % LANES] = step(lanes[i % LANES], words[i]);
        for (unsigned lane = 0; lane < LANES; lane++)
                sum = step(sum, lanes[lane]);
        return sum;
}

int state_damaged(const char *dir, const char *why, struct err *e) {
        return err_set(e, ERR_INPUT, "%s/state: damaged (%s); make the node anew with carve-sim", dir, why);
}

static int unreadable(const char *dir, ssize_t got, struct err *e) {
        if (got >= 0)
                return state_damaged(dir, "it ends too early", e);
        return err_set(e, ERR_SYSTEM, "%s/state: cannot be read: %s", dir, strerror(errno));
}

int state_check_header(int fd, const char *dir, struct err *e) {
        struct state_header header;
        ssize_t got = pread(fd, &header, sizeof header, 0);

        if (got < 0)
                return unreadable(dir, got, e);
        if (got != sizeof header || memcmp(header.magic, STATE_MAGIC, sizeof header.magic) != 0)
                return err_set(e, ERR_INPUT, "%s/state: is no state of a simulated node", dir);
        if (header.byte_order != STATE_BYTE_ORDER)
                return err_set(e, ERR_IMPOSSIBLE, "%s/state: was written by a machine of the other byte order; make the node anew here",
                               dir);
        if (header.format != NODE_FORMAT)
                return err_set(e, ERR_IMPOSSIBLE, "%s/state: has format %u and this version of carve reads format %u; make the node anew",
                               dir, header.format, NODE_FORMAT);
        if (header.node_bytes != sizeof(struct node))
                return err_set(e, ERR_IMPOSSIBLE,
                               "%s/state: holds nodes of %llu bytes and this version of carve of %zu; make the node anew", dir,
                               (unsigned long long)header.node_bytes, sizeof(struct node));
        return 0;
}

/* A read may meet a write half way: the kernel promises no more than single bytes (some processors copy so). Each such read needs a write
 * of its own, so a word that is wrong so often stays wrong. */
#define WORD_TRIES 64

uint64_t state_word(uint64_t generation) {
        return (generation & GENERATION_MASK) | step(FACTOR, generation & GENERATION_MASK) << GENERATION_BITS;
}

int state_generation(int fd, const char *dir, uint64_t *ret_generation, struct err *e) {
        uint64_t word;

        for (unsigned i = 0; i < WORD_TRIES; i++) {
                ssize_t got = pread(fd, &word, sizeof word, STATE_GENERATION_AT);
                if (got != sizeof word)
                        return unreadable(dir, got, e);
                if (word != state_word(word) || (word & GENERATION_MASK) == 0)
                        continue;
                *ret_generation = word & GENERATION_MASK;
                return 0;
        }
        return state_damaged(dir, "it does not say which node counts", e);
}

int state_load(int fd, const char *dir, struct node *n, uint64_t *ret_generation, struct err *e) {
        struct state_seal seal;
        const struct iovec parts[] = { { &seal, sizeof seal }, { n, sizeof *n } };
        uint64_t generation = 0;

        int r = state_check_header(fd, dir, e);
        if (r == 0)
                r = state_generation(fd, dir, &generation, e);
        if (r < 0)
                return r;
        ssize_t got = preadv(fd, parts, 2, STATE_SLOT_AT(generation));
        if (got != sizeof seal + sizeof *n)
                return unreadable(dir, got, e);
        if (seal.generation != generation || seal.checksum != state_checksum(generation, n, sizeof *n))
                return 1;
        *ret_generation = generation;
        return 0;
}

int state_write_at(int fd, const char *dir, const void *data, size_t bytes, off_t at, struct err *e) {
        for (size_t done = 0; done < bytes;) {
                ssize_t n = pwrite(fd, (const char *)data + done, bytes - done, at + (off_t)done);
                if (n < 0 && errno == EINTR)
                        continue;
                if (n <= 0)
                        return err_set(e, ERR_SYSTEM, "%s/state: cannot be written: %s; the node is as before", dir,
                                       n < 0 ? strerror(errno) : "nothing was taken");
                done += (size_t)n;
        }
        return 0;
}

int state_put(int fd, const char *dir, const struct node *n, uint64_t generation, struct err *e) {
        const struct state_seal seal = { generation, state_checksum(generation, n, sizeof *n) };
        off_t at = STATE_SLOT_AT(generation);
        int r = state_write_at(fd, dir, n, sizeof *n, at + (off_t)sizeof seal, e);

        return r < 0 ? r : state_write_at(fd, dir, &seal, sizeof seal, at, e);
}

/* A page of the file is mapped for the kernel to name the word by; nothing here reads it. */
static void wake_all(int fd) {
        char *page = mmap(NULL, STATE_PAGE, PROT_READ, MAP_SHARED, fd, 0);

        if (page == MAP_FAILED)
                return; /* who waits looks by itself once in a while */
        syscall(SYS_futex, page + STATE_WORD_AT, FUTEX_WAKE, INT_MAX, NULL, NULL, 0);
        munmap(page, STATE_PAGE);
}

int state_publish(int fd, const char *dir, uint64_t generation, struct err *e) {
        const uint64_t word = state_word(generation);
        int r = state_write_at(fd, dir, &word, sizeof word, STATE_GENERATION_AT, e);

        if (r == 0)
                wake_all(fd);
        return r;
}
