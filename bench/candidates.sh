#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Measures what slimfit::fit chooses by and writes include/slimfit/plan/measured_candidates.hpp: for each operator coded
# alone how far gradients are from exact ones, on the two pretrained examples, and what a step of ViT-S/16 keeps and how
# long it takes; and how long steps take at each freezing rate, with and without blocks that are recomputed. An hour on
# one core; what build/candidates holds already is not measured again. Options are those of both fine-tuning programs.
set -euo pipefail
cd "$(dirname "$0")/.."
source scripts/install_packages.sh
source scripts/blas_core.sh
install_packages "${build_packages[@]}" "${example_packages[@]}" python3

out=build/candidates
built=$out/programs/examples/programs
operators=(norms_8bit norms_4bit norms_2bit gelu_8bit gelu_4bit gelu_2bit attention_8bit)
# Of inputs of recomputed blocks in 8 bits the error alone is measured: coding one matrix of a block takes no time to speak of.
errors_only=(block_inputs_8bit slim_8bit slim slim_2bit)
blocks=(exact exact_half_recomputed exact_recomputed)

list() { local IFS=';'; echo "$*"; }
cmake --preset quickstart -B "$out/programs" -D SLIMFIT_POLICY_HEADER="$PWD/bench/operator_policies.hpp" \
  -D SLIMFIT_VIT_MODELS=vit_small_14 -D SLIMFIT_VIT_POLICIES="$(list "${operators[@]}" "${errors_only[@]}")" \
  -D SLIMFIT_BERT_MODELS=minilm_l6 -D SLIMFIT_BERT_POLICIES="$(list "${operators[@]}" "${errors_only[@]}")" \
  -D SLIMFIT_STEP_MODELS=vit_s16 -D SLIMFIT_STEP_POLICIES="$(list eager "${blocks[@]}" "${operators[@]}")" >/dev/null
cmake --build "$out/programs" --target finetune_bert finetune_vit slimfit_step slimfit_products
choose_blas_core "$built/tools/slimfit-products"

runs=()
for policy in "${operators[@]}" "${errors_only[@]}"; do runs+=(--run "$policy:0"); done
measure_errors() {  # measure_errors EXAMPLE PROGRAM OPTION...
  [ -f "$out/$2/errors.json" ] && return
  bash "examples/programs/finetune_$1.sh" --program "$built/$2" "${runs[@]}" --measure-error "${BATCHES:-2}" --out "$out/$2" "${@:3}"
}
measure_errors bert finetune_bert "$@"
measure_errors pretrained_vit finetune_vit "$@"

measure_step() {  # measure_step POLICY RATE
  local file=$out/$1-$2-$pass
  [ -f "$file.json" ] && return
  # Waiting threads must not count as computing.
  OMP_WAIT_POLICY=passive "$built/tools/slimfit-step" --model vit-s16 --policy "$1" --rate "$2" --batch 4 --steps 5 \
    --threads 1 --json >"$file.tmp"
  mv "$file.tmp" "$file.json"
}
# The fastest of three, with everything else in between: machines have slow spells.
for pass in 1 2 3; do
  for policy in eager "${operators[@]}"; do measure_step "$policy" 0; done
  for rate in 0 50 75 90 95; do
    for policy in "${blocks[@]}"; do measure_step "$policy" "$rate"; done
  done
done
python3 bench/write_candidates.py "$out" >include/slimfit/plan/measured_candidates.hpp
clang-format-14 -i include/slimfit/plan/measured_candidates.hpp
