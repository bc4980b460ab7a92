# SPDX-License-Identifier: MIT
# To be sourced: which presets a fine-tuning program is compiled for. Each takes half a minute of a core or more.

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
      exact | slim_3bit | slim_2bit)
        case ";$chosen;" in
          *";$name;"*) ;;
          *) chosen="$chosen;$name" ;;
        esac ;;
    esac
  done
  echo "$chosen"
}
