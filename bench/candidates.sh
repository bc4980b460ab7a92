#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Measures what slimfit::fit chooses by and writes include/slimfit/train/measured_candidates.hpp: how far the gradients of
# each preset at each freezing rate are from exact ones, on the two pretrained examples, and how long steps of
# ViT-S/16 take. An hour on one core, once everything is built; what build/candidates holds already is not measured again.
# Options are those of both fine-tuning programs.
set -euo pipefail
cd "$(dirname "$0")/.."
source scripts/install_packages.sh
install_packages "${build_packages[@]}" "${example_packages[@]}" python3

rates=(0 50 75 90 95)
out=build/candidates
mkdir -p "$out"

# Gradients of blocks that are recomputed from dense inputs are those of stashed ones, bit for bit.
for policy in slim_recomputed eager paper exact slim slim_3bit slim_2bit; do
  runs=()
  for rate in "${rates[@]}"; do runs+=(--run "$policy:$rate"); done
  for example in bert pretrained_vit; do
    [ -f "$out/$example-$policy/errors.json" ] && continue
    bash "examples/finetune_$example.sh" "${runs[@]}" --measure-error "${BATCHES:-2}" --out "$out/$example-$policy" "$@"
  done
done

cmake --preset quickstart -B "$out/step" -D SLIMFIT_STEP_MODELS=vit_s16 >/dev/null
cmake --build "$out/step" --target slimfit_step
for policy in eager paper exact exact_half_recomputed exact_recomputed slim slim_3bit slim_2bit slim_recomputed; do
  for rate in "${rates[@]}"; do
    [ -f "$out/$policy-$rate.json" ] && continue
    # Waiting threads must not count as computing.
    OMP_WAIT_POLICY=passive "$out/step/examples/tools/slimfit-step" --model vit-s16 --policy "$policy" --rate "0.$rate" \
      --batch 4 --steps 3 --threads 1 --json >"$out/$policy-$rate.tmp"
    mv "$out/$policy-$rate.tmp" "$out/$policy-$rate.json"
  done
done
python3 bench/write_candidates.py "$out" >include/slimfit/train/measured_candidates.hpp
clang-format-14 -i include/slimfit/train/measured_candidates.hpp
