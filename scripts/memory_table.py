#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Writes the memory table of README.md from what slimfit-plan prints.

Usage: memory_table.py [PLAN], the program; build/host/examples/tools/slimfit-plan without it.
"""
import json
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
MODELS = [("ViT-B/16", "vit-b16", 197, 12), ("ViT-B/16 at 384 pixels", "vit-b16", 577, 12),
          ("BERT-base", "bert-base", 128, 12), ("BERT-base", "bert-base", 384, 12)]
BEGIN, END = "<!-- memory table: scripts/memory_table.py -->\n", "<!-- end of memory table -->"
MIB = 2 ** 20


def lines(plan):
    yield "| model, tokens | preset | bytes per token | per token and block, nothing active | stored | temporary | peak |"
    yield "| --- | --- | ---: | ---: | ---: | ---: | ---: |"
    for title, model, tokens, blocks in MODELS:
        command = [plan, "--json", "--model", model, "--tokens", str(tokens), "--batch", "128", "--policy", "all"]
        rows = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
        samples = rows[0]["batch"] * tokens
        name = f"{title}, {tokens}"
        for other, key in (("eager PyTorch, float32", "stored_eager_float32"),
                           ("PyTorch AMP bfloat16, fused attention", "stored_amp_bf16")):
            stored = rows[0][key]
            yield f"| {name} | *{other}* | {stored / samples:,.0f} | | {stored / MIB:,.0f} | | |"
            name = ""
        small = command[:-1] + ["slim_recomputed", "--scalar", "bf16", "--moments", "8bit"]
        for row in rows + json.loads(subprocess.run(small, capture_output=True, text=True, check=True).stdout):
            how = ", bf16, moments in 8 bits" if row["scalar"] == "bf16" else ""
            block = row["static"] / samples / blocks
            yield (f"| | `{row['policy']}`{how} | {row['stored'] / samples:,.0f} | {block:,.0f} | {row['stored'] / MIB:,.0f} | "
                   f"{row['temporary'] / MIB:,.0f} | {row['peak'] / MIB:,.0f} |")


def main():
    plan = sys.argv[1] if len(sys.argv) > 1 else str(ROOT / "build/host/examples/tools/slimfit-plan")
    page = ROOT / "README.md"
    text = page.read_text()
    begin, end = text.index(BEGIN) + len(BEGIN), text.index(END)
    page.write_text(text[:begin] + "\n".join(lines(plan)) + "\n" + text[end:])


if __name__ == "__main__":
    main()
