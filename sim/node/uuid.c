#include "sim/node/uuid.h"

#include <stdio.h>
#include <string.h>

#include "sim/node/sha1.h"

/* The text that is hashed: the driver's name space, "NVIDIA GPU", then pieces with their length in front. */
struct seed {
        unsigned bytes;
        uint8_t at[SHA1_INPUT_MAX];
};

static const uint8_t name_space[16] = { 0xc8, 0x16, 0xc9, 0xa3, 0x52, 0x24, 0x56, 0xbf, 0x9d, 0x9a, 0xac, 0x7e, 0xa7, 0x03, 0xfb, 0x5b };

static void seed_add(struct seed *s, const void *data, unsigned bytes) {
        memcpy(s->at + s->bytes, data, bytes);
        s->bytes += bytes;
}

/* Lowest byte first. */
static void seed_add_number(struct seed *s, uint64_t number, unsigned bytes) {
        for (unsigned i = 0; i < bytes; i++)
                s->at[s->bytes++] = (uint8_t)(number >> (8 * i));
}

static struct seed seed_of(uint16_t chip, uint64_t pdi) {
        struct seed s = { 0 };

        seed_add(&s, name_space, sizeof name_space);
        seed_add(&s, "NVIDIA GPU", 10);
        seed_add_number(&s, 2, 1);
        seed_add_number(&s, chip, 2);
        seed_add_number(&s, 8, 1);
        seed_add_number(&s, pdi, 8);
        return s;
}

static void uuid_of(const struct seed *s, uint8_t uuid[16]) {
        uint8_t digest[SHA1_BYTES];

        sha1(s->at, s->bytes, digest);
        memcpy(uuid, digest, 16);
        uuid[6] = (uint8_t)((uuid[6] & 0x0f) | 0x50); /* version 5 */
        uuid[8] = (uint8_t)((uuid[8] & 0x3f) | 0x80); /* the variant of RFC 4122 */
}

void uuid_gpu(uint16_t chip, uint64_t pdi, uint8_t uuid[16]) {
        const struct seed s = seed_of(chip, pdi);

        uuid_of(&s, uuid);
}

void uuid_mig(uint16_t chip, uint64_t pdi, uint32_t gi_id, uint32_t first_slice, uint32_t serial, uint8_t uuid[16]) {
        struct seed s = seed_of(chip, pdi);

        seed_add_number(&s, 3 + 4 + 4, 1);
        seed_add(&s, "SMC", 3);
        seed_add_number(&s, gi_id, 4);
        seed_add_number(&s, first_slice, 4);
        if (serial)
                seed_add_number(&s, serial, 4);
        uuid_of(&s, uuid);
}

void uuid_print(const uint8_t uuid[16], char text[UUID_TEXT]) {
        unsigned n = 0;

        for (unsigned i = 0; i < 16; i++) {
                if (i == 4 || i == 6 || i == 8 || i == 10)
                        text[n++] = '-';
                n += (unsigned)snprintf(text + n, 3, "%02x", uuid[i]);
        }
}
