/* Compute instances: profiles, placements and what is left, as public listings of nvidia-smi mig -lcip show them. */
#include "node_of.h"

#define NEWEST "590.48.01"

static unsigned make_gi(struct node *n, unsigned id) {
        unsigned slot = NODE_NONE;

        assert_int_equal(mig_create_gi(n, 0, id, NULL, NOW, &slot), NVML_SUCCESS);
        return slot;
}

/* "Free/Total" of an empty instance, and SMs: listings of A100 (3g, 4g), H100 and H200. Profile 0 in a 1g of double memory: what NVIDIA's
 * mig-parted asks for in its own presets of H100, H200 and B200. */
static void offers_what_the_listings_show(void **state) {
        static const struct {
                const char *gpu;
                unsigned gi_profile, profile, free, sm;
        } cases[] = {
                { "A100-40GB", 9, 0, 3, 14 },  { "A100-40GB", 9, 1, 1, 28 },  { "A100-40GB", 9, 2, 1, 42 },   { "A100-40GB", 9, 3, 0, 0 },
                { "A100-40GB", 5, 0, 4, 14 },  { "A100-40GB", 5, 1, 2, 28 },  { "A100-40GB", 5, 3, 1, 56 },   { "A100-40GB", 5, 2, 0, 0 },
                { "A100-40GB", 0, 2, 2, 42 },  { "A100-40GB", 0, 4, 1, 98 },  { "A100-80GB", 15, 0, 1, 14 },  { "A100-80GB", 15, 7, 0, 0 },
                { "H100-80GB", 9, 0, 3, 16 },  { "H100-80GB", 9, 1, 1, 32 },  { "H100-80GB", 9, 2, 1, 60 },   { "H100-80GB", 15, 7, 1, 26 },
                { "H100-80GB", 15, 0, 1, 16 }, { "H200-141GB", 0, 0, 7, 16 }, { "H200-141GB", 0, 4, 1, 132 }, { "A30-24GB", 5, 0, 2, 14 },
        };
        (void)state;
        for (unsigned i = 0; i < ARRAY_SIZE(cases); i++) {
                struct node *n = node_of(cases[i].gpu, NEWEST, true);
                unsigned gi = make_gi(n, cases[i].gi_profile), slot;
                const struct node_gpu *g = &n->gpus[0];
                const struct gpu_compute_profile *p = mig_compute_profile(g, &g->gi[gi], cases[i].profile);
                assert_int_equal(mig_compute_remaining(g, &g->gi[gi], cases[i].profile), cases[i].free);
                assert_int_equal(p ? p->sm : 0, cases[i].sm);
                assert_int_equal(mig_create_ci(n, 0, gi, cases[i].profile, NULL, NOW, &slot),
                                 cases[i].free ? NVML_SUCCESS : NVML_ERROR_NOT_SUPPORTED);
                free(n);
        }
}

/* Where compute instances may stand: anywhere on A100, from Hopper on at multiples of their size (of four for three). */
static void stands_where_the_generation_lets_it(void **state) {
        static const struct {
                const char *gpu;
                unsigned gi_profile, profile, count, size;
                unsigned starts[7];
        } cases[] = {
                { "A100-40GB", 0, 1, 6, 2, { 0, 1, 2, 3, 4, 5 } },
                { "A100-40GB", 9, 1, 2, 2, { 0, 1 } },
                { "A100-40GB", 5, 3, 1, 4, { 0 } },
                { "H100-80GB", 0, 0, 7, 1, { 0, 1, 2, 3, 4, 5, 6 } },
                { "H100-80GB", 0, 1, 3, 2, { 0, 2, 4 } },
                { "H100-80GB", 0, 2, 2, 3, { 0, 4 } },
                { "H100-80GB", 0, 3, 1, 4, { 0 } },
                { "H100-80GB", 0, 4, 1, 7, { 0 } },
                { "H100-80GB", 9, 1, 1, 2, { 0 } },
                { "H100-80GB", 15, 7, 1, 1, { 0 } },
                { "H100-80GB", 15, 8, 0, 0, { 0 } },
        };
        (void)state;
        for (unsigned i = 0; i < ARRAY_SIZE(cases); i++) {
                struct node *n = node_of(cases[i].gpu, NEWEST, true);
                unsigned gi = make_gi(n, cases[i].gi_profile);
                nvmlComputeInstancePlacement_t places[NODE_CIS_MAX];
                unsigned count = mig_compute_placements(&n->gpus[0], &n->gpus[0].gi[gi], cases[i].profile, places);
                assert_int_equal(count, cases[i].count);
                for (unsigned j = 0; j < count; j++) {
                        assert_int_equal(places[j].start, cases[i].starts[j]);
                        assert_int_equal(places[j].size, cases[i].size);
                }
                free(n);
        }
}

/* A row of creations by the driver's own choice; letters: c(reated), - (no room). */
static void fills_up(void **state) {
        static const struct {
                const char *gpu;
                unsigned gi_profile, count;
                uint8_t profiles[8];
                const char *answers;
        } cases[] = {
                { "H200-141GB", 9, 3, { 0, 1, 0 }, "cc-" }, /* the capture: 1c and 2c side by side in a 3g, made in this order */
                { "H200-141GB", 9, 4, { 0, 0, 0, 0 }, "ccc-" },
                { "H100-80GB", 0, 4, { 2, 2, 2, 0 }, "cc-c" }, /* the slice between the two 3c, which stand at 0 and 4 */
                { "H100-80GB", 5, 3, { 0, 1, 0 }, "ccc" },
                { "A100-40GB", 9, 3, { 0, 1, 0 }, "cc-" },
                { "A100-40GB", 5, 3, { 1, 1, 0 }, "cc-" },
                { "A100-40GB", 0, 8, { 0, 0, 0, 0, 0, 0, 0, 0 }, "ccccccc-" },
                { "A100-40GB", 0, 4, { 3, 2, 0, 1 }, "cc--" },
                { "A30-24GB", 0, 3, { 1, 1, 0 }, "cc-" },
        };
        (void)state;
        for (unsigned i = 0; i < ARRAY_SIZE(cases); i++) {
                struct node *n = node_of(cases[i].gpu, NEWEST, true);
                unsigned gi = make_gi(n, cases[i].gi_profile), slot = NODE_NONE, created = 0;
                for (unsigned j = 0; j < cases[i].count; j++) {
                        nvmlReturn_t r = mig_create_ci(n, 0, gi, cases[i].profiles[j], NULL, NOW, &slot);
                        struct err e = { 0 };
                        if (r != (cases[i].answers[j] == 'c' ? NVML_SUCCESS : NVML_ERROR_INSUFFICIENT_RESOURCES))
                                fail_msg("case %u, creation %u: %d", i, j, r);
                        if (r == NVML_SUCCESS)
                                assert_int_equal(n->gpus[0].gi[gi].ci[slot].id, created++); /* the smallest free id */
                        assert_ok(node_check(n, &e), &e);
                }
                free(n);
        }
}

static void takes_a_wished_place(void **state) {
        static const struct {
                const char *gpu;
                unsigned profile;
                nvmlComputeInstancePlacement_t place;
                nvmlReturn_t code;
        } cases[] = {
                { "A100-40GB", 1, { 1, 2 }, NVML_SUCCESS },
                { "A100-40GB", 1, { 3, 2 }, NVML_ERROR_INSUFFICIENT_RESOURCES }, /* slice 3 is taken */
                { "A100-40GB", 1, { 6, 2 }, NVML_ERROR_INVALID_ARGUMENT },
                { "A100-40GB", 1, { 1, 3 }, NVML_ERROR_INVALID_ARGUMENT },
                { "A100-40GB", 1, { 4000000000, 2 }, NVML_ERROR_INVALID_ARGUMENT },
                { "A100-40GB", 9, { 0, 1 }, NVML_ERROR_INVALID_ARGUMENT },
                { "A100-40GB", 6, { 0, 6 }, NVML_ERROR_NOT_SUPPORTED },
                { "H100-80GB", 1, { 1, 2 }, NVML_ERROR_INVALID_ARGUMENT },
                { "H100-80GB", 1, { 2, 2 }, NVML_ERROR_INSUFFICIENT_RESOURCES },
                { "H100-80GB", 1, { 4, 2 }, NVML_SUCCESS },
        };
        (void)state;
        for (unsigned i = 0; i < ARRAY_SIZE(cases); i++) {
                struct node *n = node_of(cases[i].gpu, NEWEST, true);
                const nvmlComputeInstancePlacement_t third = { 3, 1 };
                unsigned gi = make_gi(n, 0), slot;
                assert_int_equal(mig_create_ci(n, 0, gi, 0, &third, NOW, &slot), NVML_SUCCESS);
                assert_int_equal(mig_create_ci(n, 0, gi, cases[i].profile, &cases[i].place, NOW, &slot), cases[i].code);
                if (cases[i].code == NVML_SUCCESS)
                        assert_int_equal(n->gpus[0].gi[gi].ci[slot].start, cases[i].place.start);
                free(n);
        }
}

/* Ids are given again, the smallest first. */
static void gives_ids_again(void **state) {
        struct node *n = node_of("A100-40GB", NEWEST, true);
        unsigned gi = make_gi(n, 0), slots[3], again;

        (void)state;
        for (unsigned i = 0; i < 3; i++)
                assert_int_equal(mig_create_ci(n, 0, gi, 0, NULL, NOW, &slots[i]), NVML_SUCCESS);
        mig_destroy_ci(n, 0, gi, slots[1], NOW);
        assert_int_equal(mig_create_ci(n, 0, gi, 0, NULL, NOW, &again), NVML_SUCCESS);
        assert_int_equal(n->gpus[0].gi[gi].ci[again].id, 1);
        assert_true(n->gpus[0].gi[gi].ci[again].serial > n->gpus[0].gi[gi].ci[slots[2]].serial);
        free(n);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(offers_what_the_listings_show),
                cmocka_unit_test(stands_where_the_generation_lets_it),
                cmocka_unit_test(fills_up),
                cmocka_unit_test(takes_a_wished_place),
                cmocka_unit_test(gives_ids_again),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
