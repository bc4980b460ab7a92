# SPDX-License-Identifier: MIT
"""Prints measured_candidates.hpp from what candidates.sh measured: write_candidates.py FOLDER"""
import json
import math
import pathlib
import sys

HEADER = """// SPDX-License-Identifier: MIT
// Written by bench/write_candidates.py; bench/candidates.sh measures anew. Presets at five freezing rates with the
// errors of their gradients on pretrained models (root mean square of MiniLM-L6's on
// sentences and ViT-S/14's on images) and the times of ViT-S/16's steps.
#pragma once

#include <slimfit/policy/presets.hpp>
#include <slimfit/train/candidate.hpp>

namespace slimfit {

using measured_candidates = candidates<
"""
FOOTER = """>;

}  // namespace slimfit
"""


def relative_error(run):
    exact = math.hypot(*(each["exact"] for each in run["errors"]))
    return math.hypot(*(each["difference"] for each in run["errors"])) / exact


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    folder = pathlib.Path(sys.argv[1])
    errors = {}
    for model in ("bert", "vit"):
        for run in json.loads((folder / model / "errors.json").read_text(encoding="utf-8"))["runs"]:
            errors.setdefault((run["policy"], round(100 * run["rate"])), []).append(relative_error(run))

    def seconds(policy, rate):
        measured = json.loads((folder / f"{policy}-{rate}.json").read_text(encoding="utf-8"))
        return measured["processor_seconds"]["min"]

    lines = []
    for (policy, rate), found in errors.items():
        error = math.sqrt(sum(each ** 2 for each in found) / len(found))
        time = seconds(policy, rate) / seconds("eager", 0)
        lines.append(f"    candidate<policy::{policy}, {rate}, {round(10000 * error)}, {round(100 * time)}>")
    print(HEADER + ",\n".join(lines) + FOOTER, end="")


if __name__ == "__main__":
    main()
