# SPDX-License-Identifier: MIT
"""Every public header compiles by itself; all of them, twice and in any order, in two units that are linked."""
import argparse
import pathlib
import re
import tempfile

from compilers import compiler_or_skip, precompiled, report, run_compiler

WARNINGS = ["-Wall", "-Wextra", "-Wconversion", "-Werror"]


def all_headers_twice(headers, name):
    includes = "".join(f"#include <{header}>\n" for header in headers)
    return includes + includes + f"long {name}() {{ return static_cast<long>(slimfit::active_set::all(3).count()); }}\n"


def included_by(include, headers):
    """For each header, all that it includes under no condition, directly or not; of the library and of the standard."""
    direct = {header: set(re.findall(r"^#include <([\w/.]+)>", (include / header).read_text().split("\n#if")[0], re.M))
              for header in headers}
    closed = {}

    def close(header):
        if header not in closed:
            closed[header] = set()
            for each in direct.get(header, ()):
                closed[header] |= {each} | close(each)
        return closed[header]

    return {header: close(header) for header in headers}


def choose_precompiled(included, count):
    """For each header, which of at most `count` headers to take precompiled in front of it: one that it includes anyway,
    so that it still has to include all else itself. None for some."""
    chosen = dict.fromkeys(included)
    saved = dict.fromkeys(included, 0)
    for _ in range(count):
        def gain(candidate):
            return sum(max(0, len(included[candidate]) - saved[header])
                       for header in included if candidate in included[header])
        best = max(included, key=gain)
        for header in included:
            if best in included[header] and len(included[best]) > saved[header]:
                chosen[header], saved[header] = best, len(included[best])
    return chosen


def check_alone(compiler, flags, include, headers):
    with tempfile.TemporaryDirectory() as folder:
        taken = {None: []}
        failures = []
        for header, first in choose_precompiled(included_by(include, headers), 12).items():
            if first not in taken:
                taken[first] = precompiled(compiler, flags, f"#include <{first}>\n", folder, f"precompiled_{len(taken)}")
            good, output = run_compiler(compiler, [*flags, *taken[first], "-fsyntax-only"], f"#include <{header}>\n")
            if not good:
                failures.append(f"{header} does not compile by itself:\n{output}")
        return failures


def check_linked(compiler, flags, headers):
    """Alphabetical order has headers before what they are made of, the reverse has the umbrella header first."""
    with tempfile.TemporaryDirectory() as folder:
        objects = []
        for name, order in (("one", headers), ("other", headers[::-1])):
            target = pathlib.Path(folder) / f"{name}.o"
            objects.append(target)
            good, output = run_compiler(compiler, [*flags, *WARNINGS, "-c", "-o", target],
                                        all_headers_twice(order, name))
            if not good:
                return [f"all headers in one unit ({name}):\n{output}"]
        # A relocatable link finds symbols that are defined twice and needs no library.
        good, output = run_compiler(compiler, ["-r", "-nostdlib", "-o", pathlib.Path(folder) / "both.o", *objects])
        return [] if good else [f"two units with all headers do not link:\n{output}"]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("compiler")
    parser.add_argument("include", type=pathlib.Path, help="the folder with slimfit/")
    parser.add_argument("--together", action="store_true",
                        help="not one by one: another compiler with the same standard library finds what they lack")
    parser.add_argument("flags", nargs="*")
    options = parser.parse_args()
    compiler = compiler_or_skip(options.compiler)
    flags = [f"-I{options.include}", *options.flags]
    headers = sorted(str(path.relative_to(options.include)) for path in options.include.rglob("*.hpp"))
    has_cuda, _ = run_compiler(compiler, [*flags, "-fsyntax-only"], "#include <cublasLt.h>\n")
    if not has_cuda:
        print("without the CUDA toolkit's headers: slimfit/backend/cuda is left out")
        headers = [header for header in headers if not header.startswith("slimfit/backend/cuda/")]
    has_benchmark, _ = run_compiler(compiler, ["-fsyntax-only"], "#include <benchmark/benchmark.h>\n")
    if not has_benchmark:
        print("without Google Benchmark's header: slimfit/benchmark is left out")
        headers = [header for header in headers if not header.startswith("slimfit/benchmark")]
    has_mpi, _ = run_compiler(compiler, [*flags, "-fsyntax-only"], "#include <mpi.h>\n")
    if not has_mpi:
        print("without MPI's header: slimfit/mpi is left out")
        headers = [header for header in headers if not header.startswith("slimfit/mpi")]
    has_nccl, _ = run_compiler(compiler, [*flags, "-fsyntax-only"], "#include <nccl.h>\n")
    if not has_nccl:
        print("without NCCL's header: slimfit/nccl is left out")
        headers = [header for header in headers if not header.startswith("slimfit/nccl")]
    alone = [] if options.together else headers
    failures = check_alone(compiler, [*flags, *WARNINGS], options.include, alone) if alone else []
    failures += check_linked(compiler, flags, headers)
    report(failures, len(alone) + 1 - len(failures))


if __name__ == "__main__":
    main()
