#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Fine-tunes the quickstart's model at every freezing rate under three policies and writes docs/results.md: what freezing
# costs, and what keeping less costs beside it. About half an hour on one core; a run whose report is already in the
# folder is not repeated. The numbers depend neither on threads nor on how the runs are divided.
set -euo pipefail
cd "$(dirname "$0")/../.."

usage="usage: bash examples/programs/rates.sh [--out DIR] [--threads N] [--program FILE] [option of finetune_vit]...
  --out DIR       where the runs' reports go (default build/rates)
  --threads N     threads of a run, 0 for all (default 0)
  --program FILE  a built finetune_vit (default: build/quickstart's, built first)
  --table FILE    where the table goes (default docs/results.md)"
out=build/rates
threads=0
program=
table=docs/results.md
more=()
while [ $# -gt 0 ]; do
  case "$1" in
    --help | -h) echo "$usage"; exit 0 ;;
    --out | --threads | --program | --table)
      if [ $# -lt 2 ]; then
        echo "$1 needs a value" >&2
        exit 2
      fi
      declare "${1#--}=$2"
      shift 2 ;;
    *) more+=("$1"); shift ;;
  esac
done

if [ -z "$program" ]; then
  source scripts/install_packages.sh
  source examples/programs/policies.sh
  install_packages "${build_packages[@]}" "${example_packages[@]}" dataset-fashion-mnist python3
  build_small_vit "eager;paper;slim" --quiet
  program=build/quickstart/examples/programs/finetune_vit
fi

# run SEED POLICY:RATE...
run() {
  local seed=$1 each folder
  shift
  for each in "$@"; do
    folder="$out/${each/:/-}-seed-$seed"
    [ -f "$folder/report.json" ] && continue
    "$program" --start examples/programs/finetune_vit/coarse_vit.safetensors --seed "$seed" --run "$each" --threads "$threads" \
      --out "$folder" ${more[@]+"${more[@]}"}
  done
}
for seed in 1 2 3; do run "$seed" eager:0 eager:75 paper:75 slim:75; done
for rate in 50 90 95 0; do run 1 "eager:$rate" "paper:$rate" "slim:$rate"; done

python3 examples/programs/report/rates_table.py "$out" >"$table.tmp"
mv "$table.tmp" "$table"
echo "$table was written"
