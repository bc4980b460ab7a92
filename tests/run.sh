#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Installs what is missing, builds the tests and runs all of them, then some again with sanitizers. Ends with a line
# "N passed, N failed". `--no-sanitizers` leaves those out; the presets host-debug and host-threads run all tests so.
# Tests of the CUDA backend are built and run where there is a CUDA toolkit and a device, or a command in
# SLIMFIT_CUDA_RUNNER that runs CUDA programs; otherwise it says that they are skipped, and how to build them.
set -uo pipefail
cd "$(dirname "$0")/.."
source scripts/install_packages.sh
install_packages "${build_packages[@]}" "${example_packages[@]}" doctest-dev libbenchmark-dev python3 python3-jsonschema \
  clang libclang-rt-dev libomp-dev dataset-fashion-mnist || exit 1

# What reads foreign bytes, counts memory or codes rows; what runs on several threads or lanes.
memory_tests=(safetensors_test example_support_test image_data_test glue_test squad_test format_test stash_test
  trainer_test)
thread_tests=(task_pool_test image_data_test host_test stash_test layer_norm_test trainer_test)

log=$(mktemp)
trap 'rm -f "$log"' EXIT
passed=0
failed=0
skipped=0

# run_preset NAME [TEST...]: builds and runs all tests of a preset, or those that are named.
run_preset() {
  local preset=$1
  shift
  local targets=() chosen=()
  if [ $# -gt 0 ]; then
    targets=(--target "$@")
    chosen=(-R "^($(IFS='|'; echo "$*"))\$")
  fi
  local settings=()
  if [ -n "${SLIMFIT_CUDA_ONLY:-}" ]; then
    targets=(--target cuda_tests)
    chosen=(-R "$SLIMFIT_CUDA_ONLY")
    settings=(-D "SLIMFIT_CUDA_RUNNER=${SLIMFIT_CUDA_RUNNER:-}")
  fi
  if ! cmake --preset "$preset" "${settings[@]}" >"$log" 2>&1; then
    cat "$log"
    failed=$((failed + 1))
    return
  fi
  if ! cmake --build --preset "$preset" "${targets[@]}" -- --quiet; then
    echo "the build of $preset failed"
    failed=$((failed + 1))
    return
  fi
  ctest --preset "$preset" "${chosen[@]}" -j 2 --timeout 900 2>&1 | tee "$log"
  local total these_failed these_skipped
  total=$(sed -n 's/.* tests failed out of \([0-9]*\).*/\1/p' "$log")
  these_failed=$(sed -n 's/.*, \([0-9]*\) tests failed out of .*/\1/p' "$log")
  these_skipped=$(grep -c '\*\*\*Skipped' "$log")
  if [ -z "$total" ] || [ "$total" -lt $# ]; then
    echo "tests of $preset are missing"
    failed=$((failed + 1))
    return
  fi
  passed=$((passed + total - these_failed - these_skipped))
  failed=$((failed + these_failed))
  skipped=$((skipped + these_skipped))
}

run_preset ci
if [ "${1:-}" != --no-sanitizers ]; then
  run_preset host-debug "${memory_tests[@]}"
  run_preset host-threads "${thread_tests[@]}"
fi
PATH=$PATH:${CUDA_HOME:-/usr/local/cuda}/bin
if ! command -v nvcc >/dev/null; then
  echo "CUDA tests are skipped: there is no CUDA toolkit (nvcc); README.md says how to get one"
elif [ -z "${SLIMFIT_CUDA_RUNNER:-}" ] && ! nvidia-smi -L 2>/dev/null | grep -q GPU; then
  echo "CUDA tests are skipped: there is no CUDA device, and no command in SLIMFIT_CUDA_RUNNER. To build them:" \
    "cmake --preset ci-cuda && cmake --build --preset ci-cuda --target cuda_tests"
else
  SLIMFIT_CUDA_ONLY='^cuda_' run_preset ci-cuda
fi
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ]
