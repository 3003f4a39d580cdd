#include "sim/node/sha1.h"

#include <string.h>

#define BLOCK 64

static uint32_t rotate(uint32_t x, unsigned bits) {
        return x << bits | x >> (32 - bits);
}

static void add_block(uint32_t hash[5], const uint8_t *block) {
        uint32_t w[80], a = hash[0], b = hash[1], c = hash[2], d = hash[3], f = hash[4];

        for (unsigned i = 0; i < 16; i++)
                w[i] = (uint32_t)block[4 * i] << 24 | (uint32_t)block[4 * i + 1] << 16 | (uint32_t)block[4 * i + 2] << 8 | block[4 * i + 3];
        for (unsigned i = 16; i < 80; i++)
                w[i] = rotate(w[i - 3] ^ w[i - 8] ^ w[i - 14] ^ w[i - 16], 1);

        for (unsigned i = 0; i < 80; i++) {
                static const uint32_t constants[4] = { 0x5a827999, 0x6ed9eba1, 0x8f1bbcdc, 0xca62c1d6 };
                uint32_t mix = i < 20 ? (b & c) | (~b & d) : i >= 40 && i < 60 ? (b & c) | (b & d) | (c & d) : b ^ c ^ d;
                uint32_t next = rotate(a, 5) + mix + f + constants[i / 20] + w[i];
                f = d;
                d = c;
                c = rotate(b, 30);
                b = a;
                a = next;
        }
        hash[0] += a;
        hash[1] += b;
        hash[2] += c;
        hash[3] += d;
        hash[4] += f;
}

void sha1(const void *data, size_t bytes, uint8_t digest[SHA1_BYTES]) {
        uint32_t hash[5] = { 0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0 };
        uint8_t text[2 * BLOCK] = { 0 };
        size_t blocks = bytes + 9 > BLOCK ? 2 : 1;

        memcpy(text, data, bytes);
        text[bytes] = 0x80;
        text[blocks * BLOCK - 2] = (uint8_t)(bytes * 8 >> 8);
        text[blocks * BLOCK - 1] = (uint8_t)(bytes * 8);
        for (size_t i = 0; i < blocks; i++)
                add_block(hash, text + i * BLOCK);
        for (unsigned i = 0; i < SHA1_BYTES; i++)
                digest[i] = (uint8_t)(hash[i / 4] >> (24 - 8 * (i % 4)));
}
