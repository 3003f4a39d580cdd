"""Call functions of a driver library and say what each answered; a program of its own, because a bad library would take its caller along.

usage: nvml_caller LIBRARY <PLAN

The plan is JSON: {"mig": …, "then": [command, …], "calls": [[name, [argument, …]], …]}. The handles are had before the command "then"
(if any) runs. An argument is a number or one of: device (the first GPU; its first MIG
device when "mig"), gpu, gpu_instance, compute_instance (of that MIG device), wild (an address where nothing is), zeros (a buffer of zeros,
fresh for each argument). Prints {name: answer}; each name goes to stderr before its call.
"""

import ctypes
import json
import subprocess
import sys

ROOM = 1 << 17  # larger than any struct of NVML
WILD = 0x7E57


def main():
    library = ctypes.CDLL(sys.argv[1])
    plan = json.load(sys.stdin)
    handles = {"wild": ctypes.c_void_p(WILD)}

    def find(kind, function, *arguments):
        handle = ctypes.c_void_p()
        assert getattr(library, function)(*arguments, ctypes.byref(handle)) == 0, function
        handles[kind] = handle

    def number(function, *arguments):
        value = ctypes.c_uint()
        assert getattr(library, function)(*arguments, ctypes.byref(value)) == 0, function
        return value

    assert library.nvmlInit_v2() == 0
    find("gpu", "nvmlDeviceGetHandleByIndex_v2", 0)
    handles["device"] = handles["gpu"]
    if plan["mig"]:
        find("device", "nvmlDeviceGetMigDeviceHandleByIndex", handles["gpu"], 0)
        gi = number("nvmlDeviceGetGpuInstanceId", handles["device"])
        ci = number("nvmlDeviceGetComputeInstanceId", handles["device"])
        find("gpu_instance", "nvmlDeviceGetGpuInstanceById", handles["gpu"], gi)
        find("compute_instance", "nvmlGpuInstanceGetComputeInstanceById", handles["gpu_instance"], ci)

    if plan["then"]:
        subprocess.run(plan["then"], check=True)
    answers = {}
    for name, words in plan["calls"]:
        print(name, file=sys.stderr, flush=True)
        arguments = [ctypes.c_ulonglong(word) if isinstance(word, int) else handles.get(word) or (ctypes.c_char * ROOM)() for word in words]
        answers[name] = getattr(library, name)(*arguments)
    json.dump(answers, sys.stdout)


main()
