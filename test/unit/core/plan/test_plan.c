/* Whole plans: small ones whose best answer is known by hand, and random ones recounted from nothing but their nodes.
 *
 * Prices are those AWS publishes (us-east-1, on demand): g4dn.xlarge (1 T4) $0.526, g6.xlarge (1 L4) $0.8048.
 */
#include "core/plan/plan.h"

#include <math.h>

#include "../../unit.h"
#include "core/gpu/layout.h"

static struct demand d;
static struct price_list *prices;
static struct plan p;
static struct plan_options options;
static double now, step;

/* A clock that moves with every look, so that time limits end. */
static double tick(void *context) {
        (void)context;
        return now += step;
}

static bool never(void *context) {
        (void)context;
        return false;
}

static const struct pack_env env = { .now_seconds = tick, .stop = never };

static int setup(void **state) {
        (void)state;
        prices = price_list_new();
        step = 1e-4;
        options =
                (struct plan_options){ .region = "us-east-1", .headroom_percent = 20, .gap = 0.001, .time_limit_seconds = 3, .threads = 1 };
        return 0;
}

static int teardown(void **state) {
        (void)state;
        plan_done(&p);
        demand_done(&d);
        prices = price_list_free(prices);
        return 0;
}

static void only(const char *type) {
        size_t index = instance_type_index(instance_type_find(type));
        options.types_allowed[index / 64] |= UINT64_C(1) << (index % 64);
}

static struct workload *add(const char *name, uint32_t replicas, uint32_t cpu_milli, uint32_t memory_mib) {
        struct workload *w;
        struct err e;

        assert_ok(demand_add(&d, &w, &e), &e);
        w->name = arena_strdup(&d.arena, name);
        w->kind = "Deployment";
        w->replicas = replicas;
        w->cpu_milli = cpu_milli;
        w->memory_mib = memory_mib;
        w->request = (struct gpu_request){ .kind = REQUEST_GPUS, .count = 1 };
        w->containers_with_gpu = 1;
        return w;
}

static void add_share(const char *name, uint32_t replicas, uint32_t cpu_milli, uint16_t milli) {
        d.is_trace = true;
        add(name, replicas, cpu_milli, 1024)->request.milli = milli;
}

static void measure(struct workload *w, const char *gpu, uint32_t p99_mib, float activity) {
        w->usage = (struct usage){
                .present = true, .memory_p99_mib = p99_mib, .sm_p50 = -1, .sm_p95 = activity, .sm_max = -1, .gpu = gpu_model_find(gpu)
        };
}

static void make(void) {
        struct err e;
        assert_ok(plan_make(&d, &options, prices, &env, &p, &e), &e);
}

static void assert_near(double a, double b) {
        if (fabs(a - b) > 1e-6 * fmax(1, fabs(b)))
                fail_msg("%.9f is not %.9f", a, b);
}

/* What a GPU's slices ask must fit it; a MIG layout must be one the hardware allows, slice by slice. */
static void recount_gpu(const struct plan_node *n, const struct plan_gpu *g) {
        struct layout layout = { .model = n->type->gpu };
        unsigned milli = 0;

        for (uint32_t i = 0; i < g->slice_count; i++) {
                const struct plan_slice *s = &g->slices[i];
                const struct plan_workload *w = &p.workloads[s->workload];
                struct err e;
                assert_int_equal(s->mode, g->mode);
                assert_int_equal(s->mode, w->mode);
                assert_string_equal(s->profile, w->profile); /* one resource name for each workload */
                assert_true(w->gpus_usable >> gpu_model_index(n->type->gpu) & 1);
                milli += s->milli;
                if (s->mode == GPU_WHOLE)
                        assert_int_equal(g->slice_count, 1);
                if (s->mode != GPU_MIG)
                        continue;
                struct slice slice = { .profile = gpu_profile_find(n->type->gpu, s->profile), .start = s->start };
                assert_non_null(slice.profile);
                assert_ok(layout_add(&layout, slice, &e), &e);
                assert_true(slice.profile->memory_mib >= w->need_memory_mib);
        }
        if (g->mode != GPU_MIG)
                assert_true(milli <= 1000);
        if (g->mode == GPU_MIG) {
                char text[LAYOUT_TEXT_MAX];
                layout_print(&layout, text, sizeof text);
                assert_string_equal(g->layout, text);
        }
        assert_true(g->slice_count <= 48);
}

static void recount_node(const struct plan_node *n, uint64_t *placed) {
        uint32_t cpu = d.daemon_cpu_milli, memory = d.daemon_memory_mib, pods = d.daemon_pods;
        uint32_t *slices = mem_zalloc(p.workload_count, sizeof *slices);

        assert_int_equal(n->gpu_count, n->type->gpu_count);
        for (uint32_t g = 0; g < n->gpu_count; g++) {
                recount_gpu(n, &n->gpus[g]);
                for (uint32_t i = 0; i < n->gpus[g].slice_count; i++)
                        slices[n->gpus[g].slices[i].workload]++;
        }
        for (uint32_t i = 0; i < n->pod_count; i++) {
                const struct plan_workload *w = &p.workloads[n->pods[i].workload];
                cpu += w->demand->cpu_milli * n->pods[i].count;
                memory += w->demand->memory_mib * n->pods[i].count;
                pods += n->pods[i].count;
                placed[n->pods[i].workload] += (uint64_t)n->pods[i].count * n->count;
                assert_int_equal(slices[n->pods[i].workload], n->pods[i].count * w->gpus);
                slices[n->pods[i].workload] = 0;
                if (w->demand->max_per_node > 0)
                        assert_true(n->pods[i].count <= w->demand->max_per_node);
        }
        for (size_t i = 0; i < p.workload_count; i++)
                assert_int_equal(slices[i], 0);
        assert_true(cpu <= n->type->alloc_cpu_milli && memory <= n->type->alloc_memory_mib && pods <= n->type->max_pods);
        free(slices);
}

static void recount(void) {
        uint64_t *placed = mem_zalloc(p.workload_count, sizeof *placed);
        double usd = 0, today = 0, planned = 0;

        for (size_t i = 0; i < p.node_count; i++) {
                const struct plan_node *n = &p.nodes[i];
                const struct price *price = price_find(prices, n->type, "us-east-1", n->capacity);
                assert_near(n->usd_per_hour, price->usd_per_hour);
                usd += n->count * n->usd_per_hour;
                assert_in_range(n->pool, 1, p.pools);
                recount_node(n, placed);
        }
        for (size_t i = 0; i < p.workload_count; i++) {
                assert_int_equal(placed[i] + p.workloads[i].unplaced, d.workloads[i].replicas);
                assert_true((p.workloads[i].unplaced > 0) == (p.workloads[i].unplaced_reason[0] != '\0'));
                today += p.workloads[i].today_usd_per_hour;
                planned += p.workloads[i].plan_usd_per_hour;
        }
        assert_near(p.plan_usd_per_hour, usd);
        assert_near(planned, usd);
        assert_near(today, p.today_usd_per_hour);
        assert_true(p.bound_usd_per_hour <= p.plan_usd_per_hour + 1e-9);
        free(placed);
}

/* 600+400 and 500+300+200 fill two T4 exactly; five whole ones cost 5 x 0.526. */
static void shares_fill_gpus(void **state) {
        (void)state;
        static const uint16_t sizes[] = { 200, 300, 400, 500, 600 };

        only("g4dn.xlarge");
        for (size_t i = 0; i < ARRAY_SIZE(sizes); i++)
                add_share((char[]){ (char)('a' + i), 0 }, 1, 500, sizes[i]);
        make();
        recount();
        assert_near(p.plan_usd_per_hour, 2 * 0.526);
        assert_near(p.today_usd_per_hour, 5 * 0.526);
        assert_near(p.saving_percent, 60);
        assert_string_equal(p.workloads[0].profile, "200m");
        assert_int_equal(p.workloads[0].mode, GPU_MPS);
}

/* CPU decides: 3,920 milli on a g4dn.xlarge hold three pods of 1,200, whatever their share. */
static void cpu_counts(void **state) {
        (void)state;
        only("g4dn.xlarge");
        add_share("a", 7, 1200, 10);
        make();
        recount();
        assert_near(p.plan_usd_per_hour, 3 * 0.526);
}

/* A GPU has one mode, a hardware slice stands only where NVIDIA allows: seven 1g.10gb on an H100, so eight need two instances. */
static void mig_slices_fill_gpus(void **state) {
        (void)state;
        only("p5.4xlarge");
        struct workload *w = add("a", 8, 500, 1024);
        w->request = (struct gpu_request){ .kind = REQUEST_MIG, .count = 1, .profile = "1g.10gb" };
        make();
        recount();
        uint64_t nodes = 0;
        for (size_t i = 0; i < p.node_count; i++)
                nodes += p.nodes[i].count;
        assert_int_equal(nodes, 2);
        assert_int_equal(p.workloads[0].mode, GPU_MIG);
        assert_string_equal(p.workloads[0].profile, "1g.10gb");
}

/* 6,000 MiB + 20 % = 8 GiB: two on an L4 (21,864 MiB under MPS), so 5 pods need 3; unmeasured ones stay whole. */
static void measured_pods_share_unmeasured_do_not(void **state) {
        (void)state;
        only("g6.xlarge");
        measure(add("known", 5, 500, 1024), "l4", 6000, 0.1f);
        add("unknown", 2, 500, 1024);
        make();
        recount();
        assert_near(p.plan_usd_per_hour, (3 + 2) * 0.8048);
        assert_string_equal(p.workloads[0].profile, "8gb");
        assert_non_null(strstr(p.workloads[0].reason, "p99 memory 5.9 GiB + 20 % = 7.0 GiB"));
        assert_non_null(strstr(p.workloads[0].risk, "one fault domain"));
        assert_int_equal(p.workloads[1].mode, GPU_WHOLE);
        assert_non_null(strstr(p.workloads[1].reason, "nothing measured"));
}

static void spread_is_kept(void **state) {
        (void)state;
        only("g4dn.xlarge");
        struct workload *w = add("a", 4, 100, 128);
        measure(w, "t4", 500, 0.05f);
        w->max_per_node = 1;
        make();
        recount();
        assert_near(p.plan_usd_per_hour, 4 * 0.526);
}

/* Spot at a third of the price, but only one workload may use it. */
static void capacity_types_are_kept_apart(void **state) {
        (void)state;
        static const char csv[] = "instance_type,region,capacity_type,usd_per_hour\ng4dn.xlarge,us-east-1,spot,0.175\n";
        struct err e;

        assert_ok(price_list_read(prices, "prices.csv", csv, sizeof csv - 1, &e), &e);
        only("g4dn.xlarge");
        add("steady", 1, 500, 1024);
        add("cheap", 1, 500, 1024)->capacity_allowed = 1 << CAPACITY_SPOT;
        make();
        recount();
        assert_near(p.plan_usd_per_hour, 0.526 + 0.175);
        assert_near(p.workloads[1].plan_usd_per_hour, 0.175);
}

/* What has no place is named with what is missing; the rest is planned. */
static void the_impossible_is_named(void **state) {
        (void)state;
        only("g4dn.xlarge");
        only("g4dn.metal"); /* 8 T4, 96 cores */
        add("fits", 1, 500, 1024);
        add("cores", 2, 120200, 1024)->request.count = 8;
        add("gpus", 1, 500, 1024)->request.count = 9;
        add("l4", 1, 500, 1024)->gpus_allowed = UINT64_C(1) << gpu_model_index(gpu_model_find("l4"));
        measure(add("large", 1, 500, 1024), "A100-80GB", 40000, 0.1f);
        add("told", 1, 500, 1024)->impossible = "it wants a zone that does not exist";
        make();
        recount();
        assert_near(p.plan_usd_per_hour, 0.526);
        static const char *const says[] = { "", "needs 120.2 cores", "9 GPUs", "L4", "46.9 GiB of GPU memory", "zone" };
        for (size_t i = 0; i < ARRAY_SIZE(says); i++)
                if (!strstr(p.workloads[i].unplaced_reason, says[i]))
                        fail_msg("\"%s\" does not say \"%s\"", p.workloads[i].unplaced_reason, says[i]);
        assert_int_equal(p.workloads[1].unplaced, 2);
        assert_non_null(strstr(p.workloads[1].unplaced_reason, "g4dn.metal"));
}

/* Fractional instances are bought only where they are named: an eighth of an L4 holds 2 GiB. */
static void fractional_instances_must_be_named(void **state) {
        (void)state;
        only("g6f.large");
        only("g6.xlarge");
        measure(add("tiny", 2, 200, 512), "l4", 1500, 0.05f);
        make();
        recount();
        bool fraction = false;
        for (size_t i = 0; i < p.node_count; i++)
                fraction |= instance_is_fractional(p.nodes[i].type);
        double named = p.plan_usd_per_hour;
        assert_true(!fraction || named < 0.8048);
        plan_done(&p);
        memset(options.types_allowed, 0, sizeof options.types_allowed);
        make();
        recount();
        for (size_t i = 0; i < p.node_count; i++)
                assert_false(instance_is_fractional(p.nodes[i].type));
}

static void daemons_take_their_part(void **state) {
        (void)state;
        only("g4dn.xlarge");
        d.daemon_cpu_milli = 400; /* 3,520 left: two of 1,200 */
        d.daemon_memory_mib = 500;
        d.daemon_pods = 3;
        add_share("a", 4, 1200, 10);
        make();
        recount();
        assert_near(p.plan_usd_per_hour, 2 * 0.526);
}

static void a_menu_costs_what_it_costs(void **state) {
        (void)state;
        static const uint32_t menu[] = { 20 * 1024 };

        only("g6.xlarge");
        options.share_sizes_mib = menu;
        options.share_size_count = 1;
        measure(add("a", 4, 500, 1024), "l4", 6000, 0.1f);
        make();
        recount();
        assert_near(p.plan_usd_per_hour, 4 * 0.8048); /* 20 GiB: one on each; any size: two */
        assert_int_equal(p.limit_count, 1);
        assert_near(p.limits[0].premium_percent, 100);
}

static void refuses_what_cannot_be_planned(void **state) {
        (void)state;
        struct err e = { 0 };

        d.cpu_only_pods = 7;
        assert_refused(plan_make(&d, &options, prices, &env, &p, &e), &e, "no pod asks for a GPU (7");
        assert_int_equal(e.code, ERR_IMPOSSIBLE);
        add("a", 1, 500, 1024)->request.count = 64;
        assert_refused(plan_make(&d, &options, prices, &env, &p, &e), &e, "64 GPUs");
        assert_int_equal(e.code, ERR_IMPOSSIBLE);
        options.region = "mars-north-1";
        assert_refused(plan_make(&d, &options, prices, &env, &p, &e), &e, "mars-north-1");
        assert_int_equal(e.code, ERR_INPUT);
        options.region = "us-east-1";
        options.gpus_allowed = UINT64_C(1) << gpu_model_index(gpu_model_find("A30-24GB")); /* not on EC2 */
        assert_refused(plan_make(&d, &options, prices, &env, &p, &e), &e, "no instance to buy");
}

static void workloads_are_found(void **state) {
        (void)state;
        struct err e = { 0 };
        size_t index = 99;

        only("g4dn.xlarge");
        add("asr", 1, 500, 1024)->namespace = "prod";
        add("ocr", 1, 500, 1024)->namespace = "prod";
        add("ocr", 1, 500, 1024)->namespace = "test";
        make();
        assert_ok(plan_find_workload(&p, "asr", &index, &e), &e);
        assert_int_equal(index, 0);
        assert_ok(plan_find_workload(&p, "test/ocr", &index, &e), &e);
        assert_int_equal(index, 2);
        assert_refused(plan_find_workload(&p, "ocr", &index, &e), &e, "2 workloads are called 'ocr'");
        assert_refused(plan_find_workload(&p, "asd", &index, &e), &e, "asr");
        assert_int_equal(e.code, ERR_NOT_FOUND);
}

/* A small generator of its own, so that a failing seed fails everywhere. */
static uint32_t random_below(uint64_t *seed, uint32_t bound) {
        *seed = *seed * 6364136223846793005u + 1442695040888963407u;
        return (uint32_t)(*seed >> 33) % bound;
}

static void add_random(uint64_t *seed, unsigned index) {
        static const char *const profiles[] = { "1g.10gb", "2g.20gb", "3g.40gb", "1g.5gb" };
        static const char *const gpus[] = { "l4", "t4", "a10g", "A100-80GB" };
        char name[16];
        struct workload *w;

        snprintf(name, sizeof name, "w%u", index);
        w = add(name, 1 + random_below(seed, 9), 250 * (1 + random_below(seed, 12)), 512 * (1 + random_below(seed, 20)));
        switch (random_below(seed, 6)) {
        case 0:
                w->request = (struct gpu_request){ .kind = REQUEST_MIG, .count = 1, .profile = profiles[random_below(seed, 4)] };
                break;
        case 1:
                w->request = (struct gpu_request){ .kind = REQUEST_MEMORY, .count = 1, .memory_mib = 1024 * (1 + random_below(seed, 20)) };
                break;
        case 2:
                w->request.count = 1 + random_below(seed, 4);
                break;
        case 3:
                w->request = (struct gpu_request){ .kind = REQUEST_MEMORY,
                                                   .count = 1 + random_below(seed, 3),
                                                   .memory_mib = 1024 * (1 + random_below(seed, 6)) };
                w->containers_with_gpu = w->request.count;
                break;
        default:
                measure(w, gpus[random_below(seed, 4)], 500 + random_below(seed, 12000), (float)random_below(seed, 90) / 100);
                break;
        }
        w->isolation = (enum isolation)random_below(seed, 4);
        if (random_below(seed, 5) == 0)
                w->max_per_node = 1 + random_below(seed, 2);
}

static void random_fleets_are_whole(void **state) {
        (void)state;
        static const char *const types[] = { "g4dn.xlarge", "g4dn.12xlarge", "g5.2xlarge", "g6.xlarge",
                                             "g6.4xlarge",  "p5.4xlarge",    "g7e.2xlarge" };

        for (uint64_t seed = 1; seed <= 12; seed++) {
                uint64_t state_of = seed;
                setup(NULL);
                for (size_t i = 0; i < ARRAY_SIZE(types); i++)
                        only(types[i]);
                options.time_limit_seconds = 0.5;
                for (unsigned i = 0; i < 1 + seed; i++)
                        add_random(&state_of, i);
                make();
                recount();
                teardown(NULL);
        }
}

/* Too many sizes for the exact engine: they are merged, and all holds still. */
static void many_sizes_are_merged(void **state) {
        (void)state;
        uint64_t seed = 7;

        only("g6.xlarge");
        only("g6.4xlarge");
        only("g6.12xlarge");
        step = 0.05; /* few looks at the clock, then the best so far */
        for (unsigned i = 0; i < 450; i++) {
                char name[16];
                snprintf(name, sizeof name, "w%u", i);
                add_share(name, 1 + random_below(&seed, 3), 100 + random_below(&seed, 3000), (uint16_t)(1 + random_below(&seed, 999)));
        }
        make();
        recount();
        assert_true(p.plan_usd_per_hour < p.today_usd_per_hour);
}

int main(void) {
        const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
                TEST(shares_fill_gpus),
                TEST(cpu_counts),
                TEST(mig_slices_fill_gpus),
                TEST(measured_pods_share_unmeasured_do_not),
                TEST(spread_is_kept),
                TEST(capacity_types_are_kept_apart),
                TEST(the_impossible_is_named),
                TEST(fractional_instances_must_be_named),
                TEST(daemons_take_their_part),
                TEST(a_menu_costs_what_it_costs),
                TEST(refuses_what_cannot_be_planned),
                TEST(workloads_are_found),
                cmocka_unit_test(random_fleets_are_whole),
                TEST(many_sizes_are_merged),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
