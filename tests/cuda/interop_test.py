#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The C interface on CUDA from outside, without any framework: libraries are compiled as slimfit_torch compiles them, for the
host and by nvcc, and called with the same numbers; both passes must agree. On CUDA all memory is this program's: weights,
gradients, tape and scratch, and by two functions of Python what the library holds itself.

The environment: CUDA_RUNNER, a command that runs CUDA programs; CXX, NVCC. Argument: a BLAS's shared library."""
import array
import ctypes
import importlib.util
import json
import math
import os
import pathlib
import random
import shlex
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
SKIPPED = 77
# Kind of block, policy, scalar, percent that are dropped, and the largest relative distance between host and device:
# sums run in other orders, and a number on the border between two codes falls to either side.
CASES = [("pre_norm", "exact", "float", 0, 5e-6), ("pre_norm", "slim", "float", 0, 1e-3),
         ("output_norm", "exact", "float", 10, 5e-6), ("output_norm", "slim", "bf16", 0, 1e-1),
         ("pre_norm", "exact", "bf16", 10, 2e-2)]
SEQUENCES, TOKENS, WIDTH = 3, 19, 64
LENGTHS = (19, 7, 16)


class Pass(ctypes.Structure):
    _fields_ = [("sequences", ctypes.c_int64), ("tokens", ctypes.c_int64), ("lengths", ctypes.c_void_p),
                ("parameters", ctypes.c_void_p), ("wanted", ctypes.c_char_p), ("seed", ctypes.c_uint64),
                ("drops", ctypes.c_int32), ("threads", ctypes.c_int32), ("stream", ctypes.c_void_p)]


class Memory(ctypes.Structure):
    _fields_ = [("data", ctypes.c_void_p), ("bytes", ctypes.c_int64)]


class Sizes(ctypes.Structure):
    _fields_ = [(name, ctypes.c_int64)
                for name in ("tape", "tape_static", "forward_scratch", "backward_scratch", "workspace")]


ALLOCATE = ctypes.CFUNCTYPE(ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int64)
DEALLOCATE = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int64)


def to_bytes(numbers, scalar):
    """Numbers as they lie in memory; bf16 is the upper half of a float."""
    data = array.array("f", numbers).tobytes()
    return data if scalar == "float" else b"".join(data[i + 2:i + 4] for i in range(0, len(data), 4))


def to_numbers(data, scalar):
    if scalar == "bf16":
        data = b"".join(b"\0\0" + data[i:i + 2] for i in range(0, len(data), 2))
    return array.array("f", data)


class Host:
    """Memory of the host: held blocks at multiples of 64."""

    stream = None

    def __init__(self, calls, blas):
        self.held = []
        library = ctypes.CDLL(blas)
        assert calls.slimfit_use_products(library.sgemm_, library.dgemm_) == 0, calls.slimfit_error()

    def put(self, data):
        address = self.room(len(data))
        ctypes.memmove(address, data, len(data))
        return address

    def room(self, count):
        self.held.append(ctypes.create_string_buffer(count + 64))
        start = ctypes.addressof(self.held[-1])
        return start + -start % 64

    def get(self, address, count):
        return ctypes.string_at(address, count)

    def end(self):
        self.held.clear()


class Device:
    """Memory of the device, by the CUDA runtime that the library is linked with; passes go to a stream of its own."""

    def __init__(self, calls, _blas):
        self.calls, self.held, self.given, self.most = calls, [], {}, 0
        self.stream = ctypes.c_void_p()
        self.check(calls.cudaStreamCreate(ctypes.byref(self.stream)))
        self.functions = ALLOCATE(self.allocate), DEALLOCATE(self.deallocate)
        assert calls.slimfit_use_products(None, None) == 1
        assert b"is for libraries of the host" in calls.slimfit_error()
        assert calls.slimfit_use_memory(self.functions[0], None, None) == 1
        assert calls.slimfit_use_memory(*self.functions, None) == 0, calls.slimfit_error()

    def check(self, code):
        assert code == 0, f"CUDA error {code}"

    def allocate(self, _state, count):
        address = ctypes.c_void_p()
        self.check(self.calls.cudaMallocAsync(ctypes.byref(address), ctypes.c_size_t(count), self.stream))
        self.given[address.value] = count
        self.most = max(self.most, sum(self.given.values()))
        return address.value

    def deallocate(self, _state, address, count):
        assert self.given.pop(address) == count
        self.check(self.calls.cudaFreeAsync(ctypes.c_void_p(address), self.stream))

    def put(self, data):
        address = self.room(len(data))
        self.copy(address, data, len(data))
        return address

    def room(self, count):
        address = ctypes.c_void_p()
        self.check(self.calls.cudaMalloc(ctypes.byref(address), ctypes.c_size_t(max(count, 1))))
        self.held.append(address)
        return address.value

    def copy(self, target, source, count):
        from_host = isinstance(source, bytes)
        self.check(self.calls.cudaMemcpyAsync(ctypes.c_void_p(target), source if from_host else ctypes.c_void_p(source),
                                              ctypes.c_size_t(count), 1 if from_host else 3, self.stream))

    def get(self, address, count):
        result = ctypes.create_string_buffer(count)
        self.check(self.calls.cudaMemcpyAsync(result, ctypes.c_void_p(address), ctypes.c_size_t(count), 2, self.stream))
        self.check(self.calls.cudaStreamSynchronize(self.stream))
        return result.raw

    def end(self):
        for address in self.held:
            self.check(self.calls.cudaFree(address))
        self.held.clear()
        self.check(self.calls.cudaStreamDestroy(self.stream))


def pass_by(path, kind, blas, scalar, drops):
    """Output, the rows' gradient and those of the weights that are wanted, by the library at a path."""
    calls = ctypes.CDLL(str(path))
    calls.slimfit_layer_describe.restype = calls.slimfit_error.restype = calls.slimfit_layer_plan.restype = ctypes.c_char_p
    facts = json.loads(calls.slimfit_layer_describe())
    assert facts["interface"] == 2 and facts["scalar"] == scalar and facts["width"] == WIDTH, facts
    assert facts["device"] == ("cuda" if kind is Device else "host")
    memory = kind(calls, blas)

    def check(code):
        assert code == 0, calls.slimfit_error().decode()

    draw = random.Random(1)
    numbers = lambda count, scale=1.0, mean=0.0: [draw.gauss(mean, scale) for _ in range(count)]
    counts = [math.prod(each["shape"]) for each in facts["parameters"]]
    norms = ["orm" in each["name"] and each["name"].endswith("weight") for each in facts["parameters"]]
    weights = [memory.put(to_bytes(numbers(count, 0.15, float(norm)), scalar)) for count, norm in zip(counts, norms)]
    wanted = bytes(i % 5 != 3 for i in range(len(weights)))
    size = 4 if scalar == "float" else 2
    gradients = [memory.room(size * count) if want else None for count, want in zip(counts, wanted)]
    addresses = lambda values: (ctypes.c_void_p * len(values))(*values)
    parameters = addresses(weights)
    lengths = memory.put(array.array("i", LENGTHS).tobytes())
    given = Pass(SEQUENCES, TOKENS, lengths, ctypes.addressof(parameters), wanted, 5, drops, 1, memory.stream)
    sizes = Sizes()
    check(calls.slimfit_layer_sizes(ctypes.byref(given), ctypes.byref(sizes)))
    assert 0 < sizes.tape_static < sizes.tape
    planned = json.loads(calls.slimfit_layer_plan(ctypes.byref(given)))
    assert sum(each["bytes"] for each in planned) == sizes.tape

    rows = SEQUENCES * TOKENS * WIDTH
    x, dy = memory.put(to_bytes(numbers(rows), scalar)), memory.put(to_bytes(numbers(rows), scalar))
    y, dx = memory.room(size * rows), memory.room(size * rows)
    tape = memory.room(sizes.tape)
    check(calls.slimfit_layer_forward(ctypes.byref(given), ctypes.c_void_p(x), ctypes.c_void_p(y),
                                      Memory(tape, sizes.tape), Memory(memory.room(sizes.forward_scratch), sizes.forward_scratch)))
    if kind is Device:  # the tape moves
        moved = memory.room(sizes.tape)
        memory.copy(moved, tape, sizes.tape)
        tape = moved
    check(calls.slimfit_layer_backward(ctypes.byref(given), Memory(tape, sizes.tape), ctypes.c_void_p(dy), ctypes.c_void_p(dx),
                                       addresses(gradients),
                                       Memory(memory.room(sizes.backward_scratch), sizes.backward_scratch)))
    read = lambda address, count: to_numbers(memory.get(address, size * count), scalar)
    result = {"output": read(y, rows), "gradient of the rows": read(dx, rows)}
    for each, address, count in zip(facts["parameters"], gradients, counts):
        if address is not None:
            result[each["name"]] = read(address, count)
    if kind is Device:
        assert sum(memory.given.values()) == memory.most == sizes.workspace, (memory.given, sizes.workspace)
        check(calls.slimfit_release())
        assert not memory.given
    else:
        assert sizes.workspace == 0
    memory.end()
    return result


def has_device(path):
    count = ctypes.c_int()
    return ctypes.CDLL(str(path)).cudaGetDeviceCount(ctypes.byref(count)) == 0 and count.value > 0


def compare(host, cuda, blas, scalar, drops, bound):
    """In a process of its own, where CUDA programs run."""
    if not has_device(cuda):
        return SKIPPED
    expected = pass_by(host, Host, blas, scalar, drops)
    found = pass_by(cuda, Device, blas, scalar, drops)
    assert expected.keys() == found.keys()
    worst = 0.0
    for name, values in expected.items():
        if name.endswith("key.bias"):  # 0 but for rounding
            continue
        size = math.sqrt(math.fsum(value * value for value in values))
        distance = math.sqrt(math.fsum((a - b) ** 2 for a, b in zip(values, found[name])))
        assert size > 0 and distance <= bound * size, (name, distance / size, bound)
        worst = max(worst, distance / size)
    print(f"{scalar}: host and CUDA differ by at most {worst:.1e}, bound {bound:.0e}")
    return 0


def module(name):
    """A module of slimfit_torch by itself: the package would import torch."""
    spec = importlib.util.spec_from_file_location(name, ROOT / "python" / "slimfit_torch" / f"{name}.py")
    loaded = importlib.util.module_from_spec(spec)
    sys.modules[name] = loaded
    spec.loader.exec_module(loaded)
    return loaded


def main():
    if len(sys.argv) > 2:
        host, cuda, blas, scalar, drops, bound = sys.argv[1:]
        return compare(host, cuda, blas, scalar, int(drops), float(bound))
    compiler, source = module("compiler"), module("source")
    try:
        compiler.find_nvcc(os.environ.get("NVCC"), os.environ.get("CUDA_HOME"))
    except compiler.CompilerError as reason:
        print(f"skipped: {reason}")
        return SKIPPED
    with tempfile.TemporaryDirectory() as folder:
        os.environ.setdefault("SLIMFIT_CACHE", folder)
        for kind, policy, scalar, drops, bound in CASES:
            shape = source.Shape(kind, WIDTH, 2, 128, hidden_dropout=drops, attention_dropout=drops)
            host, cuda = (compiler.build(source.layer_text(shape, policy, scalar, device), kind, device)
                          for device in ("host", "cuda"))
            done = subprocess.run([*shlex.split(os.environ.get("CUDA_RUNNER", "")), sys.executable, os.path.abspath(__file__), host, cuda,
                                   sys.argv[1], scalar, "1" if drops else "0", str(bound)], check=False)
            if done.returncode == SKIPPED:
                print("skipped: there is no CUDA device")
            if done.returncode != 0:
                print(f"{kind}, {policy}, {scalar}: ended with {done.returncode}")
                return done.returncode
    print("passed")
    return 0


if __name__ == "__main__":
    sys.exit(main())
