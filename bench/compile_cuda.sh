#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Prints how long nvcc takes for one architecture (ARCHITECTURE, sm_90 by default) on one core: for single kernel
# instantiations, each in a translation unit of its own, beside the headers alone, for the training loop
# examples/own_cuda_loop.cu, and for the README's program with slimfit::cuda in place of slimfit::host.
set -euo pipefail
cd "$(dirname "$0")/.."
nvcc=${NVCC:-$(command -v nvcc || echo /usr/local/cuda/bin/nvcc)}
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cblas=$(find /usr/include -name cblas.h -printf '%h\n' -quit)
one_core=()
command -v taskset >/dev/null && one_core=(taskset -c 0)
"${one_core[@]}" python3 - "$nvcc" "${ARCHITECTURE:-sm_90}" "$cblas" "$folder" <<'PYTHON'
import math
import pathlib
import subprocess
import sys
import time

nvcc, architecture, cblas, folder = *sys.argv[1:4], pathlib.Path(sys.argv[4])
ROW = "template __global__ void detail::row_kernel<{0}>({0} const, index_t const);"
NORM = "stash::layer_norm_normalized<stash::quantized<format::affine<4, 64>>>::template kept<bf16, 768>"
PRUNED = "stash::layer_norm_normalized<stash::pruned<percent<10>>>::template kept<bf16, 768>"
CODES = "stash::quantized<format::affine<8, 64>>::template kept<bf16, 3072>"
GELU = "stash::gelu_derivative<format::gelu_derivative_codebook<4>>::template kept<bf16, 3072>"
PROBABILITIES = "rebuilt_probabilities<float>"


def attention_backward(kernel, size, flags):
    view = f"detail::operand_stash_of<stash::quantized_heads<8>, {size}>::template kept<bf16, {12 * size}>"
    operand = f"decltype(kernels::detail::rows_of(std::declval<{view}>(), index_t{{}}))"
    return (f"using coded_operand = {operand}; using arguments = kernels::attention_backward_arguments<bf16, coded_operand, "
            f"kernels::{PROBABILITIES}>; template __global__ void kernels::attention_{kernel}_kernel<bf16, {size}, "
            f"coded_operand, kernels::{PROBABILITIES}, {flags}>(arguments const, kernels::attention_shape const);")


KERNELS = {
    "the headers alone": "",
    "restore_rows, affine<3>": ROW.format(
        "kernels::restore_rows<1024, bf16, stash::quantized<format::affine<3, 64>>::template kept<bf16, 1024>>"),
    "layer_norm_forward, affine<4>": ROW.format(f"kernels::layer_norm_forward<768, bf16, {NORM}>"),
    "layer_norm_backward, affine<4>": ROW.format(
        f"kernels::layer_norm_backward<768, bf16, {NORM}, kernels::parameter_gradients::all>"),
    "layer_norm_backward, pruned<10 %>": ROW.format(
        f"kernels::layer_norm_backward<768, bf16, {PRUNED}, kernels::parameter_gradients::all>"),
    "gelu_forward, codebook<4>, output affine<8>": ROW.format(f"kernels::gelu_forward<3072, bf16, {GELU}, {CODES}>"),
    "gelu_backward, codebook<4>": ROW.format(f"kernels::gelu_backward<3072, bf16, {GELU}>"),
    "adamw_update, moments in 8 bits": ROW.format("adamw_update<bf16, true, coded_moments<float>>"),
    "cross_entropy": ROW.format("kernels::cross_entropy<bf16>"),
    **{f"attention_forward, heads of {size}":
       f"template __global__ void kernels::attention_forward_kernel<bf16, {size}, kernels::{PROBABILITIES}, false>("
       f"kernels::attention_forward_arguments<bf16, kernels::{PROBABILITIES}> const, kernels::attention_shape const);" for size in (64, 128)},
    **{f"attention_{kernel}, coded operands, heads of {size}": attention_backward(kernel, size, flags)
       for size in (64, 128) for kernel, flags in (("query_gradient", "false, false"), ("key_gradients", "false"))},
}
HEADERS = ("slimfit/cuda.cuh", "slimfit/optim/kernels/adamw.hpp", "slimfit/kernels/cuda/attention_engine.cuh",
           "slimfit/kernels.hpp", "slimfit/policy/presets.hpp")
programs = {name: "".join(f"#include <{header}>\n" for header in HEADERS) + f"namespace slimfit {{\n{instantiation}\n}}\n"
            for name, instantiation in KERNELS.items()}
readme = pathlib.Path("README.md").read_text(encoding="utf-8").split("```cpp\n")[1].split("```")[0].replace("sf::host", "sf::cuda")
# What it asserts of the plan is the host's.
programs["the README's program, in float"] = "\n".join(line for line in readme.splitlines() if "static_assert" not in line)
programs["examples/own_cuda_loop.cu"] = pathlib.Path("examples/own_cuda_loop.cu").read_text(encoding="utf-8")
seconds = {}
for repetition in range(2):  # the faster one counts
    for number, (name, program) in enumerate(programs.items()):
        print(f"{repetition * len(programs) + number} of {2 * len(programs)}", end="\r", file=sys.stderr, flush=True)
        source = folder / "program.cu"
        source.write_text(program + "\n", encoding="utf-8")
        start = time.monotonic()
        subprocess.run([nvcc, "-std=c++20", "-O3", f"-arch={architecture}", "-Iinclude", f"-I{cblas}", "-c", source,
                        "-o", folder / "program.o"], check=True)
        seconds[name] = min(seconds.get(name, math.inf), time.monotonic() - start)
print("| kernel in bf16 | seconds |\n| --- | ---: |")
for name, each in sorted(seconds.items(), key=lambda item: item[1]):
    print(f"| {name} | {each:.1f} |")
PYTHON
