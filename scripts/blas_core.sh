# SPDX-License-Identifier: MIT
# To be sourced: `choose_blas_core PROGRAM`, a built slimfit-products, sets OPENBLAS_CORETYPE where OpenBLAS takes the
# processor for an older one than it is, and says so. One of today's processors that the user has named stays.
choose_blas_core() {
  case "${OPENBLAS_CORETYPE:-}" in
    Haswell | Zen | SkylakeX | Cooperlake | SapphireRapids) return 0 ;;
  esac
  local remedy
  remedy=$("$1" --remedy 2>/dev/null) || return 0
  case "$remedy" in
    OPENBLAS_CORETYPE=*)
      echo "$("$1" | head -n 1) is not made for this processor: continuing with $remedy" >&2
      export OPENBLAS_CORETYPE=${remedy#*=} ;;
  esac
}
