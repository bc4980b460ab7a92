#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Prints how long nvcc takes for single kernel instantiations, each in a translation unit of its own, for one architecture
# (ARCHITECTURE, sm_90 by default): beside the headers alone, and from the fastest to the slowest.
set -euo pipefail
cd "$(dirname "$0")/.."
nvcc=${NVCC:-$(command -v nvcc || echo /usr/local/cuda/bin/nvcc)}
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 - "$nvcc" "${ARCHITECTURE:-sm_90}" "$folder" <<'PYTHON'
import pathlib
import subprocess
import sys
import time

nvcc, architecture, folder = sys.argv[1], sys.argv[2], pathlib.Path(sys.argv[3])
ROW = "template __global__ void detail::row_kernel<{0}>({0} const, index_t const);"
NORM = "stash::layer_norm_normalized<stash::quantized<format::affine<4, 64>>>::template kept<bf16, 768>"
PRUNED = "stash::layer_norm_normalized<stash::pruned<percent<10>>>::template kept<bf16, 768>"
CODES = "stash::quantized<format::affine<8, 64>>::template kept<bf16, 3072>"
GELU = "stash::gelu_derivative<format::gelu_derivative_codebook<4>>::template kept<bf16, 3072>"
PROBABILITIES = "rebuilt_probabilities<float>"
FORWARD = "attention_forward_arguments<bf16, " + PROBABILITIES + ">"


def attention_backward(kernel, size, flags):
    view = f"detail::operand_stash_of<stash::quantized_heads<8>, {size}>::template kept<bf16, {12 * size}>"
    operand = f"decltype(kernels::detail::rows_of(std::declval<{view}>(), index_t{{}}))"
    return (f"using operand = {operand}; using arguments = kernels::attention_backward_arguments<bf16, operand, "
            f"kernels::{PROBABILITIES}>; template __global__ void kernels::attention_{kernel}_kernel<bf16, {size}, "
            f"operand, kernels::{PROBABILITIES}, {flags}>(arguments const);")


KERNELS = {
    "the headers alone": "",
    "restore_rows, affine<3>": ROW.format(
        "kernels::restore_rows<3072, bf16, stash::quantized<format::affine<3, 64>>::template kept<bf16, 3072>>"),
    "layer_norm_forward, affine<4>": ROW.format(f"kernels::layer_norm_forward<768, bf16, {NORM}>"),
    "layer_norm_backward, affine<4>": ROW.format(
        f"kernels::layer_norm_backward<768, bf16, {NORM}, kernels::parameter_gradients::all>"),
    "layer_norm_backward, pruned<10 %>": ROW.format(
        f"kernels::layer_norm_backward<768, bf16, {PRUNED}, kernels::parameter_gradients::all>"),
    "gelu_forward, codebook<4>, output affine<8>": ROW.format(f"kernels::gelu_forward<3072, bf16, {GELU}, {CODES}>"),
    "gelu_backward, codebook<4>": ROW.format(f"kernels::gelu_backward<3072, bf16, {GELU}>"),
    "adamw_update, moments in 8 bits": ROW.format("adamw_update<bf16, true, coded_moments<float>>"),
    "cross_entropy": ROW.format("kernels::cross_entropy<1000, bf16>"),
    **{f"attention_forward, heads of {size}":
       f"template __global__ void kernels::attention_forward_kernel<bf16, {size}, kernels::{PROBABILITIES}, false>("
       f"kernels::attention_forward_arguments<bf16, kernels::{PROBABILITIES}> const);" for size in (64, 128)},
    **{f"attention_{kernel}, coded operands, heads of {size}": attention_backward(kernel, size, flags)
       for size in (64, 128) for kernel, flags in (("query_gradient", "false, false"), ("key_gradients", "false"))},
}
seconds = {}
for name, instantiation in KERNELS.items():
    source = folder / "kernel.cu"
    source.write_text("#include <slimfit/cuda.cuh>\n#include <slimfit/policy/presets.hpp>\n"
                      "namespace slimfit {\n" + instantiation + "\n}\n", encoding="utf-8")
    start = time.monotonic()
    subprocess.run([nvcc, "-std=c++20", "-O3", f"-arch={architecture}", "-Iinclude", "-c", source, "-o", folder / "kernel.o"],
                   check=True)
    seconds[name] = time.monotonic() - start
    print(f"{len(seconds)} of {len(KERNELS)}", end="\r", file=sys.stderr, flush=True)
print("| kernel in bf16 | seconds |\n| --- | ---: |")
for name, each in sorted(seconds.items(), key=lambda item: item[1]):
    print(f"| {name} | {each:.1f} |")
PYTHON
