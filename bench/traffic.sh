#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Counts what the CUDA kernels do, without timing them: bytes moved against the fewest possible, sectors of a request,
# bank conflicts; registers, spills, local memory and occupancy for every architecture. Writes docs/kernels.md and
# docs/kernels.json.
#
#   SLIMFIT_COUNTERS=COMMAND bench/traffic.sh [REGEX]
#
# COMMAND is called as `COMMAND OUTPUT_JSON PROGRAM ARGUMENTS...`: it runs the program and writes an object with the array
# "kernels". Each has "mangled" (the symbol), "launches", "global_load" and "global_store" ("requests", "sectors" of 32
# bytes, "bytes_asked"), "shared" ("wavefronts", "bank_conflicts"), all summed over the launches. Other forms, such as
# Nsight Compute's CSV, are not read. Without the variable (a device is needed then, to name the kernels) the tables hold
# only what the compiler says.
# REGEX: only cases whose name contains a match; then the tables go to build/traffic instead of docs.
set -euo pipefail
cd "$(dirname "$0")/.."
if [ "${1:-}" = --help ] || [ "${1:-}" = -h ]; then
  sed -n '3,15s/^# \{0,1\}//p' "$0"
  exit 0
fi
source scripts/install_packages.sh
install_packages "${build_packages[@]}" libbenchmark-dev python3
PATH=$PATH:${CUDA_HOME:-/usr/local/cuda}/bin
build=build/traffic
target=docs
if [ -n "${1:-}" ]; then target=$build; fi

# Machine code of every architecture, and intermediate code, which profilers that interpret it need.
cmake --preset cuda -B "$build" -D SLIMFIT_BUILD_TESTS=OFF -D SLIMFIT_BUILD_EXAMPLES=OFF \
  -D "CMAKE_CUDA_ARCHITECTURES=80;86-real;89-real;90-real;100-real;120-real" -D CMAKE_CUDA_FLAGS=-Xptxas=-v >/dev/null
if ! cmake --build "$build" --target kernel_counters --clean-first -- -v >"$build/resources.log" 2>&1; then
  grep -m 20 'error' "$build/resources.log" || tail -n 20 "$build/resources.log"
  exit 1
fi

program=$build/bench/cuda/kernel_counters
if [ -n "${SLIMFIT_COUNTERS:-}" ]; then
  read -ra counters <<<"$SLIMFIT_COUNTERS"
  "${counters[@]}" "$build/counters.json" "$program" --case "${1:-.}" --output "$build/cases.json"
else
  rm -f "$build/counters.json"
  "$program" --list --case "${1:-.}" --output "$build/cases.json"
fi
python3 bench/traffic_tables.py "$build" "$target"
