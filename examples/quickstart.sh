#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Builds slimfit and fine-tunes a small vision transformer on Fashion-MNIST under four policies from the same start:
# everything kept as eager PyTorch does, the same with inter-layer scheduling, the paper's method, and slimfit's own.
# Options are those of finetune_vit, e.g. --out DIR, --data DIR, --resume; see --help.
set -euo pipefail
cd "$(dirname "$0")/.."
source scripts/install_packages.sh

data=(dataset-fashion-mnist)
for argument in "$@"; do
  case "$argument" in --data | --data=* | --help | -h) data=() ;; esac
done
install_packages "${build_packages[@]}" "${example_packages[@]}" "${data[@]}"

cmake --preset quickstart >/dev/null
cmake --build --preset quickstart --target finetune_vit -- --quiet
exec build/quickstart/examples/finetune_vit --start examples/finetune_vit/coarse_vit.safetensors "$@"
