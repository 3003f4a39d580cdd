/* format: the bytes of DIR/state. Known to sim/store and its tests only.
 *
 *     0            struct state_header, of which only `generation` ever changes
 *     4096         struct tree_record (sim/store/tree.h)
 *     8192         slot of even generations: struct state_seal, struct node
 *     behind it    slot of odd generations
 *
 * The node is the same bytes as in memory; the header says byte order, format and size, so that a file of another machine or version is
 * refused. What is written is not forced to the disk: it survives every end of a process, not a loss of power.
 */
#pragma once

#include <sys/types.h>

#include "sim/node/node.h"

#define STATE_MAGIC "carve-sim state" /* 16 bytes with its NUL */
#define STATE_BYTE_ORDER 0x01020304u
#define STATE_PAGE 4096

struct state_header {
        char magic[16];
        uint32_t byte_order, format;
        uint64_t node_bytes;
        uint64_t generation; /* of the slot that counts, from 1, in 48 bits; above them 16 bits of check (state_word) */
};

struct state_seal {
        uint64_t generation, checksum;
};

#define STATE_GENERATION_AT ((off_t)offsetof(struct state_header, generation))
/* The half of it that changes in a life time: the word by which who waits and who wakes find each other. */
#define STATE_WORD_AT (STATE_GENERATION_AT + (__BYTE_ORDER__ == __ORDER_BIG_ENDIAN__ ? 4 : 0))
#define STATE_TREE_AT ((off_t)STATE_PAGE)
#define STATE_SLOT_BYTES ((sizeof(struct state_seal) + sizeof(struct node) + STATE_PAGE - 1) / STATE_PAGE * STATE_PAGE)
#define STATE_SLOT_AT(generation) ((off_t)(2 * STATE_PAGE + (generation) % 2 * STATE_SLOT_BYTES))
#define STATE_BYTES ((off_t)(2 * STATE_PAGE + 2 * STATE_SLOT_BYTES))

/* Over whole 8-byte words. Each word goes through a step that has an inverse, so one changed word always changes the sum; several, but for
 * one chance in 2^64. `seed` makes equal words of different kinds differ. */
uint64_t state_checksum(uint64_t seed, const void *data, size_t bytes);

/* 0, or what does not fit: ERR_INPUT where this is no state at all, ERR_IMPOSSIBLE where it is another version's or machine's. */
int state_check_header(int fd, const char *dir, struct err *e);
/* A generation as it stands in the header: a flipped bit must not turn it into the one before, whose slot is whole too. */
uint64_t state_word(uint64_t generation);
int state_generation(int fd, const char *dir, uint64_t *ret_generation, struct err *e);

/* Read the slot that counts. 0: done; 1: a writer was faster, or the slot is damaged; negative: error. `n` is overwritten in any case. */
int state_load(int fd, const char *dir, struct node *n, uint64_t *ret_generation, struct err *e);
/* Put `n` into its slot as `generation`; it does not count yet. */
int state_put(int fd, const char *dir, const struct node *n, uint64_t generation, struct err *e);
/* Let `generation` count, and wake who waits for it. */
int state_publish(int fd, const char *dir, uint64_t generation, struct err *e);

int state_write_at(int fd, const char *dir, const void *data, size_t bytes, off_t at, struct err *e);
int state_damaged(const char *dir, const char *why, struct err *e);
