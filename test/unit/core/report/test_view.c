#include "core/report/view.h"

#include "../../unit.h"
#include "fixture.h"

static void names_are_unique(void **state) {
        (void)state;
        static const struct {
                const char *namespace, *name, *kind, *unique;
        } rows[] = {
                { "", "alone", "Trace", "alone" },
                { "a", "web", "Deployment", "Deployment/a/web" },
                { "a", "web", "StatefulSet", "StatefulSet/a/web" },
                { "b", "web", "Deployment", "b/web" },
                { "a", "web", "Deployment", "Deployment/a/web#2" },
                { "a", "web", "Deployment", "Deployment/a/web#3" },
                { "", "twice", "", "twice" },
                { "", "twice#2", "", "twice#2" },
                { "", "twice", "", "twice#3" },
        };
        struct workload demands[ARRAY_SIZE(rows)] = { 0 };
        struct plan_workload workloads[ARRAY_SIZE(rows)] = { 0 };

        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                demands[i].namespace = rows[i].namespace, demands[i].name = rows[i].name, demands[i].kind = rows[i].kind;
                workloads[i].demand = &demands[i];
        }
        struct plan p = { .workload_count = ARRAY_SIZE(rows), .workloads = workloads };
        struct view v;
        view_make(&p, &v);
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
                assert_string_equal(v.names[i], rows[i].unique);
        view_done(&v);
}

static void adds_up_purchases(void **state) {
        (void)state;
        struct fixture f;
        struct view v;

        fixture_cluster(&f);
        view_make(&f.plan, &v);
        assert_int_equal(v.purchase_count, 3); /* p4de, g6.4xlarge (two groups), g6.12xlarge */
        assert_string_equal(v.purchases[0].type->name, "p4de.24xlarge");
        assert_int_equal(v.purchases[0].nodes, 2);
        assert_int_equal(v.purchases[0].gpus[GPU_MIG], 5);
        assert_int_equal(v.purchases[0].gpus[GPU_WHOLE], 11);
        assert_string_equal(v.purchases[1].type->name, "g6.4xlarge");
        assert_int_equal(v.purchases[1].nodes, 21);
        assert_int_equal(v.purchases[1].pods, 64); /* 20 x 3 + 4 */
        assert_int_equal(v.purchases[2].gpus_empty, 1);
        assert_int_equal(v.nodes, 24);
        assert_int_equal(v.gpus, 2 * 8 + 21 + 4);
        assert_int_equal(v.pods, 40 + 24 + 12 + 12 + 4 + 5 + 1 + 3 + 2);
        assert_int_equal(v.unplaced, 2);
        assert_int_equal(v.measured, 3);
        for (size_t i = 1; i < f.plan.workload_count; i++)
                assert_true(view_stake(&f.plan.workloads[v.by_money[i - 1]]) >= view_stake(&f.plan.workloads[v.by_money[i]]));
        view_done(&v);
        fixture_done(&f);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(names_are_unique),
                cmocka_unit_test(adds_up_purchases),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
