#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Writes the table of docs/memory_tables.md from what slimfit-plan prints.

Usage: memory_table.py [PLAN], the program; build/host/examples/programs/tools/slimfit-plan without it.
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
MOMENTS = {"float32": "", "8bit": ", moments in 8 bits", "float32-dropped": ", moments of active units only",
           "8bit-dropped": ", moments in 8 bits of active units only"}


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
        # Of what the optimizer keeps.
        for policy, scalar, moments in (("slim", "float", "8bit"), ("slim", "float", "float32-dropped"),
                                        ("slim", "bf16", "8bit-dropped"), ("slim_recomputed", "bf16", "8bit"),
                                        ("slim_offloaded", "bf16", "8bit-dropped")):
            chosen = command[:-1] + [policy, "--scalar", scalar, "--moments", moments]
            rows += json.loads(subprocess.run(chosen, capture_output=True, text=True, check=True).stdout)
        for row in rows:
            how = ", bf16" if row["scalar"] == "bf16" else ""
            how += MOMENTS[row["moments"]]
            block = row["static"] / samples / blocks
            yield (f"| | `{row['policy']}`{how} | {row['stored'] / samples:,.0f} | {block:,.0f} | {row['stored'] / MIB:,.0f} | "
                   f"{row['temporary'] / MIB:,.0f} | {row['peak'] / MIB:,.0f} |")


def main():
    plan = sys.argv[1] if len(sys.argv) > 1 else str(ROOT / "build/host/examples/programs/tools/slimfit-plan")
    page = ROOT / "docs/memory_tables.md"
    text = page.read_text()
    begin, end = text.index(BEGIN) + len(BEGIN), text.index(END)
    page.write_text(text[:begin] + "\n".join(lines(plan)) + "\n" + text[end:])


if __name__ == "__main__":
    main()
