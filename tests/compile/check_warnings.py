# SPDX-License-Identifier: MIT
"""Users who ask for many warnings get none from the headers, at any level of optimisation, without flags of the project's
own. Optimisers warn as well, so the program is compiled at each level."""
import argparse
import pathlib
import subprocess

from compilers import compiler_or_skip, report, run_compiler

PROGRAM = pathlib.Path(__file__).parent / "warnings/everything.cpp"
WARNINGS = ["-Wall", "-Wextra", "-Wconversion", "-Wshadow", "-Wsign-conversion", "-Werror"]
OWN = {"g++": ["-Wuseless-cast"], "clang++": ["-fconstexpr-steps=100000000"]}


def compile_with_nvcc(nvcc, flags, level):
    # The host's compiler sees what nvcc makes of the program. nvcc writes bounds of arrays that are template parameters
    # with casts of its own, about whose signs GCC warns in every kernel that has one; its other casts are useless.
    host = ",".join(flag for flag in WARNINGS if flag not in ("-Wsign-conversion", "-Werror"))
    command = [nvcc, "-std=c++20", *flags, level, "-Werror", "all-warnings", "-Xcompiler", host, "-arch=compute_80", "-x", "cu",
               "-c", PROGRAM, "-o", "/dev/null"]
    result = subprocess.run(list(map(str, command)), capture_output=True, text=True, check=False)
    return result.returncode == 0, result.stdout + result.stderr


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("compiler")
    parser.add_argument("include", type=pathlib.Path)
    parser.add_argument("--level", action="append", dest="levels", help="e.g. -O2; by default -O0, -O2 and -O3")
    parser.add_argument("flags", nargs="*")
    options = parser.parse_args()
    compiler = compiler_or_skip(options.compiler)
    name = pathlib.Path(compiler).name
    flags = [f"-I{options.include}", *options.flags]
    failures = []
    levels = options.levels or ["-O0", "-O2", "-O3"]
    for level in levels:
        if name == "nvcc":
            good, output = compile_with_nvcc(compiler, flags, level)
        else:
            # Without optimisation all that warns is the front end.
            last = ["-fsyntax-only"] if level == "-O0" else ["-c", "-o", "/dev/null"]
            good, output = run_compiler(compiler, [*flags, *WARNINGS, *OWN.get(name, []), level, *last, PROGRAM])
        if not good:
            failures.append(f"{name} {level} warns:\n{output}")
    report(failures, len(levels) - len(failures))


if __name__ == "__main__":
    main()
