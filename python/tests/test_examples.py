# SPDX-License-Identifier: MIT
"""The examples run, and learn."""
import os
import pathlib
import re
import subprocess
import sys

import pytest

FOLDER = pathlib.Path(__file__).resolve().parents[1]


@pytest.mark.parametrize("name", ["vit_loop", "bert_trainer"])
def test_example(name):
    if name == "bert_trainer":
        pytest.importorskip("accelerate", reason="transformers' Trainer needs accelerate")
    done = subprocess.run([sys.executable, FOLDER / "examples" / f"{name}.py", "--steps", "20"], capture_output=True,
                          text=True, check=False, env={**os.environ, "PYTHONPATH": str(FOLDER), "OMP_NUM_THREADS": "1"})
    assert done.returncode == 0, done.stderr
    assert "kept by the blocks from the forward to the backward pass" in done.stdout
    assert re.search(r"accuracy [01]\.\d+", done.stdout)
