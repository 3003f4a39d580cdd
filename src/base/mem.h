/* mem: allocation that cannot fail, arrays that grow, and cleanup by scope.
 *
 * carve bounds the size of every input, so running out of memory means the machine itself is out: these functions then say so and
 * abort (a controller restarts the program). Memory from here is freed with free().
 */
#pragma once

#include <stddef.h>
#include <stdlib.h>

#define ARRAY_SIZE(a) (sizeof(a) / sizeof *(a))
#define MIN(a, b) ((a) < (b) ? (a) : (b))
#define MAX(a, b) ((a) > (b) ? (a) : (b))

void *mem_alloc(size_t bytes);               /* not zeroed */
void *mem_zalloc(size_t count, size_t size); /* zeroed; the product is checked */
void *mem_realloc(void *p, size_t count, size_t size);
char *mem_strdup(const char *s);
char *mem_strndup(const char *s, size_t n);
char *mem_printf(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* Make room for at least one more element in the growing array `items` (a pointer) of `count` elements and capacity `capacity`. */
#define MEM_GROW(items, count, capacity) ((items) = mem_grow((items), (count), &(capacity), sizeof *(items)))
void *mem_grow(void *items, size_t count, size_t *capacity, size_t size);

/* `_cleanup_(fn)` calls fn(&variable) when the variable leaves its scope; TAKE_PTR hands the pointer on instead. */
#define _cleanup_(fn) __attribute__((cleanup(fn)))
#define _cleanup_free_ _cleanup_(mem_cleanup_free)
#define TAKE_PTR(p)                                                                                                                        \
        ({                                                                                                                                 \
                __typeof__(p) _p = (p);                                                                                                    \
                (p) = NULL;                                                                                                                \
                _p;                                                                                                                        \
        })
#define DEFINE_CLEANUP(type, fn)                                                                                                           \
        static inline void fn##p(type *p) {                                                                                                \
                if (*p)                                                                                                                    \
                        fn(*p);                                                                                                            \
        }

static inline void mem_cleanup_free(void *p) {
        free(*(void **)p);
}
