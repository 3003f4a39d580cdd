#include "scenario_of.h"

#define HEAD "apiVersion: sim.carve.dev/v1alpha1\nkind: Scenario\n"
#define A100 HEAD "gpus:\n- model: A100-80GB\n  layout: 3g.40gb@4,1g.10gb@0\n"

/* Each row is a wrong scenario and what is said of it; lines and columns are counted by hand. */
static const struct {
        const char *text, *said;
} wrong[] = {
        /* the whole */
        { "", "s.yaml:1:1: expected a scenario, found nothing" },
        { "- a\n", "s.yaml:1:1: expected a scenario (a map), found a list" },
        { "gpus: [{model: l4}]\n", "s.yaml:1:1: a scenario begins with apiVersion: sim.carve.dev/v1alpha1 and kind: Scenario" },
        { "apiVersion: sim.carve.dev/v1\nkind: Scenario\n",
          "s.yaml:1:13: apiVersion: 'sim.carve.dev/v1' is not one of sim.carve.dev/v1alpha1" },
        { "apiVersion: sim.carve.dev/v1alpha1\nkind: Scenery\n", "s.yaml:2:7: kind: 'Scenery' is not one of Scenario" },
        { "kind: Scenario\n\tgpus: 1\n", "s.yaml:2:" },
        { HEAD "gpu:\n- model: l4\n", "s.yaml:3:1: a scenario has no 'gpu' (did you mean gpus?)" },
        { HEAD, "s.yaml:1:1: a scenario needs gpus, at least one" },
        { HEAD "gpus: []\n", "s.yaml:3:7: a scenario needs gpus, at least one" },
        { HEAD "gpus: 8\n", "s.yaml:3:7: gpus: expected a list, found a whole number" },
        { HEAD "driver: [590]\ngpus: [{model: l4}]\n", "s.yaml:3:9: driver: expected a text, found a list" },
        { HEAD "driver: 590.x\ngpus: [{model: l4}]\n", "s.yaml:3:9: driver: '590.x' is not a driver version" },
        { HEAD "driver: 440.33.01\ngpus: [{model: l4}]\n", "s.yaml:3:9: driver: driver 440.33.01 is older than R450" },
        { HEAD "driver: 591\ngpus: [{model: l4}]\n",
          "s.yaml:3:9: driver: no release of a driver branch 591 is known: give a whole version" },
        { HEAD "seed: -1\ngpus: [{model: l4}]\n", "s.yaml:3:7: seed: -1 is not in 0..9007199254740991" },
        { HEAD "seed: many\n", "s.yaml:3:7: seed: expected a whole number in 0..9007199254740991, found a string" },
        { HEAD "jitterPercent: 101\n", "s.yaml:3:16: jitterPercent: 101 is not in 0..100" },
        { HEAD "nvswitch: 1\n", "s.yaml:3:11: nvswitch: expected true or false, found a whole number" },
        { HEAD "migUuids: rnadom\n", "s.yaml:3:11: migUuids: 'rnadom' is not one of stable, random (did you mean random?)" },
        /* GPUs */
        { HEAD "gpus:\n- model: l4\n  product: \"a\\nb\"\n", "s.yaml:5:12: product: expected a text without control characters" },
        { HEAD "gpus:\n- model: l4\nprocesses:\n- {gpu: 0, name: \"\\e[31m\"}\n", "s.yaml:6:18: name: expected a text without control" },
        { HEAD "gpus:\n- model: l4\n---\n" HEAD, "s.yaml:6:1: a second document: a file holds one scenario" },
        { HEAD "gpus:\n- l4\n", "s.yaml:4:3: expected a GPU (a map), found a string" },
        { HEAD "gpus:\n- count: 2\n", "s.yaml:4:3: a GPU needs its model" },
        { HEAD "gpus:\n- model: A100-81GB\n", "s.yaml:4:10: model: no GPU model 'A100-81GB' is known (did you mean A100-80GB" },
        { HEAD "gpus:\n- model: l4\n  cuont: 2\n", "s.yaml:5:3: a GPU has no 'cuont' (did you mean count?)" },
        { HEAD "gpus:\n- model: l4\n  count: 17\n", "s.yaml:5:10: count: 17 is not in 1..16" },
        { HEAD "gpus:\n- {model: l4, count: 9}\n- {model: t4, count: 8}\n", "s.yaml:5:3: more than 16 GPUs" },
        { HEAD "gpus:\n- model: l4\n  mig: true\n", "s.yaml:4:10: model: 'l4' has no MIG" },
        { HEAD "gpus:\n- model: l4\n  load: {gpuPercent: 120}\n", "s.yaml:5:22: gpuPercent: 120 is not in 0..100" },
        { HEAD "gpus:\n- model: l4\n  load: {power: 120}\n", "s.yaml:5:10: load has no 'power'" },
        { HEAD "gpus:\n- model: l4\n  powerLimitWatts: 5000\n", "s.yaml:4:3: powerLimitWatts: l4 allows " },
        { HEAD "gpus:\n- model: l4\n  computeMode: exclusive\n", "s.yaml:5:16: computeMode: 'exclusive' is not one of default, " },
        /* slices */
        { HEAD "gpus:\n- model: l4\n  layout: 1g.10gb\n", "s.yaml:5:11: layout: L4 has no MIG" },
        { HEAD "gpus:\n- model: A100-80GB\n  mig: false\n  layout: 1g.10gb\n", "s.yaml:6:11: layout: slices need MIG, and mig is false" },
        { HEAD "gpus:\n- model: A100-80GB\n  layout: 1g.10gb,3g.40gbb\n",
          "s.yaml:5:19: layout: A100-80GB has no slice '3g.40gbb' (did you mean 3g.40gb" },
        { HEAD "gpus:\n- model: A100-80GB\n  layout: \"1g.10gb, 1g.5gb\"\n", "s.yaml:5:21: layout: A100-80GB has no slice '1g.5gb'" },
        { HEAD "gpus:\n- model: A100-80GB\n  layout: 1g.10gb@\n",
          "s.yaml:5:11: layout: '1g.10gb@': expected the first memory slice behind the '@'" },
        { HEAD "gpus:\n- model: A100-80GB\n  layout: 1g.10gb,\n",
          "s.yaml:5:19: layout: expected a slice as 1g.10gb, 1g.10gb@0 or 1g.10gb:3" },
        { HEAD "gpus:\n- model: A100-80GB\n  layout: 1g.10gb:x\n", "s.yaml:5:11: layout: '1g.10gb:x': expected how many behind the ':'" },
        { HEAD "gpus:\n- model: A100-80GB\n  layout: 1g.10gb:0\n", "s.yaml:5:11: layout: '1g.10gb:0': expected how many behind the ':'" },
        { HEAD "gpus:\n- model: A100-80GB\n  layout: 1g.10gb@0:2\n", "s.yaml:5:11: layout: '1g.10gb@0:2': a slice with a start is one" },
        { HEAD "gpus:\n- model: A100-80GB\n  layout: 1g.10gb:9\n", "s.yaml:5:11: layout: more than 8 slices" },
        { HEAD "gpus:\n- model: A100-80GB\n  layout: 1g.10gb 1g.10gb\n", "layout: slices are separated by ','" },
        { HEAD "gpus:\n- model: A100-80GB\n  layout: 7\n", "s.yaml:5:11: layout: expected slices" },
        { HEAD "gpus:\n- model: A100-80GB\n  layout: 2g.20gb@1\n", "s.yaml:5:11: layout: 2g.20gb cannot start at memory slice 1" },
        { HEAD "gpus:\n- model: A100-80GB\n  layout: 3g.40gb@4,1g.10gb@5\n",
          "s.yaml:5:21: layout: 1g.10gb at 5 would overlap the 3g.40gb at 4" },
        { HEAD "gpus:\n- model: A100-80GB\n  layout:\n  - 4g.40gb\n  - 4g.40gb\n", "s.yaml:7:5: layout: no place is left for a 4g.40gb" },
        { HEAD "gpus:\n- model: A100-80GB\n  layout: [{start: 4}]\n", "s.yaml:5:12: a slice needs its profile" },
        { HEAD "gpus:\n- model: A100-80GB\n  layout: [{profile: 1g.10gb, start: 4, count: 2}]\n",
          "s.yaml:5:12: a slice with a start is one" },
        { HEAD "gpus:\n- model: A100-80GB\n  layout: [{profile: 1g.10gb, count: 9}]\n", "s.yaml:5:38: count: 9 is not in 1..8" },
        { HEAD "gpus:\n- model: A100-80GB\n  layout: [{profile: 3g.40gb, compute: [4c]}]\n",
          "s.yaml:5:41: compute: expected the size of a compute instance of 3g.40gb" },
        { HEAD "gpus:\n- model: A100-80GB\n  layout: [{profile: 3g.40gb, compute: [2c, 2c]}]\n",
          "s.yaml:5:12: compute: the compute instances need more than the 3 compute slices of 3g.40gb" },
        { HEAD "driver: 460.32.03\ngpus:\n- model: A100-80GB\n  layout: 1g.10gb+me@0\n",
          "s.yaml:6:11: layout: driver 460.32.03 has no slice 1g.10gb+me" },
        /* processes */
        { A100 "processes: {gpu: 0}\n", "s.yaml:6:12: processes: expected a list, found a map" },
        { A100 "processes:\n- name: x\n", "s.yaml:7:3: a process needs its gpu" },
        { A100 "processes:\n- {gpu: 1, slice: \"0\"}\n", "s.yaml:7:3: no GPU 1: the node has GPU 0 alone" },
        { A100 "processes:\n- {gpu: 0}\n", "s.yaml:7:3: MIG is on on GPU 0" },
        { A100 "processes:\n- {gpu: 0, slice: 3g.40gb@0}\n", "s.yaml:7:3: GPU 0 has no slice 3g.40gb@0: it has 1g.10gb@0, 3g.40gb@4" },
        { A100 "processes:\n- {gpu: 0, slice: 1g.10gb@0, memory: 4 GB}\n",
          "s.yaml:7:38: memory: expected a quantity as 4Gi or 500Mi, found '4 GB'" },
        { A100 "processes:\n- {gpu: 0, slice: 1g.10gb@0, memory: 40Gi}\n", "s.yaml:7:3: GPU 0 slice 1g.10gb@0 has " },
        { A100 "processes:\n- {gpu: 0, slice: 1g.10gb@0, pid: 5, count: 2}\n", "s.yaml:7:3: a process with a pid is one" },
        { A100 "processes:\n- {gpu: 0, slice: 1g.10gb@0, kind: cuda}\n", "s.yaml:7:36: kind: 'cuda' is not one of compute, graphics, mps" },
        { A100 "processes:\n- {gpu: 0, slice: 1g.10gb@0, pid: 0}\n", "s.yaml:7:35: pid: 0 is not in 1..4194304" },
        /* faults */
        { A100 "faults:\n- gpu: 0\n", "s.yaml:7:3: a fault needs what happens" },
        { A100 "faults:\n- inject: xdi\n",
          "s.yaml:7:11: inject: 'xdi' is not one of xid, ecc, lost, hang, slow, fail, fail-create, client (did you mean xid?)" },
        { A100 "faults:\n- {inject: xid, gpu: 0}\n", "s.yaml:7:3: xid needs the number of the XID" },
        { A100 "faults:\n- {inject: slow, gpu: 0}\n", "s.yaml:7:3: slow needs ms" },
        { A100 "faults:\n- {inject: lost, gpu: 0, ms: 5}\n", "s.yaml:7:3: lost has no ms" },
        { A100 "faults:\n- {inject: lost, gpu: 5}\n", "s.yaml:7:3: no GPU 5" },
        { A100 "faults:\n- {inject: hang, call: nvmlDeviceGetNaem}\n",
          "s.yaml:7:3: NVML has no function 'nvmlDeviceGetNaem' (did you mean nvmlDeviceGetName" },
        { A100 "faults:\n- {inject: fail, code: IN_USED}\n", "s.yaml:7:3: 'IN_USED' is no code of NVML" },
};

static void says_where_and_what(void **state) {
        (void)state;
        for (unsigned i = 0; i < ARRAY_SIZE(wrong); i++) {
                struct err e = { 0 };
                assert_refused(node_of_text(wrong[i].text, NULL, &e), &e, wrong[i].said);
                assert_int_equal(e.code, ERR_INPUT);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = { cmocka_unit_test(says_where_and_what) };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
