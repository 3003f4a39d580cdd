#include "base/arena.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"

#define BLOCK_BYTES (64 * 1024)

struct arena_block {
        struct arena_block *older;
        size_t used, capacity;
        _Alignas(max_align_t) char bytes[];
};

static struct arena_block *add_block(struct arena *a, size_t bytes) {
        size_t capacity = MAX(bytes, (size_t)BLOCK_BYTES);
        struct arena_block *block = mem_alloc(sizeof *block + capacity);

        *block = (struct arena_block){ .older = a->blocks, .capacity = capacity };
        a->blocks = block;
        return block;
}

void *arena_alloc(struct arena *a, size_t bytes) {
        size_t rounded = (bytes + _Alignof(max_align_t) - 1) & ~(_Alignof(max_align_t) - 1);
        struct arena_block *block = a->blocks;

        if (!block || block->capacity - block->used < rounded)
                block = add_block(a, rounded);
        void *p = block->bytes + block->used;
        block->used += rounded;
        a->used_bytes += rounded;
        return p;
}

void *arena_zalloc(struct arena *a, size_t bytes) {
        return memset(arena_alloc(a, bytes), 0, bytes);
}

char *arena_strdup(struct arena *a, const char *s) {
        return arena_strndup(a, s, strlen(s));
}

char *arena_strndup(struct arena *a, const char *s, size_t n) {
        char *copy = arena_alloc(a, n + 1);

        memcpy(copy, s, n);
        copy[n] = '\0';
        return copy;
}

char *arena_printf(struct arena *a, const char *fmt, ...) {
        va_list args, again;

        va_start(args, fmt);
        va_copy(again, args);
        int n = vsnprintf(NULL, 0, fmt, args);
        va_end(args);
        char *text = arena_alloc(a, (size_t)MAX(n, 0) + 1);
        vsnprintf(text, (size_t)MAX(n, 0) + 1, fmt, again);
        va_end(again);
        return text;
}

void arena_done(struct arena *a) {
        while (a->blocks) {
                struct arena_block *older = a->blocks->older;
                free(a->blocks);
                a->blocks = older;
        }
        a->used_bytes = 0;
}
