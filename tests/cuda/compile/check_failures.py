#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Programs whose functions cannot run on a device do not compile for CUDA: nvcc has an error for every line `// expect: `, and
says what every line `// says: ` has somewhere.

usage: check_failures.py NVCC INCLUDE_FOLDER [-- NVCC_OPTIONS...]
"""
import argparse
import pathlib
import re
import shutil
import subprocess
import sys

HERE = pathlib.Path(__file__).parent
SKIPPED = 77


def check(program, nvcc, options):
    """Returns what is wrong."""
    expected = re.findall(r"^// expect: (.*)$", program.read_text(), re.MULTILINE)
    command = [nvcc, "-std=c++20", *options, "-ptx", "-arch=sm_80", str(program), "-o", "/dev/null"]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    output = result.stdout + result.stderr
    if result.returncode == 0:
        return [f"{program.name} compiles"]
    errors = [line for line in output.splitlines() if re.search(r"\berror\b", line)]
    missing = [each for each in expected if not any(each in line for line in errors)]
    missing += [each for each in re.findall(r"^// says: (.*)$", program.read_text(), re.MULTILINE) if each not in output]
    return [f"{program.name}: nvcc does not say: {each}\n{output}" for each in missing]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("nvcc")
    parser.add_argument("include", type=pathlib.Path)
    parser.add_argument("options", nargs="*")
    arguments = parser.parse_args()
    if shutil.which(arguments.nvcc) is None:
        print("skipped: no nvcc")
        return SKIPPED
    failures = []
    programs = sorted((HERE / "fail").glob("*.cu"))
    for program in programs:
        failures += check(program, arguments.nvcc, [f"-I{arguments.include}", *arguments.options])
    print("\n".join(failures))
    print(f"{len(programs)} programs, {len(failures)} failures")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
