#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Runs the benchmarks of a build: measure.sh BUILD RESULTS. Kernels run on one core, steps on two. Writes Google
# Benchmark's and slimfit-step's JSON to RESULTS. Kernels take turns, seven each: what other programs do to a shared
# cache in the meantime then meets all of them.
set -euo pipefail
build=$1
results=$2
mkdir -p "$results"
export OMP_WAIT_POLICY=passive
for name in rows attention tokens optimizer; do
  "$build/bench/${name}_bench" --benchmark_min_time=0.05 --benchmark_repetitions=7 \
    --benchmark_enable_random_interleaving=true --benchmark_report_aggregates_only=true --benchmark_format=json >"$results/$name.json"
done
step() {  # MODEL POLICY RATE BATCH
  "$build/examples/programs/tools/slimfit-step" --model "$1" --policy "$2" --rate "$3" --batch "$4" --steps 5 --threads 2 --json \
    >"$results/step-$1-$2.json"
}
step vit-b16 eager 0 8
step vit-b16 slim 90 8
step bert-base eager 0 8
step bert-base slim 90 8
