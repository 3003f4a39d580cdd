"""Monitors that people run, unmodified, on simulated GPUs: they print what the node says."""

import json
import os
import re
import subprocess
import sys

NVITOP = """
import json
from nvitop import Device

def tell(device):
    return {"name": device.name(), "memory": device.memory_total(), "used": device.memory_used(), "pids": sorted(device.processes())}

print(json.dumps([{**tell(d), "util": d.gpu_utilization(), "slices": [tell(m) for m in d.mig_devices()]} for d in Device.all()]))
"""


def test_nvitop(new_node, sleeper):
    node = new_node("A100-40GB", 2)
    node.sim("load", "--gpu", 0, "--util", 55)
    node.sim("process", "start", "--gpu", 0, "--pid", sleeper, "--memory", "10Gi", "--sm", 40)
    first, second = json.loads(node.run(sys.executable, "-c", NVITOP))
    assert first["name"] == "NVIDIA A100-SXM4-40GB"
    assert first["memory"] == 40960 << 20
    assert first["util"] == 55 + 40
    assert first["pids"] == [sleeper]
    assert second["pids"] == []

    page = node.run(sys.executable, "-m", "nvitop", "--once", "--ascii", env=dict(os.environ, TERM="dumb", COLUMNS="120", LINES="50"))
    assert "590.48.01" in page
    assert page.count("A100-SXM4") == 2
    assert str(sleeper) in page


def test_nvitop_sees_slices(new_node, sleeper):
    node = new_node("H200-141GB", 1, "--layout", "3g.71gb@4,1g.18gb@0")
    node.sim("process", "start", "--slice", "0:1", "--pid", sleeper, "--memory", "2Gi", "--sm", 10)
    (gpu,) = json.loads(node.run(sys.executable, "-c", NVITOP))
    names = [s["name"] for s in gpu["slices"]]
    assert names == ["NVIDIA H200 MIG 3g.71gb", "NVIDIA H200 MIG 1g.18gb"]
    assert [s["pids"] for s in gpu["slices"]] == [[], [sleeper]]
    assert gpu["slices"][1]["memory"] == 16384 << 20


def test_gpustat(new_node, sleeper):
    node = new_node("l4", 1)
    node.sim("load", "--gpu", 0, "--util", 12, "--temperature", 61, "--power", 50)
    node.sim("process", "start", "--gpu", 0, "--pid", sleeper, "--memory", "1Gi")
    (gpu,) = json.loads(node.run(sys.executable, "-m", "gpustat", "--json"))["gpus"]
    assert gpu["name"] == "NVIDIA L4"
    assert gpu["utilization.gpu"] == 12
    assert gpu["temperature.gpu"] == 61
    assert gpu["power.draw"] == 50
    assert gpu["memory.total"] == 23034
    assert [(p["pid"], p["gpu_memory_usage"]) for p in gpu["processes"]] == [(sleeper, 1024)]


def pcp_values(node, pcp, tmp_path, *metrics):
    """What Performance Co-Pilot's agent answers: {metric: [value, …]}."""
    agent = pcp / "usr/lib/pcp/pmdas/nvidia"
    names = tmp_path / "names"
    names.write_text('#define NVML 120\nroot { nvidia }\n#include "%s"\n' % (agent / "pmns"))
    configuration = tmp_path / "pcp.conf"
    configuration.write_text(re.sub(r"(?m)=/", f"={pcp}/", (pcp / "etc/pcp.conf").read_text()))
    asked = [f"open dso {agent}/pmda_nvidia.so nvidia_init 120", "getdesc on", *(f"fetch {m}" for m in metrics), "quit"]
    environment = dict(os.environ, PCP_CONF=str(configuration), LD_LIBRARY_PATH=str(pcp / "usr/lib"))
    text = node.run(pcp / "usr/bin/dbpmda", "-n", names, "-ei", input="\n".join(asked) + "\n", env=environment)
    found = {}
    for part in text.split("dbpmda> fetch ")[1:]:
        found[part.split()[0]] = re.findall(r"value (?:\"([^\"]*)\"|([\d.e+]+))", part)
    return {metric: [string or float(number) for string, number in values] for metric, values in found.items()}


def test_performance_co_pilot(new_node, pcp, tmp_path):
    node = new_node("t4", 3)
    node.sim("load", "--gpu", 2, "--util", 80, "--temperature", 70, "--power", 66)
    uuids = [gpu["uuid"] for gpu in node.show()["gpus"]]
    metrics = ["numcards", "cardname", "gpuid", "gpuactive", "temperature", "memtotal", "power", "carduuid"]
    told = pcp_values(node, pcp, tmp_path, *(f"nvidia.{m}" for m in metrics))
    assert told["nvidia.numcards"] == [3]
    assert told["nvidia.cardname"] == ["Tesla T4"] * 3
    assert told["nvidia.carduuid"] == uuids
    assert told["nvidia.gpuactive"] == [0, 0, 80]
    assert told["nvidia.temperature"][2] == 70
    assert told["nvidia.power"][2] == 66000
    assert told["nvidia.memtotal"] == [15360 << 20] * 3


def test_rust(new_node, rust_client):
    node = new_node("a10g", 2)
    node.sim("process", "start", "--gpu", 1, "--pid", 99, "--memory", "3Gi", "--sm", 30)
    lines = node.run(rust_client, "list").splitlines()
    assert lines[:3] == ["driver 590.48.01", "cuda 13010", "count 2"]
    told = {tuple(line.split(" ", 2)[:2]): line.split(" ", 2)[2] for line in lines[3:]}
    assert told["0", "name"] == '"NVIDIA A10G"'
    assert [told[str(i), "uuid"].strip('"') for i in range(2)] == [gpu["uuid"] for gpu in node.show()["gpus"]]
    assert told["0", "architecture"] == "Ampere"
    assert told["0", "memory_total"] == str(23028 << 20)
    assert told["1", "gpu_percent"] == "30"
    assert told["1", "processes"] == "[99]"
    assert not [line for line in lines if "FunctionNotFound" in line or "failed to load" in line.lower()]


def test_rust_waits_for_an_xid(new_node, rust_client):
    node = new_node("t4", 1)
    waiter = subprocess.Popen(node.command(rust_client, "wait", 30), stdout=subprocess.PIPE, text=True)
    assert waiter.stdout.readline() == "waiting\n"
    node.sim("inject", "xid", 63, "--gpu", 0)
    assert "63" in waiter.stdout.readline()
    assert waiter.wait(timeout=30) == 0
