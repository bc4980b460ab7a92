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


def standard_headers(include):
    """Includes of every header of the standard library that any header here includes."""
    names = {name for path in include.rglob("*.hpp") for name in re.findall(r"^#include <([a-z_]+)>", path.read_text(), re.M)}
    return "".join(f"#include <{name}>\n" for name in sorted(names))


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
    parser.add_argument("--standard-library-known", action="store_true",
                        help="another compiler with the same standard library finds what headers lack of it: saves time")
    parser.add_argument("flags", nargs="*")
    options = parser.parse_args()
    compiler = compiler_or_skip(options.compiler)
    flags = [f"-I{options.include}", *options.flags]
    headers = sorted(str(path.relative_to(options.include)) for path in options.include.rglob("*.hpp"))
    has_cuda, _ = run_compiler(compiler, [*flags, "-fsyntax-only"], "#include <cublasLt.h>\n")
    if not has_cuda:
        print("without the CUDA toolkit's headers: slimfit/backend/cuda is left out")
        headers = [header for header in headers if not header.startswith("slimfit/backend/cuda/")]
    failures = []
    folder = tempfile.TemporaryDirectory()
    alone = [*flags, *WARNINGS]
    if options.standard_library_known:
        alone += precompiled(compiler, alone, standard_headers(options.include), folder.name)
    for header in headers:
        good, output = run_compiler(compiler, [*alone, "-fsyntax-only"], f"#include <{header}>\n")
        if not good:
            failures.append(f"{header} does not compile by itself:\n{output}")
    failures += check_linked(compiler, flags, headers)
    report(failures, len(headers) + 1 - len(failures))


if __name__ == "__main__":
    main()
