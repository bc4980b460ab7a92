#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What one training step of ViT-B/16 makes a process grow by: slimfit by its ledger and by the system, and PyTorch.

Prints a table in Markdown. PyTorch's rows are left out where it is not installed; its step is one of full fine-tuning,
slimfit's presets freeze 95 % of the units where they freeze.
"""
import argparse
import json
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
MIB = 2 ** 20


def run(*command):
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"{' '.join(map(str, command))} failed:\n{done.stderr}")
    return json.loads(done.stdout)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--step", default=ROOT / "build/host/examples/programs/tools/slimfit-step", help="the program slimfit-step")
    parser.add_argument("--batch", type=int, default=32, help="images of a step (default %(default)s)")
    parser.add_argument("--python", default=sys.executable, help="the Python that has PyTorch")
    parser.add_argument("--policies", default="eager,paper,slim,slim_offloaded", help="presets (default %(default)s)")
    options = parser.parse_args()
    if not 1 <= options.batch <= 1_000_000:
        parser.error(f"--batch is {options.batch}, expected 1 to 1000000")

    rows = []
    if subprocess.run([options.python, "-c", "import torch"], capture_output=True).returncode == 0:
        for attention, kind in (("eager", "eager"), ("sdpa", "fused")):
            step = run(options.python, ROOT / "bench/torch_step.py", "--batch", options.batch, "--attention", attention,
                       "--steps", 0)
            name = f"PyTorch {step['version'].split('+')[0]}, {kind} attention"
            rows.append((name, None, step["resident"] - step["resident_before"]))
    else:
        print("PyTorch is not installed: its rows are left out", file=sys.stderr)
    torch = min((row[2] for row in rows), default=None)
    for policy in options.policies.split(","):
        step = run(options.step, "--model", "vit-b16", "--policy", policy, "--batch", options.batch, "--steps", 1, "--json")
        first = step["first_step"]
        # Of a host, what is offloaded takes memory too.
        counted = first["ledger"]["peak"] + first["ledger"]["offloaded"]
        rows.append((f"`{policy}`", counted, first["resident"] - first["resident_before"]))

    print(f"| ViT-B/16, batch {options.batch} | ledger's peak, MiB | process, MiB | process / ledger | of PyTorch's least |")
    print("| --- | ---: | ---: | ---: | ---: |")
    for name, ledger, grown in rows:
        of_ledger = f"{grown / ledger:.3f}" if ledger else ""
        of_torch = f"{grown / torch:.3f}" if torch else ""
        print(f"| {name} | {f'{ledger / MIB:,.0f}' if ledger else ''} | {grown / MIB:,.0f} | {of_ledger} | {of_torch} |")


if __name__ == "__main__":
    main()
