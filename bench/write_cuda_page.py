#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Writes the page of timings on a CUDA device: write_cuda_page.py RESULTS PAGE, with what bench/measure_cuda.sh wrote to
RESULTS.

What stands between the page's markers for notes is kept.
"""
import json
import pathlib
import sys

BEGIN, END = "<!-- notes -->\n", "<!-- end of notes -->\n"
MIB = 1 << 20
STEPS = [("eager", "`eager`, nothing frozen"), ("exact", "`exact`, nothing frozen"), ("slim-all", "`slim`, nothing frozen"),
         ("dense", "`eager`, 95 % frozen"), ("paper", "`paper`, 95 % frozen"), ("slim", "`slim`, 95 % frozen"),
         ("slim-graph", "`slim`, 95 % frozen, one choice held, recorded as a graph")]

TORCH_SCALARS = [("amp", "autocast to bf16"), ("bf16", "all in bf16")]
TORCH_WAYS = [("", "fused attention"), ("-compiled", "fused attention, compiled"), ("-cudnn", "cuDNN's attention, compiled"),
              ("-frozen", "fused attention, compiled, 95 % frozen, one choice held")]


def read(path):
    return json.loads(path.read_text())


def step_lines(results, model):
    yield f"| {model}, batch 128, bf16 | ms per step | least, most | sequences/s | peak MiB | allocated MiB |"
    yield "| --- | ---: | ---: | ---: | ---: | ---: |"
    torch = [(f"torch-{model}-{scalar}{way}", f"PyTorch {{version}}, {of_scalar}, {of_way}")
             for scalar, of_scalar in TORCH_SCALARS for way, of_way in TORCH_WAYS]
    for name, title in [(f"step-{model}-{name}", title) for name, title in STEPS] + torch:
        path = results / f"{name}.json"
        if not path.exists():
            continue
        run = read(path)
        seconds = run["seconds"]
        peak = f"{run['ledger']['peak'] / MIB:,.0f}" if "ledger" in run else ""
        allocated = run.get("pool_used_high", run.get("max_memory_allocated"))
        yield (f"| {title.format(version=run.get('version', ''))} | {1e3 * seconds['median']:.1f} | "
               f"{1e3 * seconds['min']:.1f}, {1e3 * seconds['max']:.1f} | {run['sequences_per_second']:,.0f} | {peak} | "
               f"{allocated / MIB:,.0f} |")


def kernel_lines(runs):
    copy = next(run for run in runs if run["name"].startswith("copy/"))["bytes_per_second"]
    yield f"A copy within the device's memory moves {copy / 1e12:.2f} TB/s, bytes read and written both counted."
    yield ""
    yield "| kernel | shape | us | TB/s | of the copy |"
    yield "| --- | --- | ---: | ---: | ---: |"
    for run in runs:
        kernel, _, shape = run["name"].removesuffix("/manual_time").rpartition("/")
        if "flops" in run or kernel == "copy":
            continue
        moved = run["bytes_per_second"]
        yield f"| {kernel} | {shape} | {run['real_time']:.1f} | {moved / 1e12:.2f} | {moved / copy:.2f} |"


def attention_lines(runs):
    yield "| kernel | shape | us | TFLOP/s |"
    yield "| --- | --- | ---: | ---: |"
    for run in runs:
        if "flops" in run:
            kernel, _, shape = run["name"].removesuffix("/manual_time").rpartition("/")
            yield f"| {kernel} | {shape} | {run['real_time']:.1f} | {run['flops'] / 1e12:.0f} |"


def main():
    results, page = map(pathlib.Path, sys.argv[1:])
    runs = read(results / "kernels.json")["benchmarks"]
    device = read(results / "step-vit-b16-slim.json")["device_name"]
    notes = ""
    if page.exists() and BEGIN in page.read_text():
        notes = page.read_text().partition(BEGIN)[2].partition(END)[0]
    lines = ["# Timed on a device", "",
             f"One {device}. Made by `bench/measure_cuda.sh` and `bench/write_cuda_page.py`: see [cuda.md](cuda.md).", "",
             BEGIN + notes + END.rstrip(), "", "## Training steps", "",
             "Random data in pinned memory; a step is the batch's copy, forward, backward and AdamW, from the call to the end of",
             "the device's work; the median of 20 after two. *Peak*: the ledger's, which equals the plan. *Allocated*: the most",
             "that CUDA's memory pool, or PyTorch's allocator, had given out.", ""]
    for model in ("vit-b16", "bert-base"):
        lines += [*step_lines(results, model), ""]
    lines += ["## Attention", "", "Operations are those of the matrix products that a kernel makes.", "", *attention_lines(runs), "",
              "## Other kernels", "",
              "64 sequences of 197 tokens. TB/s: the fewest bytes that a kernel could move over its time; copies of the data are",
              "used in turn, so that caches do not help.", "", *kernel_lines(runs), ""]
    page.write_text("\n".join(lines))


if __name__ == "__main__":
    main()
