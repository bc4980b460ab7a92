#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Checks that includes of the library's headers point down only.

A layer is a folder of include/slimfit with the umbrella header beside it; docs/architecture.md says what each is for. A
header may include headers of its own folder and of layers below it, and none may reach itself. Folders of one layer do
not include each other. An umbrella includes all headers of its folder but those for CUDA. Prints what is wrong; exits
with 1 then.
"""
import argparse
import pathlib
import re
import sys

# From the top down.
LAYERS = [["benchmark"], ["slimfit"], ["cuda"], ["huggingface", "interop"], ["train"], ["plan"], ["models"], ["layers"], ["pass"],
          ["policy", "kernels"], ["nccl"], ["stash", "optim"], ["backend", "format"], ["mpi"],
          ["io", "memory", "freezing", "rows", "communication"], ["core"]]
HEIGHT = {folder: -number for number, folders in enumerate(LAYERS) for folder in folders}
INCLUDE = re.compile(r'^\s*#\s*include\s*<slimfit/([^>]+)>', re.MULTILINE)


def folder_of(header):
    """The folder of a header, or of the headers that an umbrella stands for."""
    return pathlib.PurePath(header).with_suffix("").parts[0]


def upward(header, target):
    """What is wrong with an include, or None."""
    own, other = folder_of(header), folder_of(target)
    if own == other or own not in HEIGHT or other not in HEIGHT or HEIGHT[other] < HEIGHT[own]:
        return None
    where = "above it" if HEIGHT[other] > HEIGHT[own] else "beside it"
    return f"{header} ({own}): includes {target} ({other}), which is {where}"


def circles_in(includes):
    """Sentences about headers that reach themselves."""
    done, path, problems = set(), [], []

    def visit(header):
        if header in path:
            problems.append("a circle: " + " -> ".join(path[path.index(header):] + [header]))
            return
        if header in done:
            return
        path.append(header)
        for target in includes.get(header, []):
            visit(target)
        path.pop()
        done.add(header)

    for header in includes:
        visit(header)
    return problems


def missing_in_umbrellas(includes):
    """Sentences about headers that the umbrella beside their folder does not hold."""
    return [f"{umbrella}.hpp: lacks {header}" for umbrella in HEIGHT if f"{umbrella}.hpp" in includes
            for header in includes if header.startswith(umbrella + "/") and header.endswith(".hpp")
            and "cuda" not in header and header not in includes[f"{umbrella}.hpp"]]


def problems_in(root):
    """Sentences about the headers below `root`, which holds the folder slimfit."""
    folder = root / "slimfit"
    headers = sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.suffix in (".hpp", ".cuh", ".h"))
    if not headers:
        return [f"{folder}: no headers"]
    includes = {header: INCLUDE.findall((folder / header).read_text()) for header in headers}
    problems = []
    for header, targets in includes.items():
        if folder_of(header) not in HEIGHT:
            problems.append(f"{header}: its folder is no layer; add it to scripts/check_layers.py")
        for target in targets:
            if target not in includes:
                problems.append(f"{header}: includes {target}, which does not exist")
            elif wrong := upward(header, target):
                problems.append(wrong)
    return problems + missing_in_umbrellas(includes) + circles_in(includes)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    here = pathlib.Path(__file__).resolve().parent.parent
    parser.add_argument("include", nargs="?", type=pathlib.Path, default=here / "include",
                        help="folder that holds the folder slimfit")
    problems = problems_in(parser.parse_args().include)
    for problem in problems:
        print(problem)
    print(f"{len(problems)} problems")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
