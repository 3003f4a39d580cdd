#include "core/gpu/layout.h"

#include "../../unit.h"

#define LAYOUTS_MAX 2400

/* Every layout of a GPU (their list is checked against another implementation in test_layout_each.c), so that a question about moving can
 * be answered by looking at all of them. */
struct all {
        size_t count;
        struct layout layouts[LAYOUTS_MAX];
        uint64_t counts[LAYOUTS_MAX]; /* four bits per profile */
};

static uint64_t counts_of(const struct layout *layout) {
        uint64_t counts = 0;
        for (unsigned i = 0; i < layout->count; i++)
                counts += UINT64_C(1) << (4 * layout->slices[i].profile->index);
        return counts;
}

static int keep(const struct layout *layout, void *context) {
        struct all *all = context;
        assert_true(all->count < LAYOUTS_MAX);
        all->counts[all->count] = counts_of(layout);
        all->layouts[all->count++] = *layout;
        return 0;
}

static bool has(const struct layout *layout, const struct slice *slice) {
        for (unsigned i = 0; i < layout->count; i++)
                if (layout->slices[i].profile == slice->profile && layout->slices[i].start == slice->start)
                        return true;
        return false;
}

/* Which slices of `from` are not where they were in `to`, as bits; and what that costs. */
static uint32_t moved(const struct layout *from, const struct layout *to, unsigned *ret_cost) {
        uint32_t bits = 0;
        *ret_cost = 0;
        for (unsigned i = 0; i < from->count; i++)
                if (!has(to, &from->slices[i])) {
                        bits |= 1u << i;
                        *ret_cost += 1000 + from->slices[i].profile->memory_slices;
                }
        return bits;
}

static void admits_with_the_fewest_moves(void **state) {
        (void)state;
        static const char *const keys[] = { "A30-24GB", "A100-40GB", "RTX-PRO-6000-96GB" };
        struct all *all = mem_alloc(sizeof *all);
        unsigned moves_seen = 0, refused = 0;

        for (unsigned k = 0; k < ARRAY_SIZE(keys); k++) {
                const struct gpu_model *model = gpu_model_find(keys[k]);
                all->count = 0;
                assert_int_equal(layout_each(model, keep, all), 0);
                for (size_t i = 0; i < all->count; i++)
                        for (unsigned p = 0; p < model->profile_count; p++) {
                                const struct layout *now = &all->layouts[i];
                                const uint64_t wanted = all->counts[i] + (UINT64_C(1) << (4 * p));
                                unsigned best = UINT32_MAX, cost;
                                for (size_t j = 0; j < all->count; j++)
                                        if (all->counts[j] == wanted) {
                                                moved(now, &all->layouts[j], &cost);
                                                best = MIN(best, cost);
                                        }

                                struct err e = { 0 };
                                struct layout after = { 0 };
                                uint32_t move = 0xdead;
                                int r = layout_admit(now, &model->profiles[p], &move, &after, &e);
                                assert_int_equal(r < 0, best == UINT32_MAX);
                                if (r < 0) {
                                        assert_int_equal(move, 0xdead);
                                        refused++;
                                        continue;
                                }
                                assert_true(counts_of(&after) == wanted);
                                assert_int_equal(moved(now, &after, &cost), move);
                                assert_int_equal(cost, best);
                                moves_seen += move != 0;

                                struct layout again = { .model = model };
                                for (unsigned s = 0; s < after.count; s++) {
                                        assert_ok(layout_add(&again, after.slices[s], &e), &e);
                                        assert_true(s == 0 || after.slices[s - 1].start < after.slices[s].start);
                                }
                        }
        }
        assert_true(moves_seen > 100);
        assert_true(refused > 100);
        free(all);
}

static void says_why_nothing_helps(void **state) {
        (void)state;
        struct layout layout, after;
        struct err e = { 0 };
        uint32_t move;
        const struct gpu_model *model = gpu_model_find("a100");

        assert_ok(layout_parse(model, "4g.20gb@0,1g.5gb@4", &layout, &e), &e);
        assert_refused(layout_admit(&layout, gpu_profile_find(model, "4g.20gb"), &move, &after, &e), &e,
                       "no arrangement of the slices on this A100-40GB leaves room for a 4g.20gb");
}

/* Two slices that stand badly: one of them has to go, and the smaller one does. */
static void moves_the_smaller_slice(void **state) {
        (void)state;
        struct layout layout, after;
        struct err e = { 0 };
        uint32_t move;
        char text[LAYOUT_TEXT_MAX];
        const struct gpu_model *model = gpu_model_find("a100");

        assert_ok(layout_parse(model, "1g.5gb@0,2g.10gb@4", &layout, &e), &e);
        assert_ok(layout_admit(&layout, gpu_profile_find(model, "4g.20gb"), &move, &after, &e), &e);
        assert_int_equal(move, 1);
        layout_print(&after, text, sizeof text);
        assert_string_equal(text, "4g.20gb@0,2g.10gb@4,1g.5gb@6");
}

struct placing {
        const struct gpu_model *model;
        struct all *all;
        unsigned placed;
};

static unsigned free_places(const struct layout *layout) {
        uint8_t counts[GPU_PROFILES_MAX];
        unsigned sum = 0;
        layout_free_placements(layout, counts);
        for (unsigned i = 0; i < GPU_PROFILES_MAX; i++)
                sum += counts[i];
        return sum;
}

/* The layout holds the multiset, is valid, and no other layout of it leaves more places. */
static int place_it(const uint8_t counts[GPU_PROFILES_MAX], void *context) {
        struct placing *p = context;
        struct layout layout, again = { .model = p->model };
        struct err e = { 0 };
        uint64_t wanted = 0;
        unsigned most = 0;

        for (unsigned i = 0; i < p->model->profile_count; i++)
                wanted |= (uint64_t)counts[i] << (4 * i);
        assert_ok(layout_place(p->model, counts, &layout, &e), &e);
        for (unsigned i = 0; i < layout.count; i++)
                assert_ok(layout_add(&again, layout.slices[i], &e), &e);
        assert_true(counts_of(&layout) == wanted);
        for (size_t i = 0; i < p->all->count; i++)
                if (p->all->counts[i] == wanted)
                        most = MAX(most, free_places(&p->all->layouts[i]));
        assert_int_equal(free_places(&layout), most);
        p->placed++;
        return 0;
}

static void places_every_multiset_that_fits(void **state) {
        (void)state;
        static const char *const keys[] = { "A30-24GB", "H100-80GB", "RTX-PRO-6000-96GB" };
        struct placing p = { .all = mem_alloc(sizeof *p.all) };
        for (unsigned k = 0; k < ARRAY_SIZE(keys); k++) {
                p.model = gpu_model_find(keys[k]);
                p.all->count = 0;
                assert_int_equal(layout_each(p.model, keep, p.all), 0);
                assert_int_equal(layout_each_multiset(p.model, place_it, &p), 0);
        }
        assert_int_equal(p.placed, 20 + 128 + 115);
        free(p.all);
}

static void refuses_multisets_that_do_not_fit(void **state) {
        (void)state;
        const struct gpu_model *model = gpu_model_find("a100");
        uint8_t counts[GPU_PROFILES_MAX] = { 0 };
        struct layout layout = { 0 };
        struct err e = { 0 };

        counts[gpu_profile_find(model, "3g.20gb")->index] = 2;
        counts[gpu_profile_find(model, "1g.5gb")->index] = 1;
        assert_refused(layout_place(model, counts, &layout, &e), &e, "the A100-40GB cannot hold 1 x 1g.5gb + 2 x 3g.20gb");
        assert_null(layout.model);
        counts[gpu_profile_find(model, "3g.20gb")->index] = 200;
        assert_refused(layout_place(model, counts, &layout, &e), &e, "200 x 3g.20gb");
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(admits_with_the_fewest_moves),      cmocka_unit_test(says_why_nothing_helps),
                cmocka_unit_test(moves_the_smaller_slice),           cmocka_unit_test(places_every_multiset_that_fits),
                cmocka_unit_test(refuses_multisets_that_do_not_fit),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
