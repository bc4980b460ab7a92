#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Fine-tunes a pretrained vision transformer on real images under four runs from the same start: everything kept as eager
# PyTorch does, the same with inter-layer scheduling, the paper's method, and slimfit's own. See --help.
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
# Paths in options and the report are those of the caller's folder.
if [ "$root" = "$PWD" ]; then root=.; fi
source "$root/examples/programs/pretrained.sh"
read_options "$@"

if [ -n "${given[--help]:-}" ]; then
  cat <<'HELP'
bash examples/programs/finetune_pretrained_vit.sh [option]...

Installs the packages that are missing (it says which; Python's in build/python), lays out a ViT-S/14 (DINOv2's, 12 layers
of width 384) for 56 x 56 pixels and Fashion-MNIST in CIFAR-10's form in build/data, builds finetune_vit in
build/pretrained, and fine-tunes four times from the same start: eager, eager with 75 % of the units frozen, paper and
slim at 75 %. At the end come a table, report-vit/report.html and report-vit/report.json. Ctrl-C saves; the same command
with --resume goes on.

  --model DIR     another ViT, as Hugging Face's transformers save it: ViT-S/14 for 56 pixels, ViT-B/16 for 224, or
                  with --task imagenet ViT-B/16 for 384
  --data DIR      other data: the folder of the task's files, see below
  --task NAME     cifar10 (the default); others need --model and --data
  --program FILE  a built finetune_vit

All options but the last are passed on to finetune_vit. Without them it gets --task cifar10 --images 4000 --test-images
2000 --epochs 3 --learning-rate 2e-5 --scheduled-learning-rate 2e-5 --optimizer usual --seed 1 --out report-vit and the
four runs; --images 0 and --test-images 0 take all images. Where weights and images come from, and their licences:
examples/programs/fetch/vit_small.py and images.py say in their first lines.
HELP
  program_help finetune_vit
  exit 0
fi

options=(--task cifar10 --images 4000 --test-images 2000 --epochs 3 --learning-rate 2e-5 --scheduled-learning-rate 2e-5
  --optimizer usual --seed 1 --out report-vit)
if [ -z "${given[--run]:-}${given[--policy]:-}" ]; then
  options+=(--run eager --run eager:75 --run paper:75 --run slim:75)
fi
models=vit_small_14
if [ -n "${given[--model]:-}" ]; then models="vit_small_14;vit_base_16_cifar10;vit_base_16_cifar100"; fi
task=${given[--task]:-cifar10}
if [ "$task" = imagenet ]; then models=vit_base_16_imagenet; fi
for option in --model --data; do
  if [ "$task" != cifar10 ] && [ -z "${given[$option]:-}" ]; then
    echo "--task $task needs $option DIR; cifar10 has weights and images here" >&2
    exit 2
  fi
done

if [ -z "${given[--model]:-}" ]; then
  python_environment numpy onnx safetensors
  fetch vit_small.py "$data/vit-s14-56"
  options+=(--model "$data/vit-s14-56")
fi
if [ -z "${given[--data]:-}" ]; then
  install_packages dataset-fashion-mnist
  python_environment pip
  fetch images.py "$data/fashion-mnist-as-cifar10"
  options+=(--data "$data/fashion-mnist-as-cifar10")
fi
if [ -z "${given[--program]:-}" ]; then build_program finetune_vit VIT "$models"; fi
exec "${given[--program]:-$build/examples/programs/finetune_vit}" "${options[@]}" ${passed_on[@]+"${passed_on[@]}"}
