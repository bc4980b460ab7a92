#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Runs the benchmarks of a CUDA build on the current device: measure_cuda.sh BUILD RESULTS [PYTHON]. Writes Google
# Benchmark's and slimfit-step's JSON to RESULTS; with a PYTHON that has PyTorch, the same steps there too.
set -euo pipefail
build=$1
results=$2
python=${3:-}
mkdir -p "$results"
step() {  # NAME OPTIONS...
  local name=$1
  shift
  "$build/examples/programs/tools/slimfit-step" --backend cuda --scalar bf16 --batch 128 --steps 20 --json "$@" \
    >"$results/step-$name.json"
}
for model in vit-b16 bert-base; do
  for policy in eager exact paper slim; do step "$model-$policy" --model "$model" --policy "$policy"; done
  step "$model-dense" --model "$model" --policy eager --rate 95
  step "$model-slim-all" --model "$model" --policy slim --rate 0
  step "$model-slim-graph" --model "$model" --policy slim --graph
  if [ -n "$python" ]; then
    torch() {  # NAME OPTIONS...: a way to run that this PyTorch does not have is left out, and says why
      local name=$1
      shift
      "$python" "$(dirname "$0")/torch_step.py" --model "$model" --device cuda --batch 128 --steps 20 "$@" \
        >"$results/torch-$model-$name.json" || rm "$results/torch-$model-$name.json"
    }
    for scalar in amp bf16; do
      torch "$scalar" --scalar "$scalar"
      torch "$scalar-compiled" --scalar "$scalar" --compile
      torch "$scalar-cudnn" --scalar "$scalar" --compile --attention cudnn
      torch "$scalar-frozen" --scalar "$scalar" --compile --frozen 95
    done
  fi
done
"$build/bench/cuda/cuda_kernels_bench" --benchmark_min_time="${MIN_TIME:-0.02}" --benchmark_out_format=json \
  --benchmark_out="$results/kernels.json" >/dev/null
