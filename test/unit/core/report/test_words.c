#include "core/report/words.h"

#include "../../unit.h"
#include "fixture.h"

static void check(struct buf *b, const char *expected) {
        assert_string_equal(buf_text(b), expected);
        buf_done(b);
}

static void money_and_numbers(void **state) {
        (void)state;
        static const struct {
                void (*say)(struct buf *, double);
                double value;
                const char *text;
        } cases[] = {
                { words_dollars, 12363.28, "$12,363" },
                { words_dollars, 999.994, "$999.99" },
                { words_dollars, 999.996, "$1,000" }, /* not $1000.00 */
                { words_dollars, 0.8048, "$0.80" },
                { words_dollars, 0.0041, "$0.0041" },
                { words_dollars, 0, "$0.00" },
                { words_dollars, -12.5, "-$12.50" },
                { words_dollars, 1234567.5, "$1,234,568" },
                { words_dollars_short, 45549252, "$45.5M" },
                { words_dollars_short, 999949, "$1.0M" }, /* not $1000K */
                { words_dollars_short, 380400, "$380K" },
                { words_dollars_short, 912.4, "$912" },
                { words_dollars_short, 2.5e9, "$2.5B" },
                { words_percent, 42.06, "42 %" },
                { words_percent, 0.0772, "0.08 %" },
                { words_percent, 5.62, "5.6 %" },
                { words_percent, 0, "0 %" },
        };
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                struct buf b = BUF(100);
                cases[i].say(&b, cases[i].value);
                check(&b, cases[i].text);
        }
}

static void sizes(void **state) {
        (void)state;
        static const struct {
                uint32_t milli;
                const char *text;
        } cases[] = { { 470, "0.47" }, { 1000, "1" }, { 1500, "1.5" }, { 10000, "10" }, { 5, "0.005" }, { 0, "0" } };
        struct buf b = BUF(100);

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                words_milli(&b, cases[i].milli);
                check(&b, cases[i].text);
        }
        words_mib(&b, 512), check(&b, "512 MiB");
        words_mib(&b, 6042), check(&b, "5.9 GiB");
        words_mib(&b, 12288), check(&b, "12 GiB");
        words_counted(&b, 1, "node"), check(&b, "1 node");
        words_counted(&b, 1234567, "node"), check(&b, "1,234,567 nodes");
        words_count(&b, 999), check(&b, "999");
}

static void what_is_asked(void **state) {
        (void)state;
        static const struct {
                struct gpu_request request;
                const char *text;
        } cases[] = {
                { { .kind = REQUEST_GPUS, .count = 1 }, "1 GPU" },
                { { .kind = REQUEST_GPUS, .count = 8, .milli = 1000 }, "8 GPUs" },
                { { .kind = REQUEST_GPUS, .count = 1, .milli = 470 }, "0.47 GPU" },
                { { .kind = REQUEST_MILLI, .count = 2, .milli = 500 }, "2 × 0.5 GPU" },
                { { .kind = REQUEST_MEMORY, .count = 1, .memory_mib = 8192 }, "8 GiB of a GPU" },
                { { .kind = REQUEST_MIG, .count = 2, .profile = "1g.10gb+me" }, "2 × 1g.10gb+me" },
                { { .kind = REQUEST_SHARED, .count = 1 }, "1 shared turn" },
        };
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                struct workload w = { .request = cases[i].request };
                struct buf b = BUF(100);
                words_asks(&b, &w);
                check(&b, cases[i].text);
        }
}

static void what_is_given(void **state) {
        (void)state;
        static const char *const given[] = {
                "8gb of an L4, MPS",
                "4gb of an L4, MPS",
                "5gb of an L4, time-slicing",
                "1g.10gb of an A100-80GB, MIG",
                "3g.40gb of an A100-80GB, MIG",
                "2g.20gb of an A100-80GB, MIG",
                "8 whole A100-80GB",
                "all of an A100-80GB",
                "nothing",
        };
        struct fixture f;

        fixture_cluster(&f);
        for (size_t i = 0; i < ARRAY_SIZE(given); i++) {
                struct buf b = BUF(100);
                words_gets(&b, &f.plan.workloads[i]);
                check(&b, given[i]);
        }
        fixture_done(&f);
}

static void the_proof(void **state) {
        (void)state;
        struct plan p = { .node_count = 1,
                          .plan_usd_per_hour = 7163.37,
                          .bound_usd_per_hour = 7157.84,
                          .gap_percent = 0.0773,
                          .exact_engine = true,
                          .proved = true };
        struct buf b = BUF(1000);

        words_proof(&b, &p);
        check(&b, "Proven within 0.08 % of the cheapest possible plan: none can cost less than $7,158/h.");
        p.gap_percent = 0.001;
        words_proof(&b, &p);
        check(&b, "Proven: no plan for this demand can be cheaper.");
        p.bound_usd_per_hour = 0, p.exact_engine = false;
        words_proof(&b, &p);
        check(&b, "No bound was found: a cheaper plan may exist. The exact solver was not installed; this is the best greedy plan.");
}

static void the_saving(void **state) {
        (void)state;
        static const struct {
                double today, plan, percent;
                const char *text;
        } cases[] = {
                { 12363.28, 7163.37, 42.06, "saves 42 %, $45.6M a year" }, /* (12363.28 - 7163.37) x 8760 = 45,551,212 */
                { 100, 103, -3, "costs 3.0 % more than today" },
                { 100, 100, 0, "costs what it costs today" },
                { 0, 100, 0, "" },
        };
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                struct plan p = { .today_usd_per_hour = cases[i].today,
                                  .plan_usd_per_hour = cases[i].plan,
                                  .saving_percent = cases[i].percent };
                struct buf b = BUF(100);
                words_saving(&b, &p);
                check(&b, cases[i].text);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(money_and_numbers), cmocka_unit_test(sizes),     cmocka_unit_test(what_is_asked),
                cmocka_unit_test(what_is_given),     cmocka_unit_test(the_proof), cmocka_unit_test(the_saving),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
