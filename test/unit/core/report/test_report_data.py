#!/usr/bin/env python3
"""The JSON of a plan, read and recounted by a reader that is not ours; the YAML must say the same.

usage: test_report_data.py RENDER_FIXTURE
"""

import collections
import itertools
import json
import subprocess
import sys

try:
    import yaml
except ImportError:
    yaml = None


def render(plan, form):
    return subprocess.run([sys.argv[1], plan, form], stdout=subprocess.PIPE, check=True).stdout.decode("utf-8")


def without_duplicates(pairs):
    keys = [key for key, _ in pairs]
    assert len(keys) == len(set(keys)), keys
    return dict(pairs)


def recount(plan):
    """Everything that can be counted twice must come out the same."""
    shapes = {w["name"]: w["shape"] for w in plan["workloads"]}
    assert len(shapes) == len(plan["workloads"]), "names are not unique"
    cost, placed = 0, collections.Counter()
    for node in plan["nodes"]:
        cost += node["count"] * node["usdPerHour"]
        slices, wanted = collections.Counter(), collections.Counter()
        for gpu in node["gpus"]:
            assert sum(s["milli"] for s in gpu["slices"]) <= 1000
            for s in gpu["slices"]:
                assert s["milli"] == shapes[s["workload"]]["gpuMilli"]
                slices[s["workload"]] += 1
            starts = sorted((s["start"], s["size"]) for s in gpu["slices"] if s["mode"] == "mig")
            assert all(a + size <= b for (a, size), (b, _) in itertools.pairwise(starts)), "MIG slices overlap"
        for pods in node["pods"]:
            wanted[pods["workload"]] += pods["count"] * shapes[pods["workload"]]["gpus"]
            placed[pods["workload"]] += pods["count"] * node["count"]
        assert slices == wanted
    for left in plan["unplaced"]:
        placed[left["workload"]] += left["count"]
    assert abs(cost - plan["cost"]["planUsdPerHour"]) < 0.01
    assert placed == collections.Counter({w["name"]: w["replicas"] for w in plan["workloads"]})


def check(name):
    text = render(name, "json")
    plan = json.loads(text, object_pairs_hook=without_duplicates)
    assert (plan["apiVersion"], plan["kind"]) == ("carve.dev/v1alpha1", "Plan")
    assert plan["cost"].keys() >= {"todayUsdPerHour", "planUsdPerHour", "boundUsdPerHour", "gapPercent", "savingPercent", "todayIs"}
    assert plan["solver"].keys() >= {"seconds", "iterations", "columns", "proved"}
    for w in plan["workloads"]:
        assert w.keys() >= {"name", "namespace", "kind", "replicas", "shape", "today", "measured", "slice", "reason", "risk"}
        assert w["slice"].keys() >= {"mode", "profile", "count", "gpu"}
        assert w["slice"]["mode"] in ("mig", "mps", "time-slicing", "whole")
    recount(plan)
    if yaml and len(text) < 1_000_000:
        loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
        assert yaml.load(render(name, "yaml"), Loader=loader) == plan
    return plan


cluster = check("cluster")
assert cluster["workloads"][0]["name"] == "serving/chat-api"
assert cluster["workloads"][0]["measured"]["memoryP99Mib"] == 6042
assert cluster["workloads"][3]["measured"] is None
assert cluster["unplaced"] == [
    {"workload": "lab/giant", "count": 2, "reason": "asks for 16 GPUs on one node; the largest allowed instance has 8"}
]
assert cluster["cost"]["planUsdPerHour"] == 87.2829  # 2 x 27.44705 + 21 x 1.3232 + 4.6016
assert cluster["nodes"][1]["gpus"][0]["layout"] == "2g.20gb@0,1g.10gb@2,1g.10gb@3,3g.40gb@4"
check("hostile")
check("nothing")
check("trace")
assert len(check("large")["workloads"]) == 21000
if not yaml:
    print("PyYAML is not installed: the YAML was not read back")
