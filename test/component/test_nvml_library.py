"""The driver library of the simulated GPUs as a file, and what it says to a program that did not initialise it."""

import ctypes
import os
import re
import subprocess
from pathlib import Path

import pytest
from conftest import SECONDS, build_folder

ROOT = Path(__file__).resolve().parents[2]
SYMBOLS = re.findall(r"^SYMBOL\((\w+),", (ROOT / "sim/nvml/symbols.def").read_text(), re.MULTILINE)
KIB_MAX = 400
UNINITIALIZED = 1

# Works at any time, or is what makes the others work.
ALWAYS = {"nvmlErrorString", "nvmlInit", "nvmlInit_v2", "nvmlInitWithFlags"}

# The texts of the real library. Numbers 0 to 20 and 999 are as nvidia-ml-py repeats them, or as programs print them: 16 nvidia-smi, 17
# Windows' Linux (nvidia-smi there), 18 after every update of a driver in use, 19 and 23 nvidia-smi mig.
TEXTS = {
    0: "Success",
    1: "Uninitialized",
    2: "Invalid Argument",
    3: "Not Supported",
    4: "Insufficient Permissions",
    6: "Not Found",
    7: "Insufficient Size",
    9: "Driver Not Loaded",
    10: "Timeout",
    13: "Function Not Found",
    15: "GPU is lost",
    16: "GPU requires reset",
    17: "GPU access blocked by the operating system",
    18: "Driver/library version mismatch",
    19: "In use by another client",
    23: "Insufficient Resources",
    25: "Argument version mismatch",
    26: "Requested functionality has been deprecated",
    999: "Unknown Error",
}


@pytest.fixture(scope="module")
def path():
    library = build_folder() / "sim/nvml/libnvidia-ml.so.1"
    assert library.exists(), f"{library} is not built"
    return library


@pytest.fixture(scope="module")
def library(path):
    return ctypes.CDLL(str(path), mode=os.RTLD_NOW)


def output(*command):
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=SECONDS).stdout


def test_exports_every_symbol_and_nothing_else(path):
    exported = [line.split()[-1] for line in output("nm", "--dynamic", "--defined-only", path).splitlines()]
    assert sorted(exported) == sorted(SYMBOLS)


def test_needs_the_c_library_alone_and_is_found_by_both_names(path):
    section = output("readelf", "--dynamic", "--wide", path)
    needed = set(re.findall(r"\(NEEDED\).*\[(.*)\]", section))
    assert needed <= {"libc.so.6", "ld-linux-x86-64.so.2", "ld-linux-aarch64.so.1"}
    assert re.findall(r"\(SONAME\).*\[(.*)\]", section) == ["libnvidia-ml.so.1"]
    assert (path.parent / "libnvidia-ml.so").resolve() == path.resolve()


def test_loads_in_images_older_than_this_machine(path):
    """docs/guide/simulated-gpus.md names glibc 2.34 (UBI 9; Ubuntu 22.04 has 2.35): no symbol of a later one is asked for."""
    wanted = re.findall(r"GLIBC_(\d+)\.(\d+)", output("readelf", "--version-info", "--wide", path))
    assert max((int(major), int(minor)) for major, minor in wanted) <= (2, 34)


def test_is_small(path, tmp_path):
    output("strip", "-o", tmp_path / "stripped", path)
    assert (tmp_path / "stripped").stat().st_size < KIB_MAX * 1024


def test_every_call_wants_to_be_initialised_first(library):
    zeros = [ctypes.c_void_p(0)] * 8
    answers = {name: getattr(library, name)(*zeros) for name in SYMBOLS if name not in ALWAYS}
    assert {name: code for name, code in answers.items() if code != UNINITIALIZED} == {}


def test_error_texts(library):
    text = library.nvmlErrorString
    text.restype = ctypes.c_char_p
    assert {code: text(code).decode() for code in TEXTS} == TEXTS
    assert {text(code) for code in (-1, 31, 998, 1000, 2**31 - 1)} == {b"Unknown Error"}
    assert all(text(code) not in (None, b"", b"Unknown Error") for code in range(31))
