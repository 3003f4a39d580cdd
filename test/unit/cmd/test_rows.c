#include "../cli/rows.h"
#include "cmd/cmd.h"

static void of_carve(void **state) {
        (void)state;
        rows_are_complete(&cmd_carve);
}

int main(void) {
        const struct CMUnitTest tests[] = { cmocka_unit_test(of_carve) };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
