"""Call functions of a driver library and say what each answered; a program of its own, because a bad library would take its caller along.

usage: nvml_caller LIBRARY <PLAN

The plan is JSON: {"mig": …, "then": [command, …], "calls": [[name, [argument, …]], …]}. The handles are had before the command "then"
(if any) runs. An argument is a number or one of: device (the first GPU; its first MIG device when "mig"), gpu, gpu_instance,
compute_instance (of that MIG device), wild (an address where nothing is), or [size, word]: a buffer of its own, zeros behind a first
32-bit word. Prints {name: answer}; each name goes to stderr before its call. A byte that is written behind a buffer ends the program.
"""

import ctypes
import json
import subprocess
import sys

WILD = 0x7E57
GUARD = b"\xa5" * 256


class Buffer:
    def __init__(self, size, word):
        self.size = size
        content = word.to_bytes(4, sys.byteorder).ljust(size, b"\0")[:size] + GUARD
        self.bytes = (ctypes.c_char * len(content)).from_buffer_copy(content)

    def is_whole(self):
        return self.bytes.raw[self.size :] == GUARD


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
        arguments, buffers = [], []
        for word in words:
            if isinstance(word, list):
                buffers.append(Buffer(*word))
                arguments.append(buffers[-1].bytes)
            else:
                arguments.append(ctypes.c_ulonglong(word) if isinstance(word, int) else handles[word])
        answers[name] = getattr(library, name)(*arguments)
        for buffer in buffers:
            assert buffer.is_whole(), f"{name} wrote beyond the {buffer.size} bytes of a buffer"
    json.dump(answers, sys.stdout)


main()
