#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Draws docs/pictures/memory.svg: what PyTorch and the presets store for the backward pass of ViT-B/16, from what
slimfit-plan prints.

Usage: memory_picture.py [PLAN], the program; build/host/examples/programs/tools/slimfit-plan without it.
"""
import json
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
PICTURE = ROOT / "docs/pictures/memory.svg"
MIB = 2 ** 20
PRESETS = ("paper", "exact", "slim_8bit", "slim", "slim_2bit", "slim_recomputed")
WIDTH, BAR, GAP, LEFT, RIGHT, TOP = 720, 22, 8, 250, 90, 34
# Colours that can be read on a light and on a dark page.
STYLE = """
  text { font: 13px system-ui, sans-serif; fill: #1f2328; }
  .title { font-weight: 600; }
  .other { fill: #8b949e; }
  .ours { fill: #2f81f7; }
  @media (prefers-color-scheme: dark) { text { fill: #e6edf3; } }
"""


def bars(plan):
    """(label, MiB, whether it is a preset)"""
    command = [plan, "--json", "--model", "vit-b16", "--tokens", "197", "--batch", "128", "--policy", "all"]
    rows = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    yield "eager PyTorch, float32", rows[0]["stored_eager_float32"] / MIB, False
    yield "PyTorch AMP, fused attention", rows[0]["stored_amp_bf16"] / MIB, False
    stored = {row["policy"]: row["stored"] for row in rows}
    for preset in PRESETS:
        yield preset, stored[preset] / MIB, True


def picture(entries):
    most = max(size for _, size, _ in entries)
    height = TOP + len(entries) * (BAR + GAP)
    yield (f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" viewBox="0 0 {WIDTH} {height}" '
           'role="img" aria-label="MiB stored for the backward pass of ViT-B/16, batch 128">')
    yield f"<style>{STYLE}</style>"
    yield '<text class="title" x="0" y="16">Stored for the backward pass: ViT-B/16, batch 128, float32 presets, MiB</text>'
    for i, (label, size, ours) in enumerate(entries):
        y = TOP + i * (BAR + GAP)
        width = max(1.0, size / most * (WIDTH - LEFT - RIGHT))
        yield f'<text x="{LEFT - 10}" y="{y + 16}" text-anchor="end">{label}</text>'
        yield f'<rect class="{"ours" if ours else "other"}" x="{LEFT}" y="{y}" width="{width:.1f}" height="{BAR}" rx="3"/>'
        yield f'<text x="{LEFT + width + 8:.1f}" y="{y + 16}">{size:,.0f}</text>'
    yield "</svg>"


def main():
    plan = sys.argv[1] if len(sys.argv) > 1 else str(ROOT / "build/host/examples/programs/tools/slimfit-plan")
    PICTURE.parent.mkdir(parents=True, exist_ok=True)
    PICTURE.write_text("\n".join(picture(list(bars(plan)))) + "\n")


if __name__ == "__main__":
    main()
