#include <string.h>

#include "core/doc/csv.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes) {
        struct csv *c;
        struct err e;

        if (csv_open("f.csv", (const char *)data, bytes, &c, &e) < 0)
                return 0;
        uint32_t line = 0;
        while (csv_next(c, &e) > 0) {
                MUST(csv_line(c) > line);
                line = csv_line(c);
                for (int column = 0; column < 4; column++) {
                        int64_t integer;
                        double real;
                        MUST(strlen(csv_field(c, column)) <= CSV_FIELD_MAX);
                        if (csv_int(c, column, -10, 10, &integer, &e) == 0)
                                MUST(integer >= -10 && integer <= 10);
                        if (csv_real(c, column, -10, 10, &real, &e) == 0)
                                MUST(real >= -10 && real <= 10);
                }
        }
        csv_free(c);
        return 0;
}
