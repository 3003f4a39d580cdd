/* Scenarios: whatever they say, what is built is a node, and what is refused is told with the file. */
#include "fuzz.h"

#include "base/mem.h"
#include "sim/tool/scenario.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes) {
        struct scenario *s = mem_alloc(sizeof *s);
        struct node *n = mem_alloc(sizeof *n);
        struct doc_reader *reader = NULL;
        struct err e = { 0 };

        int r = scenario_read("fuzz", (const char *)data, bytes, &reader, s, &e);
        if (r >= 0 && (r = scenario_build(s, UINT64_C(1700000000000000), n, &e)) >= 0)
                MUST(node_check(n, &e) == 0);
        if (r < 0)
                MUST(r == -ERR_INPUT && !strncmp(e.text, "fuzz", 4));
        doc_reader_free(reader);
        free(n);
        free(s);
        return 0;
}
