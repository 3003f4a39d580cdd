#include "core/plan/pack/pack.h"

#include "../../../unit.h"

/* A node of each kind, made by hand; each case breaks one thing, and pack_check() must name it. */

static const struct gpu_model plain = { .key = "plain" };
static struct pack_option shares[2], migs[2];
static struct pack_item items[4];
static struct pack_type types[2];
static const struct pack_problem problem = { .items = items, .item_count = 4, .types = types, .type_count = 2 };

enum { SHARE, PAIR, SLICE, NOWHERE };
enum { PLAIN, A100 };

static void make_problem(void) {
        const struct gpu_model *a100 = gpu_model_find("A100-80GB");

        shares[0] = (struct pack_option){ .gpu = &plain, .mode = GPU_MPS, .milli = 400 };
        shares[1] = (struct pack_option){ .gpu = &plain, .mode = GPU_TIME_SLICING, .milli = 400 };
        migs[0] = (struct pack_option){ .gpu = a100, .mode = GPU_MIG, .profile = gpu_profile_find(a100, "1g.10gb") };
        migs[1] = (struct pack_option){ .gpu = a100, .mode = GPU_MIG, .profile = gpu_profile_find(a100, "3g.40gb") };
        types[PLAIN] = (struct pack_type){ .gpu = &plain, .gpus = 4, .cpu_milli = 40, .memory_mib = 40, .pods = 5, .usd_per_hour = 2 };
        types[A100] = (struct pack_type){ .gpu = a100, .gpus = 1, .cpu_milli = 40, .memory_mib = 40, .pods = 5, .usd_per_hour = 4 };
        items[SHARE] =
                (struct pack_item){ .count = 6, .cpu_milli = 10, .memory_mib = 10, .option_count = 2, .options = shares, .types = { 1 } };
        items[PAIR] = (struct pack_item){ .count = 3, .cpu_milli = 20, .memory_mib = 20, .gpus = 2, .types = { 1 } };
        items[SLICE] =
                (struct pack_item){ .count = 2, .cpu_milli = 1, .memory_mib = 1, .option_count = 2, .options = migs, .types = { 3 } };
        items[NOWHERE] = (struct pack_item){ .count = 9, .cpu_milli = 41, .memory_mib = 1, .gpus = 1, .types = { 3 } };
}

static void put(struct pack_gpu *gpu, enum gpu_mode mode, struct pack_slice slice) {
        gpu->mode = mode;
        gpu->slices = mem_realloc(gpu->slices, gpu->count + 1u, sizeof *gpu->slices);
        gpu->slices[gpu->count++] = slice;
}

/* Three nodes of a pair and two shares on one GPU; one of two MIG slices: 3 x 2 + 4 $/h. */
static struct pack_solution make_solution(void) {
        struct pack_solution s = { .usd_per_hour = 10, .bound_usd_per_hour = 9, .node_count = 2 };

        s.nodes = mem_zalloc(3, sizeof *s.nodes);
        s.unplaced = mem_zalloc(4, sizeof *s.unplaced);
        s.unplaced[NOWHERE] = 9;
        s.nodes[0].type = PLAIN;
        s.nodes[0].count = 3;
        put(&s.nodes[0].gpus[0], GPU_WHOLE, (struct pack_slice){ .item = PAIR });
        put(&s.nodes[0].gpus[2], GPU_WHOLE, (struct pack_slice){ .item = PAIR });
        put(&s.nodes[0].gpus[3], GPU_MPS, (struct pack_slice){ .item = SHARE });
        put(&s.nodes[0].gpus[3], GPU_MPS, (struct pack_slice){ .item = SHARE });
        s.nodes[1].type = A100;
        s.nodes[1].count = 1;
        put(&s.nodes[1].gpus[0], GPU_MIG, (struct pack_slice){ .item = SLICE, .option = 0, .start = 0 });
        put(&s.nodes[1].gpus[0], GPU_MIG, (struct pack_slice){ .item = SLICE, .option = 1, .start = 4 });
        return s;
}

static void accepts_what_is_right(void **state) {
        struct err e;

        (void)state;
        make_problem();
        struct pack_solution s = make_solution();
        assert_ok(pack_check(&problem, &s, &e), &e);
        pack_solution_done(&s);
        assert_null(s.nodes);
}

/* Some cases break the problem under the solution instead. */
#define BREAK(name) static void name(struct pack_solution *s __attribute__((unused)))

BREAK(no_such_type) {
        s->nodes[0].type = 2;
}
BREAK(count_of_none) {
        s->nodes[0].count = 0;
}
BREAK(one_node_less) {
        s->nodes[0].count = 2;
        s->usd_per_hour = 8;
        s->bound_usd_per_hour = 7;
}
BREAK(wrong_price) {
        s->usd_per_hour = 9.99;
}
BREAK(bound_above_price) {
        s->bound_usd_per_hour = 10.1;
}
BREAK(not_placed_nor_counted) {
        s->unplaced[NOWHERE] = 8;
}
BREAK(left_out_though_it_fits) {
        items[SHARE].count = 7;
        s->unplaced[SHARE] = 1;
}
BREAK(no_such_item) {
        s->nodes[0].gpus[0].slices[0].item = 4;
}
BREAK(forbidden_type) {
        items[PAIR].types[0] = 2;
}
BREAK(no_such_option) {
        s->nodes[0].gpus[3].slices[0].option = 2;
}
BREAK(two_modes) {
        s->nodes[0].gpus[3].slices[0].option = 1;
}
BREAK(other_model) {
        shares[0].gpu = types[A100].gpu;
}
BREAK(whole_on_cut_gpu) {
        s->nodes[0].gpus[0].mode = GPU_MPS;
}
BREAK(slice_on_whole_gpu) {
        s->nodes[0].gpus[3].mode = GPU_WHOLE;
}
BREAK(empty_but_cut) {
        s->nodes[0].gpus[1].mode = GPU_MPS;
}
BREAK(gpu_beyond_the_type) {
        types[PLAIN].gpus = 3;
}
BREAK(shares_above_one) {
        shares[0].milli = 501;
}
BREAK(two_pods_on_a_whole_gpu) {
        put(&s->nodes[0].gpus[0], GPU_WHOLE, (struct pack_slice){ .item = PAIR });
}
BREAK(half_a_pair) {
        s->nodes[0].gpus[2].count = 0; /* leaves mode GPU_WHOLE: an empty GPU */
}
BREAK(overlapping_slices) {
        s->nodes[1].gpus[0].slices[0].start = 5;
}
BREAK(impossible_start) {
        s->nodes[1].gpus[0].slices[1].start = 3;
}
BREAK(too_many_per_node) {
        items[SHARE].max_per_node = 1;
}
BREAK(too_little_cpu) {
        types[PLAIN].cpu_milli = 39;
}
BREAK(too_little_memory) {
        types[PLAIN].memory_mib = 39;
}
BREAK(too_few_pods) {
        types[PLAIN].pods = 2;
}

static const struct {
        void (*breaks)(struct pack_solution *s);
        const char *says;
} cases[] = {
        { no_such_type, "nodes[0]: no such type" },
        { count_of_none, "nodes[0]: no nodes" },
        { one_node_less, "item 0 has 6 pods; 4 are placed, 0 unplaced" },
        { wrong_price, "the nodes cost 10.000000 $/h, the solution says 9.990000" },
        { bound_above_price, "is above the price" },
        { not_placed_nor_counted, "item 3 has 9 pods; 0 are placed, 8 unplaced" },
        { left_out_though_it_fits, "item 0 has 1 pods unplaced, but type 0 can hold one" },
        { no_such_item, "nodes[0] GPU 0: no such item" },
        { forbidden_type, "nodes[0] GPU 0: item 1 may not run on type 0" },
        { no_such_option, "nodes[0] GPU 3: no such option" },
        { two_modes, "nodes[0] GPU 3: slices of two modes" },
        { other_model, "nodes[0] GPU 3: a slice of another GPU model" },
        { whole_on_cut_gpu, "nodes[0] GPU 0: a pod of whole GPUs on a GPU that is cut" },
        { slice_on_whole_gpu, "nodes[0] GPU 3: a slice on a GPU that is not cut" },
        { empty_but_cut, "nodes[0] GPU 1: empty, yet cut" },
        { gpu_beyond_the_type, "nodes[0] GPU 3: the type has no such GPU" },
        { shares_above_one, "nodes[0] GPU 3: shares of 1002 thousandths" },
        { two_pods_on_a_whole_gpu, "nodes[0] GPU 0: several pods on a whole GPU" },
        { half_a_pair, "nodes[0]: pods of item 1 need 2 GPUs each, 1 are given" },
        { overlapping_slices, "nodes[1] GPU 0: " },
        { impossible_start, "nodes[1] GPU 0: " },
        { too_many_per_node, "nodes[0]: 2 pods of item 0, at most 1" },
        { too_little_cpu, "nodes[0]: takes 40m CPU" },
        { too_little_memory, "nodes[0]: takes 40m CPU, 40 MiB" },
        { too_few_pods, "3 pods; type 0 has 40m, 40, 2" },
};

static void refuses_what_is_wrong(void **state) {
        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                struct err e = { 0 };
                make_problem();
                struct pack_solution s = make_solution();
                cases[i].breaks(&s);
                int r = pack_check(&problem, &s, &e);
                if (r == 0)
                        fail_msg("nothing found where it should say: %s", cases[i].says);
                assert_int_equal(r, -ERR_BUG);
                assert_refused(r, &e, cases[i].says);
                pack_solution_done(&s);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(accepts_what_is_right),
                cmocka_unit_test(refuses_what_is_wrong),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
