#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Builds slimfit and fine-tunes a small vision transformer on Fashion-MNIST under four policies from the same start:
# everything kept as eager PyTorch does, the same with inter-layer scheduling, the paper's method, and slimfit's own.
# Options are those of finetune_vit, e.g. --out DIR, --data DIR, --resume; see --help.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
# Paths in options and the report are those of the caller's folder.
if [ "$root" = "$PWD" ]; then root=.; fi
source "$root/scripts/install_packages.sh"
source "$root/scripts/blas_core.sh"
source "$root/examples/programs/policies.sh"
program=$root/build/quickstart/examples/programs/finetune_vit

data=(dataset-fashion-mnist)
for argument in "$@"; do
  case "$argument" in
    --help | -h)
      cat <<'HELP'
bash examples/quickstart.sh [option]...

Installs the packages that are missing (g++, CMake, Ninja, OpenBLAS, CLI11, nlohmann-json, zlib, Fashion-MNIST; it says
which), builds finetune_vit in build/quickstart, and fine-tunes a small vision transformer four times from the same
start: eager, eager with 75 % of the units frozen, paper and slim at 75 %. At the end come a table, report/report.html
and report/report.json. Ctrl-C saves; the same command with --resume goes on. Options, e.g. --data DIR, --out DIR,
--images N, --epochs N, --run POLICY:PERCENT, --threads N, --resume, are passed on to finetune_vit.
HELP
      if [ -x "$program" ]; then
        echo
        exec "$program" --help
      fi
      echo
      echo "Once it is built, --help lists every option with its default."
      exit 0 ;;
    --data | --data=*) data=() ;;
  esac
done
install_packages "${build_packages[@]}" "${example_packages[@]}" ${data[@]+"${data[@]}"}

# A terminal sees ninja's one line of progress; elsewhere only what goes wrong is shown.
echo "building finetune_vit (the first time about a minute on two cores)"
quiet=(--quiet)
if [ -t 1 ]; then quiet=(); fi
policies=$(policies_of "$@")
(
  cd "$root"
  build_small_vit "$policies" ${quiet[@]+"${quiet[@]}"}
)
choose_blas_core "$root/build/quickstart/examples/programs/tools/slimfit-products"
exec "$program" --start "$root/examples/programs/finetune_vit/coarse_vit.safetensors" "$@"
