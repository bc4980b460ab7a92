#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Installs what is missing, builds and runs the benchmarks, and writes docs/benchmarks.md. For a machine that does nothing
# else.
set -euo pipefail
cd "$(dirname "$0")/.."
source scripts/install_packages.sh
install_packages "${build_packages[@]}" "${example_packages[@]}" libbenchmark-dev python3

cmake --preset host -DSLIMFIT_BUILD_TESTS=OFF >/dev/null
cmake --build --preset host --target rows_bench attention_bench tokens_bench optimizer_bench slimfit_step -- --quiet
bench/measure.sh build/host build/host/results
python3 bench/write_page.py build/host/results docs/benchmarks.md
