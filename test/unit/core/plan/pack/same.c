#include "same.h"

#include "../../../unit.h"
#include "problems.h"

/* A node as a stranger sees it: type, then pods of each item. */
struct content {
        unsigned type, pods[NAIVE_ITEMS_MAX];
};

static int by_content(const void *a, const void *b) {
        return memcmp(a, b, sizeof(struct content));
}

static unsigned contents_of_solution(const struct pack_problem *problem, const struct pack_solution *s, struct content *contents) {
        unsigned count = 0;

        for (size_t n = 0; n < s->node_count; n++) {
                struct content c = { .type = s->nodes[n].type };
                for (unsigned g = 0; g < PACK_GPUS_MAX; g++)
                        for (unsigned i = 0; i < s->nodes[n].gpus[g].count; i++)
                                c.pods[s->nodes[n].gpus[g].slices[i].item]++;
                for (size_t i = 0; i < problem->item_count; i++)
                        c.pods[i] /= problem->items[i].gpus > 0 ? problem->items[i].gpus : 1u;
                for (unsigned k = 0; k < s->nodes[n].count; k++) {
                        assert_true(count < NAIVE_NODES_MAX);
                        contents[count++] = c;
                }
        }
        qsort(contents, count, sizeof *contents, by_content);
        return count;
}

static unsigned contents_of_naive(const struct naive *s, struct content *contents) {
        for (unsigned n = 0; n < s->node_count; n++) {
                contents[n] = (struct content){ .type = s->nodes[n].type };
                for (unsigned p = 0; p < s->nodes[n].pod_count; p++)
                        contents[n].pods[s->nodes[n].pods[p]]++;
        }
        qsort(contents, s->node_count, sizeof *contents, by_content);
        return s->node_count;
}

void assert_same_as_naive(uint64_t seed, bool mig, pack_engine_function engine, naive_function naive) {
        static struct random_problem p;
        static struct naive expected;
        static struct content got[NAIVE_NODES_MAX], want[NAIVE_NODES_MAX];
        struct pack_solution s;
        struct err e = { 0 };

        problem_random(seed, (struct problem_shape){ .items = 6, .types = 5, .pods_per_item = 14, .gpus = 4, .mig = mig }, &p);
        naive(&p.problem, &expected);
        assert_ok(engine(&p.problem, &still_env, &s, &e), &e);
        if (pack_check(&p.problem, &s, &e) < 0)
                fail_msg("seed %llu: %s", (unsigned long long)seed, e.text);

        unsigned count = contents_of_solution(&p.problem, &s, got);
        if (count != contents_of_naive(&expected, want) || memcmp(got, want, count * sizeof *got) != 0)
                fail_msg("seed %llu: %u nodes for %.4f $/h, pod by pod %u for %.4f", (unsigned long long)seed, count, s.usd_per_hour,
                         expected.node_count, expected.usd_per_hour);
        for (size_t i = 0; i < p.problem.item_count; i++)
                assert_int_equal(s.unplaced[i], expected.unplaced[i]);
        assert_float_equal(s.usd_per_hour, expected.usd_per_hour, 1e-6);
        pack_solution_done(&s);
}
