# SPDX-License-Identifier: MIT
"""Prints measured_candidates.hpp from what candidates.sh measured: write_candidates.py FOLDER"""
import json
import math
import pathlib
import sys

HEADER = """// SPDX-License-Identifier: MIT
// Written by bench/write_candidates.py; bench/candidates.sh measures anew. Errors of gradients on pretrained models, each
// operator coded alone (root mean square of MiniLM-L6's on sentences and ViT-S/14's on images); bytes and times of
// ViT-S/16's steps.
#pragma once

#include <slimfit/policy/presets.hpp>
#include <slimfit/plan/operator_choices.hpp>

namespace slimfit {

using measured_choices = choice_table<
    policy::exact, """
FOOTER = """>;

}  // namespace slimfit
"""

RATES = (0, 50, 75, 90, 95)
TOKENS = 197  # of ViT-S/16
LAYERS = 12
CODED_INPUTS = "stash::quantized<format::affine<8, 64>>"
# Policies, the changes that they make, and steps of the operators' ladder that these are combined with: 4 are to 8 bits.
BLOCKS = {
    "exact": ("policy::unchanged", 100),
    "exact_half_recomputed": ("policy::with_blocks<blocks::recompute_share<50>>", 4),
    "exact_recomputed": ("policy::with_blocks<blocks::recompute_all<>>", 4),
    "block_inputs_8bit": (f"policy::with_blocks<blocks::recompute_all<{CODED_INPUTS}>>", 4),
}
OPERATORS = [
    {f"{operator}_{bits}bit": f"policy::coded_{operator}<{bits}>" for bits in widths}
    for operator, widths in (("norms", (8, 4, 2)), ("gelu", (8, 4, 2)), ("attention", (8,)))
]
# Policies that code several operators: whether the squares of errors add up.
COMBINED = {
    "slim_8bit": ("norms_8bit", "gelu_8bit", "attention_8bit"),
    "slim": ("norms_4bit", "gelu_4bit", "attention_8bit"),
    "slim_2bit": ("norms_2bit", "gelu_2bit", "attention_8bit"),
}


class Measured:
    def __init__(self, folder):
        self.folder = folder

    def error(self, policy):
        """In ten thousandths. Blocks that are recomputed from dense inputs have the errors of others."""
        if policy.startswith("exact"):
            return 0
        squares = []
        for program in ("finetune_bert", "finetune_vit"):
            report = json.loads((self.folder / program / "errors.json").read_text(encoding="utf-8"))
            (run,) = (run for run in report["runs"] if run["policy"] == policy)
            exact = math.hypot(*(each["exact"] for each in run["errors"]))
            squares.append((math.hypot(*(each["difference"] for each in run["errors"])) / exact) ** 2)
        return round(10000 * math.sqrt(sum(squares) / len(squares)))

    def steps(self, policy, rate=0):
        return [json.loads(path.read_text(encoding="utf-8")) for path in self.folder.glob(f"{policy}-{rate}-*.json")]

    def seconds(self, policy, rate=0):
        return min(each["processor_seconds"]["min"] for each in self.steps(policy, rate))

    def time(self, policy, rate=0):
        """Of eager's step with nothing frozen."""
        return self.seconds(policy, rate) / self.seconds("eager")

    def bytes(self, policy, category):
        """Per token and block, beside `exact`."""
        measured, exact = self.steps(policy)[0], self.steps("exact")[0]
        difference = measured["ledger"][category] - exact["ledger"][category]
        return round(difference / (measured["batch"] * TOKENS * LAYERS))


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    measured = Measured(pathlib.Path(sys.argv[1]))
    blocks = [
        f"blocks_choice<{change}, {steps}, {measured.error(policy)}, "
        + ", ".join(str(round(100 * measured.time("exact_recomputed" if policy == "block_inputs_8bit" else policy, rate)))
                    for rate in RATES) + ">"
        for policy, (change, steps) in BLOCKS.items()]
    lines = [f"freezing_rates<{', '.join(map(str, RATES))}>", f"blocks_choices<{', '.join(blocks)}>"]
    for operator in OPERATORS:
        choices = ["operator_choice<policy::unchanged, 0, 0, 0, 0>"]
        for policy, change in operator.items():
            time = round(1000 * (measured.time(policy) - measured.time("exact")))
            choices.append(f"operator_choice<{change}, {measured.bytes(policy, 'static')}, {measured.bytes(policy, 'dynamic')}, "
                           f"{measured.error(policy)}, {time}>")
        lines.append(f"operator_choices<{', '.join(choices)}>")
    print(HEADER + ", ".join(lines) + FOOTER, end="")
    for policy, parts in COMBINED.items():
        predicted = math.hypot(*(measured.error(part) for part in parts))
        print(f"{policy}: error {measured.error(policy) / 100:.2f} %, {predicted / 100:.2f} % from its operators'",
              file=sys.stderr)


if __name__ == "__main__":
    main()
