#include "core/gpu/layout_change.h"

#include "../../unit.h"

#define LAYOUTS_MAX 2400

/* Every layout of a GPU (their list is checked against another implementation in test_layout_each.c): what a change should have become
 * is found by looking at all of them. */
struct all {
        size_t count;
        struct layout layouts[LAYOUTS_MAX];
        uint64_t counts[LAYOUTS_MAX]; /* four bits per profile */
        unsigned free[LAYOUTS_MAX];   /* places left */
};

static uint64_t counts_of(const struct layout *layout) {
        uint64_t counts = 0;

        for (unsigned i = 0; i < layout->count; i++)
                counts += UINT64_C(1) << (4 * layout->slices[i].profile->index);
        return counts;
}

static int keep(const struct layout *layout, void *context) {
        struct all *all = context;
        uint8_t free[GPU_PROFILES_MAX];

        assert_true(all->count < LAYOUTS_MAX);
        layout_free_placements(layout, free);
        all->free[all->count] = 0;
        for (unsigned i = 0; i < GPU_PROFILES_MAX; i++)
                all->free[all->count] += free[i];
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

/* The best of all layouts that have what is wanted and every slice in use; -1 if there is none. */
static int look_at_all(const struct all *all, const struct layout *from, uint32_t busy, uint64_t wanted, unsigned *ret_destroyed) {
        int best = -1;
        unsigned best_destroyed = 0;

        for (size_t i = 0; i < all->count; i++) {
                unsigned destroyed = 0;
                bool possible = all->counts[i] == wanted;
                for (unsigned s = 0; possible && s < from->count; s++)
                        if (!has(&all->layouts[i], &from->slices[s])) {
                                possible = !(busy >> s & 1);
                                destroyed++;
                        }
                if (possible &&
                    (best < 0 || destroyed < best_destroyed || (destroyed == best_destroyed && all->free[i] > all->free[best]))) {
                        best = (int)i;
                        best_destroyed = destroyed;
                }
        }
        *ret_destroyed = best_destroyed;
        return best;
}

/* How few slices in use would have to end: by looking at all sets of them. */
static int fewest_in_the_way(const struct all *all, const struct layout *from, uint32_t busy, uint64_t wanted) {
        int fewest = -1;
        unsigned destroyed;

        for (uint32_t set = 0; set < 1u << from->count; set++)
                if ((set & ~busy) == 0 && (fewest < 0 || __builtin_popcount(set) < fewest) &&
                    look_at_all(all, from, busy & ~set, wanted, &destroyed) >= 0)
                        fewest = __builtin_popcount(set);
        return fewest;
}

struct question {
        struct change_from from[LAYOUT_SLICES_MAX];
        struct change_to to[LAYOUT_SLICES_MAX];
        unsigned from_count, to_count;
};

static struct question ask(const struct layout *from, uint32_t busy, const struct layout *to) {
        struct question q = { .from_count = from->count, .to_count = to->count };

        for (unsigned i = 0; i < from->count; i++) {
                q.from[i] = (struct change_from){ .slice = from->slices[i], .busy = busy >> i & 1 };
                q.from[i].cut = compute_whole(from->slices[i].profile);
        }
        for (unsigned i = 0; i < to->count; i++)
                q.to[i] = (struct change_to){ to->slices[i].profile, CHANGE_ANYWHERE, compute_whole(to->slices[i].profile) };
        return q;
}

/* The answer must be consistent in itself, whatever it is. */
static void check_answer(const struct question *q, const struct change *c) {
        struct layout after = { .model = c->after.model };
        unsigned stay = 0;
        struct err e;

        for (unsigned i = 0; i < q->from_count; i++) {
                assert_true(!q->from[i].busy || c->becomes[i] != CHANGE_GOES);
                if (c->becomes[i] == CHANGE_GOES)
                        continue;
                assert_true(c->stays[c->becomes[i]]);
                assert_ptr_equal(q->to[c->becomes[i]].profile, q->from[i].slice.profile);
                assert_int_equal(c->starts[c->becomes[i]], q->from[i].slice.start);
                stay++;
        }
        for (unsigned i = 0; i < q->to_count; i++)
                assert_ok(layout_add(&after, (struct slice){ q->to[i].profile, c->starts[i] }, &e), &e);
        for (unsigned i = 0; i < after.count; i++)
                assert_true(has(&c->after, &after.slices[i]));
        assert_int_equal(c->after.count, q->to_count);
        assert_int_equal(c->destroyed, q->from_count - stay);
        assert_int_equal(c->created, q->to_count - stay);
}

static unsigned random_below(uint32_t *seed, unsigned n) {
        *seed = *seed * 1664525u + 1013904223u;
        return (unsigned)((uint64_t)*seed * n >> 32);
}

static void finds_what_looking_at_everything_finds(void **state) {
        (void)state;
        static const char *const keys[] = { "A30-24GB", "A100-40GB", "RTX-PRO-6000-96GB" };
        struct all *all = mem_alloc(sizeof *all);
        unsigned refused = 0, moved = 0;
        uint32_t seed = 7;

        for (unsigned k = 0; k < ARRAY_SIZE(keys); k++) {
                all->count = 0;
                assert_int_equal(layout_each(gpu_model_find(keys[k]), keep, all), 0);
                for (unsigned round = 0; round < 400; round++) {
                        const struct layout *from = &all->layouts[random_below(&seed, (unsigned)all->count)];
                        const struct layout *to = &all->layouts[random_below(&seed, (unsigned)all->count)];
                        uint32_t busy = random_below(&seed, 1u << from->count) & random_below(&seed, 1u << from->count);
                        struct question q = ask(from, busy, to);
                        struct change c;
                        struct err e = { 0 };
                        uint32_t blockers;
                        unsigned destroyed;

                        int best = look_at_all(all, from, busy, counts_of(to), &destroyed);
                        int r = layout_change(from->model, q.from, q.from_count, q.to, q.to_count, &c, &e);
                        assert_ok(layout_change_blockers(from->model, q.from, q.from_count, q.to, q.to_count, &blockers, &e), &e);
                        if (best < 0) {
                                assert_int_equal(r, -ERR_AGAIN);
                                assert_int_equal(blockers & ~busy, 0);
                                assert_int_equal(__builtin_popcount(blockers), fewest_in_the_way(all, from, busy, counts_of(to)));
                                refused++;
                                continue;
                        }
                        assert_ok(r, &e);
                        assert_int_equal(blockers, 0);
                        check_answer(&q, &c);
                        assert_int_equal(c.destroyed, destroyed);
                        uint8_t free[GPU_PROFILES_MAX];
                        unsigned left = 0;
                        layout_free_placements(&c.after, free);
                        for (unsigned i = 0; i < GPU_PROFILES_MAX; i++)
                                left += free[i];
                        assert_int_equal(left, all->free[best]);
                        moved += destroyed > 0;
                }
        }
        assert_true(refused > 50 && moved > 50);
        free(all);
}

static struct change_to to_of(const char *key, const char *profile, unsigned start) {
        const struct gpu_profile *p = gpu_profile_find(gpu_model_find(key), profile);

        assert_non_null(p);
        return (struct change_to){ p, (uint8_t)start, compute_whole(p) };
}

static struct change_from from_of(const char *key, const char *profile, unsigned start, bool busy) {
        struct change_to to = to_of(key, profile, start);

        return (struct change_from){ .slice = { to.profile, (uint8_t)start }, .cut = to.cut, .busy = busy };
}

#define A100 "A100-80GB"

/* A 1g in use at 0 while two 3g are wanted: they can only stand at 0 and 4. */
static void names_who_is_in_the_way(void **state) {
        (void)state;
        const struct change_from from[] = { from_of(A100, "1g.10gb", 0, true), from_of(A100, "1g.10gb", 5, true) };
        const struct change_to to[] = { to_of(A100, "3g.40gb", CHANGE_ANYWHERE), to_of(A100, "1g.10gb", CHANGE_ANYWHERE) };
        struct change c;
        struct err e = { 0 };

        int r = layout_change(gpu_model_find(A100), from, 2, to, 2, &c, &e);
        assert_int_equal(r, -ERR_AGAIN);
        assert_refused(r, &e, "in use and in the way: 1g.10gb at ");
        assert_refused(r, &e, "once it is idle");
}

static void says_what_the_gpu_cannot_hold(void **state) {
        (void)state;
        const struct change_to to[] = { to_of(A100, "4g.40gb", CHANGE_ANYWHERE), to_of(A100, "4g.40gb", CHANGE_ANYWHERE) };
        const struct change_to at[] = { to_of(A100, "1g.10gb", 0), to_of(A100, "3g.40gb", 0) };
        struct change c;
        struct err e = { 0 };

        int r = layout_change(gpu_model_find(A100), NULL, 0, to, 2, &c, &e);
        assert_int_equal(r, -ERR_IMPOSSIBLE);
        assert_refused(r, &e, "cannot hold 2 x 4g.40gb at the same time");
        r = layout_change(gpu_model_find(A100), NULL, 0, at, 2, &c, &e);
        assert_int_equal(r, -ERR_IMPOSSIBLE);
        assert_refused(r, &e, "3g.40gb at 0 would overlap the 1g.10gb at 0");
}

/* The same slices, but one is asked for at a place where another stands: that one goes. */
static void takes_the_place_it_was_told(void **state) {
        (void)state;
        const struct change_from from[] = { from_of(A100, "1g.10gb", 0, false), from_of(A100, "3g.40gb", 4, true) };
        const struct change_to to[] = { to_of(A100, "3g.40gb", CHANGE_ANYWHERE), to_of(A100, "1g.10gb", 3) };
        struct change c;
        struct err e = { 0 };

        assert_ok(layout_change(gpu_model_find(A100), from, 2, to, 2, &c, &e), &e);
        assert_int_equal(c.becomes[0], CHANGE_GOES);
        assert_int_equal(c.becomes[1], 0);
        assert_int_equal(c.starts[0], 4);
        assert_int_equal(c.starts[1], 3);
        assert_int_equal(c.created, 1);
}

static void a_slice_cut_otherwise_is_another_slice(void **state) {
        (void)state;
        const struct compute_cut mixed = { .of = { [1] = 1, [2] = 1 } };
        struct change_from from[] = { from_of(A100, "3g.40gb", 0, false), from_of(A100, "3g.40gb", 4, true) };
        struct change_to to[] = { to_of(A100, "3g.40gb", CHANGE_ANYWHERE), to_of(A100, "3g.40gb", CHANGE_ANYWHERE) };
        struct change c;
        struct err e = { 0 };

        from[1].cut = to[0].cut = mixed;
        assert_ok(layout_change(gpu_model_find(A100), from, 2, to, 2, &c, &e), &e);
        assert_int_equal(c.destroyed, 0);
        assert_int_equal(c.becomes[0], 1);
        assert_int_equal(c.becomes[1], 0);

        to[0].cut = compute_whole(to[0].profile);
        int r = layout_change(gpu_model_find(A100), from, 2, to, 2, &c, &e);
        assert_refused(r, &e, "in use and in the way: 3g.40gb at 4");
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(finds_what_looking_at_everything_finds), cmocka_unit_test(names_who_is_in_the_way),
                cmocka_unit_test(says_what_the_gpu_cannot_hold),          cmocka_unit_test(takes_the_place_it_was_told),
                cmocka_unit_test(a_slice_cut_otherwise_is_another_slice),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
