/* print_sample json|yaml < TREE.json: the tree, printed by core/doc/print. */
#include "core/doc/print.h"

#include <stdio.h>
#include <string.h>

int main(int argc, char **argv) {
        json_error_t error;
        json_t *tree = json_loadf(stdin, JSON_DECODE_ANY, &error);
        struct buf b = BUF(1 << 20);

        if (argc != 2 || !tree) {
                fprintf(stderr, "usage: print_sample json|yaml < TREE.json (%s)\n", error.text);
                return 2;
        }
        print_document(strcmp(argv[1], "yaml") ? PRINT_JSON : PRINT_YAML, tree, &b);
        fputs(buf_text(&b), stdout);
        buf_done(&b);
        json_decref(tree);
        return 0;
}
