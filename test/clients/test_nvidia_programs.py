"""What NVIDIA's own programs said about simulated nodes, carve says too (test/data/nvidia-programs/SOURCES.md)."""

import csv
import json
import re
import subprocess
import sys
from collections import Counter

import pytest
from conftest import ROOT

DATA = ROOT / "test/data/nvidia-programs"
PRESETS = ROOT / "test/data/mig-parted/config-default.yaml"
LABELS = json.loads((DATA / "gfd.json").read_text())["answers"]
PLUGIN = json.loads((DATA / "device-plugin.json").read_text())["answers"]
MIG_PARTED = json.loads((DATA / "mig-parted.json").read_text())["answers"]
PROFILES = {m["key"]: {p["name"]: p for p in m["profiles"]} for m in json.loads((ROOT / "data/gpu/mig.json").read_text())["gpus"]}
MODELS = {row["key"]: row for row in csv.DictReader((ROOT / "data/gpu/models.csv").open())}
FAMILIES = {"ada": "ada-lovelace"}
STRATEGIES = ["none", "single", "mixed"]


def carve(node):
    return json.loads(node.run(node.carve, "gpus", "-o", "json"))


def slices(gpu):
    """(MIG device, the slice it is in) of a GPU, as NVIDIA's programs meet them: by index."""
    return sorted(((d, s) for s in gpu["slices"] for d in s["devices"]), key=lambda pair: pair[0]["index"])


def resource_of(name):
    return "nvidia.com/mig-" + name.replace("+", ".")


def single_trouble(gpus):
    """Whether the strategy `single` cannot be: some GPUs without MIG, or without slices, or different slices."""
    names = {d["name"] for g in gpus for d, _ in slices(g)}
    return not all(g["mig"]["enabled"] and slices(g) for g in gpus) or len(names) > 1


class Labels:
    """The labels that follow from what carve says, and from its catalogue."""

    def __init__(self, node, strategy):
        self.gpus, self.strategy = node["gpus"], strategy
        self.all = {"nvidia.com/gpu.machine": "p5.48xlarge", "nvidia.com/gpu.mode": "compute", "nvidia.com/vgpu.present": "false"}
        self.all["nvidia.com/mps.capable"] = "false"
        self.all["nvidia.com/mig.capable"] = str(any(g["mig"]["capable"] for g in self.gpus)).lower()
        self.versions(node["driver"])
        if strategy != "none":
            self.all["nvidia.com/mig.strategy"] = strategy

    def put(self, resource, **labels):
        for name, value in labels.items():
            self.all[f"{resource}.{name.replace('__', '.')}"] = str(value)

    def versions(self, driver):
        major, minor, revision = driver["version"].split(".")
        cuda, sub = driver["cuda"] // 1000, driver["cuda"] % 1000 // 10
        self.put("nvidia.com/cuda.driver", major=major, minor=minor, rev=revision)
        self.put("nvidia.com/cuda.driver-version", major=major, minor=minor, revision=revision, full=driver["version"])
        self.put("nvidia.com/cuda.runtime", major=cuda, minor=sub)
        self.put("nvidia.com/cuda.runtime-version", major=cuda, minor=sub, full=f"{cuda}.{sub}")

    def whole(self, gpu):
        """Of several products the program takes one by chance: that of `gpu`. One without MIG comes after those with it."""
        model = MODELS.get(gpu["model"]) or next(r for r in MODELS.values() if r["product"] == gpu["product"])
        major, minor = model["compute_capability"].split(".")
        same = [g for g in self.gpus if g["product"] == gpu["product"]]
        shared = any(not g["mig"]["enabled"] for g in same)
        self.put("nvidia.com/gpu", product=gpu["product"].replace(" ", "-"), count=len(same), memory=gpu["memoryMib"])
        self.put("nvidia.com/gpu", family=FAMILIES.get(model["arch"], model["arch"]), compute__major=major, compute__minor=minor)
        self.put("nvidia.com/gpu", replicas=int(shared), sharing_strategy="none")

    def slice(self, resource, gpu, device, inside, count):
        name = device["name"].replace("+", ".")
        profile = PROFILES[gpu["model"]][inside["profile"]]
        compute = re.match(r"(\d+)c\.", name)
        self.put(resource, product=f"{gpu['product'].replace(' ', '-')}-MIG-{name}", count=count, replicas=1, sharing_strategy="none")
        self.put(resource, memory=inside["memoryMib"], multiprocessors=device["sm"])
        self.put(resource, slices__gi=profile["slice_count"], slices__ci=compute[1] if compute else profile["slice_count"])
        engines = {"copy": "ce", "decoder": "dec", "encoder": "enc", "jpeg": "jpeg", "ofa": "ofa"}
        self.put(resource, **{f"engines__{label}": profile[key] for label, key in engines.items()})

    def add_slices(self):
        found = [(g, d, s) for g in self.gpus for d, s in slices(g)]
        counts = Counter(d["name"] for _, d, _ in found)
        if self.strategy == "single" and any(g["mig"]["enabled"] for g in self.gpus):
            if single_trouble(self.gpus):
                first = next(g for g in self.gpus if g["mig"]["enabled"])
                self.put("nvidia.com/gpu", product=first["product"].replace(" ", "-") + "-MIG-INVALID", count=0, memory=0)
                self.put("nvidia.com/gpu", replicas=0, sharing_strategy="")
                return
            self.slice("nvidia.com/gpu", *found[0], len(found))
        if self.strategy == "mixed":
            for gpu, device, inside in reversed(found):
                self.slice(resource_of(device["name"]), gpu, device, inside, counts[device["name"]])

    def told(self):
        return {label.replace("sharing_strategy", "sharing-strategy"): value for label, value in self.all.items()}


@pytest.mark.parametrize("strategy", STRATEGIES)
@pytest.mark.parametrize("name", LABELS)
def test_labels(scenario_node, name, strategy):
    node, said = carve(scenario_node(DATA / f"nodes/{name}.yaml")), LABELS[name][strategy]
    if "error" in said:
        lost = [g["index"] for g in node["gpus"] if g["health"]["fault"]]
        assert [re.search(r"index '(\d+)': GPU is lost", said["error"])[1]] == [str(i) for i in lost]
        return

    possible = []
    for gpu in node["gpus"]:
        labels = Labels(node, strategy)
        labels.whole(gpu)
        labels.add_slices()
        possible.append(labels.told())
    assert said in possible, min(([(k, said.get(k), p.get(k)) for k in {*said, *p} if said.get(k) != p.get(k)] for p in possible), key=len)


def device_files(node, gpu, device=None, inside=None):
    """What a container needs to use the GPU, or a slice of it, by the driver's table of minors."""
    minor = gpu["minor"]
    files = {f"/dev/nvidia{minor}"}
    if inside:
        minors = dict(line.split() for line in (node.folder / "root/proc/driver/nvidia-caps/mig-minors").read_text().splitlines())
        path = f"gpu{minor}/gi{inside['instanceId']}"
        files |= {f"/dev/nvidia-caps/nvidia-cap{minors[p]}" for p in (f"{path}/access", f"{path}/ci{device['computeId']}/access")}
    assert all((node.folder / "root" / f[1:]).exists() for f in files)
    return files


def resources(node, gpus, strategy):
    """What the node offers: name -> UUID -> (NUMA node, device files)."""
    offer = {}
    for gpu in gpus:
        bus = gpu["busId"].lower()[4:]
        numa = int((node.folder / f"root/sys/bus/pci/devices/{bus}/numa_node").read_text())
        if strategy == "none" or not gpu["mig"]["enabled"]:
            offer.setdefault("nvidia.com/gpu", {})[gpu["uuid"]] = (numa, device_files(node, gpu))
            continue
        for device, inside in slices(gpu):
            name = "nvidia.com/gpu" if strategy == "single" else resource_of(device["name"])
            offer.setdefault(name, {})[device["uuid"]] = (numa, device_files(node, gpu, device, inside))
    return offer


CONTROL = {"/dev/nvidiactl", "/dev/nvidia-uvm", "/dev/nvidia-uvm-tools", "/dev/nvidia-modeset"}


def refusal(gpus, strategy):
    """Why the device plugin does not start on such a node; None if it does."""
    if any(g["health"]["fault"] for g in gpus):
        return "GPU is lost"
    migs = [g for g in gpus if g["mig"]["enabled"]]
    names = [d["name"] for g in migs for d, _ in slices(g)]
    if strategy == "single" and migs:
        empty = [g["index"] for g in migs if not slices(g)]
        if empty:
            return f"device {empty[0]} has no MIG devices configured"
        if len({(d["sm"], s["memoryMib"], s["profileId"]) for g in migs for d, s in slices(g)}) > 1:
            return "more than one MIG device type present on node"
        return "all devices on the node must be configured with the same migEnabled value" if len(migs) < len(gpus) else None
    cut = next((n for n in names if re.match(r"\d+c\.", n)), None)
    if strategy == "mixed" and cut:
        return f"MIG profile '{cut}' does not match any resource patterns"
    return "no devices" if strategy == "mixed" and not names and len(migs) == len(gpus) else None


@pytest.mark.parametrize("strategy", STRATEGIES)
@pytest.mark.parametrize("name", PLUGIN)
def test_devices(scenario_node, name, strategy):
    node, said = scenario_node(DATA / f"nodes/{name}.yaml"), PLUGIN[name][strategy]
    gpus = carve(node)["gpus"]
    assert said.get("error") == refusal(gpus, strategy)
    if said.get("error"):
        return
    offer = resources(node, gpus, strategy)
    assert {r: {uuid: (health, *numa) for uuid, health, numa in v["devices"]} for r, v in said["resources"].items()} == {
        r: {uuid: ("Healthy", numa) for uuid, (numa, _) in devices.items()} for r, devices in offer.items()
    }
    for resource, answer in said["resources"].items():
        allocated = answer["allocated"]
        assert allocated["envs"] == {"NVIDIA_VISIBLE_DEVICES": ",".join(allocated["ids"])}
        wanted = CONTROL.union(*(offer[resource][uuid][1] for uuid in allocated["ids"]))
        assert {*allocated["devices"]} == wanted


EVENTS = """
import json
import pynvml as nv

nv.nvmlInit()
events = nv.nvmlEventSetCreate()
for gpu in [nv.nvmlDeviceGetHandleByIndex(i) for i in range(nv.nvmlDeviceGetCount())]:
    wanted = nv.nvmlEventTypeXidCriticalError | nv.nvmlEventTypeDoubleBitEccError | nv.nvmlEventTypeSingleBitEccError
    nv.nvmlDeviceRegisterEvents(gpu, wanted & nv.nvmlDeviceGetSupportedEventTypes(gpu), events)
print("waiting", flush=True)
while True:
    e = nv.nvmlEventSetWait(events, 30000)
    xid = e.eventData if e.eventType == nv.nvmlEventTypeXidCriticalError else None
    print(json.dumps([nv.nvmlDeviceGetUUID(e.device), xid, e.gpuInstanceId, e.computeInstanceId]), flush=True)
"""
WHOLE = 0xFFFFFFFF
HARMLESS = {13, 31, 43, 45, 68, 109}  # an application's fault, says the device plugin
LAST = 45


def hit(gpus, uuid, instance, compute):
    """The UUIDs that an XID makes useless."""
    gpu = next(g for g in gpus if g["uuid"] == uuid)
    if not gpu["mig"]["enabled"]:
        return {uuid}
    return {d["uuid"] for d, s in slices(gpu) if instance == WHOLE or (instance, compute) == (s["instanceId"], d["computeId"])}


@pytest.mark.parametrize(("name", "strategy"), [(n, s) for n in PLUGIN for s in STRATEGIES if "faults" in PLUGIN[n][s]])
def test_faults(scenario_node, name, strategy):
    """What the driver's events say is hit is what the program called unhealthy. Of equal slices on one GPU it watches but one."""
    node, said = scenario_node(DATA / f"nodes/{name}.yaml"), PLUGIN[name][strategy]
    gpus = carve(node)["gpus"]
    offer = {
        r: [{*gpu} & {u for u, _, _ in v["devices"]} for gpu in ({g["uuid"], *(d["uuid"] for d, _ in slices(g))} for g in gpus)]
        for r, v in said["resources"].items()
    }
    waiter = subprocess.Popen(node.command(sys.executable, "-c", EVENTS), stdout=subprocess.PIPE, text=True)
    assert waiter.stdout.readline() == "waiting\n"
    useless, told = set(), set()
    for fault in said["faults"]:
        node.sim("inject", *fault["inject"])
        node.sim("inject", "xid", LAST, "--gpu", 0)
        while (event := json.loads(waiter.stdout.readline()))[1] != LAST:
            uuid, xid, instance, compute = event
            if xid and xid not in HARMLESS:
                useless |= hit(gpus, uuid, instance, compute)
        told.update(*fault["unhealthy"].values())
        assert told <= useless
    waiter.kill()
    waiter.wait()
    for groups in offer.values():
        for same in groups:
            assert len(same & told) == (1 if same & useless else 0)


def needs_own_compute(model, profile):
    """mig-parted asks for compute profile 0 in each 1g slice; in those of double memory since Hopper the driver has profile 7 only."""
    return profile in PROFILES[model] and PROFILES[model][profile]["compute_instances"][0][0] == 7


@pytest.mark.parametrize("model", MIG_PARTED)
def test_mig_parted(new_node, model):
    """Each preset: whether it can be, what is exported then, and which layouts are asserted of it."""
    said = MIG_PARTED[model]
    for preset, answer in said["applied"].items():
        node = new_node(model, 2)
        node.run(node.carve, "gpus", "apply", "-f", PRESETS, preset)
        assert node.run(node.carve, "gpus", "export") == answer["export"], preset
        for asked, (status, mode_status) in answer["assert"].items():
            command = ["gpus", "assert", "-f", PRESETS]
            assert node.status(node.carve, *command, asked) == status, (preset, asked)
            assert node.status(node.carve, *command, "-m", asked) == mode_status, (preset, asked)

    node = new_node(model, 2, "--mig")
    for preset, (status, mode_status) in said["hollow"].items():
        command = ["gpus", "assert", "-f", PRESETS]
        assert node.status(node.carve, "gpus", "apply", "-f", PRESETS, preset) == 1, preset
        assert node.status(node.carve, *command, preset) == status, preset
        assert node.status(node.carve, *command, "-m", preset) == mode_status, preset
    for preset in said["refused"]:
        wanted = 0 if needs_own_compute(model, preset.removeprefix("all-")) else 1
        assert node.status(node.carve, "gpus", "apply", "--dry-run", "-f", PRESETS, preset) == wanted, preset
