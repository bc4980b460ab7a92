#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Makes the checkpoint that the quickstart starts from: the same small vision transformer, trained from random weights on
# Fashion-MNIST's images with coarser labels. The ten classes are merged into four groups of unlike things, so that the
# features must tell garments apart, as those of a large pretrained model do, while the ten classes stay unknown:
#   0: T-shirt, trouser, bag   1: pullover, dress, sneaker   2: coat, sandal   3: shirt, ankle boot
# The result is committed, in half precision. It takes about five minutes on two cores.
set -euo pipefail
cd "$(dirname "$0")/../.."
source scripts/install_packages.sh
source scripts/blas_core.sh
source examples/programs/policies.sh
install_packages "${build_packages[@]}" "${example_packages[@]}" dataset-fashion-mnist

build_small_vit eager --quiet
choose_blas_core build/quickstart/examples/programs/tools/slimfit-products
exec build/quickstart/examples/programs/finetune_vit --run eager --merge-labels 0,0,1,1,2,2,3,1,0,3 --epochs 8 --batch 64 \
  --learning-rate 2e-3 --seed 7 --out build/quickstart/pretraining \
  --save examples/programs/finetune_vit/coarse_vit.safetensors --save-type F16 "$@"
