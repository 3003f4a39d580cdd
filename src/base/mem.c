#include "base/mem.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

static void *check(void *p, size_t bytes) {
        if (!p && bytes > 0) {
                fprintf(stderr, "carve: out of memory (%zu bytes)\n", bytes);
                abort();
        }
        return p;
}

void *mem_alloc(size_t bytes) {
        return check(malloc(bytes), bytes);
}

void *mem_zalloc(size_t count, size_t size) {
        return check(calloc(count, size), count > 0 ? size : 0);
}

void *mem_realloc(void *p, size_t count, size_t size) {
        return check(reallocarray(p, count, size), count > 0 ? size : 0);
}

char *mem_strdup(const char *s) {
        return mem_strndup(s, strlen(s));
}

char *mem_strndup(const char *s, size_t n) {
        char *copy = mem_alloc(n + 1);

        memcpy(copy, s, n);
        copy[n] = '\0';
        return copy;
}

char *mem_printf(const char *fmt, ...) {
        char *text = NULL;
        va_list args;

        va_start(args, fmt);
        int n = vasprintf(&text, fmt, args);
        va_end(args);
        return check(n < 0 ? NULL : text, 1);
}

void *mem_grow(void *items, size_t count, size_t *capacity, size_t size) {
        if (count < *capacity)
                return items;
        size_t bigger = *capacity < 8 ? 8 : *capacity + *capacity / 2;
        items = mem_realloc(items, bigger, size);
        *capacity = bigger;
        return items;
}
