"""What one pod takes from a node: by hand, by the real scheduler, and by carve. The table is data/requests.yaml.

`test_scheduler` keeps the table honest: it needs no carve. `test_carve` asks carve about the same pods, as a person wrote them and as
the API server stores them (defaults filled in, bound to a node), in YAML and in JSON.
"""

import copy
import json
import math
from decimal import Decimal
from pathlib import Path

import pytest
import yaml
from kubernetes.utils.quantity import parse_quantity

from cluster import wait_for

DATA = Path(__file__).parent / "data"
CASES = yaml.safe_load((DATA / "requests.yaml").read_text())
QUANTITIES = [line for line in (DATA / "quantities.txt").read_text().splitlines() if line and not line.startswith("#")]
LEAST = {"cpu": Decimal("0.001"), "memory": Decimal(1), "nvidia.com/gpu": Decimal(1)}  # the step by which a node is made too small
MIB = 1024 * 1024
# Numbers that YAML 1.1 has and YAML 1.2 has not: carve may refuse them, but must not read another amount than Kubernetes does.
YAML_11_NUMBERS = {"0x40000000", "07777777777", "0o7777777777", "1_000_000"}

each_case = pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])


def pod_of(case, name, node=None):
    spec = copy.deepcopy(case["spec"])
    for container in spec.get("initContainers", []) + spec["containers"]:
        container["image"] = "example.com/image:1"
    if node:
        spec["nodeSelector"] = {"kubernetes.io/hostname": node}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": spec}


def sizes_of(case):
    """{node name: what it has}: one that is exactly large enough, and one for each resource that is too small by the least step."""
    exact = {resource: parse_quantity(amount) for resource, amount in case["take"].items()}
    sizes = {"exact": exact}
    for resource, amount in exact.items():
        if amount > 0:
            sizes[f"less-{resource.split('/')[-1]}"] = {**exact, resource: amount - LEAST[resource]}
    return sizes


def verdict(cluster, namespace, name):
    """Whether the scheduler bound the pod: "bound" or why not; None while it has not said anything."""
    pod = cluster.core.read_namespaced_pod(name, namespace)
    if pod.spec.node_name:
        return "bound"
    return next((c.message for c in pod.status.conditions or [] if c.type == "PodScheduled"), None)


def create(cluster, namespace, case, objects):
    if "objects" in case:
        cluster.apply(case["objects"], namespace)
    cluster.apply(objects, namespace)


@each_case
def test_scheduler(cluster, namespace, add_node, case):
    nodes = {size: f"{namespace}-{size}" for size in sizes_of(case)}
    for size, amounts in sizes_of(case).items():
        add_node(nodes[size], amounts)
    create(cluster, namespace, case, [pod_of(case, size, node) for size, node in nodes.items()])

    for size in nodes:
        said = wait_for(f"the scheduler decides about {size}", lambda s=size: verdict(cluster, namespace, s), 30, cluster.check)
        if size == "exact":
            assert said == "bound", f"a node of {case['take']} is too small: {said}"
        else:
            resource = next(r for r in LEAST if r.endswith(size.removeprefix("less-")))
            assert f"Insufficient {resource}" in said, f"a node with less {resource} than {case['take']} answers: {said}"


def shape_of(plan):
    assert len(plan["workloads"]) == 1, plan["workloads"]
    return {key: plan["workloads"][0]["shape"][key] for key in ("cpuMilli", "memoryMib", "gpus")}


def shape_expected(case):
    take = {resource: parse_quantity(amount) for resource, amount in case["take"].items()}
    return {
        "cpuMilli": math.ceil(take["cpu"] * 1000),
        "memoryMib": math.ceil(take["memory"] / MIB),
        "gpus": int(take["nvidia.com/gpu"]),
    }


@each_case
def test_carve(cluster, namespace, add_node, carve, case):
    expected = shape_expected(case)
    written = pod_of(case, "pod")
    if not case.get("only_stored"):
        assert shape_of(carve.plan(yaml.safe_dump(written))) == expected, "as written"

    add_node(f"{namespace}-exact", sizes_of(case)["exact"])  # the only node of this moment that can take it
    create(cluster, namespace, case, [written])
    wait_for("the scheduler binds the pod", lambda: verdict(cluster, namespace, "pod") == "bound", 30, cluster.check)
    stored = cluster.kubectl("-n", namespace, "get", "pod", "pod", "-o", "json")
    assert shape_of(carve.plan(stored)) == expected, "as stored, JSON"
    stored = cluster.kubectl("-n", namespace, "get", "pod", "pod", "-o", "yaml")
    assert shape_of(carve.plan(stored)) == expected, "as stored, YAML"


@pytest.mark.parametrize("quantity", QUANTITIES)
def test_quantity(cluster, carve, quantity):
    manifest = (
        "apiVersion: v1\nkind: Pod\nmetadata: { name: pod }\nspec:\n  containers:\n  - name: main\n    image: example.com/image:1\n"
        f"    resources:\n      limits: {{ nvidia.com/gpu: 1 }}\n      requests:\n        memory: {quantity}\n"
    )
    answer = cluster.kubectl("apply", "--server-side", "--dry-run=server", "-o", "json", "-f", "-", stdin=manifest, check=False)
    if answer.returncode != 0 or quantity in YAML_11_NUMBERS and carve.run("plan", "-", stdin=manifest).returncode != 0:
        carve.refuses(manifest)
        return

    stored = json.loads(answer.stdout)["spec"]["containers"][0]["resources"]
    memory = parse_quantity(stored.get("requests", {}).get("memory", 0))
    assert shape_of(carve.plan(manifest))["memoryMib"] == math.ceil(memory / MIB)
