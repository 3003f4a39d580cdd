"""NVML's C interface as carve declares and exports it, against NVIDIA's own nvml.h (packages nvidia-nvml-dev and nvidia-nvml-dev-cu12).

src/io/nvml/abi.h and what it includes are written by hand; everything they declare is looked up here by itself, so that nothing can be
forgotten. A name of our own in them says so in a comment behind it: `/* ours: … */`.
"""

import re
import site
from pathlib import Path

import pytest
from nvml_header import Header

ROOT = Path(__file__).resolve().parents[2]
SIM = ROOT / "sim/nvml"
PACKAGES = Path(site.getsitepackages()[0])
REAL = PACKAGES / "nvidia/cu13/include/nvml.h"  # 13.3
REAL_12 = PACKAGES / "nvidia/nvml_dev/include/nvml.h"  # 12.9

CLASSES = {
    "nvmlDevice_t": "DEVICE",
    "nvmlGpuInstance_t": "GPU_INSTANCE",
    "nvmlComputeInstance_t": "COMPUTE_INSTANCE",
    "nvmlUnit_t": "UNIT",
    "nvmlVgpuTypeId_t": "VGPU_TYPE",
    "nvmlVgpuInstance_t": "VGPU_INSTANCE",
    "nvmlEventSet_t": "POINTER",
    "nvmlGpmSample_t": "POINTER",
}


def rows(name, pattern):
    return re.findall(pattern, (SIM / name).read_text(), re.MULTILINE)


SYMBOLS = {name: int(since) for name, since in rows("symbols.def", r"^SYMBOL\((\w+), (\d+)\)$")}
STUBS = {name: (kind, answer) for name, kind, answer in rows("stubs.def", r"^STUB\((\w+), (\w+), (\w+)\)$")}


@pytest.fixture(scope="module")
def real():
    # Without this macro the header renames nvmlInit to nvmlInit_v2 and so on, and hides the old functions.
    return Header(REAL, "-DNVML_NO_UNVERSIONED_FUNC_DEFS")


@pytest.fixture(scope="module")
def ours():
    return abi(ROOT / "src")


@pytest.fixture(scope="module")
def exports():
    return Header(SIM / "exports.h", f"-I{ROOT / 'src'}", f"-I{ROOT}")


def abi(source):
    return Header(source / "io/nvml/abi.h", f"-I{source}")


def of_our_own(header):
    files = header.path.parent.glob("abi*.h")
    return {name for file in files for name in re.findall(r"^#define (\w+)\b.*/\* ours\b", file.read_text(), re.MULTILINE)}


def constants(header):
    return header.enumerators | set(header.macros)


def statements(ours):
    """What to print of our header and of the real one, so that both print the same."""
    for name in sorted(ours.typedefs):
        found = ours.members(name)
        if not any(kind == "OPEN_ARRAY" for _, kind in found):  # the real one has a length there, which grows with each release
            yield f"TYPE({name})"
        for path, kind in found:
            yield f"{kind}({name}, {path})"
    for name in sorted(constants(ours) - of_our_own(ours)):
        yield f"VALUE({name})"


def versions(ours, real):
    """(name, type, number) of each macro that gives the version number of a struct we have."""
    for name, text in real.macros.items():
        found = re.fullmatch(r"NVML_STRUCT_VERSION\((\w+), (\d+)\)", text)
        # The type is pasted together from the struct's name: nvml<name>_v<number>_t.
        kind = found and f"nvml{found[1]}_v{found[2]}_t"
        if kind in ours.typedefs:
            yield name, kind, int(found[2])


def differences(ours, real, folder):
    wanted = list(statements(ours))
    numbers = list(versions(ours, real))
    mine = ours.print([*wanted, *(f'NAMED("{name}", NVML_VERSION({kind}, {number}))' for name, kind, number in numbers)], folder)
    theirs = real.print([*wanted, *(f'NAMED("{name}", {name})' for name, _, _ in numbers)], folder)
    assert len(mine) == len(theirs) == len(wanted) + len(numbers)
    return [f"ours {a!r}, real {b!r}" for a, b in zip(mine, theirs, strict=True) if a != b]


def test_the_real_header_knows_each_name_of_ours(ours, real):
    assert len(ours.typedefs) > 30 and len(constants(ours)) > 90, "the header was not read"
    assert set(ours.typedefs) - set(real.typedefs) == set()
    assert constants(ours) - of_our_own(ours) - constants(real) == set()


def test_structs_have_all_members_of_the_real_ones(ours, real):
    paths = {name: [path for path, _ in ours.members(name)] for name in ours.typedefs}
    assert {name: found for name, found in paths.items() if found} == {
        name: [path for path, _ in real.members(name)] for name, found in paths.items() if found
    }


def test_sizes_offsets_kinds_values_and_versions_are_the_real_ones(ours, real, tmp_path):
    assert differences(ours, real, tmp_path) == []


@pytest.mark.parametrize(
    "what, by, seen",
    [
        (r"unsigned int gpu, memory;", "unsigned int memory, gpu;", "nvmlUtilization_t.gpu: offset 4"),
        (r"char busId\[\w+\];(?=\n} nvmlPciInfo_t;)", "char busId[16];", "nvmlPciInfo_t: size 52"),
        (r"unsigned long long total, free, used;", "long long total, free, used;", "nvmlMemory_t.total: offset 0 size 8 kind long long"),
        (r"NVML_ERROR_GPU_IS_LOST = 15", "NVML_ERROR_GPU_IS_LOST = 16", "NVML_ERROR_GPU_IS_LOST = 16"),
        (r"#define nvmlEventTypeClock \w+", "#define nvmlEventTypeClock 0x20", "nvmlEventTypeClock = 32"),
        (r"<< 24\)", "<< 23)", "nvmlMemory_v2 ="),
    ],
)
def test_a_wrong_declaration_would_be_seen(real, tmp_path, what, by, seen):
    copy = tmp_path / "io/nvml"
    copy.mkdir(parents=True)
    spoilt = 0
    for file in (ROOT / "src/io/nvml").glob("abi*.h"):
        text, count = re.subn(what, by, file.read_text())
        (copy / file.name).write_text(text)
        spoilt += count
    assert spoilt == 1, "the declaration to be spoilt is no longer there"
    found = differences(abi(tmp_path), real, tmp_path)
    assert any(seen in line for line in found), found


def test_symbols_are_the_functions_of_the_real_header(real):
    assert len(SYMBOLS) == 413
    assert set(SYMBOLS) == set(real.functions)


def test_each_symbol_is_either_implemented_or_a_stub(exports):
    assert set(exports.functions) & set(STUBS) == set(), "has a prototype in exports.h and a row in stubs.def"
    assert set(exports.functions) | set(STUBS) == set(SYMBOLS)


def test_signatures_are_the_real_ones(real, exports):
    assert len(exports.functions) > 0
    ours = {name: exports.signature(name) for name in exports.functions}
    assert ours == {name: real.signature(name) for name in ours}


def test_stubs_look_at_the_right_kind_of_first_parameter(real):
    def kind_of(name):
        first = real.signature(name).split("(", 1)[1].split(",")[0].rstrip(")")
        return "POINTER" if first.endswith("*") else CLASSES.get(first, "NUMBER")

    assert {name: kind for name, (kind, _) in STUBS.items()} == {name: kind_of(name) for name in STUBS}


def test_drivers_of_symbols_fit_the_headers_of_their_years(real):
    """12.9 belongs to R575, 13.3 to R595. Older releases are in the head of symbols.def."""
    old = set(Header(REAL_12, "-DNVML_NO_UNVERSIONED_FUNC_DEFS").functions)
    assert {name for name, since in SYMBOLS.items() if since <= 575} == old & set(SYMBOLS)
    assert max(SYMBOLS.values()) == 595
