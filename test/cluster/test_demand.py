"""How many pods at the same time, and of what size: carve's answer against the pods that the real controllers make of the same objects.

`kubectl get all` shows a Deployment, its ReplicaSets and their pods side by side. They are one demand, not three.
"""

import json
from collections import Counter
from pathlib import Path

import pytest
import yaml

from cluster import wait_for

MANIFEST = (Path(__file__).parent / "data/demand.yaml").read_text()
OBJECTS = list(yaml.safe_load_all(MANIFEST))
SHOWN = "all,horizontalpodautoscalers"  # `all` leaves nothing else out that makes pods
GPU = "nvidia.com/gpu"


def gpus_of(pod):
    return sum(int(c["resources"].get("requests", {}).get(GPU, 0)) for c in pod["spec"]["containers"])


def owner_of(thing, by_uid):
    """(kind, name) of what stands at the top: the Deployment of a pod of its ReplicaSet."""
    while owners := thing["metadata"].get("ownerReferences"):
        thing = by_uid[owners[0]["uid"]]
    return thing["kind"], thing["metadata"]["name"]


def pods_with_gpu(listed):
    """{(kind, name) of the topmost owner: pods with GPUs}, counted from the pods that exist."""
    by_uid = {thing["metadata"]["uid"]: thing for thing in listed}
    return Counter(owner_of(t, by_uid) for t in listed if t["kind"] == "Pod" and gpus_of(t))


def list_all(cluster, namespace, form="json"):
    return cluster.kubectl("-n", namespace, "get", SHOWN, "-o", form)


def by_workload(plan, value):
    """{(kind, name): value(workload)}; carve's names have the namespace in front."""
    found = {(w["kind"], w["name"].removeprefix(f"{w['namespace']}/")): value(w) for w in plan["workloads"]}
    assert len(found) == len(plan["workloads"]), f"a workload stands twice in {[w['name'] for w in plan['workloads']]}"
    return found


def replicas_of(plan):
    return by_workload(plan, lambda w: w["replicas"])


def shapes_of(plan):
    return by_workload(plan, lambda w: [w["shape"][key] for key in ("cpuMilli", "memoryMib", "gpus")])


def wait_for_pods(cluster, namespace, expected):
    def counted():
        return pods_with_gpu(json.loads(list_all(cluster, namespace))["items"])

    last = {}

    def settled():
        last.update(counted=counted())
        return last["counted"] == expected

    try:
        wait_for("the controllers make all pods", settled, 60, cluster.check)
    except TimeoutError:
        pytest.fail(f"the controllers made {last['counted']}, not {expected}")


# What the manifest asks for, by hand: the pods of this moment. The HPA starts `scaled` at its minimum.
PODS_NOW = {
    ("Deployment", "fixed"): 3,
    ("Deployment", "scaled"): 2,
    ("ReplicaSet", "bare-set"): 2,
    ("StatefulSet", "notebooks"): 2,
    ("Job", "many"): 4,
    ("Job", "few"): 2,
    ("Job", "queue"): 3,
    ("Pod", "alone"): 1,
}
# The largest number at the same time: what must be paid for.
DEMAND = {**PODS_NOW, ("Deployment", "scaled"): 9}


@pytest.fixture
def workloads(cluster, namespace):
    """The namespace with everything of the manifest in it, and all pods made."""
    cluster.apply(MANIFEST, namespace)
    wait_for_pods(cluster, namespace, PODS_NOW)
    return namespace


def test_controllers(workloads):
    """The table PODS_NOW is what Kubernetes does."""


def test_carve_as_written(carve):
    assert replicas_of(carve.plan(MANIFEST)) == DEMAND


@pytest.mark.parametrize("form", ["json", "yaml"])
def test_carve_as_stored(cluster, carve, workloads, form):
    stored = carve.plan(list_all(cluster, workloads, form))
    assert replicas_of(stored) == DEMAND
    assert shapes_of(stored) == shapes_of(carve.plan(MANIFEST))


def test_carve_during_a_rollout(cluster, carve, workloads):
    """No pod becomes ready here, so a rollout stops with one new pod beside the old ones. The demand stays what the Deployment says."""
    template = {"spec": {"template": {"metadata": {"annotations": {"version": "2"}}}}}
    cluster.kubectl("-n", workloads, "patch", "deployment", "fixed", "-p", json.dumps(template))
    wait_for_pods(cluster, workloads, {**PODS_NOW, ("Deployment", "fixed"): 4})
    assert replicas_of(carve.plan(list_all(cluster, workloads))) == DEMAND


def test_carve_leaves_finished_pods_out(cluster, carve, workloads):
    cluster.core.patch_namespaced_pod_status("alone", workloads, {"status": {"phase": "Succeeded"}})
    expected = {key: count for key, count in DEMAND.items() if key != ("Pod", "alone")}
    assert replicas_of(carve.plan(list_all(cluster, workloads))) == expected
