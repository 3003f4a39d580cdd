"""Every exported function called with what no friendly program would pass, on simulated nodes of all kinds.

Which parameter is what comes from NVIDIA's header; the answers expected are those that its comments and mig-nvml's rules of order give:
UNINITIALIZED, then FUNCTION_NOT_FOUND where the driver is too old, INVALID_ARGUMENT for a handle that is none, GPU_IS_LOST for one of a
lost GPU, and only then what the function has to say.
"""

import json
import os
import re
import site
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import SECONDS, build_folder
from nvml_header import Header

ROOT = Path(__file__).resolve().parents[2]
REAL = Path(site.getsitepackages()[0]) / "nvidia/cu13/include/nvml.h"
CALLER = Path(__file__).with_name("nvml_caller.py")

SUCCESS, UNINITIALIZED, INVALID_ARGUMENT, NOT_SUPPORTED, NOT_FOUND, FUNCTION_NOT_FOUND, GPU_IS_LOST, DEPRECATED = 0, 1, 2, 3, 6, 13, 15, 26
WITHOUT_NODE = {"nvmlErrorString", "nvmlInit", "nvmlInit_v2", "nvmlInitWithFlags", "nvmlShutdown"}
HANDLES = {"nvmlDevice_t": "device", "nvmlGpuInstance_t": "gpu_instance", "nvmlComputeInstance_t": "compute_instance"}
POINTERS = {*HANDLES, "nvmlUnit_t", "nvmlEventSet_t", "nvmlGpmSample_t"}
VGPU_INSTANCE = "nvmlVgpuInstance_t"


def rows(name, pattern):
    return dict(re.findall(pattern, (ROOT / "sim/nvml" / name).read_text(), re.MULTILINE))


SINCE = rows("symbols.def", r"^SYMBOL\((\w+), (\d+)\)$")
STUBS = rows("stubs.def", r"^STUB\((\w+), \w+, (\w+)\)$")


@pytest.fixture(scope="module")
def parameters():
    """Name of each function that needs a node: the types of its parameters."""
    header = Header(REAL, "-DNVML_NO_UNVERSIONED_FUNC_DEFS")
    signatures = {name: header.signature(name) for name in header.functions if name not in WITHOUT_NODE}
    return {name: text.split("(", 1)[1].rstrip(")").split(", ") for name, text in signatures.items()}


@pytest.fixture
def node(tmp_path):
    """node(model, driver, …): the folder of a new node with one GPU."""

    def make(model="H100-80GB", *options, driver="595.45.04"):
        folder = tmp_path / "node"
        subprocess.run([*sim("new", folder, "--quiet", "--model", model, "--driver", driver), *options], check=True, timeout=SECONDS)
        return folder

    return make


def sim(*arguments):
    return [str(build_folder() / "sim/tool/carve-sim"), *map(str, arguments)]


def call_all(folder, plan, mig=False, then=None):
    """The answer to each call of {name: arguments}, on handles from before the command `then`."""
    done = subprocess.run(
        [sys.executable, CALLER, build_folder() / "sim/nvml/libnvidia-ml.so.1"],
        input=json.dumps({"mig": mig, "then": then, "calls": list(plan.items())}),
        env=os.environ | {"CARVE_SIM": str(folder)},
        capture_output=True,
        text=True,
        timeout=SECONDS,
    )
    assert done.returncode == 0, f"status {done.returncode} after: {done.stderr.splitlines()[-3:]}"
    return json.loads(done.stdout)


def is_pointer(kind):
    return kind.endswith("*") or kind in POINTERS


def with_first(parameters, first, rest):
    """A plan for all functions whose first parameter is a handle of a device or of an instance."""
    plan = {}
    for name, kinds in parameters.items():
        if kinds[0] in HANDLES:
            plan[name] = [first(kinds[0]), *(rest if is_pointer(kind) else 0 for kind in kinds[1:])]
    return plan


def test_nulls_are_refused(parameters, node):
    answers = call_all(node(), {name: [0] * len(kinds) for name, kinds in parameters.items()})
    assert len(answers) == 408
    first = {name: kinds[0] for name, kinds in parameters.items()}
    refused = {name for name in answers if is_pointer(first[name]) or first[name] == VGPU_INSTANCE}
    assert {name: answers[name] for name in refused if answers[name] != INVALID_ARGUMENT} == {}
    assert {name for name in answers if answers[name] == SUCCESS} == set()


@pytest.mark.parametrize("rest", ["zeros", 0])
def test_handles_that_are_none_are_refused(parameters, node, rest):
    plan = {
        name: ["wild", *(rest if is_pointer(kind) else 0 for kind in kinds[1:])]
        for name, kinds in parameters.items()
        if kinds[0] in POINTERS
    }
    assert len(plan) > 300
    assert {name: code for name, code in call_all(node(), plan).items() if code != INVALID_ARGUMENT} == {}


@pytest.mark.parametrize("mig", [False, True])
@pytest.mark.parametrize("model", ["A30-24GB", "A100-80GB", "H100-80GB", "RTX-PRO-6000-96GB"])
@pytest.mark.parametrize("rest", ["zeros", 0])
def test_nothing_crashes_with_good_handles_and_empty_arguments(parameters, node, model, mig, rest):
    known = set(HANDLES.values()) if mig else {"device"}
    plan = with_first(parameters, HANDLES.get, rest)
    plan = {name: words for name, words in plan.items() if words[0] in known and "Destroy" not in name and name != "nvmlDeviceSetMigMode"}
    slices = {"A30-24GB": "2g.12gb@0", "RTX-PRO-6000-96GB": "2g.48gb@0"}.get(model, "3g.40gb@0")
    answers = call_all(node(model, *(["--layout", slices] if mig else [])), plan, mig)
    if rest == 0:
        needs = {name for name in plan if len(plan[name]) > 1 and any(is_pointer(kind) for kind in parameters[name][1:])}
        assert {name for name in needs if answers[name] == SUCCESS} == set()


def test_stubs_answer_what_their_rows_say(parameters, node):
    codes = {"NOT_SUPPORTED": NOT_SUPPORTED, "DEPRECATED": DEPRECATED, "INVALID_ARGUMENT": INVALID_ARGUMENT}
    plan = {name: words for name, words in with_first(parameters, HANDLES.get, "zeros").items() if name in STUBS and words[0] == "device"}
    assert len(plan) > 50
    answers = call_all(node(), plan)
    assert answers == {name: codes[STUBS[name]] for name in plan}


@pytest.mark.parametrize("driver, code", [("580.82.07", NOT_SUPPORTED), ("590.48.01", DEPRECATED)])
def test_some_functions_are_deprecated_since_r590(node, driver, code):
    answers = call_all(node(driver=driver), {"nvmlDeviceSetApplicationsClocks": ["device", 0, 0]})
    assert answers == {"nvmlDeviceSetApplicationsClocks": code}


def test_virtual_gpus_are_nowhere(parameters, node):
    plan = {name: [1, *["zeros"] * (len(kinds) - 1)] for name, kinds in parameters.items() if kinds[0] == VGPU_INSTANCE}
    assert len(plan) == 26
    assert set(call_all(node(), plan).values()) == {NOT_FOUND}


def test_a_lost_gpu_answers_no_call(parameters, node):
    folder = node()
    plan = {name: words for name, words in with_first(parameters, HANDLES.get, "zeros").items() if words[0] == "device"}
    answers = call_all(folder, plan, then=sim("inject", folder, "lost", "--gpu", "0"))
    assert {name: code for name, code in answers.items() if code != GPU_IS_LOST} == {}


@pytest.mark.parametrize("driver", ["450.80.02", "470.57.02", "525.60.13", "570.133.20", "595.45.04"])
def test_drivers_have_the_functions_of_their_age(parameters, node, driver):
    plan = {name: words for name, words in with_first(parameters, HANDLES.get, "zeros").items() if words[0] == "device"}
    answers = call_all(node("A100-80GB", driver=driver), plan)
    assert {name for name, code in answers.items() if code == FUNCTION_NOT_FOUND} == {
        name for name in plan if int(SINCE[name]) > int(driver.split(".")[0])
    }
