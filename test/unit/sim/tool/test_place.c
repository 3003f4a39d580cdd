#include "scenario_of.h"
#include "sim/node/mig.h"
#include "sim/tool/place.h"

#define TEXT                                                                                                                               \
        "apiVersion: sim.carve.dev/v1alpha1\nkind: Scenario\ngpus:\n"                                                                      \
        "- {model: A100-80GB, layout: [3g.40gb@4, 1g.10gb@0, {profile: 2g.20gb, start: 2, compute: [1c, 1c]}]}\n"                          \
        "- {model: A100-80GB, layout: [{profile: 1g.10gb, start: 6, compute: []}]}\n"

/* GPU instance ids are those of the driver (kernel driver's table): 3g at 4 is 2, 2g at 2 is 4, 1g at 0 is 7. MIG devices count by GPU
 * instance id, so 3g.40gb@4 is device 0, 2g.20gb@2 has 1 and 2, 1g.10gb@0 is 3. */
static const struct {
        unsigned gpu;
        const char *text, *found, *refused;
} cases[] = {
        { NODE_NONE, "0:0", "0 3g.40gb@4", NULL },
        { NODE_NONE, "0:2", "0 2g.20gb@2/1", NULL },
        { NODE_NONE, "0:3", "0 1g.10gb@0", NULL },
        { 0, "3", "0 1g.10gb@0", NULL },
        { 0, "3g.40gb@4", "0 3g.40gb@4", NULL },
        { 0, "3G.40GB@4/0", "0 3g.40gb@4", NULL },
        { 0, "2g.20gb@2", "0 2g.20gb@2/0", NULL },
        { 0, "2g.20gb@2/1", "0 2g.20gb@2/1", NULL },
        { 1, "1g.10gb@6", "1 1g.10gb@6", NULL },
        { 0, "0:0", "0 3g.40gb@4", NULL },
        { NODE_NONE, "1:0", NULL, "GPU 1 has no slice 1:0: it has 1g.10gb@6" }, /* no compute instance, no MIG device */
        { NODE_NONE, "0:4", NULL, "GPU 0 has no slice 0:4" },
        { NODE_NONE, "2:0", NULL, "no GPU 2: the node has GPUs 0 to 1" },
        { 1, "0:0", NULL, "0:0 is a slice of GPU 0, not of GPU 1" },
        { 0, "2g.20gb@2/2", NULL, "GPU 0 has no slice 2g.20gb@2/2" },
        { 0, "2g.20gb@0", NULL, "GPU 0 has no slice 2g.20gb@0" },
        { NODE_NONE, "3", NULL, "'3' names no slice" },
        { NODE_NONE, "1g.10gb@0", NULL, "'1g.10gb@0' names no slice" },
        { NODE_NONE, "", NULL, "'' names no slice" },
        { NODE_NONE, "0:", NULL, "'0:' names no slice" },
        { NODE_NONE, ":0", NULL, "':0' names no slice" },
        { NODE_NONE, "0:0x", NULL, "'0:0x' names no slice" },
        { NODE_NONE, "99999999999:0", NULL, "names no slice" },
        { NODE_NONE, "MIG-", NULL, "no slice has the UUID MIG-" },
};

static void finds_slices(void **state) {
        (void)state;
        struct node *n = mem_zalloc(1, sizeof *n);
        struct err e = { 0 };

        assert_ok(node_of_text(TEXT, n, &e), &e);
        for (unsigned i = 0; i < ARRAY_SIZE(cases); i++) {
                struct place place;
                int r = place_read(n, cases[i].gpu, cases[i].text, &place, &e);
                if (cases[i].refused) {
                        assert_refused(r, &e, cases[i].refused);
                        continue;
                }
                assert_ok(r, &e);
                char name[PLACE_TEXT_MAX];
                place_print(n, &place, name);
                _cleanup_free_ char *found = mem_printf("%u %s", place.gpu, name);
                assert_string_equal(found, cases[i].found);
        }
        free(n);
}

/* Each slice is found by the UUID it has. */
static void finds_uuids(void **state) {
        (void)state;
        struct node *n = mem_zalloc(1, sizeof *n);
        struct err e = { 0 };
        struct place each, found;
        char uuid[MIG_UUID_MAX];
        unsigned count = 0;

        assert_ok(node_of_text(TEXT, n, &e), &e);
        for (unsigned step = 0; place_next(n, 0, &step, &each); count++) {
                mig_device_uuid(n, 0, each.gi_slot, each.ci_slot, uuid);
                assert_ok(place_read(n, NODE_NONE, uuid, &found, &e), &e);
                assert_memory_equal(&each, &found, sizeof each);
                assert_refused(place_read(n, 1, uuid, &found, &e), &e, "of GPU 0, not of GPU 1");
        }
        assert_int_equal(count, 4);
        free(n);
}

int main(void) {
        const struct CMUnitTest tests[] = { cmocka_unit_test(finds_slices), cmocka_unit_test(finds_uuids) };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
