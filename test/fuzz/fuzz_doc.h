/* fuzz_doc: what must hold for every tree that the readers hand out. */
#pragma once

#include <string.h>

#include "core/doc/doc.h"
#include "fuzz.h"

/* Looks at no more than `budget` nodes: aliases can stand for millions. */
static inline void check_tree(const struct doc_node *node, unsigned depth, unsigned *budget) {
        if (*budget == 0)
                return;
        (*budget)--;
        MUST(depth <= DOC_DEPTH_MAX);
        MUST(node->line > 0 && node->column > 0);
        MUST((node->text != NULL) == (node->kind < DOC_SEQ));
        if (node->kind == DOC_SEQ)
                for (uint32_t i = 0; i < node->count; i++)
                        check_tree(node->items[i], depth + 1, budget);
        if (node->kind == DOC_MAP)
                for (uint32_t i = 0; i < node->count; i++) {
                        MUST(node->pairs[i].line > 0 && node->pairs[i].column > 0);
                        if (node->count < 100)
                                MUST(doc_get_pair(node, node->pairs[i].key) == &node->pairs[i]); /* no key twice */
                        check_tree(node->pairs[i].value, depth + 1, budget);
                }
}

/* Reads and checks all documents. Their number, or the error. */
static inline int check_stream(const char *name, const uint8_t *data, size_t bytes, struct err *e) {
        struct doc_reader *reader = doc_reader_new(name, (const char *)data, bytes);
        const struct doc_node *root;
        int documents = 0, r;

        while ((r = doc_reader_next(reader, &root, e)) > 0) {
                unsigned budget = 20000;
                MUST(root->kind != DOC_NULL);
                check_tree(root, 1, &budget);
                documents++;
        }
        if (r < 0)
                MUST(strncmp(e->text, name, strlen(name)) == 0);
        MUST(r == 0 || r == -ERR_INPUT);
        doc_reader_free(reader);
        return r < 0 ? r : documents;
}
