# SPDX-License-Identifier: MIT
"""What multiplies matrices, and the remedy for an OpenBLAS that takes the processor for an old one: it is made to by
OPENBLAS_CORETYPE=Prescott."""
import os
import pathlib
import subprocess
import sys
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
PROGRAM = sys.argv.pop(1)


def products(*options, core=None):
    """What the program prints where OpenBLAS is told to take the processor for `core`, or is told nothing."""
    environment = {name: value for name, value in os.environ.items() if name != "OPENBLAS_CORETYPE"}
    if core is not None:
        environment["OPENBLAS_CORETYPE"] = core
    return subprocess.run([PROGRAM, *options], env=environment, capture_output=True, text=True, timeout=60, check=True).stdout


def chosen(core):
    """OPENBLAS_CORETYPE as the scripts set it where it was `core`, and what they say."""
    script = 'source scripts/blas_core.sh; choose_blas_core "$0"; echo "$OPENBLAS_CORETYPE"'
    result = subprocess.run(["bash", "-c", script, PROGRAM], env={**os.environ, "OPENBLAS_CORETYPE": core}, cwd=ROOT,
                            capture_output=True, text=True, timeout=60, check=True)
    return result.stdout.strip(), result.stderr


class Products(unittest.TestCase):
    def test_usage(self):
        result = subprocess.run([PROGRAM, "--help"], capture_output=True, text=True, timeout=60, check=False)
        self.assertEqual(result.returncode, 2)
        self.assertIn("--remedy", result.stderr)

    def test_an_old_core_and_its_remedy(self):
        cpu = pathlib.Path("/proc/cpuinfo")
        flags = cpu.read_text(encoding="utf-8").split() if cpu.exists() else []
        old = products(core="Prescott")
        if "core Prescott" not in old or "avx2" not in flags:
            self.skipTest("no OpenBLAS with kernels for Prescott, or a processor that has no more")
        remedy = products("--remedy", core="Prescott").strip()
        expected = "SkylakeX" if all(f"avx512{part}" in flags for part in ("f", "cd", "bw", "dq", "vl")) else "Haswell"
        self.assertEqual(remedy, f"OPENBLAS_CORETYPE={expected}")
        self.assertIn(remedy, old.splitlines()[1])
        core, message = chosen("Prescott")
        self.assertEqual(core, expected)
        self.assertIn(f"core Prescott is not made for this processor: continuing with {remedy}", message)
        self.assertIn(f"core {expected}\n", products(core=core))
        self.assertEqual(products("--remedy", core=core), "")

    def test_a_core_that_was_chosen_stays(self):
        self.assertEqual(chosen("Haswell"), ("Haswell", ""))


if __name__ == "__main__":
    unittest.main()
