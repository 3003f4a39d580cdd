/* Traces: shapes, counts and refusals. Expected values are counted by hand from the texts here. */
#include "../../unit.h"
#include "core/plan/demand_trace.h"

#define HEAD "name,cpu_milli,memory_mib,num_gpu,gpu_milli,gpu_spec\n"

static int read_text(struct demand *d, const char *text, struct err *e) {
        return demand_read_trace(d, "t.csv", text, strlen(text), e);
}

static const struct workload *shape(const struct demand *d, const char *name) {
        for (size_t i = 0; i < d->count; i++)
                if (strcmp(d->workloads[i].name, name) == 0)
                        return &d->workloads[i];
        fail_msg("no shape %s", name);
        return NULL;
}

static void equal_requests_are_one_shape(void **state) {
        (void)state;
        struct demand d = { 0 };
        struct err e;

        assert_ok(read_text(&d,
                            HEAD "a,8000,16384,1,470,\n"
                                 "b,6000,12288,1,1000,\n"
                                 "c,8000,16384,1,470,\n"
                                 "d,500,1024,0,0,\n"
                                 "e,94125,400000,8,1000,\n",
                            &e),
                  &e);
        assert_true(d.is_trace);
        assert_int_equal(d.count, 3);
        assert_int_equal(d.cpu_only_pods, 1);
        const struct workload *w = shape(&d, "1x470m-8c-16384Mi");
        assert_int_equal(w->replicas, 2);
        assert_int_equal(w->cpu_milli, 8000);
        assert_int_equal(w->memory_mib, 16384);
        assert_int_equal(w->request.count, 1);
        assert_int_equal(w->request.milli, 470);
        assert_int_equal(w->line, 2);
        assert_string_equal(w->kind, "Trace");
        assert_int_equal(shape(&d, "8x1000m-94.125c-400000Mi")->request.count, 8);
        demand_done(&d);
}

static void a_count_column_multiplies(void **state) {
        (void)state;
        struct demand d = { 0 };
        struct err e;

        assert_ok(read_text(&d,
                            "cpu_milli,memory_mib,num_gpu,gpu_milli,count\n"
                            "1000,2048,1,140,7\n"
                            "1000,2048,1,140,3\n"
                            "1000,2048,0,0,5\n",
                            &e),
                  &e);
        assert_int_equal(d.count, 1);
        assert_int_equal(d.workloads[0].replicas, 10);
        assert_int_equal(d.cpu_only_pods, 5);
        demand_done(&d);
}

/* V100M32 and V100M16 of openb are EC2's V100 with 32 and 16 GiB; P100 is not sold. The order of names does not matter. */
static void gpu_specs_are_kept_apart(void **state) {
        (void)state;
        struct demand d = { 0 };
        struct err e;

        assert_ok(read_text(&d,
                            HEAD "a,1000,1024,1,500,V100M32|V100M16\n"
                                 "b,1000,1024,1,500,V100M16|V100M32|V100M32\n"
                                 "c,1000,1024,1,500,P100\n"
                                 "d,1000,1024,1,500,T4|P100\n"
                                 "e,1000,1024,1,500,\n",
                            &e),
                  &e);
        assert_int_equal(d.count, 4);
        const struct workload *v100 = shape(&d, "1x500m-1c-1024Mi-V100M16|V100M32");
        assert_int_equal(v100->replicas, 2);
        assert_true(v100->trace_gpus_allowed == ((UINT64_C(1) << gpu_model_index(gpu_model_find("v100"))) |
                                                 (UINT64_C(1) << gpu_model_index(gpu_model_find("v100-32gb")))));
        assert_int_equal(v100->gpus_allowed, 0);
        assert_int_equal(shape(&d, "1x500m-1c-1024Mi-P100")->trace_gpus_allowed, 0);
        assert_true(shape(&d, "1x500m-1c-1024Mi-P100|T4")->trace_gpus_allowed == UINT64_C(1) << gpu_model_index(gpu_model_find("t4")));
        assert_null(shape(&d, "1x500m-1c-1024Mi")->trace_gpus);
        demand_done(&d);
}

static void several_part_gpus_are_noted(void **state) {
        (void)state;
        struct demand d = { 0 };
        struct err e;

        assert_ok(read_text(&d, HEAD "a,1000,1024,2,500,\n", &e), &e);
        assert_int_equal(d.workloads[0].request.count, 2);
        assert_int_equal(d.workloads[0].request.milli, 500);
        assert_non_null(strstr(d.workloads[0].note, "2 whole GPUs"));
        demand_done(&d);
}

static const struct {
        const char *text, *says;
} wrong[] = {
        { HEAD "a,1000,1024,1,0,\n", "t.csv:2: gpu_milli" },
        { HEAD "a,1000,1024,1,500,\nb,1000,1024,1,1001,\n", "t.csv:3: gpu_milli" },
        { HEAD "a,1000,1024,1,-5,\n", "gpu_milli" },
        { HEAD "a,-1,1024,1,5,\n", "cpu_milli" },
        { HEAD "a,1000,x,1,5,\n", "memory_mib" },
        { HEAD "a,1000,1024,-1,5,\n", "num_gpu" },
        { HEAD "a,1000,1024,1\n", "t.csv:2" },
        { "cpu_milli,memory_mib,num_gpu\n1,1,1\n", "no column gpu_milli" },
        { "cpu_milli,memory_mib,num_gpu,gpu_milli,count\n1,1,1,1,0\n", "count" },
        { HEAD "a,1000,1024,1,5,A|B|C|D|E|F|G|H|I|J|K|L|M|N|O|P|Q\n", "gpu_spec" },
};

static void refuses_what_is_no_trace(void **state) {
        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
                struct demand d = { 0 };
                struct err e = { 0 };
                assert_refused(read_text(&d, wrong[i].text, &e), &e, wrong[i].says);
                demand_done(&d);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(equal_requests_are_one_shape), cmocka_unit_test(a_count_column_multiplies),
                cmocka_unit_test(gpu_specs_are_kept_apart),     cmocka_unit_test(several_part_gpus_are_noted),
                cmocka_unit_test(refuses_what_is_no_trace),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
