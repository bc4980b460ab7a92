#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Installs what is missing, builds the tests, programs and benchmarks, and runs all tests: with g++ the programs and what
# computes, with clang++ the others, some of them with sanitizers. Ends with a line "N passed, N failed".
# Tests of the CUDA backend are built and run where there is a CUDA toolkit and a device, or a command in
# SLIMFIT_CUDA_RUNNER that runs CUDA programs; otherwise it says that they are skipped, and how to build them. So are
# those of the package for PyTorch where Python lacks it; SLIMFIT_PYTHON names another Python.
set -uo pipefail
cd "$(dirname "$0")/.."
source scripts/install_packages.sh
source scripts/blas_core.sh
install_packages "${build_packages[@]}" "${example_packages[@]}" doctest-dev libbenchmark-dev libopenmpi-dev openmpi-bin python3 python3-jsonschema \
  clang libclang-rt-dev libomp-dev libblis-serial-dev dataset-fashion-mnist || exit 1

# What runs on several threads or lanes.
thread_tests=(task_pool_test image_data_test host_test stash_test layer_norm_test trainer_test ranks_test)

log=$(mktemp)
trap 'rm -f "$log"' EXIT
passed=0
failed=0
skipped=0

# run_preset NAME [KIND_tests | TEST...]: builds and runs all tests of a preset, those of a kind, or those that are named.
run_preset() {
  local preset=$1
  shift
  local targets=() chosen=()
  if [ $# -gt 0 ]; then
    targets=(--target "$@")
    case "$*" in
      *_tests) chosen=(-L "^${1%_tests}\$") ;;
      *) chosen=(-R "^($(IFS='|'; echo "$*"))\$") ;;
    esac
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
  choose_blas_core "build/$preset/examples/programs/tools/slimfit-products"
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
run_preset ci-light light_tests
if ! cmake --build --preset ci-light -- --quiet; then  # all else there: the benchmarks
  echo "the build of the benchmarks failed"
  failed=$((failed + 1))
fi
run_preset host-debug memory_tests
run_preset host-threads "${thread_tests[@]}"
# The package for PyTorch, where SLIMFIT_PYTHON, or python3, has it.
python=${SLIMFIT_PYTHON:-python3}
missing=$("$python" -c 'import importlib.util as i; print(*(n for n in ("torch", "transformers", "pytest") if not i.find_spec(n)))')
if [ -n "$missing" ]; then
  echo "tests of python/ are skipped: $python lacks $missing (pip install torch transformers accelerate pytest)"
else
  PYTHONPATH=python "$python" -m pytest -q -p no:cacheprovider python/tests 2>&1 | tee "$log"
  summary=$(tail -n 1 "$log")
  count() { grep -o "[0-9]* $1" <<<"$summary" | grep -o '[0-9]*' || echo 0; }
  passed=$((passed + $(count passed)))
  failed=$((failed + $(count failed) + $(count error)))
  skipped=$((skipped + $(count skipped)))
  [ "$(count passed)" -gt 0 ] || failed=$((failed + 1))
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
