#include <string.h>

#include "base/mem.h"
#include "base/quantity.h"
#include "fuzz.h"

static int64_t divide_up(int64_t value, int64_t by) {
        return value / by + (value % by != 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes) {
        _cleanup_free_ char *text = mem_strndup((const char *)data, strnlen((const char *)data, bytes));
        int64_t milli = -1, value = -1, mib = -1;
        struct err e;

        quantity_milli(text, &milli, &e);
        quantity_value(text, &value, &e);
        quantity_mib(text, &mib, &e);
        MUST((mib >= 0) == (value >= 0));
        if (milli >= 0)
                MUST(value == divide_up(milli, 1000));
        if (value >= 0)
                MUST(mib == divide_up(value, 1 << 20));
        return 0;
}
