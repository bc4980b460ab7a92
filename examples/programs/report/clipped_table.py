# SPDX-License-Identifier: MIT
"""Prints which share of the values formats with fixed ranges clipped: clipped_table.py FOLDER, of runs with --saturation"""
import json
import pathlib
import sys

from frozen_percent import frozen_percent

WORDS = {"input": "linears' inputs", "gelu": "GELU's inputs", "query": "queries", "key": "keys", "value": "values",
         "normalized": "normalised rows"}


def share(counts):
    return sum(count["clipped"] for count in counts) / sum(count["total"] for count in counts)


def table(runs):
    lines = ["| policy | frozen | values | clipped, all layers | most in one layer | which |",
             "| --- | ---: | --- | ---: | ---: | --- |"]
    for run in runs:
        for matrix, words in WORDS.items():
            counts = [count for count in run.get("saturation", []) if count["matrix"] == matrix]
            if counts:
                most = max(counts, key=lambda count: share([count]))
                lines.append(f"| {run['policy']} | {frozen_percent(run):.0f} % | {words} | {100 * share(counts):.3f} % | "
                             f"{100 * share([most]):.2f} % | {most['name'] if most['clipped'] > 0 else ''} |")
    return lines


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    path = pathlib.Path(sys.argv[1]) / "report.json"
    try:
        lines = table(json.loads(path.read_text(encoding="utf-8"))["runs"])
    except (OSError, ValueError, KeyError) as problem:
        sys.exit(f"{path} could not be read, expected the report of a run with --saturation: {problem!r}")
    if len(lines) == 2:
        sys.exit(f"{path} has no counts, expected the report of a run with --saturation")
    print("\n".join(lines))


if __name__ == "__main__":
    main()
