/* Policies: who is matched, what is set, what is refused and where. */
#include "../../unit.h"
#include "core/plan/policy.h"

#define HEAD "apiVersion: carve.dev/v1alpha1\nkind: PlanPolicy\nrules:\n"

static struct demand d;
static const struct label nlp[] = { { "team", "nlp" } };

static void add(const char *kind, const char *namespace, const char *name, const struct label *labels, uint32_t label_count) {
        struct workload *w;
        struct err e;

        assert_ok(demand_add(&d, &w, &e), &e);
        w->kind = kind;
        w->namespace = namespace;
        w->name = name;
        w->labels = labels;
        w->label_count = label_count;
}

static int setup(void **state) {
        (void)state;
        add("StatefulSet", "research", "notebook-ann", nlp, 1);
        add("Deployment", "research", "notebook-bob", NULL, 0);
        add("Deployment", "prod", "asr", nlp, 1);
        return 0;
}

static int teardown(void **state) {
        (void)state;
        demand_done(&d);
        return 0;
}

static int apply(const char *text, struct err *e) {
        struct doc_reader *reader = doc_reader_new("p.yaml", text, strlen(text));
        const struct doc_node *root;

        int r = doc_reader_next(reader, &root, e);
        r = r > 0 ? policy_apply(&d, "p.yaml", root, e) : r;
        doc_reader_free(reader);
        return r;
}

static void sets_everything(void **state) {
        (void)state;
        struct err e;

        assert_ok(apply(HEAD "- match: {namespace: research, name: \"notebook-*\", kind: StatefulSet, labels: {team: nlp}}\n"
                             "  set: {mode: mps, isolation: memory, latencyClass: interactive, headroomPercent: 30, belowRequest: true,\n"
                             "        gpus: [l4, A100-80GB], capacityTypes: [spot, reserved]}\n",
                        &e),
                  &e);
        const struct workload *w = &d.workloads[0];
        assert_true(w->mode_forced);
        assert_int_equal(w->forced_mode, GPU_MPS);
        assert_int_equal(w->isolation, ISOLATION_MEMORY);
        assert_int_equal(w->latency, LATENCY_INTERACTIVE);
        assert_int_equal(w->headroom_percent, 30);
        assert_true(w->below_request);
        assert_true(w->gpus_allowed == ((UINT64_C(1) << gpu_model_index(gpu_model_find("l4"))) |
                                        (UINT64_C(1) << gpu_model_index(gpu_model_find("A100-80GB")))));
        assert_int_equal(w->capacity_allowed, 1 << CAPACITY_SPOT | 1 << CAPACITY_RESERVED);
        assert_false(d.workloads[1].mode_forced); /* a Deployment without the label */
        assert_false(d.workloads[2].mode_forced); /* another namespace */
}

static void later_rules_win(void **state) {
        (void)state;
        struct err e;

        assert_ok(apply(HEAD "- set: {headroomPercent: 10, mode: time-slicing}\n"
                             "- match: {namespace: prod}\n"
                             "  set: {headroomPercent: 50}\n",
                        &e),
                  &e);
        assert_int_equal(d.workloads[0].headroom_percent, 10);
        assert_int_equal(d.workloads[2].headroom_percent, 50);
        assert_int_equal(d.workloads[2].forced_mode, GPU_TIME_SLICING);
}

static const struct {
        const char *text, *says;
} wrong[] = {
        { "kind: PlanPolicy\nrules: []\n", "apiVersion: carve.dev/v1alpha1" },
        { "apiVersion: carve.dev/v1alpha1\nkind: NodePool\nrules: []\n", "p.yaml:2:7" },
        { "apiVersion: carve.dev/v1alpha1\nkind: PlanPolicy\n", "rules" },
        { HEAD "- match: {nmae: x}\n  set: {mode: mps}\n", "p.yaml:4:11: match: unknown key 'nmae' (did you mean name" },
        { HEAD "- set: {latencyclass: batch}\n", "did you mean latencyClass" },
        { HEAD "- set: {mode: mpss}\n", "p.yaml:4:15: unknown word 'mpss' (did you mean mps" },
        { HEAD "- match: {name: x}\n", "without set" },
        { HEAD "- set: {headroomPercent: -1}\n", "0..1000" },
        { HEAD "- set: {headroomPercent: lots}\n", "0..1000" },
        { HEAD "- set: {belowRequest: maybe}\n", "true or false" },
        { HEAD "- set: {gpus: [l44]}\n", "unknown word 'l44'" },
        { HEAD "- set: {gpus: []}\n", "at least one" },
        { HEAD "- set: {capacityTypes: spot}\n", "expected a list" },
        { HEAD "- match: {labels: [a]}\n  set: {mode: mps}\n", "labels: expected a map" },
        { HEAD "- match: {name: {a: b}}\n  set: {mode: mps}\n", "expected a name or pattern" },
        { HEAD "- 3\n", "expected a map" },
        { "- 3\n", "expected a map" },
};

static void refuses_what_is_no_policy(void **state) {
        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
                struct err e = { 0 };
                assert_refused(apply(wrong[i].text, &e), &e, wrong[i].says);
        }
}

/* A wrong rule is refused even where an earlier one would have been applied: nothing is half done. */
static void all_or_nothing(void **state) {
        (void)state;
        struct err e = { 0 };

        assert_refused(apply(HEAD "- set: {headroomPercent: 10}\n- match: {namespace: nowhere}\n  set: {mode: x}\n", &e), &e, "'x'");
        assert_int_equal(d.workloads[0].headroom_percent, -1);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(sets_everything, setup, teardown),
                cmocka_unit_test_setup_teardown(later_rules_win, setup, teardown),
                cmocka_unit_test_setup_teardown(refuses_what_is_no_policy, setup, teardown),
                cmocka_unit_test_setup_teardown(all_or_nothing, setup, teardown),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
