#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Writes the page of benchmarks: write_page.py RESULTS PAGE, with what bench/measure.sh wrote to RESULTS.

What stands between the page's markers for notes is kept.
"""
import json
import pathlib
import platform
import re
import sys

BEGIN, END = "<!-- notes -->\n", "<!-- end of notes -->\n"


def processor():
    try:
        names = re.findall(r"^model name\s*:\s*(.+)$", pathlib.Path("/proc/cpuinfo").read_text(), re.MULTILINE)
        return f"{names[0]}, {len(names)} cores"
    except (OSError, IndexError):
        return platform.processor() or "unknown processor"


def packs_bits(name):
    """Whether a kernel packs or unpacks codes, or chooses survivors."""
    return any(word in name for word in ("affine<", "symmetric<", "fixed_point<", "codebook<", "pruned<", "8-bit",
                                         "probabilities_"))


def medians(results, name):
    """Of a program's benchmarks, in its order: the median of their repetitions."""
    runs = json.loads((results / f"{name}.json").read_text())["benchmarks"]
    return sorted((run for run in runs if run["aggregate_name"] == "median"),
                  key=lambda run: (run["family_index"], run["per_family_instance_index"]))


def kernel_lines(results):
    yield "| kernel | width, size | GB/s | of memcpy | bytes kept |"
    yield "| --- | --- | ---: | ---: | ---: |"
    below = []
    for name in ("rows", "attention", "tokens", "optimizer"):
        for run in medians(results, name):
            if "bandwidth_fraction" not in run:
                continue
            title = run["run_name"].replace("slimfit::", "").replace("_bench", "")
            kernel, _, size = title.rpartition("/") if "/" in title else (title, "", "")
            fraction = run["bandwidth_fraction"]
            wanted = 1 / 3 if packs_bits(kernel) else 1 / 2
            low = kernel != "memcpy" and fraction < wanted
            if low:
                below.append((title, fraction, wanted))
            yield (f"| `{kernel}` | {size} | {run['bytes_per_second'] / 1e9:.1f} | {'**' if low else ''}{fraction:.2f}"
                   f"{'**' if low else ''} | {run['bytes_kept']:,.0f} |")
    yield ""
    yield (f"In bold, {len(below)}: below half of memcpy's bandwidth, or below a third for kernels that pack bits.")


def head_lines(results):
    yield "| attention head, forward and backward | tokens | GFLOP/s of its products | bytes kept |"
    yield "| --- | ---: | ---: | ---: |"
    for run in medians(results, "attention"):
        if "flops" in run:
            kernel, _, size = run["run_name"].replace("slimfit::", "").replace("attention_head_bench", "").partition("/")
            yield f"| `{kernel.strip('<>')}` | {size} | {run['flops'] / 1e9:.1f} | {run['bytes_kept']:,.0f} |"


def step_lines(results):
    yield "| step | seconds | its products alone | ratio | of `eager`'s step | stored MiB | temporary MiB | peak MiB |"
    yield "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |"
    for model in ("vit-b16", "bert-base"):
        eager = None
        for policy in ("eager", "slim"):
            path = results / f"step-{model}-{policy}.json"
            if not path.exists():
                continue
            run = json.loads(path.read_text())
            seconds = run["seconds"]["median"]
            eager = eager or seconds
            memory = " | ".join(f"{run['ledger'][key] / 2 ** 20:,.0f}" for key in ("stored", "temporary", "peak"))
            yield (f"| {model}, batch {run['batch']}, `{policy}`, {run['rate']:.0f} % frozen | {seconds:.3f} | "
                   f"{run['product_seconds']['median']:.3f} | {run['ratio']:.3f} | {seconds / eager:.2f} | {memory} |")


def main():
    results, page = map(pathlib.Path, sys.argv[1:3])
    notes = ""
    if page.exists() and BEGIN in page.read_text():
        text = page.read_text()
        notes = text[text.index(BEGIN) + len(BEGIN):text.index(END)]
    page.write_text("\n".join([
        "# Benchmarks", "",
        f"Written by `bash bench/run.sh` on {processor()}. `python3 bench/count_loops.py PROGRAM PATTERN` counts the",
        "instructions that the notes at the end name.", "",
        "## Whole training steps", "",
        "By `slimfit-step --threads 2`: each step's matrix products run again alone right after it.", "",
        *step_lines(results), "",
        "## Kernels", "",
        "One core, float. Bytes are those that a kernel must read and write; memcpy's are counted in the same way and",
        "measured in the same run with 256 MiB. Inputs have 1,576 rows (8 images of 197 tokens) where nothing else is",
        "said; what fits in the cache may be faster than memcpy. Each number is the median of seven repetitions between",
        "which all others ran.", "",
        *kernel_lines(results), "",
        *head_lines(results), "",
        "## Notes", "", BEGIN]) + notes + END)


if __name__ == "__main__":
    main()
