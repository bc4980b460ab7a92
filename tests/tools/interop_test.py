#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The C interface from outside, without any framework: a library is compiled as slimfit_torch compiles it and called with
memory of this program's, and layer.h and schedule.h are C. Arguments: the C compiler, a BLAS's shared library."""
import ctypes
import importlib.util
import json
import os
import pathlib
import random
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]


def module(name):
    """A module of slimfit_torch by itself: the package would import torch."""
    spec = importlib.util.spec_from_file_location(name, ROOT / "python" / "slimfit_torch" / f"{name}.py")
    loaded = importlib.util.module_from_spec(spec)
    sys.modules[name] = loaded
    spec.loader.exec_module(loaded)
    return loaded


class Pass(ctypes.Structure):
    _fields_ = [("sequences", ctypes.c_int64), ("tokens", ctypes.c_int64), ("lengths", ctypes.c_void_p),
                ("parameters", ctypes.c_void_p), ("wanted", ctypes.c_char_p), ("seed", ctypes.c_uint64),
                ("drops", ctypes.c_int32), ("threads", ctypes.c_int32), ("stream", ctypes.c_void_p)]


class Memory(ctypes.Structure):
    _fields_ = [("data", ctypes.c_void_p), ("bytes", ctypes.c_int64)]


class Sizes(ctypes.Structure):
    _fields_ = [(name, ctypes.c_int64) for name in ("tape", "tape_static", "forward_scratch", "backward_scratch",
                                                   "workspace")]


def memory(count):
    """Memory at a multiple of 64, and what holds it."""
    held = ctypes.create_string_buffer(count + 64)
    return Memory(ctypes.addressof(held) + -ctypes.addressof(held) % 64, count), held


def floats(count, scale=1.0):
    return (ctypes.c_float * count)(*(random.gauss(0, scale) for _ in range(count)))


def addresses(arrays):
    return (ctypes.c_void_p * len(arrays))(*(ctypes.addressof(each) for each in arrays))


def check_headers(compiler):
    """That both headers are C, without a warning."""
    for name in ("layer", "schedule"):
        subprocess.run([*compiler.split(), "-std=c99", "-Wall", "-Wextra", "-Wpedantic", "-Werror", "-fsyntax-only", "-x", "c",
                        f"-I{ROOT / 'include'}", "-"], input=f"#include <slimfit/interop/{name}.h>\n", text=True, check=True)


def check_layer(path, blas):
    """A pass whose input's gradient is compared with a difference of the loss sum(y * r)."""
    calls = ctypes.CDLL(str(path))
    calls.slimfit_layer_describe.restype = calls.slimfit_error.restype = ctypes.c_char_p

    def check(code):
        assert code == 0, calls.slimfit_error().decode()

    facts = json.loads(calls.slimfit_layer_describe())
    assert facts["width"] == 64 and facts["device"] == "host" and len(facts["parameters"]) == 16
    library = ctypes.CDLL(blas)
    random.seed(1)
    weights = []
    for each in facts["parameters"]:
        count = 1
        for extent in each["shape"]:
            count *= extent
        weights.append(floats(count, 0.1))
    parameters = addresses(weights)
    sequences, tokens = 2, 3
    count = sequences * tokens * facts["width"]
    x, r = floats(count), floats(count)
    given = Pass(sequences, tokens, None, ctypes.addressof(parameters), b"\1" * 16, 0, 0, 1, None)
    sizes = Sizes()
    check(calls.slimfit_layer_sizes(ctypes.byref(given), ctypes.byref(sizes)))
    assert 0 < sizes.tape_static < sizes.tape

    def forward(rows, tape):
        output = (ctypes.c_float * count)()
        scratch, held = memory(sizes.forward_scratch)
        check(calls.slimfit_layer_forward(ctypes.byref(given), rows, output, tape, scratch))
        return output

    tape, held_tape = memory(sizes.tape)
    output = (ctypes.c_float * count)()
    scratch, held = memory(sizes.forward_scratch)
    failed = calls.slimfit_layer_forward(ctypes.byref(given), x, output, tape, scratch)
    assert failed and "expected the program's BLAS" in calls.slimfit_error().decode()
    check(calls.slimfit_use_products(library.sgemm_, library.dgemm_))
    forward(x, tape)
    dx = (ctypes.c_float * count)()
    gradients = [(ctypes.c_float * len(each))() for each in weights]
    scratch, held = memory(sizes.backward_scratch)
    check(calls.slimfit_layer_backward(ctypes.byref(given), tape, r, dx, addresses(gradients), scratch))
    for each, gradient in zip(facts["parameters"], gradients):  # softmax ignores a bias of the keys
        assert any(gradient) != each["name"].endswith("key.bias"), each["name"]
    step = 1e-3
    direction = floats(count)

    def loss(sign):
        moved = (ctypes.c_float * count)(*(a + sign * step * b for a, b in zip(x, direction)))
        return sum(a * b for a, b in zip(forward(moved, tape), r))

    slope = (loss(1) - loss(-1)) / (2 * step)
    found = sum(a * b for a, b in zip(dx, direction))
    assert abs(found - slope) < 0.02 * abs(slope) + 0.02, (found, slope)


def main():
    c_compiler, blas = sys.argv[1:]
    check_headers(c_compiler)
    compiler, source = module("compiler"), module("source")
    with tempfile.TemporaryDirectory() as folder:
        os.environ["SLIMFIT_CACHE"] = folder
        text = source.layer_text(source.Shape("output_norm", 64, 2, 128), "exact")
        path = compiler.build(text, "block")
        assert compiler.build(text, "block") == path and len(list(pathlib.Path(folder).glob("*.so"))) == 1
        check_layer(path, blas)
        compiler.build(source.schedule_text("relative_update"), "schedule")
        try:
            compiler.build(source.layer_text(source.Shape("pre_norm", 64, 2, 128), "struct my_policy {};"), "block")
        except compiler.CompilerError as reason:
            assert "derive from a preset" in str(reason), reason
        else:
            raise AssertionError("a policy that is none was compiled")
    print("passed")


if __name__ == "__main__":
    main()
