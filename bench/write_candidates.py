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
    rates = (0, 50, 75, 90, 95)
    policies = ("eager", "paper", "exact", "exact_half_recomputed", "exact_recomputed", "slim", "slim_3bit", "slim_2bit",
                "slim_recomputed")

    def error(policy, rate):
        """Root mean square of both examples' errors. Of blocks recomputed from dense inputs they are those of others."""
        measured = "exact" if policy.startswith("exact") else policy
        squares = []
        for example in ("bert", "pretrained_vit"):
            report = json.loads((folder / f"{example}-{measured}" / "errors.json").read_text(encoding="utf-8"))
            squares += [relative_error(run) ** 2 for run in report["runs"] if round(100 * run["rate"]) == rate]
        return math.sqrt(sum(squares) / len(squares))

    def seconds(policy, rate):
        measured = json.loads((folder / f"{policy}-{rate}.json").read_text(encoding="utf-8"))
        return measured["processor_seconds"]["min"]

    lines = []
    for policy in policies:
        for rate in rates:
            time = seconds(policy, rate) / seconds("eager", 0)
            lines.append(f"    candidate<policy::{policy}, {rate}, {round(10000 * error(policy, rate))}, {round(100 * time)}>")
    print(HEADER + ",\n".join(lines) + FOOTER, end="")


if __name__ == "__main__":
    main()
