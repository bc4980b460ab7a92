# SPDX-License-Identifier: MIT
# To be sourced: what finetune_bert.sh and finetune_pretrained_vit.sh share. They set `root`, the folder of slimfit.
source "$root/scripts/install_packages.sh"
source "$root/scripts/blas_core.sh"
source "$root/examples/programs/policies.sh"
data=$root/build/data
build=$root/build/pretrained

# read_options OPTION...: in `given` the value of each option (the last one counts), in `passed_on` what the program is
# to get: everything but --program and --help.
declare -A given=()
passed_on=()
read_options() {
  local name
  while [ $# -gt 0 ]; do
    case "$1" in
      --help | -h) given[--help]=yes ;;
      --program | --model | --data | --task)
        if [ $# -lt 2 ]; then
          echo "$1 needs a value" >&2
          exit 2
        fi
        given[$1]=$2
        [ "$1" = --program ] || passed_on+=("$1" "$2")
        shift ;;
      --program=* | --model=* | --data=* | --task=*)
        name=${1%%=*}
        given[$name]=${1#*=}
        [ "$name" = --program ] || passed_on+=("$name" "${1#*=}") ;;
      *)
        given[${1%%=*}]=yes
        passed_on+=("$1") ;;
    esac
    shift
  done
}

# program_help NAME: what the program itself says, once there is one.
program_help() {
  local program=${given[--program]:-$build/examples/programs/$1}
  echo
  if [ -x "$program" ]; then
    exec "$program" --help
  fi
  echo "Once $1 is built, --help lists its options with their defaults."
}

# python_environment PACKAGE...: Python in build/python with these packages in it.
python_environment() {
  local package missing=()
  python=$root/build/python/bin/python
  if ! "$python" -m pip --version >/dev/null 2>&1; then
    install_packages python3-venv
    echo "making a Python environment in $root/build/python"
    python3 -m venv --clear "$root/build/python"
  fi
  for package in "$@"; do
    "$python" -c "import $package" 2>/dev/null || missing+=("$package")
  done
  [ ${#missing[@]} -eq 0 ] && return 0
  echo "installing in $root/build/python: ${missing[*]}"
  "$python" -m pip install --quiet --disable-pip-version-check "${missing[@]}"
}

# fetch SCRIPT FOLDER: lays out weights or data.
fetch() {
  "$python" "$root/examples/programs/fetch/$1" "$2"
}

# build_program NAME KIND MODELS: compiles a program for these models, of the kind VIT or BERT, and for the presets that
# `passed_on` asks for.
build_program() {
  install_packages "${build_packages[@]}" "${example_packages[@]}"
  # A terminal sees ninja's one line of progress; elsewhere only what goes wrong is shown.
  echo "building $1 for ${3//;/, } (the first time several minutes on two cores)"
  local policies quiet=(-- --quiet)
  policies=$(policies_of ${passed_on[@]+"${passed_on[@]}"})
  if [ -t 1 ]; then quiet=(); fi
  # In a folder of its own, so that the quickstart's program is not compiled again for its model.
  (
    cd "$root"
    cmake --preset quickstart -B build/pretrained -D "SLIMFIT_$2_MODELS=$3" -D "SLIMFIT_$2_POLICIES=$policies" >/dev/null
    cmake --build build/pretrained --target "$1" slimfit_products ${quiet[@]+"${quiet[@]}"}
  )
  choose_blas_core "$build/examples/programs/tools/slimfit-products"
}
