/* arena: many small pieces of memory that are freed together (a document's nodes, a demand's strings).
 *
 * Pieces are aligned for any type and stay where they are until arena_done().
 */
#pragma once

#include <stddef.h>

struct arena {
        struct arena_block *blocks; /* newest first */
        size_t used_bytes;          /* asked for so far, over all blocks */
};

void *arena_alloc(struct arena *a, size_t bytes);  /* not zeroed */
void *arena_zalloc(struct arena *a, size_t bytes); /* zeroed */
char *arena_strdup(struct arena *a, const char *s);
char *arena_strndup(struct arena *a, const char *s, size_t n);
char *arena_printf(struct arena *a, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Free everything; `a` is empty and usable again. */
void arena_done(struct arena *a);
