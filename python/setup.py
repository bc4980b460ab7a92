# SPDX-License-Identifier: MIT
"""Builds the wheel: the Python modules and slimfit's headers, which the package compiles for a model on demand."""
import pathlib
import shutil

from setuptools import setup
from setuptools.command.build_py import build_py

HERE = pathlib.Path(__file__).resolve().parent


class BuildWithHeaders(build_py):
    def run(self):
        super().run()
        source = HERE.parent / "include" / "slimfit"
        if not source.is_dir():
            raise SystemExit(f"slimfit-torch: {source} is not there; build the package within slimfit's repository")
        target = pathlib.Path(self.build_lib) / "slimfit_torch" / "include" / "slimfit"
        shutil.rmtree(target, ignore_errors=True)
        shutil.copytree(source, target)


setup(packages=["slimfit_torch"], cmdclass={"build_py": BuildWithHeaders})
