#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Installs what is missing, builds and runs the benchmarks, and writes docs/benchmarks.md. For a machine that does nothing
# else.
set -euo pipefail
cd "$(dirname "$0")/.."
source scripts/install_packages.sh
source scripts/blas_core.sh
install_packages "${build_packages[@]}" "${example_packages[@]}" libbenchmark-dev python3

build=build/benchmarks
cmake --preset host -B "$build" -DSLIMFIT_BUILD_TESTS=OFF -DSLIMFIT_STEP_MODELS="vit_b16;bert_base" \
  -DSLIMFIT_STEP_POLICIES="eager;slim" >/dev/null
cmake --build "$build" --target rows_bench attention_bench tokens_bench optimizer_bench slimfit_step slimfit_products -- --quiet
choose_blas_core "$build/examples/programs/tools/slimfit-products"
bench/measure.sh "$build" "$build/results"
python3 bench/write_page.py "$build/results" docs/benchmarks.md
