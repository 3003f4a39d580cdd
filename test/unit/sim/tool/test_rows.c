#include "../../cli/rows.h"
#include "sim/tool/tool.h"

static void of_carve_sim(void **state) {
        (void)state;
        rows_are_complete(&tool_program);
}

int main(void) {
        const struct CMUnitTest tests[] = { cmocka_unit_test(of_carve_sim) };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
