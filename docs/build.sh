#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Builds the site of README, these pages and a reference of all headers into build/site, and fails for any warning: a link
# within it that leads nowhere is one, and so is a comment that Doxygen finds fault with. Needs doxygen, Python with venv, and the
# network the first time: Sphinx, furo and myst-parser go into build/site-python.
set -euo pipefail
cd "$(dirname "$0")/.."
python=build/site-python/bin/python
if ! "$python" -c "import furo, myst_parser, sphinx" 2>/dev/null; then
  python3 -m venv --clear build/site-python
  "$python" -m pip install --quiet --disable-pip-version-check sphinx furo myst-parser
fi
"$python" -m sphinx -W --keep-going -q -b html -c docs/site . build/site
# The first page under the name that browsers look for.
cp build/site/README.html build/site/index.html
echo "build/site/index.html"
