#include "core/plan/pack/node.h"

#include "../../../unit.h"

/* One node of two GPUs and what goes where; expectations by hand, MIG ones from NVIDIA's tables (A100-80GB: 7 x 1g.10gb; 3g.40gb + 4 x
 * 1g.10gb; nothing beside two 3g.40gb). */

static const struct gpu_model plain = { .key = "plain" };

struct fixture {
        struct pack_option options[8];
        struct pack_item items[8];
        struct pack_type type;
        struct pack_problem problem;
        struct node_rules *rules;
        struct node node;
};

static void setup(struct fixture *f, const struct gpu_model *gpu) {
        *f = (struct fixture){ .type = { .gpu = gpu, .gpus = 2, .cpu_milli = 1000, .memory_mib = 1000, .pods = 40, .usd_per_hour = 1 } };
        f->problem = (struct pack_problem){ .items = f->items, .types = &f->type, .type_count = 1 };
}

static uint32_t add_item(struct fixture *f, struct pack_item item) {
        item.count = 99;
        item.cpu_milli = item.cpu_milli > 0 ? item.cpu_milli : 1;
        item.memory_mib = 1;
        item.types[0] = 1;
        f->items[f->problem.item_count] = item;
        return (uint32_t)f->problem.item_count++;
}

static uint32_t add_share(struct fixture *f, enum gpu_mode mode, uint16_t milli) {
        struct pack_option *o = &f->options[f->problem.item_count];

        *o = (struct pack_option){ .gpu = f->type.gpu, .mode = mode, .milli = milli };
        return add_item(f, (struct pack_item){ .option_count = 1, .options = o });
}

static uint32_t add_profile(struct fixture *f, const char *name) {
        struct pack_option *o = &f->options[f->problem.item_count];

        *o = (struct pack_option){ .gpu = f->type.gpu, .mode = GPU_MIG, .profile = gpu_profile_find(f->type.gpu, name) };
        assert_non_null(o->profile);
        return add_item(f, (struct pack_item){ .option_count = 1, .options = o });
}

static void start(struct fixture *f) {
        f->rules = node_rules_new(&f->problem);
        node_init(&f->node, f->rules, 0);
}

static void stop(struct fixture *f) {
        node_done(&f->node);
        node_rules_free(f->rules);
}

static uint32_t put(struct fixture *f, uint32_t item, uint32_t want) {
        return node_add(&f->node, f->rules, item, want);
}

static void a_share_goes_onto_the_fullest_gpu(void **state) {
        struct fixture f;

        (void)state;
        setup(&f, &plain);
        uint32_t big = add_share(&f, GPU_MPS, 700), middle = add_share(&f, GPU_MPS, 500), small = add_share(&f, GPU_MPS, 250);
        start(&f);
        assert_int_equal(put(&f, big, 1), 1);    /* 700 | 0 */
        assert_int_equal(put(&f, middle, 1), 1); /* 700 | 500 */
        assert_int_equal(put(&f, small, 1), 1);  /* 950 | 500 */
        assert_int_equal(f.node.gpus[0].milli_left, 50);
        assert_int_equal(f.node.gpus[1].milli_left, 500);
        assert_int_equal(put(&f, small, 9), 2); /* 950 | 1000 */
        assert_int_equal(node_milli_left(&f.node, f.rules), 50);
        assert_false(node_takes(&f.node, f.rules, small));
        stop(&f);
}

static void a_gpu_in_use_comes_before_an_empty_one(void **state) {
        struct fixture f;

        (void)state;
        setup(&f, &plain);
        const struct pack_option either[] = { { .gpu = &plain, .mode = GPU_TIME_SLICING, .milli = 100 },
                                              { .gpu = &plain, .mode = GPU_MPS, .milli = 300 } };
        uint32_t mps = add_share(&f, GPU_MPS, 500);
        uint32_t any = add_item(&f, (struct pack_item){ .option_count = 2, .options = either });
        start(&f);
        assert_int_equal(put(&f, mps, 1), 1);
        assert_int_equal(put(&f, any, 1), 1); /* the larger option, on the GPU that is in use */
        assert_int_equal(f.node.gpus[0].count, 2);
        assert_int_equal(f.node.parts[1].option, 1);
        assert_int_equal(put(&f, any, 1), 1); /* 200 left there: now the smaller one on the empty GPU */
        assert_int_equal(f.node.gpus[1].mode, GPU_TIME_SLICING);
        stop(&f);
}

static void modes_and_whole_gpus_do_not_mix(void **state) {
        struct fixture f;

        (void)state;
        setup(&f, &plain);
        uint32_t mps = add_share(&f, GPU_MPS, 10), turn = add_share(&f, GPU_TIME_SLICING, 10);
        uint32_t one = add_item(&f, (struct pack_item){ .gpus = 1 }), two = add_item(&f, (struct pack_item){ .gpus = 2 });
        start(&f);
        assert_true(node_takes(&f.node, f.rules, two));
        assert_int_equal(put(&f, mps, 1), 1);
        assert_false(node_takes(&f.node, f.rules, two));
        assert_int_equal(put(&f, one, 5), 1);
        assert_int_equal(put(&f, turn, 1), 0);
        assert_int_equal(put(&f, mps, 1), 1);
        stop(&f);
}

static void every_limit_holds(void **state) {
        struct fixture f;

        (void)state;
        setup(&f, &plain);
        uint32_t tiny = add_share(&f, GPU_MPS, 1), spread = add_share(&f, GPU_MPS, 1), heavy = add_share(&f, GPU_MPS, 1);
        f.items[spread].max_per_node = 3;
        f.items[heavy].cpu_milli = 400;
        f.type.pods = 200;
        start(&f);
        assert_int_equal(put(&f, spread, 2), 2);
        assert_int_equal(put(&f, heavy, 9), 2); /* 3 x 400 > 1000 */
        assert_int_equal(put(&f, spread, 9), 1);
        assert_int_equal(put(&f, tiny, 200), 2 * 48 - 5); /* 48 clients of MPS on each GPU */
        stop(&f);

        f.type.pods = 7;
        start(&f);
        assert_int_equal(put(&f, tiny, 200), 7);
        stop(&f);
}

static const struct {
        const char *add[3];
        uint32_t want[3], fits[3];
} migs[] = {
        { { "1g.10gb" }, { 20 }, { 14 } },
        { { "3g.40gb", "1g.10gb" }, { 2, 9 }, { 2, 7 } }, /* both on the first GPU, then seven beside nothing */
        { { "3g.40gb", "1g.10gb" }, { 1, 20 }, { 1, 4 + 7 } },
        { { "7g.80gb", "4g.40gb", "3g.40gb" }, { 1, 2, 2 }, { 1, 1, 1 } },
        { { "2g.20gb", "1g.10gb" }, { 9, 9 }, { 6, 2 } },
        { { "1g.20gb" }, { 9 }, { 8 } },
        { { "1g.10gb+me", "1g.10gb" }, { 3, 20 }, { 2, 12 } },
};

static void mig_follows_the_multisets(void **state) {
        (void)state;
        for (size_t c = 0; c < ARRAY_SIZE(migs); c++) {
                struct pack_node out;
                struct fixture f;
                struct err e;
                uint32_t items[3] = { 0 };

                setup(&f, gpu_model_find("A100-80GB"));
                for (unsigned i = 0; i < 3 && migs[c].add[i]; i++)
                        items[i] = add_profile(&f, migs[c].add[i]);
                start(&f);
                for (unsigned i = 0; i < 3 && migs[c].add[i]; i++)
                        if (put(&f, items[i], migs[c].want[i]) != migs[c].fits[i])
                                fail_msg("case %zu: %s", c, migs[c].add[i]);
                assert_ok(node_finish(&f.node, f.rules, 1, &out, &e), &e);
                for (unsigned g = 0; g < 2; g++) {
                        struct layout layout = { .model = f.type.gpu };
                        for (unsigned s = 0; s < out.gpus[g].count; s++) {
                                struct slice slice = { f.options[out.gpus[g].slices[s].item].profile, out.gpus[g].slices[s].start };
                                assert_ok(layout_add(&layout, slice, &e), &e);
                        }
                        free(out.gpus[g].slices);
                }
                stop(&f);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(a_share_goes_onto_the_fullest_gpu), cmocka_unit_test(a_gpu_in_use_comes_before_an_empty_one),
                cmocka_unit_test(modes_and_whole_gpus_do_not_mix),   cmocka_unit_test(every_limit_holds),
                cmocka_unit_test(mig_follows_the_multisets),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
