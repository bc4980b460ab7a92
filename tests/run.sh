#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Installs what is missing, builds the tests and runs all of them. Ends with a line "N passed, N failed".
# CUDA tests need a GPU and the CUDA backend; see README.md for its status.
set -uo pipefail
cd "$(dirname "$0")/.."
source scripts/install_packages.sh
install_packages "${build_packages[@]}" "${example_packages[@]}" doctest-dev libbenchmark-dev python3 python3-jsonschema \
  clang libomp-dev dataset-fashion-mnist || exit 1

cmake --preset ci >build-configure.log 2>&1 || { cat build-configure.log; rm -f build-configure.log; echo "0 passed, 1 failed"; exit 1; }
rm -f build-configure.log
if ! cmake --build --preset ci -- --quiet; then
  echo "the build failed"
  echo "0 passed, 1 failed"
  exit 1
fi
log=$(mktemp)
trap 'rm -f "$log"' EXIT
ctest --preset ci -j 2 --timeout 900 2>&1 | tee "$log"
total=$(sed -n 's/.* tests failed out of \([0-9]*\).*/\1/p' "$log")
failed=$(sed -n 's/.*, \([0-9]*\) tests failed out of .*/\1/p' "$log")
if [ -z "$total" ]; then
  echo "no test ran"
  exit 1
fi
skipped=$(grep -c '\*\*\*Skipped' "$log")
echo "$((total - failed - skipped)) passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ]
