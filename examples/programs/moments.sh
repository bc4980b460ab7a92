#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Fine-tunes the quickstart's model with 90 % of its units frozen under `slim`, for every way to keep AdamW's moments and
# with choices of units that hold for 1, 10 and 50 steps, and prints a table. A quarter of an hour on one core; a run
# whose report is already in the folder is not repeated.
set -euo pipefail
cd "$(dirname "$0")/../.."

usage="usage: bash examples/programs/moments.sh [--out DIR] [--program FILE] [option of finetune_vit]...
  --out DIR       where the runs' reports go (default build/moments)
  --program FILE  a built finetune_vit (default: build/quickstart's, built first)"
out=build/moments
program=
more=()
while [ $# -gt 0 ]; do
  case "$1" in
    --help | -h) echo "$usage"; exit 0 ;;
    --out | --program)
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
  source scripts/blas_core.sh
  source examples/programs/policies.sh
  install_packages "${build_packages[@]}" "${example_packages[@]}" dataset-fashion-mnist python3
  build_small_vit slim --quiet
  program=build/quickstart/examples/programs/finetune_vit
  choose_blas_core build/quickstart/examples/programs/tools/slimfit-products
fi

for moments in float32 8bit float32-dropped 8bit-dropped; do
  for held in "" -10 -50; do
    folder="$out/$moments$held"
    [ -f "$folder/report.json" ] && continue
    "$program" --start examples/programs/finetune_vit/coarse_vit.safetensors --run slim:90 --epochs 1 --moments "$moments" \
      --schedule "relative-update$held" --out "$folder" ${more[@]+"${more[@]}"} >&2
  done
done

python3 - "$out" <<'TABLE'
import json, pathlib, sys
print("| moments | optimizer, MiB | 1 step | 10 steps | 50 steps |\n| --- | ---: | ---: | ---: | ---: |")
for moments in ("float32", "8bit", "float32-dropped", "8bit-dropped"):
    runs = [json.loads((pathlib.Path(sys.argv[1]) / (moments + held) / "report.json").read_text())["runs"][0]
            for held in ("", "-10", "-50")]
    most = max(run["bytes"]["optimizer"] for run in runs) / 2 ** 20
    print(f"| `{moments}` | {most:.2f} | " + " | ".join(f"{100 * run['accuracy']:.2f}" for run in runs) + " |")
TABLE
