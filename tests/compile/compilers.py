# SPDX-License-Identifier: MIT
"""What the compile tests share: running a compiler, and ending as skipped where it is not installed."""
import pathlib
import re
import shutil
import subprocess
import sys

SKIPPED = 77


def compiler_or_skip(name):
    """The compiler's path, or the end of the test."""
    path = shutil.which(name)
    if path is None:
        print(f"skipped: {name} is not installed")
        sys.exit(SKIPPED)
    return path


def run_compiler(compiler, arguments, text=None):
    """Compiles what the arguments name, or a text. Returns whether it went well, and what the compiler said."""
    command = [compiler, "-std=c++20", "-fopenmp", *map(str, arguments)]
    if text is not None:
        command += ["-x", "c++", "-"]
    result = subprocess.run(command, input=text, capture_output=True, text=True, check=False)
    return result.returncode == 0, result.stdout + result.stderr


def precompiled(compiler, flags, text, folder, name="precompiled"):
    """Compiles headers once for many programs. Returns the flags that take them from there."""
    header = pathlib.Path(folder) / f"{name}.hpp"
    header.write_text(text)
    target = header.with_suffix(".hpp.gch")  # where both compilers look for it
    good, output = run_compiler(compiler, [*flags, "-x", "c++-header", header, "-o", target])
    if not good:
        report([f"{text} does not compile:\n{output}"], 0)
    return ["-include", header]


def first_error(output):
    """The first line that a compiler marks as an error."""
    match = re.search(r"^.*?\berror: (.*)$", output, re.MULTILINE)
    return match.group(1) if match else ""


def report(failures, passed):
    """Prints what went wrong and ends the test."""
    for failure in failures:
        print(failure)
    print(f"{passed} passed, {len(failures)} failed")
    sys.exit(1 if failures else 0)
