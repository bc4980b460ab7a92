# SPDX-License-Identifier: MIT
"""The examples run, and learn."""
import os
import pathlib
import re
import subprocess
import sys

import pytest

FOLDER = pathlib.Path(__file__).resolve().parents[1]


@pytest.mark.parametrize("name, chance", [("vit_loop", 0.1), ("bert_trainer", 0.5)])
def test_example(name, chance):
    if name == "bert_trainer":
        pytest.importorskip("accelerate", reason="transformers' Trainer needs accelerate")
    done = subprocess.run([sys.executable, FOLDER / "examples" / f"{name}.py", "--steps", "40"], capture_output=True,
                          text=True, check=False, env={**os.environ, "PYTHONPATH": str(FOLDER), "OMP_NUM_THREADS": "1"})
    assert done.returncode == 0, done.stderr
    assert "kept by the blocks from the forward to the backward pass" in done.stdout
    assert float(re.search(r"accuracy ([01]\.\d+)", done.stdout)[1]) > chance + 0.15
