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
from pycparser import c_ast

ROOT = Path(__file__).resolve().parents[2]
REAL = Path(site.getsitepackages()[0]) / "nvidia/cu13/include/nvml.h"
CALLER = Path(__file__).with_name("nvml_caller.py")

SUCCESS, UNINITIALIZED, INVALID_ARGUMENT, NOT_SUPPORTED, NOT_FOUND, FUNCTION_NOT_FOUND, GPU_IS_LOST, DEPRECATED = 0, 1, 2, 3, 6, 13, 15, 26
WITHOUT_NODE = {"nvmlErrorString", "nvmlInit", "nvmlInit_v2", "nvmlInitWithFlags", "nvmlShutdown"}
HANDLES = {"nvmlDevice_t": "device", "nvmlGpuInstance_t": "gpu_instance", "nvmlComputeInstance_t": "compute_instance"}
POINTERS = {*HANDLES, "nvmlUnit_t", "nvmlEventSet_t", "nvmlGpmSample_t"}
VGPU_INSTANCE = "nvmlVgpuInstance_t"
# Their count is no limit: the caller has to have room for as many as the profile allows.
ROOM_FOR_ALL = [
    "nvmlDeviceGetGpuInstances",
    "nvmlDeviceGetGpuInstancePossiblePlacements",
    "nvmlDeviceGetGpuInstancePossiblePlacements_v2",
    "nvmlGpuInstanceGetComputeInstances",
    "nvmlGpuInstanceGetComputeInstancePossiblePlacements",
]


def rows(name, pattern):
    return dict(re.findall(pattern, (ROOT / "sim/nvml" / name).read_text(), re.MULTILINE))


SINCE = rows("symbols.def", r"^SYMBOL\((\w+), (\d+)\)$")
STUBS = rows("stubs.def", r"^STUB\((\w+), \w+, (\w+)\)$")


class Parameter:
    """One parameter of a function: its type, and a buffer for what it points to."""

    def __init__(self, kind, size=0, version=0):
        self.kind, self.size, self.version = kind, size, version
        self.is_pointer = kind.endswith("*") or kind in POINTERS

    def zeros(self):
        """As large as the type, not a byte more."""
        return [self.size, 0] if self.is_pointer else 0

    def filled(self, count):
        """Room for so many, which what counts says too, and versions where one belongs."""
        return [self.size * max(count, 1), self.version or count] if self.is_pointer else count

    def null(self):
        return 0


def version_of(header, name, size):
    """What belongs into `version` of a type that begins with it."""
    members = header.members(name) if name in header.typedefs else []
    if not members or members[0][0] != "version":
        return 0
    if name in ("nvmlGpmMetricsGet_t", "nvmlGpmSupport_t"):  # older than the rule
        return 1
    while not (number := re.search(r"_v(\d+)_t$", name)) and isinstance(header.typedefs[name].type, c_ast.IdentifierType):
        name = header.typedefs[name].type.names[0]
    return size | int(number[1]) << 24 if number else 0


@pytest.fixture(scope="module")
def functions(tmp_path_factory):
    """Name of each function that needs a node: its parameters."""
    header = Header(REAL, "-DNVML_NO_UNVERSIONED_FUNC_DEFS")
    signatures = {name: header.signature(name) for name in header.functions if name not in WITHOUT_NODE}
    kinds = {name: text.split("(", 1)[1].rstrip(")").split(", ") for name, text in signatures.items()}
    targets = sorted({kind.removesuffix(" *").removeprefix("const ") for row in kinds.values() for kind in row if kind.endswith("*")})
    lines = header.print([f'NAMED("{target}", sizeof({target}))' for target in targets], tmp_path_factory.mktemp("sizes"))
    sizes = {target: int(line.split(" = ")[1]) for target, line in zip(targets, lines, strict=True)}

    def parameter(kind):
        target = kind.removesuffix(" *").removeprefix("const ")
        size = sizes.get(target, 8)
        return Parameter(kind, size, version_of(header, target, size))

    found = {name: [parameter(kind) for kind in row] for name, row in kinds.items()}
    for name in ROOM_FOR_ALL:
        found[name][-2].size *= 16
    found["nvmlDeviceGetGspFirmwareVersion"][1].size = 64  # NVML_GSP_FIRMWARE_VERSION_BUF_SIZE: the one text without a length
    return found


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


def with_handle(functions, rest, known=None):
    """A plan for the functions whose first parameter is one of these handles."""
    return {
        name: [HANDLES[row[0].kind], *map(rest, row[1:])]
        for name, row in functions.items()
        if row[0].kind in HANDLES and (not known or HANDLES[row[0].kind] in known)
    }


def test_nulls_are_refused(functions, node):
    answers = call_all(node(), {name: [0] * len(row) for name, row in functions.items()})
    assert len(answers) == 408
    refused = {name for name, row in functions.items() if row[0].is_pointer or row[0].kind == VGPU_INSTANCE}
    assert {name: answers[name] for name in refused if answers[name] != INVALID_ARGUMENT} == {}
    assert {name for name in answers if answers[name] == SUCCESS} == set()


@pytest.mark.parametrize("rest", [Parameter.zeros, Parameter.null])
def test_handles_that_are_none_are_refused(functions, node, rest):
    plan = {name: ["wild", *map(rest, row[1:])] for name, row in functions.items() if row[0].kind in POINTERS}
    assert len(plan) > 300
    assert {name: code for name, code in call_all(node(), plan).items() if code != INVALID_ARGUMENT} == {}


MODELS = {"A30-24GB": "2g.12gb@0", "A100-80GB": "3g.40gb@0", "H100-80GB": "3g.40gb@0", "RTX-PRO-6000-96GB": "2g.48gb@0", "l4": None}
# Would change what the others are asked about.
DISRUPTIVE = {"nvmlDeviceSetMigMode", "nvmlGpuInstanceDestroy", "nvmlComputeInstanceDestroy"}


@pytest.mark.parametrize("mig", [False, True])
@pytest.mark.parametrize("model", MODELS)
def test_no_call_crashes_or_writes_beyond_its_buffers(functions, node, model, mig):
    if mig and not MODELS[model]:
        return
    folder = node(model, *(["--layout", MODELS[model]] if mig else []))
    known = HANDLES.values() if mig else ["device"]
    for rest in (Parameter.null, Parameter.zeros, lambda p: p.filled(0), lambda p: p.filled(1), lambda p: p.filled(2)):
        plan = {name: words for name, words in with_handle(functions, rest, known).items() if name not in DISRUPTIVE}
        answers = call_all(folder, plan, mig)
        if rest == Parameter.null:
            assert {name for name in plan if answers[name] == SUCCESS and any(p.is_pointer for p in functions[name][1:])} == set()


def test_stubs_answer_what_their_rows_say(functions, node):
    codes = {"NOT_SUPPORTED": NOT_SUPPORTED, "DEPRECATED": DEPRECATED, "INVALID_ARGUMENT": INVALID_ARGUMENT}
    plan = {name: words for name, words in with_handle(functions, Parameter.zeros, ["device"]).items() if name in STUBS}
    assert len(plan) > 50
    answers = call_all(node(), plan)
    assert answers == {name: codes[STUBS[name]] for name in plan}


@pytest.mark.parametrize("driver, code", [("580.82.07", NOT_SUPPORTED), ("590.48.01", DEPRECATED)])
def test_some_functions_are_deprecated_since_r590(node, driver, code):
    answers = call_all(node(driver=driver), {"nvmlDeviceSetApplicationsClocks": ["device", 0, 0]})
    assert answers == {"nvmlDeviceSetApplicationsClocks": code}


def test_virtual_gpus_are_nowhere(functions, node):
    plan = {name: [1, *(p.zeros() for p in row[1:])] for name, row in functions.items() if row[0].kind == VGPU_INSTANCE}
    assert len(plan) == 26
    assert set(call_all(node(), plan).values()) == {NOT_FOUND}


def test_there_are_no_units_and_no_excluded_gpus(functions, node):
    counts = ["nvmlUnitGetCount", "nvmlGetExcludedDeviceCount", "nvmlSystemGetHicVersion"]
    of_index = ["nvmlUnitGetHandleByIndex", "nvmlGetExcludedDeviceInfoByIndex"]
    answers = call_all(node(), {name: [p.zeros() for p in functions[name]] for name in counts + of_index})
    assert answers == dict.fromkeys(counts, SUCCESS) | dict.fromkeys(of_index, INVALID_ARGUMENT)


def test_a_lost_gpu_answers_no_call(functions, node):
    folder = node()
    plan = with_handle(functions, Parameter.zeros, ["device"])
    answers = call_all(folder, plan, then=sim("inject", folder, "lost", "--gpu", "0"))
    assert {name: code for name, code in answers.items() if code != GPU_IS_LOST} == {}


@pytest.mark.parametrize("driver", ["450.80.02", "470.57.02", "525.60.13", "570.133.20", "595.45.04"])
def test_drivers_have_the_functions_of_their_age(functions, node, driver):
    plan = with_handle(functions, Parameter.zeros, ["device"])
    answers = call_all(node("A100-80GB", driver=driver), plan)
    assert {name for name, code in answers.items() if code == FUNCTION_NOT_FOUND} == {
        name for name in plan if int(SINCE[name]) > int(driver.split(".")[0])
    }
