/* Where the driver puts instances by itself: sequences seen in public captures of nvidia-smi mig -cgi (data/gpu/SOURCES.md). */
#include "node_of.h"

#define REFUSED (-1)

static const struct {
        const char *gpu;
        unsigned count;
        uint8_t profiles[7]; /* ids */
        int8_t instances[7]; /* GPU instance ids, or Insufficient Resources */
} captured[] = {
        { "A100-40GB", 7, { 19, 19, 19, 19, 19, 19, 19 }, { 13, 11, 12, 7, 8, 9, 10 } },
        { "A100-40GB", 3, { 19, 14, 5 }, { 13, 5, 1 } },
        { "A100-40GB", 4, { 9, 19, 14, 19 }, { 2, 7, 4, 8 } },
        { "H100-80GB", 6, { 14, 19, 19, 19, 19, 19 }, { 5, 13, 7, 8, 9, 10 } },
        { "A100-40GB", 2, { 9, 9 }, { 2, 1 } },
        { "A100-40GB", 4, { 9, 14, 19, 19 }, { 2, 3, 9, 10 } },
        { "GH200-96GB", 3, { 15, 15, 15 }, { 5, 3, 4 } },
        { "A100-40GB", 4, { 19, 19, 14, 9 }, { 13, 11, 3, REFUSED } },
        { "A30-24GB", 1, { 14 }, { 3 } },
};

static void goes_where_the_driver_was_seen_to_put_it(void **state) {
        (void)state;
        for (unsigned i = 0; i < ARRAY_SIZE(captured); i++) {
                struct node *n = node_of(captured[i].gpu, "590.48.01", true);
                for (unsigned j = 0; j < captured[i].count; j++) {
                        unsigned slot = NODE_NONE;
                        struct err e = { 0 };
                        nvmlReturn_t r = mig_create_gi(n, 0, captured[i].profiles[j], NULL, NOW, &slot);
                        if (captured[i].instances[j] == REFUSED) {
                                assert_int_equal(r, NVML_ERROR_INSUFFICIENT_RESOURCES);
                                continue;
                        }
                        assert_int_equal(r, NVML_SUCCESS);
                        assert_int_equal(n->gpus[0].gi[slot].id, captured[i].instances[j]);
                        assert_ok(node_check(n, &e), &e);
                }
                free(n);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = { cmocka_unit_test(goes_where_the_driver_was_seen_to_put_it) };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
