#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Measures what slimfit::fit chooses by and writes include/slimfit/train/measured_candidates.hpp: how far the gradients of
# each preset at each freezing rate are from exact ones, on the two pretrained examples, and how long steps of
# ViT-S/16 take. Half an hour on two cores, once everything is built.
set -euo pipefail
cd "$(dirname "$0")/.."
source scripts/install_packages.sh
install_packages "${build_packages[@]}" "${example_packages[@]}" python3

policies=(eager paper exact slim slim_3bit slim_2bit)
rates=(0 50 75 90 95)
runs=()
for policy in "${policies[@]}"; do
  for rate in "${rates[@]}"; do runs+=(--run "$policy:$rate"); done
done

out=build/candidates
mkdir -p "$out"
bash examples/finetune_bert.sh "${runs[@]}" --measure-error "${BATCHES:-2}" --out "$out/bert" "$@"
bash examples/finetune_pretrained_vit.sh "${runs[@]}" --measure-error "${BATCHES:-2}" --out "$out/vit" "$@"

cmake --preset host >/dev/null
cmake --build --preset host --target slimfit_step
for policy in "${policies[@]}"; do
  for rate in "${rates[@]}"; do
    # Waiting threads must not count as computing.
    OMP_WAIT_POLICY=passive build/host/examples/tools/slimfit-step --model vit-s16 --policy "$policy" --rate "0.$rate" \
      --batch 4 --steps 3 --threads 1 --json >"$out/$policy-$rate.json"
  done
done
python3 bench/write_candidates.py "$out" >include/slimfit/train/measured_candidates.hpp
clang-format-14 -i include/slimfit/train/measured_candidates.hpp
