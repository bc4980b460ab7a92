# SPDX-License-Identifier: MIT
# To be sourced: `install_packages NAME...` installs the Debian or Ubuntu packages that are missing. It says which, and
# asks for sudo only when it needs it.
install_packages() {
  local missing=()
  for package in "$@"; do
    if ! dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'install ok installed'; then
      missing+=("$package")
    fi
  done
  [ ${#missing[@]} -eq 0 ] && return 0
  if ! command -v apt-get >/dev/null; then
    echo "these packages are needed, and there is no apt-get to install them with: ${missing[*]}" >&2
    return 1
  fi
  echo "installing: ${missing[*]}"
  local as_root=()
  if [ "$(id -u)" -ne 0 ]; then
    echo "(with sudo)"
    as_root=(sudo)
  fi
  "${as_root[@]}" apt-get update -qq >/dev/null || echo "apt-get update failed; trying with the lists that are there" >&2
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
}
# What every build needs.
build_packages=(g++ cmake ninja-build libopenblas-openmp-dev)
# What the examples need beside it.
example_packages=(libcli11-dev nlohmann-json3-dev zlib1g-dev libutf8proc-dev libjpeg-dev libpng-dev)
