# SPDX-License-Identifier: MIT
"""The README's first program: at most 25 lines, and it compiles, links and runs as it stands."""
import argparse
import pathlib
import re
import subprocess
import tempfile

from compilers import compiler_or_skip, report, run_compiler

MOST_LINES = 25


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("compiler")
    parser.add_argument("readme", type=pathlib.Path)
    parser.add_argument("flags", nargs="*", help="for the compiler, libraries too")
    options = parser.parse_args()
    compiler = compiler_or_skip(options.compiler)
    block = re.search(r"^```cpp\n(.*?)^```$", options.readme.read_text(), re.MULTILINE | re.DOTALL)
    if block is None:
        report([f"{options.readme} has no ```cpp block"], 0)
    program = block.group(1)
    failures = []
    lines = len(program.splitlines())
    if lines > MOST_LINES:
        failures.append(f"the program has {lines} lines, expected at most {MOST_LINES}")
    with tempfile.TemporaryDirectory() as folder:
        source = pathlib.Path(folder) / "program.cpp"
        source.write_text(program)
        binary = pathlib.Path(folder) / "program"
        good, output = run_compiler(compiler,
                                    ["-O1", "-Wall", "-Wextra", "-o", binary, source, *options.flags])
        if not good:
            report([*failures, f"the program does not compile:\n{output}"], 0)
        # In a folder of its own: whatever it reads or writes lies there.
        run = subprocess.run([str(binary)], cwd=folder, capture_output=True, text=True, timeout=120, check=False)
        if run.returncode != 0 or not run.stdout.strip():
            failures.append(f"the program ends with {run.returncode} and prints:\n{run.stdout}{run.stderr}")
        else:
            print(run.stdout)
    report(failures, 1 if not failures else 0)


if __name__ == "__main__":
    main()
