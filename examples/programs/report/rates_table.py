# SPDX-License-Identifier: MIT
"""Writes the page docs/results.md from the reports in the folders of examples/programs/rates.sh: rates_table.py FOLDER"""
import json
import pathlib
import platform
import statistics
import sys

from frozen_percent import frozen_percent

POLICIES = ["eager", "paper", "slim"]
MEBIBYTE = 1 << 20


def processor():
    try:
        for line in open("/proc/cpuinfo", encoding="utf-8"):
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    except OSError:
        pass
    return platform.machine()


def reports(folder):
    found = {}
    for path in sorted(pathlib.Path(folder).glob("*/report.json")):
        report = json.loads(path.read_text(encoding="utf-8"))
        for run in report["runs"]:
            try:
                rate = frozen_percent(run)
            except ValueError as problem:
                sys.exit(f"{path}: {problem}")
            found[run["policy"], round(rate), run["seed"]] = (run, report)
    if not found:
        sys.exit(f"{folder} holds no report.json of examples/programs/rates.sh")
    return found


def row(cells):
    return "| " + " | ".join(cells) + " |"


def rate_table(runs):
    seed = min(key[2] for key in runs)
    baseline = runs["eager", 0, seed]["peak_activations"]
    lines = [row(["frozen", "policy", "accuracy, %", "stored, MiB", "temporary, MiB", "activations, MiB",
                  "share of eager's", "total, MiB", "units per step"]),
             row(["---:", "---"] + ["---:"] * 7)]
    for rate in sorted({key[1] for key in runs}):
        for policy in POLICIES:
            if (policy, rate, seed) not in runs:
                continue
            run = runs[policy, rate, seed]
            kept = run["bytes"]
            updated = statistics.mean(len(step) for step in run["active"])
            lines.append(row([
                f"{rate} %", policy, f"{100 * run['accuracy']:.2f}", f"{kept['stored'] / MEBIBYTE:.2f}",
                f"{kept['temporary'] / MEBIBYTE:.2f}", f"{run['peak_activations'] / MEBIBYTE:.2f}",
                f"1 / {baseline / run['peak_activations']:.2f}", f"{kept['peak'] / MEBIBYTE:.2f}",
                f"{updated:.0f} of {run['units']}"]))
    return lines


def seed_table(runs):
    seeds = sorted({key[2] for key in runs})
    lines = [row(["frozen", "policy"] + [f"seed {seed}" for seed in seeds] + ["mean", "against eager, same rate"]),
             row(["---:", "---"] + ["---:"] * (len(seeds) + 2))]
    means = {}
    for rate in sorted({key[1] for key in runs}):
        for policy in POLICIES:
            accuracies = [100 * runs[policy, rate, seed]["accuracy"] for seed in seeds if (policy, rate, seed) in runs]
            if len(accuracies) < len(seeds) or len(seeds) < 2:
                continue
            means[policy, rate] = statistics.mean(accuracies)
            against = "" if policy == "eager" else f"{means[policy, rate] - means['eager', rate]:+.2f}"
            lines.append(row([f"{rate} %", policy] + [f"{value:.2f}" for value in accuracies] +
                             [f"{means[policy, rate]:.2f}", against]))
    if ("eager", 0) in means and ("eager", 75) in means:
        lines += ["", f"Freezing itself, with everything kept dense: {means['eager', 75] - means['eager', 0]:+.2f} points "
                      "at 75 % against updating every unit (means of the same seeds)."]
    return lines


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    found = reports(sys.argv[1])
    runs = {key: run for key, (run, _) in found.items()}
    report = next(iter(found.values()))[1]
    model, data = report["model"], report["data"]
    rates = {run["learning_rate"] for run in runs.values()}
    print("\n".join([
        "# What the quickstart's model reaches at each freezing rate", "",
        "Made by", "", "    bash examples/programs/rates.sh", "",
        f"on a processor that calls itself {processor()}; the numbers do not depend on the number of threads, and no time",
        f"is among them. Model: {model['name']}, {model['parameters']} parameters in {len(model['unit_names'])} units, from",
        "the checkpoint that examples/programs/pretrain_vit.sh makes (classes merged into four groups). "
        f"Data: {data['name']}, {data['train']}",
        f"training images, {data['test']} test images, {data['steps']} steps of {data['batch']} images; first learning "
        f"rate {', '.join(f'{rate:g}' for rate in sorted(rates))}.", "",
        "## Every rate", "",
        "*stored* is on the tape when the forward pass ends, *temporary* the most of gradients and workspace, *activations*",
        "the most of all of these together, *total* the most with weights, moments and data. All are peaks over the whole",
        "run: the most expensive choice of units that the scheduler made. One seed.", ""]
        + rate_table(runs) + ["", "## Seeds", ""] + seed_table(runs)))


if __name__ == "__main__":
    main()
