# SPDX-License-Identifier: MIT
"""Prints how far gradients are from exact ones, by block and run: error_table.py FOLDER, of a run with --measure-error"""
import json
import math
import pathlib
import re
import sys

from frozen_percent import frozen_percent

LAYER = re.compile(r"\.layer\.(\d+)\.")


def part_of(name):
    """Block of a parameter, or what lies before or after all blocks."""
    layer = LAYER.search(name)
    if layer:
        return f"block {layer.group(1)}"
    return "embeddings" if "embeddings" in name else "head"


def relative(errors):
    exact = math.hypot(*(each["exact"] for each in errors))
    return math.hypot(*(each["difference"] for each in errors)) / exact if exact > 0 else 0.0


def table(runs):
    heads = [f"`{run['policy']}`, {frozen_percent(run):.0f} %" for run in runs]
    parts = list(dict.fromkeys(part_of(each["name"]) for each in runs[0]["errors"]))
    lines = ["| parameters | " + " | ".join(heads) + " |", "| --- |" + " ---: |" * len(runs)]
    for part in parts:
        shares = [relative([each for each in run["errors"] if part_of(each["name"]) == part]) for run in runs]
        lines.append(f"| {part} | " + " | ".join(f"{100 * share:.2f}" for share in shares) + " |")
    return lines + ["| all | " + " | ".join(f"{100 * relative(run['errors']):.2f}" for run in runs) + " |"]


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    path = pathlib.Path(sys.argv[1]) / "errors.json"
    try:
        lines = table(json.loads(path.read_text(encoding="utf-8"))["runs"])
    except (OSError, ValueError, KeyError, IndexError) as problem:
        sys.exit(f"{path} could not be read, expected what a run with --measure-error writes: {problem!r}")
    print("\n".join(lines))


if __name__ == "__main__":
    main()
