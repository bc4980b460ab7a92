# SPDX-License-Identifier: MIT
"""The site builds without a warning, from README and the pages as they are. Skipped where doxygen, Sphinx, furo or
myst-parser is not installed; docs/build.sh installs them in a folder of its own, which is looked in, too."""
import pathlib
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
OWN = ROOT / "build/site-python/bin/python"
SKIPPED = 77


def main():
    if shutil.which("doxygen") is None:
        print("skipped: doxygen is not installed")
        return SKIPPED
    for python in (sys.executable, OWN):
        there = pathlib.Path(python).exists() and subprocess.run([python, "-c", "import furo, myst_parser, sphinx"],
                                                                 capture_output=True, check=False).returncode == 0
        if not there:
            continue
        with tempfile.TemporaryDirectory(prefix="slimfit.") as folder:
            site = pathlib.Path(folder) / "site"
            result = subprocess.run([python, "-m", "sphinx", "-W", "--keep-going", "-q", "-b", "html", "-c", ROOT / "docs/site", ROOT,
                                     site], capture_output=True, text=True, check=False)
            print(result.stdout + result.stderr)
            pages = list(site.rglob("*.html"))
            if result.returncode == 0 and len(pages) < 20:
                sys.exit(f"the site has {len(pages)} pages, expected at least 20")
            return result.returncode
    print("skipped: Sphinx, furo or myst-parser is not installed")
    return SKIPPED


if __name__ == "__main__":
    sys.exit(main())
