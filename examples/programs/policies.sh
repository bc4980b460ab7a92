# SPDX-License-Identifier: MIT
# To be sourced: builds fine-tuning programs for those presets that are wanted. Each takes half a minute of a core.

# policies_of OPTION...: those that the scripts run when they are not told, and those that --run names; for CMake.
policies_of() {
  local chosen="eager;paper;slim" previous="" option name
  for option in "$@"; do
    case "$previous $option" in
      *" --run="*) name=${option#--run=} ;;
      "--run "*) name=$option ;;
      *) name= ;;
    esac
    previous=$option
    name=${name%%:*}
    case "$name" in
      paper_published | exact | exact_half_recomputed | exact_recomputed | slim_8bit | slim_3bit | slim_2bit | slim_recomputed | \
        slim_offloaded)
        case ";$chosen;" in
          *";$name;"*) ;;
          *) chosen="$chosen;$name" ;;
        esac ;;
    esac
  done
  echo "$chosen"
}

# build_small_vit POLICIES OPTION...: builds the quickstart's finetune_vit in the project's folder, where the caller is.
# Options are those of ninja.
build_small_vit() {
  cmake --preset quickstart -D SLIMFIT_VIT_MODELS=vit_tiny_7 -D "SLIMFIT_VIT_POLICIES=$1" >/dev/null
  cmake --build --preset quickstart --target finetune_vit slimfit_products -- "${@:2}"
}
