"""Fixtures of the client tests: simulated nodes, and programs of others that run on them unmodified."""

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
BUILD = Path(os.environ["CARVE_BIN"]).resolve().parents[2] if os.environ.get("CARVE_BIN") else ROOT / "build"
SECONDS = 60

PCP = ["pcp", "pcp-conf", "libpcp3", "libpcp-pmda3"]
CRATES = """bitflags cfg-if compiler-builtins darling darling-core darling-macro fnv ident-case libloading nvml-wrapper nvml-wrapper-sys
proc-macro2 quote rustc-std-workspace-core serde serde-derive static-assertions strsim syn thiserror thiserror-impl unicode-ident winapi
winapi-i686-pc-windows-gnu winapi-x86-64-pc-windows-gnu wrapcenum-derive""".split()


class Node:
    """A simulated node in a folder; run() is `carve-sim run`, the others are its commands."""

    carve = BUILD / "src/cmd/carve"

    def __init__(self, folder):
        self.folder = folder

    def sim(self, command, *arguments):
        full = [BUILD / "sim/tool/carve-sim", command, self.folder, *map(str, arguments)]
        done = subprocess.run(full, capture_output=True, text=True, timeout=SECONDS)
        assert done.returncode == 0, f"{full}: {done.stderr}"
        return done.stdout

    def command(self, *program):
        return [BUILD / "sim/tool/carve-sim", "run", self.folder, "--", *map(str, program)]

    def run(self, *program, **options):
        done = subprocess.run(self.command(*program), capture_output=True, text=True, timeout=SECONDS, **options)
        assert done.returncode == 0, f"{program} ended with {done.returncode}:\n{done.stdout}\n{done.stderr}"
        return done.stdout

    def status(self, *program):
        return subprocess.run(self.command(*program), capture_output=True, timeout=SECONDS).returncode

    def show(self):
        return json.loads(self.sim("show", "-o", "json"))


@pytest.fixture
def new_node(tmp_path):
    """new_node(model, gpus, *more): a node made by `carve-sim new`."""
    numbers = iter(range(100))

    def new(model, gpus, *more):
        node = Node(tmp_path / f"node{next(numbers)}")
        node.sim("new", "--model", model, "--gpus", gpus, "--seed", 7, *(more if "--driver" in more else ("--driver", "590.48.01", *more)))
        return node

    return new


@pytest.fixture
def scenario_node(tmp_path):
    """scenario_node(file): the node that a scenario file says."""

    def new(scenario):
        node = Node(tmp_path / "node")
        node.sim("new", scenario)
        return node

    return new


@pytest.fixture
def sleeper():
    """The pid of a real process: some monitors look up in /proc what the driver names."""
    process = subprocess.Popen(["sleep", "600"])
    yield process.pid
    process.kill()
    process.wait()


def unpack(*packages):
    done = subprocess.run([ROOT / "scripts/debian-unpack", *packages], capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stderr
    return Path(done.stdout.strip())


@pytest.fixture(scope="session")
def pcp():
    """The folder that Performance Co-Pilot is unpacked in."""
    return unpack(*PCP)


@pytest.fixture(scope="session")
def rust_client(tmp_path_factory):
    """The program of rust/, built with Debian's crates, which stay built beside them."""
    packages = unpack(*(f"librust-{crate}-dev" for crate in CRATES))
    crates, built = packages / "usr/share/cargo/registry", packages / "built"
    source = shutil.copytree(ROOT / "test/clients/rust", tmp_path_factory.mktemp("rust") / "source")
    configuration = ["--config", 'source.crates-io.replace-with="debian"', "--config", f'source.debian.directory="{crates}"']
    command = ["cargo", *configuration, "build", "--quiet", "--offline", "--target-dir", built]
    done = subprocess.run(command, cwd=source, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stderr
    return built / "debug/nvml-client"
