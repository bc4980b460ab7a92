#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Compiles every CUDA header by itself, and one program of two units with and without relocatable device code.

usage: check_headers.py INCLUDE_FOLDER [--runner COMMAND] -- NVCC_OPTIONS...
"""
import argparse
import pathlib
import shlex
import shutil
import subprocess
import sys
import tempfile

here = pathlib.Path(__file__).parent
skipped = 77


def run(command, what):
    result = subprocess.run(command, capture_output=True, text=True)
    if result.returncode != 0:
        print(f"{what} failed: {shlex.join(map(str, command))}\n{result.stdout}{result.stderr}")
    return result.returncode


def check_header(header, include, options, folder):
    source = folder / "alone.cu"
    source.write_text(f"#include <{header}>\n#include <{header}>\nint main() {{}}\n")
    # Intermediate code is enough to find what a header lacks.
    return run(["nvcc", *options, f"-I{include}", "-ptx", source, "-o", folder / "alone.ptx"], str(header)) == 0


def check_program(relocatable, include, options, runner, folder):
    mode = [f"-rdc={'true' if relocatable else 'false'}"]
    program = folder / "program"
    units = [here / "first_unit.cu", here / "second_unit.cu"]
    command = ["nvcc", *options, *mode, f"-I{include}", *units, "-o", program, "-lcublasLt", "-lopenblas"]
    if run(command, f"two units with {mode[0]}") != 0:
        return False
    status = subprocess.run([*runner, program]).returncode
    if status not in (0, skipped):
        print(f"the program of two units with {mode[0]} ended with {status}")
    return status in (0, skipped)


def main():
    given = sys.argv[1:]
    end = given.index("--") if "--" in given else len(given)
    own, options = given[:end], given[end + 1 :]
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("include", type=pathlib.Path)
    parser.add_argument("--runner", default="")
    arguments = parser.parse_args(own)
    if shutil.which("nvcc") is None:
        print("skipped: no nvcc")
        return skipped
    target = ["-gencode", "arch=compute_80,code=compute_80", "-cudart", "shared"]
    options = ["-std=c++20", *target, "-Werror", "all-warnings", *options]
    root = arguments.include
    headers = sorted(root.rglob("*.cuh")) + sorted((root / "slimfit/backend/cuda").glob("*.hpp"))
    has_nccl = subprocess.run(["nvcc", "-x", "cu", "-E", "-", "-o", "/dev/null"], input="#include <nccl.h>\n", text=True,
                              capture_output=True, check=False).returncode == 0
    headers += sorted((root / "slimfit/nccl").glob("*.hpp")) if has_nccl else []
    assert len(headers) > 10, "CUDA headers were not found"
    good = True
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        for header in headers:
            good &= check_header(header.relative_to(root), root, options, folder)
        for relocatable in (False, True):
            good &= check_program(relocatable, root, options, shlex.split(arguments.runner), folder)
    print(f"{len(headers)} headers, two programs: {'passed' if good else 'FAILED'}")
    return 0 if good else 1


sys.exit(main())
