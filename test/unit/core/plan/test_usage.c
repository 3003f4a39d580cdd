/* Usage files: joining rows to workloads, adding containers up, refusals. Sums by hand. */
#include "../../unit.h"
#include "core/plan/usage.h"

static struct demand d;
static struct usage_result result;

static void add(const char *kind, const char *namespace, const char *name) {
        struct workload *w;
        struct err e;

        assert_ok(demand_add(&d, &w, &e), &e);
        w->kind = kind;
        w->namespace = namespace;
        w->name = name;
}

static int setup(void **state) {
        (void)state;
        add("Deployment", "prod", "asr");
        add("Deployment", "prod", "ocr");
        add("Deployment", "test", "ocr");
        add("Job", "test", "train");
        add("Deployment", "test", "train");
        return 0;
}

static int teardown(void **state) {
        (void)state;
        demand_done(&d);
        return 0;
}

static int read_text(const char *text, struct err *e) {
        return usage_read(&d, "u.csv", text, strlen(text), &result, e);
}

static void reads_every_column(void **state) {
        (void)state;
        struct err e;

        assert_ok(read_text("workload,gpu,samples,memory_p50_mib,memory_p95_mib,memory_p99_mib,memory_max_mib,sm_p50,sm_p95,sm_max\n"
                            "asr,l4,2016,900,1000.2,1100,1200,0.1,35%,1\n"
                            "nobody,l4,1,1,1,1,1,0,0,0\n",
                            &e),
                  &e);
        const struct usage *u = &d.workloads[0].usage;
        assert_int_equal(result.rows, 2);
        assert_int_equal(result.matched, 1);
        assert_string_equal(result.unmatched, "nobody");
        assert_true(u->present);
        assert_ptr_equal(u->gpu, gpu_model_find("l4"));
        assert_int_equal(u->samples, 2016);
        assert_int_equal(u->memory_p50_mib, 900);
        assert_int_equal(u->memory_p95_mib, 1001); /* up: a limit below what was seen would kill */
        assert_int_equal(u->memory_p99_mib, 1100);
        assert_int_equal(u->memory_max_mib, 1200);
        assert_float_equal(u->sm_p50, 0.1, 1e-6);
        assert_float_equal(u->sm_p95, 0.35, 1e-6);
        assert_float_equal(u->sm_max, 1, 1e-6);
        assert_string_equal(u->source, "u.csv:2");
        assert_false(d.workloads[1].usage.present);
}

/* A column that one container lacks says nothing about the pod. */
static void containers_add_up(void **state) {
        (void)state;
        struct err e;

        assert_ok(read_text("namespace,workload,container,memory_p99_mib,sm_p95\n"
                            "prod,ocr,main,3000,0.2\n"
                            "prod,ocr,side,500,\n",
                            &e),
                  &e);
        assert_int_equal(d.workloads[1].usage.memory_p99_mib, 3500);
        assert_true(d.workloads[1].usage.sm_p95 < 0);
        assert_false(d.workloads[2].usage.present);
}

static void names_may_carry_namespace_or_kind(void **state) {
        (void)state;
        struct err e;

        assert_ok(read_text("name,memory_p99_mib\ntest/ocr,10\nJob/train,20\n", &e), &e);
        assert_int_equal(result.matched, 2);
        assert_int_equal(d.workloads[2].usage.memory_p99_mib, 10);
        assert_int_equal(d.workloads[3].usage.memory_p99_mib, 20);
        assert_false(d.workloads[4].usage.present);
}

static void many_unmatched_names_are_cut(void **state) {
        (void)state;
        char text[20000] = "workload,sm_p95\n";
        struct err e;

        for (size_t i = 0, n = strlen(text); i < 1000; i++)
                n += (size_t)snprintf(text + n, sizeof text - n, "w%zu,0.5\n", i);
        assert_ok(read_text(text, &e), &e);
        assert_int_equal(result.matched, 0);
        assert_true(strlen(result.unmatched) < 400);
        assert_non_null(strstr(result.unmatched, "w0, w1, "));
        assert_non_null(strstr(result.unmatched, " more"));
}

static const struct {
        const char *text, *says;
} wrong[] = {
        { "x,memory_p99_mib\n1,1\n", "no column workload" },
        { "workload,foo\nasr,1\n", "no column with a measurement" },
        { "workload,sm_p95\nasr,1.2\n", "u.csv:2: sm_p95: '1.2'" },
        { "workload,sm_p95\nasr,120%\n", "'120%'" },
        { "workload,sm_p95\nasr,nan\n", "'nan'" },
        { "workload,sm_p95\nasr,0x1\n", "'0x1'" },
        { "workload,sm_p95\nasr,-1\n", "'-1'" },
        { "workload,memory_p99_mib\nasr,-1\n", "memory_p99_mib" },
        { "workload,memory_p95_mib,memory_p99_mib\nasr,10,9\n", "memory_p99_mib is below memory_p95_mib" },
        { "workload,memory_p99_mib\nocr,10\n", "names 2 workloads" },
        { "workload,memory_p99_mib\nasr,10\nasr,12\n", "u.csv:3: a second row for 'asr'" },
        { "workload,gpu,memory_p99_mib\nasr,voodoo2,10\n", "unknown GPU 'voodoo2'" },
        { "workload,container,gpu,memory_p99_mib\nasr,a,l4,10\nasr,b,t4,10\n", "measured on" },
};

static void refuses_what_is_no_usage(void **state) {
        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
                struct err e = { 0 };
                assert_refused(read_text(wrong[i].text, &e), &e, wrong[i].says);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(reads_every_column, setup, teardown),
                cmocka_unit_test_setup_teardown(containers_add_up, setup, teardown),
                cmocka_unit_test_setup_teardown(names_may_carry_namespace_or_kind, setup, teardown),
                cmocka_unit_test_setup_teardown(many_unmatched_names_are_cut, setup, teardown),
                cmocka_unit_test_setup_teardown(refuses_what_is_no_usage, setup, teardown),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
