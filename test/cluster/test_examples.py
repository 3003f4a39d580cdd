"""Every example that the project ships is what a real API server accepts, to the last field name."""

import pytest

from manifests import KINDS, crd_of, pod_specs_in, shipped

EXAMPLES = shipped()
each_example = pytest.mark.parametrize("path", EXAMPLES)


def add_namespaces(cluster, objects):
    """The namespaces that the objects name. They stay, empty: to remove one takes seconds, and another example may name it too."""
    wanted = {o["metadata"]["namespace"] for o in objects if "namespace" in o["metadata"]}
    wanted |= {o["metadata"]["name"] for o in objects if o["kind"] == "Namespace"}
    for name in sorted(wanted - {n.metadata.name for n in cluster.core.list_namespace().items}):
        cluster.add_namespace(name)


def is_custom(thing):
    return (thing["apiVersion"], thing["kind"]) in KINDS


def add_kinds(cluster, objects):
    wanted = {(o["apiVersion"], o["kind"]) for o in objects if is_custom(o)}
    crds = [crd_of(KINDS[key]) for key in sorted(wanted)]
    if crds:
        cluster.apply(crds)
        names = [f"crd/{crd['metadata']['name']}" for crd in crds]
        cluster.kubectl("wait", "--for=condition=Established", "--timeout=30s", *names)


def for_kubectl(objects, namespace):
    """(namespace option, objects) for two calls: kubectl takes no namespace that contradicts an object's own."""
    own = [o for o in objects if "namespace" in o["metadata"]]
    rest = [o for o in objects if "namespace" not in o["metadata"]]
    return [(scope, group) for scope, group in ((namespace, rest), (None, own)) if group]


def apply_all(cluster, objects, namespace, *options):
    return [stored for scope, group in for_kubectl(objects, namespace) for stored in cluster.apply(group, scope, *options)]


def delete_all(cluster, objects, namespace):
    """The objects and what controllers made of them, waited for: a DaemonSet left behind would take room on the nodes of later tests."""
    customs = [o for o in objects if is_custom(o)]
    rest = [o for o in objects if not is_custom(o) and o["kind"] != "Namespace"]
    # The garbage collector looks for new kinds twice a minute only; nobody makes anything of a custom object here.
    for cascade, some in (("background", customs), ("foreground", rest)):
        for scope, group in for_kubectl(some, namespace):
            cluster.delete(group, scope, cascade)


def identities(objects):
    return sorted((o["kind"], o["metadata"]["name"]) for o in objects)


def test_there_are_examples():
    assert EXAMPLES, "no manifest found under examples/"


@each_example
def test_accepted(cluster, namespace, path):
    objects = EXAMPLES[path]
    add_kinds(cluster, objects)
    add_namespaces(cluster, objects)
    apply_all(cluster, objects, namespace, "--dry-run=server")
    try:
        assert identities(apply_all(cluster, objects, namespace)) == identities(objects)
    finally:
        delete_all(cluster, objects, namespace)


def pod_specs_of_custom_kinds(path):
    """Those whose kind has pod templates: a KServe model, say, has none."""
    return [spec for o in EXAMPLES[path] if is_custom(o) for spec in pod_specs_in(o)]


@pytest.mark.parametrize("path", [path for path in EXAMPLES if pod_specs_of_custom_kinds(path)])
def test_pods_of_custom_kinds_accepted(cluster, namespace, path):
    specs = pod_specs_of_custom_kinds(path)
    pods = [{"apiVersion": "v1", "kind": "Pod", "metadata": {"name": f"pod-{i}"}, "spec": spec} for i, spec in enumerate(specs)]
    cluster.apply(pods, namespace, "--dry-run=server")
