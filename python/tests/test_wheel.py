# SPDX-License-Identifier: MIT
"""The wheel is pure Python and carries the headers."""
import pathlib
import shutil
import subprocess
import sys
import zipfile

import pytest

FOLDER = pathlib.Path(__file__).resolve().parents[1]


def test_wheel(tmp_path):
    pytest.importorskip("setuptools", minversion="64", reason="building the wheel needs setuptools")
    copy = tmp_path / "repository"  # building leaves files behind
    for name in ("include", "python"):
        shutil.copytree(FOLDER.parent / name, copy / name)
    subprocess.run([sys.executable, "-m", "pip", "wheel", "--no-build-isolation", "--no-deps", "--quiet", "-w", tmp_path,
                    copy / "python"], check=True)
    wheel, = tmp_path.glob("slimfit_torch-*-py3-none-any.whl")
    names = zipfile.ZipFile(wheel).namelist()
    assert "slimfit_torch/include/slimfit/interop/layer.h" in names
    assert sum(name.startswith("slimfit_torch/include/slimfit/") for name in names) == sum(
        path.is_file() for path in (FOLDER.parent / "include" / "slimfit").rglob("*"))
