# SPDX-License-Identifier: MIT
"""The programs on CUDA: a training loop of one's own learns, and finetune_vit follows the host's run."""
import os
import re
import shlex
import shutil
import subprocess
import sys

import support

RUNNER = shlex.split(os.environ.get("CUDA_RUNNER", ""))
LOOP = os.environ.get("CUSTOM_TRAINING_LOOP", "")


class CudaTest(support.ExampleTest):
    def command(self, *options, out="out"):
        return [*RUNNER, *super().command(*options, out=out)]

    def test_custom_training_loop(self):
        result = subprocess.run([*RUNNER, LOOP], capture_output=True, text=True, timeout=300, check=False)
        self.assertEqual(result.returncode, 0, result.stdout + result.stderr)
        errors = [float(each) for each in re.findall(r"error (\S+)", result.stdout)]
        self.assertEqual(len(errors), 4, result.stdout)
        self.assertEqual(errors, sorted(errors, reverse=True))
        self.assertLess(errors[-1], errors[0] / 2)

    def test_finetune_vit_follows_the_host(self):
        # Not by relative updates: the least difference of a weight near zero changes those of its unit in a few steps.
        options = ["--run", "slim:75", "--schedule", "gradient-norm", "--images", "64", "--test-images", "16", "--epochs",
                   "2"]
        for backend in ("host", "cuda"):
            self.succeed("--backend", backend, *options, out=backend)
        (host,), (cuda,) = self.report("host")["runs"], self.report("cuda")["runs"]
        self.assertEqual(len(host["losses"]), 8)
        for expected, actual in zip(host["losses"], cuda["losses"]):
            # Sums in other orders differ by some 1e-6 of a loss, and a code on the border between two by its step.
            self.assertAlmostEqual(actual, expected, delta=1e-3)
        self.assertEqual(cuda["active"], host["active"])
        self.assertEqual(cuda["bytes"]["stored"], host["bytes"]["stored"])
        self.assertEqual(cuda["bytes"], cuda["planned"])


if __name__ == "__main__":
    if not RUNNER and (not shutil.which("nvidia-smi") or subprocess.run(["nvidia-smi", "-L"], check=False).returncode):
        print("skipped: no CUDA device, and no command in CUDA_RUNNER")
        sys.exit(support.SKIPPED)
    support.main()
