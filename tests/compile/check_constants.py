# SPDX-License-Identifier: MIT
"""Every compiler finds the same constants: the plans of all presets, the choices for budgets, codebooks. What g++ finds is
printed by a program and compiled, as assertions, by the others; nvcc evaluates constants twice, for the host and for the
device."""
import argparse
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

from compilers import SKIPPED, compiler_or_skip, report, run_compiler

HERE = pathlib.Path(__file__).parent / "constants"


def missing_presets(include):
    """Presets that constants.hpp does not plan."""
    presets = re.findall(r"(?<!>\n)^struct (\w+)", (include / "slimfit/policy/presets.hpp").read_text(), re.MULTILINE)
    planned = set(re.findall(r"\bpolicy::(\w+)", (HERE / "constants.hpp").read_text()))
    return [f"constants.hpp does not plan policy::{each}" for each in presets if each not in planned]


def print_constants(flags, folder):
    """Writes expected.hpp. Returns what went wrong."""
    program = folder / "print"
    # Nothing of what it prints is computed by it, so nothing of the library's is linked.
    good, output = run_compiler(compiler_or_skip("g++"), [*flags, "-O0", HERE / "print.cpp", "-o", program])
    if not good:
        return [f"print.cpp does not compile:\n{output}"]
    printed = subprocess.run([str(program)], capture_output=True, text=True, check=True).stdout
    (folder / "expected.hpp").write_text(printed)
    return []


def compare(compiler, flags):
    """Returns what went wrong."""
    source = HERE / "compare.cpp"
    if pathlib.Path(compiler).name == "nvcc":
        command = [compiler, "-std=c++20", *flags, "-cuda", "-arch=sm_80", "-x", "cu", source, "-o", "/dev/null"]
        result = subprocess.run(list(map(str, command)), capture_output=True, text=True, check=False)
        good, output = result.returncode == 0, result.stdout + result.stderr
    else:
        good, output = run_compiler(compiler, [*flags, "-fsyntax-only", "-fconstexpr-steps=100000000", source])
    return [] if good else [f"{compiler} finds other constants than g++:\n{output}"]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("include", type=pathlib.Path)
    parser.add_argument("--compiler", action="append", dest="compilers",
                        help="clang++ or nvcc; what is not installed is left out")
    parser.add_argument("flags", nargs="*")
    options = parser.parse_args()
    compilers = [each for each in options.compilers if shutil.which(each)]
    if not compilers:
        print(f"skipped: none of {', '.join(options.compilers)} is installed")
        sys.exit(SKIPPED)
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        flags = [f"-I{each}" for each in (options.include, HERE, folder)] + options.flags
        failures = missing_presets(options.include) or print_constants(flags, folder)
        for compiler in [] if failures else compilers:
            failures += compare(compiler, flags)
    print(f"compared: g++ {' '.join(compilers)}")
    report(failures, max(0, len(compilers) - len(failures)))


if __name__ == "__main__":
    main()
