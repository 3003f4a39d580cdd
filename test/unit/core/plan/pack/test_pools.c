#include <math.h>
#include <string.h>

#include "../../../unit.h"
#include "core/plan/pack/pack.h"
#include "problems.h"

/* ---- tiny problems: every cut, every set of cuts, every partition of the pods ---- */

#define PODS_MAX 6
#define GPU_CUTS_MAX 256
#define CUTS_MAX 4096
#define SLOTS_MAX 8

static const struct gpu_model plain = { .key = "plain" };

struct tiny {
        struct pack_problem problem;
        struct pack_item items[3];
        struct pack_option options[3];
        struct pack_type types[2];
        unsigned pod_count, pods[PODS_MAX]; /* item of each */
};

struct brute_cut {
        unsigned whole, slot_count, slots[SLOTS_MAX];
};

struct brute {
        const struct tiny *tiny;
        unsigned gpu_cut_count, cut_count;
        struct brute_cut gpu_cuts[GPU_CUTS_MAX];
        double price[CUTS_MAX][1u << PODS_MAX]; /* of one node of the cut with these pods */
};

/* Smaller numbers of a 64-bit linear congruence (Knuth, MMIX). */
static unsigned next(uint64_t *state, unsigned below) {
        *state = *state * 6364136223846793005u + 1442695040888963407u;
        return (unsigned)(*state >> 33) % below;
}

static void make_tiny(uint64_t seed, struct tiny *ret) {
        static const uint16_t sizes[] = { 200, 300, 400, 500, 600, 700 };
        uint64_t state = seed * 77 + 5;
        struct tiny *t = ret;

        memset(t, 0, sizeof *t);
        t->problem = (struct pack_problem){ .items = t->items, .item_count = 3, .types = t->types, .type_count = 2 };
        for (unsigned i = 0; i < 3; i++) {
                t->options[i] = (struct pack_option){ .gpu = &plain, .mode = GPU_MPS, .milli = sizes[next(&state, 6)] };
                t->items[i] = (struct pack_item){ .count = 1 + next(&state, 2),
                                                  .cpu_milli = 1 + next(&state, 3),
                                                  .memory_mib = 1 + next(&state, 3),
                                                  .gpus = next(&state, 4) == 0,
                                                  .max_per_node = next(&state, 5) == 0,
                                                  .option_count = 1,
                                                  .options = &t->options[i],
                                                  .types = { 3 } };
                for (unsigned k = 0; k < t->items[i].count; k++)
                        t->pods[t->pod_count++] = i;
        }
        for (unsigned k = 0; k < 2; k++)
                t->types[k] = (struct pack_type){ .gpu = &plain,
                                                  .gpus = (uint8_t)(1 + k),
                                                  .cpu_milli = 3 + next(&state, 5),
                                                  .memory_mib = 3 + next(&state, 5),
                                                  .pods = 2 + next(&state, 4),
                                                  .usd_per_hour = 1.0 + k * 0.5 + next(&state, 8) * 0.125 };
}

/* All multisets of the items' sizes that one GPU can have, by falling size. */
static void list_gpu_cuts(struct brute *b, struct brute_cut cut, unsigned largest, unsigned left) {
        if (b->gpu_cut_count < GPU_CUTS_MAX)
                b->gpu_cuts[b->gpu_cut_count++] = cut;
        for (unsigned i = 0; i < 3; i++) {
                unsigned size = b->tiny->options[i].milli;
                bool known = b->tiny->items[i].gpus > 0;
                for (unsigned k = 0; k < i; k++)
                        known = known || (b->tiny->items[k].gpus == 0 && b->tiny->options[k].milli == size);
                if (known || size > largest || size > left)
                        continue;
                struct brute_cut more = cut;
                more.slots[more.slot_count++] = size;
                list_gpu_cuts(b, more, size, left - size);
        }
}

/* Every pod takes the smallest free slot that holds it, the largest pods first. */
static bool sizes_fit(const struct tiny *t, unsigned set, const struct brute_cut *gpus, unsigned gpu_count) {
        bool taken[2][SLOTS_MAX] = { 0 };
        unsigned whole = 0;

        for (unsigned g = 0; g < gpu_count; g++)
                whole += gpus[g].whole;
        for (unsigned size = 1000; size >= 100; size -= 100)
                for (unsigned p = 0; p < t->pod_count; p++) {
                        const struct pack_item *item = &t->items[t->pods[p]];
                        unsigned need = item->gpus > 0 ? 1000 : t->options[t->pods[p]].milli, at = 0, least = 2000, gpu = 0;
                        if (!(set >> p & 1) || need != size)
                                continue;
                        if (item->gpus > 0) {
                                if (whole-- == 0)
                                        return false;
                                continue;
                        }
                        for (unsigned g = 0; g < gpu_count; g++)
                                for (unsigned s = 0; s < gpus[g].slot_count; s++)
                                        if (!taken[g][s] && gpus[g].slots[s] >= need && gpus[g].slots[s] < least) {
                                                least = gpus[g].slots[s];
                                                gpu = g;
                                                at = s;
                                        }
                        if (least == 2000)
                                return false;
                        taken[gpu][at] = true;
                }
        return true;
}

static bool sums_fit(const struct tiny *t, unsigned set, const struct pack_type *type) {
        unsigned cpu = 0, memory = 0, pods = 0, of[3] = { 0 };

        for (unsigned p = 0; p < t->pod_count; p++)
                if (set >> p & 1) {
                        const struct pack_item *item = &t->items[t->pods[p]];
                        cpu += item->cpu_milli;
                        memory += item->memory_mib;
                        pods++;
                        if (++of[t->pods[p]] > item->max_per_node && item->max_per_node > 0)
                                return false;
                }
        return cpu <= type->cpu_milli && memory <= type->memory_mib && pods <= type->pods;
}

static void add_cut(struct brute *b, const struct pack_type *type, const struct brute_cut *gpus) {
        assert_true(b->cut_count < CUTS_MAX);
        double *price = b->price[b->cut_count++];

        for (unsigned set = 0; set < 1u << b->tiny->pod_count; set++)
                price[set] = sums_fit(b->tiny, set, type) && sizes_fit(b->tiny, set, gpus, type->gpus) ? type->usd_per_hour : INFINITY;
}

static double cheapest(const struct brute *b, unsigned one, unsigned other) {
        static double best[1u << PODS_MAX];

        best[0] = 0;
        for (unsigned set = 1; set < 1u << b->tiny->pod_count; set++) {
                best[set] = INFINITY;
                for (unsigned part = set; part > 0; part = (part - 1) & set)
                        best[set] = MIN(best[set], MIN(b->price[one][part], b->price[other][part]) + best[set ^ part]);
        }
        return best[(1u << b->tiny->pod_count) - 1];
}

/* The least cost with one and with two pools; infinite where they cannot hold all. */
static void solve_brutally(const struct tiny *t, double ret_least[2]) {
        static struct brute b;

        b = (struct brute){ .tiny = t };
        list_gpu_cuts(&b, (struct brute_cut){ 0 }, 1000, 1000);
        b.gpu_cuts[0].whole = 1; /* the one without slots */
        for (unsigned g = 0; g < b.gpu_cut_count; g++) {
                add_cut(&b, &t->types[0], &b.gpu_cuts[g]);
                for (unsigned h = g; h < b.gpu_cut_count; h++)
                        add_cut(&b, &t->types[1], (struct brute_cut[]){ b.gpu_cuts[g], b.gpu_cuts[h] });
        }
        ret_least[0] = ret_least[1] = INFINITY;
        for (unsigned k = 0; k < b.cut_count; k++) {
                ret_least[0] = MIN(ret_least[0], cheapest(&b, k, k));
                for (unsigned l = k; l < b.cut_count; l++)
                        ret_least[1] = MIN(ret_least[1], cheapest(&b, k, l));
        }
}

static void near_brute_force(void **state) {
        static struct tiny t;
        unsigned solved = 0, optimal = 0, impossible = 0, missed = 0;

        (void)state;
        for (uint64_t seed = 0; seed < 120; seed++) {
                double least[2];
                make_tiny(seed, &t);
                solve_brutally(&t, least);
                for (uint32_t k = 0; k < 2; k++) {
                        const struct pack_limits limits = { .gap = 1e-6, .max_pools = k + 1 };
                        struct pack_solution s;
                        struct err e;
                        int r = pack_solve(&t.problem, PACK_EXACT, &limits, &still_env, &s, &e);
                        if (r < 0) {
                                assert_int_equal(r, -ERR_IMPOSSIBLE);
                                impossible++;
                                missed += isfinite(least[k]);
                                continue;
                        }
                        assert_ok(pack_check(&t.problem, &s, &e), &e);
                        assert_true(s.pool_count <= k + 1);
                        if (s.unplaced[0] + s.unplaced[1] + s.unplaced[2] == 0) {
                                if (s.usd_per_hour < least[k] - 1e-9)
                                        fail_msg("seed %u, %u pools: %.4f is below the optimum %.4f", (unsigned)seed, k + 1, s.usd_per_hour,
                                                 least[k]);
                                solved++;
                                optimal += s.usd_per_hour < least[k] + 1e-9;
                        }
                        pack_solution_done(&s);
                }
        }
        print_message("%u of %u tiny problems solved to the optimum, %u impossible, %u of them wrongly\n", optimal, solved, impossible,
                      missed);
        assert_true(solved > 100 && optimal * 100 >= solved * 90);
        assert_int_equal(missed, 0);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(near_brute_force),
        };

        if (!pack_solver_available())
                return 77; /* skipped: CLP and CBC are not installed */
        return cmocka_run_group_tests(tests, NULL, NULL);
}
