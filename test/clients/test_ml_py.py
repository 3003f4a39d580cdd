"""NVIDIA's own Python bindings (nvidia-ml-py) on simulated GPUs."""

import json
import re
import subprocess
import sys
import sysconfig
from pathlib import Path

CLIENT = Path(__file__).with_name("ml_py_client.py")
MIB = 1 << 20


def ask(node, command, *arguments):
    return json.loads(node.run(sys.executable, CLIENT, command, *arguments))


def test_whole_gpus(new_node):
    node = new_node("H100-80GB", 2)
    node.sim("load", "--gpu", 1, "--util", 37)
    node.sim("process", "start", "--gpu", 1, "--pid", 4242, "--memory", "4Gi", "--sm", 25)
    told = ask(node, "walk")
    uuids = [gpu["uuid"] for gpu in node.show()["gpus"]]

    assert told["driver"] == "590.48.01"
    assert told["cuda"] == 13010
    assert [gpu["uuid"] for gpu in told["gpus"]] == uuids
    assert {gpu["name"] for gpu in told["gpus"]} == {"NVIDIA H100 80GB HBM3"}
    assert {gpu["memoryTotal"] for gpu in told["gpus"]} == {81559 * MIB}
    assert {tuple(gpu["computeCapability"]) for gpu in told["gpus"]} == {(9, 0)}
    assert [gpu["migMode"] for gpu in told["gpus"]] == [[0, 0], [0, 0]]
    assert [gpu["utilization"] for gpu in told["gpus"]] == [0, 37 + 25]
    assert told["gpus"][0]["processes"] == []
    assert told["gpus"][1]["processes"] == [{"pid": 4242, "memory": 4096 * MIB}]
    assert told["gpus"][1]["memoryUsed"] - told["gpus"][0]["memoryUsed"] == 4096 * MIB


def test_slices_from_first_to_last(new_node):
    """MIG on, cut, looked at, given back: names, sizes and ids are those of an H100 in NVIDIA's MIG user guide."""
    told = ask(new_node("H100-80GB", 1), "mig")
    assert told["modeAfterEnable"] == [1, 1]
    assert told["profiles"]["1g.10gb"] == {"id": 19, "instances": 7, "sm": 16, "memory": 9984, "starts": [0, 1, 2, 3, 4, 5, 6]}
    assert told["profiles"]["3g.40gb"] == {"id": 9, "instances": 2, "sm": 60, "memory": 40448, "starts": [0, 4]}
    assert told["created"] == [
        {"name": "NVIDIA H100 80GB HBM3 MIG 3g.40gb", "giId": 2, "ciId": 0, "placement": [4, 4], "sm": 60, "memory": 40448},
        {"name": "NVIDIA H100 80GB HBM3 MIG 1g.10gb", "giId": 7, "ciId": 0, "placement": [0, 1], "sm": 16, "memory": 9984},
    ]
    assert told["overlap"] == "Insufficient Resources"
    assert told["destroyWithComputeInstance"] == "In use by another client"
    assert told["devicesAfter"] == 0


def test_an_xid_wakes_who_waits(new_node):
    node = new_node("A100-40GB", 2)
    waiter = subprocess.Popen(node.command(sys.executable, CLIENT, "wait"), stdout=subprocess.PIPE, text=True)
    assert waiter.stdout.readline() == "waiting\n"
    node.sim("inject", "xid", 79, "--gpu", 1)
    assert json.loads(waiter.stdout.readline()) == {"gpu": 1, "type": 8, "data": 79}
    assert waiter.wait(timeout=30) == 0


def test_utilisation_of_a_slice(new_node):
    """GPM is all that tells the utilisation of a MIG device; a GPU with MIG has no utilisation of its own."""
    node = new_node("H200-141GB", 1, "--mig")
    told = ask(node, "gpm")
    assert told["parent"] == "Not Supported"
    assert told["smUtil"] == 0
    node.sim("process", "start", "--slice", "0:0", "--pid", 77, "--memory", "1Gi", "--sm", 60)
    assert ask(node, "gpm")["smUtil"] == 60


def test_every_getter_answers(new_node):
    """All getters of the bindings, on a GPU, a GPU with MIG and a MIG device: an answer or an NVML error. Missing is only what NVIDIA's
    header of NVML 13.3 lacks too, for the bindings are newer."""
    (header,) = Path(sysconfig.get_path("purelib")).glob("nvidia/cu13/include/nvml.h")
    told = ask(new_node("A100-80GB", 1, "--driver", "595.45.04"), "getters")
    assert told["called"] > 600
    assert told["answered"] > 250
    assert not set(told["missing"]) & set(re.findall(r"nvml\w+", header.read_text()))


def test_no_driver(new_node, tmp_path):
    nowhere = f"CARVE_SIM={tmp_path / 'nowhere'}"
    told = json.loads(new_node("t4", 1).run("env", nowhere, sys.executable, CLIENT, "walk"))
    assert told == {"error": "Driver Not Loaded"}
