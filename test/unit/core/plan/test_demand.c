#include "../../unit.h"

#include "core/plan/demand.h"

static void add(struct demand *d, const char *kind, const char *namespace, const char *name) {
        struct workload *w;
        struct err e = { 0 };

        assert_ok(demand_add(d, &w, &e), &e);
        w->kind = kind;
        w->namespace = namespace;
        w->name = name;
}

static void starts_with_one_pod_and_no_wishes(void **state) {
        struct demand d = { 0 };

        (void)state;
        add(&d, "Deployment", "a", "web");
        const struct workload *w = &d.workloads[0];
        assert_int_equal(w->replicas, 1);
        assert_int_equal(w->replicas_min, 1);
        assert_true(w->headroom_percent < 0);
        assert_true(w->usage.sm_p50 < 0);
        assert_string_equal(w->note, "");
        assert_null(w->impossible);
        demand_done(&d);
}

static void finds_what_is_named_once(void **state) {
        static const struct {
                const char *name;
                int index; /* -1: none, or several */
        } cases[] = {
                { "web", -1 },    { "a/web", 0 },   { "b/web", 1 },           { "job", 2 },
                { "Job/job", 2 }, { "job/job", 2 }, { "Deployment/web", -1 }, { "c/web", -1 },
                { "webb", -1 },   { "", -1 },       { "/web", -1 },
        };
        struct demand d = { 0 };

        (void)state;
        add(&d, "Deployment", "a", "web");
        add(&d, "Deployment", "b", "web");
        add(&d, "Job", "a", "job");
        for (unsigned i = 0; i < ARRAY_SIZE(cases); i++)
                assert_ptr_equal(demand_find(&d, cases[i].name), cases[i].index < 0 ? NULL : &d.workloads[cases[i].index]);
        demand_done(&d);
}

static void counts_skipped_kinds_within_bounds(void **state) {
        struct demand d = { 0 };
        uint64_t total = 0;

        (void)state;
        demand_skip(&d, "Service");
        demand_skip(&d, "Service");
        for (unsigned i = 0; i < 5000; i++) {
                char kind[16];
                snprintf(kind, sizeof kind, "Kind%u", i);
                demand_skip(&d, kind);
        }
        assert_string_equal(d.skipped[0].kind, "Service");
        assert_int_equal(d.skipped[0].count, 2);
        assert_true(d.skipped_count < 300);
        for (size_t i = 0; i < d.skipped_count; i++)
                total += d.skipped[i].count;
        assert_int_equal(total, 5002);
        demand_done(&d);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(starts_with_one_pod_and_no_wishes),
                cmocka_unit_test(finds_what_is_named_once),
                cmocka_unit_test(counts_skipped_kinds_within_bounds),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
