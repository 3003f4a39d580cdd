#include "core/plan/k8s_index.h"

#include <string.h>

#include "base/arena.h"
#include "base/hash.h"
#include "base/mem.h"

struct entry {
        const char *key;
        void *value;
        UT_hash_handle hh;
};

struct k8s_index {
        struct arena arena; /* of the entries */
        struct entry *entries;
};

struct k8s_index *k8s_index_new(void) {
        return mem_zalloc(1, sizeof(struct k8s_index));
}

struct k8s_index *k8s_index_free(struct k8s_index *index) {
        if (index) {
                HASH_CLEAR(hh, index->entries);
                arena_done(&index->arena);
        }
        free(index);
        return NULL;
}

void *k8s_index_get(const struct k8s_index *index, const char *key) {
        struct entry *found = NULL;

        HASH_FIND_STR(index->entries, key, found);
        return found ? found->value : NULL;
}

void k8s_index_add(struct k8s_index *index, const char *key, void *value) {
        struct entry *entry = arena_zalloc(&index->arena, sizeof *entry);

        entry->key = key;
        entry->value = value;
        HASH_ADD_KEYPTR(hh, index->entries, entry->key, strlen(entry->key), entry);
}

void k8s_index_each(const struct k8s_index *index, void (*visit)(void *value, void *context), void *context) {
        for (const struct entry *entry = index->entries; entry; entry = entry->hh.next)
                visit(entry->value, context);
}
