#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Checks that includes of the library's headers point down only.

The parts of the library are listed below from the bottom up, as docs/architecture.md draws them. A header may include
headers of its own part and of parts below it, and no header may reach itself, unless it includes at its end one that says
"Belongs to NAME." with its name. Prints what is wrong; exits with 1 then.
"""
import argparse
import fnmatch
import pathlib
import re
import sys

# Name of each part, patterns of its headers; a header belongs to the first part that matches.
PARTS = [
    ("core", ["core/*"]),
    ("rows", ["kernels/group.hpp", "kernels/tile.hpp", "kernels/random_tile.hpp"]),
    ("memory", ["memory/*"]),
    ("backend", ["backend/*"]),
    ("io", ["io/*"]),
    ("model policies", ["policy/attention.hpp", "policy/blocks.hpp", "policy/changes.hpp", "policy/model_policy.hpp",
                        "policy/presets.hpp"]),
    ("policy", ["policy/*"]),
    ("stash", ["stash/*"]),
    ("kernels", ["kernels/*"]),
    ("layers", ["layers/*"]),
    ("optim", ["optim/*", "optim.hpp"]),
    ("models", ["models/*"]),
    ("train", ["train/*"]),
    ("everything", ["slimfit.hpp", "cuda.cuh"]),
]
ORDER = ["core", "rows", "memory", "backend", "io", "policy", "stash", "model policies", "kernels", "layers", "optim",
         "models", "train", "everything"]
INCLUDE = re.compile(r'^\s*#\s*include\s*<slimfit/([^>]+)>', re.MULTILINE)


def part_of(header):
    for name, patterns in PARTS:
        if any(fnmatch.fnmatch(header, pattern) for pattern in patterns):
            return name
    return None


def problems_in(root):
    """Sentences about the headers below `root`, which holds the folder slimfit."""
    folder = root / "slimfit"
    headers = sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.suffix in (".hpp", ".cuh"))
    if not headers:
        return [f"{folder}: no headers"]
    texts = {header: (folder / header).read_text() for header in headers}
    includes = {header: INCLUDE.findall(text) for header, text in texts.items()}
    problems = []
    for header, targets in includes.items():
        part = part_of(header)
        if part is None:
            problems.append(f"{header}: belongs to no part; add it to scripts/check_layers.py")
            continue
        for target in targets:
            other = part_of(target)
            if target not in includes:
                problems.append(f"{header}: includes {target}, which does not exist")
            elif other is not None and ORDER.index(other) > ORDER.index(part):
                problems.append(f"{header} ({part}): includes {target} ({other}), which is above it")
    done, path = set(), []

    def visit(header):
        if header in path:
            problems.append("a circle: " + " -> ".join(path[path.index(header):] + [header]))
            return
        if header in done:
            return
        path.append(header)
        for target in includes.get(header, []):
            if f"Belongs to {pathlib.Path(header).name}." not in texts.get(target, ""):
                visit(target)
        path.pop()
        done.add(header)

    for header in headers:
        visit(header)
    return problems


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
