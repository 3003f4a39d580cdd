"""The Kubernetes manifests that the project ships, and what is in them."""

from pathlib import Path

import yaml

from cluster import ROOT

HERE = Path(__file__).parent
KINDS = {(k["apiVersion"], k["kind"]): k for k in yaml.safe_load((HERE / "data/kinds.yaml").read_text())}
OURS = "carve.dev"  # files of carve itself (a policy, say, or a scenario of sim.carve.dev), not objects of a cluster


def objects_in(path):
    """The Kubernetes objects of a file; [] if it is another kind of YAML file."""
    documents = [d for d in yaml.safe_load_all(path.read_text()) if d]
    if not all(isinstance(d, dict) and "apiVersion" in d and "kind" in d for d in documents):
        return []
    flat = [item for d in documents for item in (d["items"] if d["kind"] == "List" else [d])]
    return [o for o in flat if not o["apiVersion"].split("/")[0].endswith(OURS)]


def shipped():
    """{path from the project's root: objects} of every example that holds any."""
    paths = sorted(p for end in ("yaml", "yml") for p in (ROOT / "examples").rglob(f"*.{end}"))
    found = {str(p.relative_to(ROOT)): objects_in(p) for p in paths}
    return {path: objects for path, objects in found.items() if objects}


def crd_of(kind):
    """The least CRD under which the API server takes objects of a kind of data/kinds.yaml."""
    group, version = kind["apiVersion"].split("/")
    anything = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    names = {"kind": kind["kind"], "plural": kind["plural"], "singular": kind["kind"].lower()}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        # Groups of kubernetes.io and k8s.io are reserved; this annotation says that the use is a private one.
        "metadata": {"name": f"{kind['plural']}.{group}", "annotations": {"api-approved.kubernetes.io": "unapproved, a test"}},
        "spec": {
            "group": group,
            "scope": kind.get("scope", "Namespaced"),
            "names": names,
            "versions": [{"name": version, "served": True, "storage": True, "schema": {"openAPIV3Schema": anything}}],
        },
    }


def pod_specs_in(value):
    """The spec of every pod template inside: a map `spec` with a list of containers."""
    if isinstance(value, dict):
        spec = value.get("spec")
        if isinstance(spec, dict) and isinstance(spec.get("containers"), list):
            yield spec
        for inner in value.values():
            yield from pod_specs_in(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from pod_specs_in(inner)
