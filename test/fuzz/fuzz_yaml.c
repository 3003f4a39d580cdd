#include "fuzz_doc.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes) {
        struct err e;

        check_stream("f.yaml", data, bytes, &e);
        return 0;
}
