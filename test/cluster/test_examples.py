"""Every example that the project ships is what a real API server accepts, to the last field name."""

import contextlib

import pytest
from cluster import wait_for
from manifests import KINDS, crd_of, pod_specs_in, shipped

EXAMPLES = shipped()
each_example = pytest.mark.parametrize("path", EXAMPLES)


@contextlib.contextmanager
def namespaces_of(cluster, objects):
    """The namespaces that the objects name, as far as nobody has made them."""
    wanted = {o["metadata"]["namespace"] for o in objects if "namespace" in o["metadata"]}
    wanted |= {o["metadata"]["name"] for o in objects if o["kind"] == "Namespace"}
    made = sorted(wanted - {n.metadata.name for n in cluster.core.list_namespace().items})
    for name in made:
        cluster.add_namespace(name)
    yield
    for name in made:
        cluster.remove_namespace(name)
    wait_for(f"namespaces {made} are gone", lambda: not wanted & {n.metadata.name for n in cluster.core.list_namespace().items}, 60)


def custom_kinds_of(objects):
    return [KINDS[key] for key in {(o["apiVersion"], o["kind"]) for o in objects} if key in KINDS]


def add_kinds(cluster, objects):
    crds = [crd_of(kind) for kind in custom_kinds_of(objects)]
    if crds:
        cluster.apply(crds)
        names = [f"crd/{crd['metadata']['name']}" for crd in crds]
        cluster.kubectl("wait", "--for=condition=Established", "--timeout=30s", *names)


def apply_all(cluster, objects, namespace, *options):
    """Those without a namespace of their own go to the test's: kubectl takes no -n that contradicts an object."""
    own = [o for o in objects if "namespace" in o["metadata"]]
    rest = [o for o in objects if "namespace" not in o["metadata"]]
    return [s for group, scope in ((rest, namespace), (own, None)) if group for s in cluster.apply(group, scope, *options)]


def identities(objects):
    return sorted((o["kind"], o["metadata"]["name"]) for o in objects)


def test_there_are_examples():
    assert EXAMPLES, "no manifest found under examples/"


@each_example
def test_accepted(cluster, namespace, path):
    objects = EXAMPLES[path]
    add_kinds(cluster, objects)
    with namespaces_of(cluster, objects):
        apply_all(cluster, objects, namespace, "--dry-run=server")
        stored = apply_all(cluster, objects, namespace)
        assert identities(stored) == identities(objects)


@pytest.mark.parametrize("path", [path for path, objects in EXAMPLES.items() if custom_kinds_of(objects)])
def test_pods_of_custom_kinds_accepted(cluster, namespace, path):
    customs = [o for o in EXAMPLES[path] if (o["apiVersion"], o["kind"]) in KINDS]
    specs = [spec for o in customs for spec in pod_specs_in(o)]
    pods = [{"apiVersion": "v1", "kind": "Pod", "metadata": {"name": f"pod-{i}"}, "spec": spec} for i, spec in enumerate(specs)]
    assert pods, "no pod template found"
    cluster.apply(pods, namespace, "--dry-run=server")
