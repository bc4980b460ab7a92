# SPDX-License-Identifier: MIT
"""The programs on CUDA: a training loop of one's own learns, and finetune_vit follows the host's run."""
import os
import re
import shlex
import shutil
import statistics
import subprocess
import sys

import support

RUNNER = shlex.split(os.environ.get("CUDA_RUNNER", ""))
LOOP = os.environ.get("OWN_CUDA_LOOP", "")


class CudaTest(support.ExampleTest):
    def command(self, *options, out="out"):
        return [*RUNNER, *super().command(*options, out=out)]

    def test_own_cuda_loop(self):
        result = subprocess.run([*RUNNER, LOOP], capture_output=True, text=True, timeout=300, check=False)
        self.assertEqual(result.returncode, 0, result.stdout + result.stderr)
        errors = [float(each) for each in re.findall(r"error (\S+)", result.stdout)]
        self.assertEqual(len(errors), 4, result.stdout)
        self.assertEqual(errors, sorted(errors, reverse=True))
        self.assertLess(errors[-1], errors[0] / 2)

    def test_finetune_vit_follows_the_host(self):
        # Units drawn, not ranked: where two are nearly alike, a rounding would decide which of them trains.
        options = ["--run", "slim:75", "--schedule", "random", "--images", "64", "--test-images", "16", "--epochs", "2"]
        for backend in ("host", "cuda"):
            self.succeed("--backend", backend, *options, out=backend)
        (host,), (cuda,) = self.report("host")["runs"], self.report("cuda")["runs"]
        self.assertEqual(len(host["losses"]), 8)
        for expected, actual in zip(host["losses"], cuda["losses"]):
            # Sums in other orders differ by some 1e-6 of a loss, and a code on the border between two by its step.
            self.assertAlmostEqual(actual, expected, delta=1e-3)
        self.assertEqual(cuda["active"], host["active"])
        self.check_distances(host["distances"], cuda["distances"])
        self.assertEqual(cuda["bytes"]["stored"], host["bytes"]["stored"])
        self.assertEqual(cuda["bytes"], cuda["planned"])

    def check_distances(self, host, cuda):
        """What schedules rank by. After a few steps the least difference of a weight near zero changes its unit's."""
        self.assertEqual([each["step"] for each in cuda], list(range(8)))
        for expected, actual in zip(host, cuda):
            pairs = [pair for pair in zip(expected["values"], actual["values"]) if pair != (None, None)]
            self.assertNotIn(None, [value for pair in pairs for value in pair])
            self.assertGreaterEqual(len(pairs), 13)  # a quarter of the units, and more with every step
            ratios = [abs(right / left - 1) for left, right in pairs]
            self.assertLess(statistics.median(ratios), 0.05)
            if expected["step"] < 2:
                self.assertLess(max(ratios), 0.01)


if __name__ == "__main__":
    if not RUNNER and (not shutil.which("nvidia-smi") or subprocess.run(["nvidia-smi", "-L"], check=False).returncode):
        print("skipped: no CUDA device, and no command in CUDA_RUNNER")
        sys.exit(support.SKIPPED)
    support.main()
