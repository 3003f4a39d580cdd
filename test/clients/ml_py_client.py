"""A client on nvidia-ml-py, to be run by `carve-sim run`: prints what it is told as JSON.

usage: ml_py_client.py walk|mig|wait|gpm|getters
"""

import inspect
import json
import sys

import pynvml as nv


def gpus():
    return [nv.nvmlDeviceGetHandleByIndex(i) for i in range(nv.nvmlDeviceGetCount())]


def walk():
    def one(gpu):
        memory = nv.nvmlDeviceGetMemoryInfo(gpu)
        return {
            "name": nv.nvmlDeviceGetName(gpu),
            "uuid": nv.nvmlDeviceGetUUID(gpu),
            "memoryTotal": memory.total,
            "memoryUsed": memory.used,
            "computeCapability": nv.nvmlDeviceGetCudaComputeCapability(gpu),
            "migMode": nv.nvmlDeviceGetMigMode(gpu),
            "utilization": nv.nvmlDeviceGetUtilizationRates(gpu).gpu,
            "processes": [{"pid": p.pid, "memory": p.usedGpuMemory} for p in nv.nvmlDeviceGetComputeRunningProcesses(gpu)],
        }

    return {
        "driver": nv.nvmlSystemGetDriverVersion(),
        "cuda": nv.nvmlSystemGetCudaDriverVersion(),
        "gpus": [one(gpu) for gpu in gpus()],
    }


def profiles(gpu):
    found = {}
    for enumerator in range(nv.NVML_GPU_INSTANCE_PROFILE_COUNT):
        try:
            info = nv.nvmlDeviceGetGpuInstanceProfileInfo(gpu, enumerator, 2)
        except (nv.NVMLError_NotSupported, nv.NVMLError_InvalidArgument):
            continue
        count = nv.c_uint()
        nv.nvmlDeviceGetGpuInstancePossiblePlacements(gpu, info.id, None, nv.byref(count))
        places = (nv.c_nvmlGpuInstancePlacement_t * count.value)()
        nv.nvmlDeviceGetGpuInstancePossiblePlacements(gpu, info.id, places, nv.byref(count))
        name = info.name.decode() if isinstance(info.name, bytes) else info.name
        found[name.removeprefix("MIG ")] = {
            "id": info.id,
            "instances": info.instanceCount,
            "sm": info.multiprocessorCount,
            "memory": info.memorySizeMB,
            "starts": sorted(p.start for p in places),
        }
    return found


def error_of(call, *arguments):
    try:
        call(*arguments)
    except nv.NVMLError as e:
        return str(e)
    return None


def cut(gpu, profile_id, compute_profile, start, size):
    place = nv.c_nvmlGpuInstancePlacement_t(start, size)
    gi = nv.nvmlDeviceCreateGpuInstanceWithPlacement(gpu, profile_id, nv.byref(place))
    return gi, nv.nvmlGpuInstanceCreateComputeInstance(gi, compute_profile)


def mig():
    gpu = gpus()[0]
    told = {}
    nv.nvmlDeviceSetMigMode(gpu, nv.NVML_DEVICE_MIG_ENABLE)
    told["modeAfterEnable"] = nv.nvmlDeviceGetMigMode(gpu)
    told["profiles"] = profiles(gpu)
    pairs = [cut(gpu, 9, nv.NVML_COMPUTE_INSTANCE_PROFILE_3_SLICE, 4, 4), cut(gpu, 19, nv.NVML_COMPUTE_INSTANCE_PROFILE_1_SLICE, 0, 1)]
    told["created"] = []
    for gi, ci in pairs:
        info = nv.nvmlGpuInstanceGetInfo(gi)
        device = nv.nvmlComputeInstanceGetInfo(ci).device
        attributes = nv.nvmlDeviceGetAttributes(device)
        told["created"].append(
            {
                "name": nv.nvmlDeviceGetName(device),
                "giId": nv.nvmlDeviceGetGpuInstanceId(device),
                "ciId": nv.nvmlDeviceGetComputeInstanceId(device),
                "placement": [info.placement.start, info.placement.size],
                "sm": attributes.multiprocessorCount,
                "memory": attributes.memorySizeMB,
            }
        )
    told["overlap"] = error_of(cut, gpu, 9, nv.NVML_COMPUTE_INSTANCE_PROFILE_3_SLICE, 0, 4)
    told["destroyWithComputeInstance"] = error_of(nv.nvmlGpuInstanceDestroy, pairs[0][0])
    for gi, ci in pairs:
        nv.nvmlComputeInstanceDestroy(ci)
        nv.nvmlGpuInstanceDestroy(gi)
    told["devicesAfter"] = sum(error_of(nv.nvmlDeviceGetMigDeviceHandleByIndex, gpu, i) is None for i in range(7))
    return told


def wait():
    events = nv.nvmlEventSetCreate()
    for gpu in gpus():
        nv.nvmlDeviceRegisterEvents(gpu, nv.nvmlEventTypeXidCriticalError, events)
    print("waiting", flush=True)
    event = nv.nvmlEventSetWait(events, 30000)
    return {"gpu": nv.nvmlDeviceGetIndex(event.device), "type": event.eventType, "data": event.eventData}


def gpm():
    gpu = gpus()[0]
    try:
        device = nv.nvmlDeviceGetMigDeviceHandleByIndex(gpu, 0)
    except nv.NVMLError_NotFound:
        device = nv.nvmlComputeInstanceGetInfo(cut(gpu, 19, nv.NVML_COMPUTE_INSTANCE_PROFILE_1_SLICE, 0, 1)[1]).device
    samples = [nv.nvmlGpmSampleAlloc() for _ in range(2)]
    for sample in samples:
        nv.nvmlGpmSampleGet(device, sample)
    asked = nv.c_nvmlGpmMetricsGet_t()
    asked.version, asked.numMetrics = nv.NVML_GPM_METRICS_GET_VERSION, 1
    asked.sample1, asked.sample2 = samples
    asked.metrics[0].metricId = nv.NVML_GPM_METRIC_SM_UTIL
    nv.nvmlGpmMetricsGet(asked)
    return {"parent": error_of(nv.nvmlDeviceGetUtilizationRates, gpu), "smUtil": asked.metrics[0].value}


# Needs more than a device and has no default: values that every GPU understands.
EXTRA = {"sensor": 0, "type": 0, "clockId": 0, "link": 0, "counter": 0, "mode": 0, "index": 0, "fan": 0, "pid": 1, "cpuSetSize": 1}


def getters():
    gpu = gpus()[0]
    told = {"called": 0, "answered": 0, "missing": []}

    def call_all(device):
        for name, function in sorted(vars(nv).items()):
            if not name.startswith("nvmlDeviceGet") or "Handle" in name or not inspect.isfunction(function):
                continue
            needed = [p.name for p in inspect.signature(function).parameters.values() if p.default is p.empty]
            if not needed:
                continue
            extra = [EXTRA.get(name, 0) for name in needed[1:]]
            told["called"] += 1
            try:
                function(device, *extra)
                told["answered"] += 1
            except nv.NVMLError_FunctionNotFound:
                told["missing"].append(name)
            except (nv.NVMLError, TypeError, AttributeError, ValueError):
                pass  # TypeError and its like: this getter wants a struct, which the bindings say themselves

    call_all(gpu)
    nv.nvmlDeviceSetMigMode(gpu, nv.NVML_DEVICE_MIG_ENABLE)
    call_all(gpu)
    ci = cut(gpu, 19, nv.NVML_COMPUTE_INSTANCE_PROFILE_1_SLICE, 0, 1)[1]
    call_all(nv.nvmlComputeInstanceGetInfo(ci).device)
    return told


def main():
    try:
        nv.nvmlInit()
    except nv.NVMLError as e:
        return {"error": str(e)}
    return {"walk": walk, "mig": mig, "wait": wait, "gpm": gpm, "getters": getters}[sys.argv[1]]()


print(json.dumps(main()), flush=True)
