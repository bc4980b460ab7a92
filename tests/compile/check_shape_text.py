# SPDX-License-Identifier: MIT
"""The shapes that errors print for a user to write are code that compiles."""
import argparse
import pathlib
import subprocess
import tempfile

from compilers import compiler_or_skip, report, run_compiler

PRINTER = pathlib.Path(__file__).parent / "shapes/print.cpp"


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("compiler")
    parser.add_argument("include", type=pathlib.Path)
    options = parser.parse_args()
    compiler = compiler_or_skip(options.compiler)
    with tempfile.TemporaryDirectory() as folder:
        printer = pathlib.Path(folder) / "print"
        good, output = run_compiler(compiler, [f"-I{options.include}", "-O0", PRINTER, "-o", printer])
        if not good:
            report([f"print.cpp does not compile:\n{output}"], 0)
        text = subprocess.run([str(printer)], capture_output=True, text=True, check=True).stdout
    good, output = run_compiler(compiler, [f"-I{options.include}", "-fsyntax-only"], text)
    report([] if good else [f"what is printed does not compile:\n{text}\n{output}"], text.count("constexpr"))


if __name__ == "__main__":
    main()
