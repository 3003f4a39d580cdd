/* Geometry against brute force: usage: test_geometry SEQUENCES [SEED]
 *
 * The oracle below knows the tables of the catalogue and three rules: slices stand where their profile lists it and do not overlap; engines
 * stay within those of the whole GPU; no profile exceeds its maximum. It tries everything out. Nothing of core/gpu/layout is used here.
 * Sequences create and destroy at random, with and without a wished placement, also with impossible ones; after each step the answer, and
 * then what is left of a profile, must be the oracle's. Every SEQUENCES is spread evenly over all models.
 */
#include "node_of.h"

#define STEPS_MAX 12
#define DRIVER_NEWEST "610.10.01"

struct oracle {
        const struct gpu_model *model;
        unsigned count;
        struct {
                unsigned profile, start, slot;
        } live[NODE_GIS_MAX];
};

static uint64_t random_state;

static unsigned pick(unsigned below) {
        random_state ^= random_state << 13;
        random_state ^= random_state >> 7;
        random_state ^= random_state << 17;
        return (unsigned)(random_state >> 33) % below;
}

static const struct gpu_profile *whole(const struct gpu_model *model) {
        const struct gpu_profile *most = &model->profiles[0];

        for (unsigned i = 0; i < model->profile_count; i++)
                if (model->profiles[i].compute_slices > most->compute_slices)
                        most = &model->profiles[i];
        return most;
}

static bool listed(const struct gpu_profile *p, unsigned start) {
        for (unsigned i = 0; i < p->start_count; i++)
                if (p->starts[i] == start)
                        return true;
        return false;
}

static bool allowed(const struct oracle *o, unsigned profile, unsigned start) {
        const struct gpu_profile *p = &o->model->profiles[profile];
        unsigned same = 0, engines[GPU_ENGINE_MAX];

        for (unsigned e = 0; e < GPU_ENGINE_MAX; e++)
                engines[e] = p->engines[e];
        for (unsigned i = 0; i < o->count; i++) {
                const struct gpu_profile *other = &o->model->profiles[o->live[i].profile];
                if (start < o->live[i].start + other->memory_slices && o->live[i].start < start + p->memory_slices)
                        return false;
                same += o->live[i].profile == profile;
                for (unsigned e = 0; e < GPU_ENGINE_MAX; e++)
                        engines[e] += other->engines[e];
        }
        for (unsigned e = 0; e < GPU_ENGINE_MAX; e++)
                if (engines[e] > whole(o->model)->engines[e])
                        return false;
        return listed(p, start) && same < p->max_count && o->count < NODE_GIS_MAX;
}

static void oracle_add(struct oracle *o, unsigned profile, unsigned start, unsigned slot) {
        o->live[o->count].profile = profile;
        o->live[o->count].start = start;
        o->live[o->count++].slot = slot;
}

/* The most of one profile that can be added, all subsets of its places tried. */
static unsigned most_more(struct oracle *o, unsigned profile, unsigned from) {
        unsigned most = 0;

        for (unsigned start = from; start < o->model->memory_slices; start++)
                if (allowed(o, profile, start)) {
                        oracle_add(o, profile, start, 0);
                        unsigned more = 1 + most_more(o, profile, start + 1);
                        o->count--;
                        most = more > most ? more : most;
                }
        return most;
}

/* What the driver was seen to number a placement: captures on 8-slice GPUs and the A30. */
static unsigned expected_id(const struct gpu_model *model, unsigned start, unsigned size) {
        static const struct {
                uint8_t slices, start, size, id;
        } ids[] = {
                { 8, 0, 8, 0 },   { 8, 0, 4, 1 },  { 8, 4, 4, 2 },  { 8, 0, 2, 3 },  { 8, 2, 2, 4 },  { 8, 4, 2, 5 },  { 8, 6, 2, 6 },
                { 8, 0, 1, 7 },   { 8, 1, 1, 8 },  { 8, 2, 1, 9 },  { 8, 3, 1, 10 }, { 8, 4, 1, 11 }, { 8, 5, 1, 12 }, { 8, 6, 1, 13 },
                { 4, 0, 4, 0 },   { 4, 0, 2, 1 },  { 4, 2, 2, 2 },  { 4, 0, 1, 3 },  { 4, 1, 1, 4 },  { 4, 2, 1, 5 },  { 4, 3, 1, 6 },
                { 12, 0, 12, 0 }, { 12, 0, 6, 1 }, { 12, 6, 6, 2 }, { 12, 0, 3, 3 }, { 12, 3, 3, 4 }, { 12, 6, 3, 5 }, { 12, 9, 3, 6 },
        };
        for (unsigned i = 0; i < ARRAY_SIZE(ids); i++)
                if (ids[i].slices == model->memory_slices && ids[i].start == start && ids[i].size == size)
                        return ids[i].id;
        fail_msg("%s: no id for %u:%u", model->key, start, size);
        return 0;
}

static void check_created(const struct node *n, struct oracle *o, unsigned profile, unsigned slot) {
        const struct node_gi *gi = &n->gpus[0].gi[slot];

        assert_int_equal(gi->profile, profile);
        assert_true(allowed(o, profile, gi->start));
        assert_int_equal(gi->id, expected_id(o->model, gi->start, o->model->profiles[profile].memory_slices));
        oracle_add(o, profile, gi->start, slot);
}

static void create(struct node *n, struct oracle *o) {
        unsigned profile = pick(o->model->profile_count), slot = NODE_NONE;
        const struct gpu_profile *p = &o->model->profiles[profile];

        if (pick(3) == 0) { /* the driver chooses */
                nvmlReturn_t r = mig_create_gi(n, 0, p->id, NULL, NOW, &slot);
                assert_int_equal(r == NVML_SUCCESS, most_more(o, profile, 0) > 0);
                if (r == NVML_SUCCESS)
                        check_created(n, o, profile, slot);
                else
                        assert_int_equal(r, NVML_ERROR_INSUFFICIENT_RESOURCES);
                return;
        }
        nvmlGpuInstancePlacement_t place = { pick(o->model->memory_slices + 1u), p->memory_slices };
        if (pick(16) == 0)
                place.size = pick(14);
        nvmlReturn_t r = mig_create_gi(n, 0, p->id, &place, NOW, &slot);
        if (place.size != p->memory_slices || !listed(p, place.start))
                assert_int_equal(r, NVML_ERROR_INVALID_ARGUMENT);
        else if (!allowed(o, profile, place.start))
                assert_int_equal(r, NVML_ERROR_INSUFFICIENT_RESOURCES);
        else {
                assert_int_equal(r, NVML_SUCCESS);
                assert_int_equal(n->gpus[0].gi[slot].start, place.start);
                check_created(n, o, profile, slot);
        }
}

static void destroy(struct node *n, struct oracle *o) {
        unsigned i = pick(o->count);

        assert_int_equal(mig_destroy_gi(n, 0, o->live[i].slot, NOW), NVML_SUCCESS);
        o->live[i] = o->live[--o->count];
}

static void check_left(const struct node *n, struct oracle *o, unsigned profile) {
        assert_int_equal(mig_remaining(n, 0, &o->model->profiles[profile]), most_more(o, profile, 0));
}

static uint64_t run_sequence(struct node *n, const struct gpu_model *model) {
        struct oracle o = { .model = model };
        unsigned steps = 1 + pick(STEPS_MAX);

        memset(n->gpus[0].gi, 0, sizeof n->gpus[0].gi);
        n->next_serial = 1;
        for (unsigned step = 0; step < steps; step++) {
                if (o.count > 0 && pick(3) == 0)
                        destroy(n, &o);
                else
                        create(n, &o);
                check_left(n, &o, pick(model->profile_count));
        }
        for (unsigned i = 0; i < model->profile_count; i++)
                check_left(n, &o, i);
        struct err e = { 0 };
        assert_ok(node_check(n, &e), &e);
        return steps;
}

/* Every layout that can be reached at all, and in each every profile at every start. */
static unsigned walk_all(struct node *n, struct oracle *o, unsigned from) {
        unsigned layouts = 1;

        for (unsigned p = 0; p < o->model->profile_count; p++) {
                check_left(n, o, p);
                for (unsigned start = 0; start < o->model->memory_slices; start++) {
                        nvmlGpuInstancePlacement_t place = { start, o->model->profiles[p].memory_slices };
                        unsigned slot = NODE_NONE;
                        nvmlReturn_t r = mig_create_gi(n, 0, o->model->profiles[p].id, &place, NOW, &slot);
                        assert_int_equal(r == NVML_SUCCESS, allowed(o, p, start));
                        if (r != NVML_SUCCESS)
                                continue;
                        if (start >= from) { /* each set of slices once, by rising start */
                                oracle_add(o, p, start, slot);
                                layouts += walk_all(n, o, start + 1);
                                o->count--;
                        }
                        assert_int_equal(mig_destroy_gi(n, 0, slot, NOW), NVML_SUCCESS);
                }
        }
        return layouts;
}

static unsigned long sequences = 20000;

static void every_layout_there_is(void **state) {
        static const struct {
                const char *key;
                unsigned layouts; /* counted by brute force in Python, empty one included: test/data/mig-oracle.csv */
        } cases[] = { { "A30-24GB", 76 }, { "A100-40GB", 2319 }, { "H100-80GB", 2319 }, { "RTX-PRO-6000-96GB", 717 } };
        (void)state;
        for (unsigned i = 0; i < ARRAY_SIZE(cases); i++) {
                struct node *n = node_of(cases[i].key, DRIVER_NEWEST, true);
                struct oracle o = { .model = gpu_model_find(cases[i].key) };
                assert_int_equal(walk_all(n, &o, 0), cases[i].layouts);
                free(n);
        }
}

static void random_sequences(void **state) {
        uint64_t steps = 0, done = 0;
        unsigned models = 0, closed = 0;

        (void)state;
        for (size_t i = 0; i < gpu_model_count(); i++)
                models += gpu_has_mig(gpu_model_at(i));
        for (size_t i = 0; i < gpu_model_count(); i++) {
                const struct gpu_model *model = gpu_model_at(i);
                if (!model->compute_slices)
                        continue;
                struct node *n = node_of(model->key, DRIVER_NEWEST, true);
                if (!gpu_has_mig(model)) { /* nobody has published its placements */
                        unsigned slot;
                        for (unsigned id = 0; id < 255; id++)
                                assert_int_equal(mig_create_gi(n, 0, id, NULL, NOW, &slot), NVML_ERROR_NOT_SUPPORTED);
                        closed++;
                }
                for (unsigned long s = 0; gpu_has_mig(model) && s < (sequences + models - 1) / models; s++, done++)
                        steps += run_sequence(n, model);
                free(n);
        }
        assert_int_equal(models + closed, 21);
        print_message("%llu sequences, %llu steps on %u models; %u models without published placements\n", (unsigned long long)done,
                      (unsigned long long)steps, models, closed);
}

int main(int argc, char **argv) {
        const struct CMUnitTest tests[] = { cmocka_unit_test(every_layout_there_is), cmocka_unit_test(random_sequences) };

        if (argc > 1)
                sequences = strtoul(argv[1], NULL, 10);
        random_state = argc > 2 ? strtoul(argv[2], NULL, 10) : 20261121;
        return cmocka_run_group_tests(tests, NULL, NULL);
}
