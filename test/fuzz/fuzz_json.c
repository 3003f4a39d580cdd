#include <jansson.h>

#include "fuzz_doc.h"

/* What is JSON is decided by jansson as well. It differs in four ways: it allows 2048 levels, knows no byte order mark, refuses whole
 * numbers beyond 64 bits and takes a NUL byte for the end. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes) {
        struct err e;
        json_error_t json_error;
        int documents = check_stream("f.json", data, bytes, &e);
        json_t *json = json_loadb((const char *)data, bytes, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &json_error);

        if (json && documents < 0 && !memchr(data, '\0', bytes))
                MUST(strstr(e.text, "nested deeper") != NULL);
        if (!json && documents == 1 && bytes > 0 && data[0] < 0x80)
                MUST(json_error_code(&json_error) == json_error_numeric_overflow ||
                     json_error_code(&json_error) == json_error_end_of_input_expected);
        json_decref(json);
        return 0;
}
