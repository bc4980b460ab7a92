# SPDX-License-Identifier: MIT
"""examples/programs/rates.sh and moments.sh on a few images: every run is there once, and the tables' numbers are
those of the reports."""
import json
import re
import subprocess

import support


PROGRAMS = support.ROOT / "examples" / "programs"


class RatesTest(support.ExampleTest):
    def rates(self, *options):
        return subprocess.run(
            ["bash", PROGRAMS / "rates.sh", "--program", support.PROGRAM, "--threads", "1", "--out",
             self.folder / "rates", "--table", self.folder / "results.md", *options],
            capture_output=True, text=True, timeout=300, check=False)

    def test_table(self):
        options = ["--data", self.data, "--batch", "16", "--epochs", "1"]
        result = self.rates(*options)
        self.assertEqual(result.returncode, 0, result.stderr)
        table = (self.folder / "results.md").read_text(encoding="utf-8")
        runs = {}
        for path in (self.folder / "rates").glob("*/report.json"):
            (run,) = json.loads(path.read_text(encoding="utf-8"))["runs"]
            runs[run["policy"], round(run["rate"]), run["seed"]] = run
        expected = {(policy, rate, 1) for policy in ("eager", "paper", "slim") for rate in (0, 50, 75, 90, 95)}
        expected |= {(policy, rate, seed) for seed in (1, 2, 3)
                     for policy, rate in (("eager", 0), ("eager", 75), ("paper", 75), ("slim", 75))}
        self.assertEqual(set(runs), expected)
        baseline = runs["eager", 0, 1]["peak_activations"]
        for (policy, rate, seed), run in runs.items():
            if seed == 1:
                peak = run["peak_activations"]
                self.assertRegex(table, rf"(?m)^\| {rate} % \| {policy} \| {100 * run['accuracy']:.2f} \|.*"
                                        rf"\| {peak / 2 ** 20:.2f} \| 1 / {baseline / peak:.2f} \|")
        mean = sum(100 * runs["slim", 75, seed]["accuracy"] for seed in (1, 2, 3)) / 3
        dense = sum(100 * runs["eager", 75, seed]["accuracy"] for seed in (1, 2, 3)) / 3
        self.assertRegex(table, r"(?m)^\| 75 % \| slim \|.*" + re.escape(f"| {mean:.2f} | {mean - dense:+.2f} |") + "$")
        # What is there is not run again.
        self.assertEqual(self.rates(*options).stdout.strip(), f"{self.folder}/results.md was written")

    def test_a_failed_run_leaves_the_table(self):
        (self.folder / "results.md").write_text("old", encoding="utf-8")
        result = self.rates("--data", self.folder / "none")
        self.assertNotEqual(result.returncode, 0)
        self.assertIn("--data", result.stderr)
        self.assertEqual((self.folder / "results.md").read_text(encoding="utf-8"), "old")

    def test_table_of_moments(self):
        command = ["bash", PROGRAMS / "moments.sh", "--program", support.PROGRAM, "--threads", "1", "--out",
                   self.folder / "moments", "--data", self.data, "--batch", "16"]
        result = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
        self.assertEqual(result.returncode, 0, result.stderr)
        kinds = ("float32", "8bit", "float32-dropped", "8bit-dropped")
        for moments in kinds:
            cells = []
            for held in ("", "-10", "-50"):
                path = self.folder / "moments" / f"{moments}{held}" / "report.json"
                (run,) = json.loads(path.read_text(encoding="utf-8"))["runs"]
                self.assertEqual((run["moments"], run["schedule"], run["rate"]), (moments, f"relative-update{held}", 90))
                cells.append(f"{100 * run['accuracy']:.2f}")
            self.assertRegex(result.stdout, rf"(?m)^\| `{moments}` \| [0-9.]+ \| {re.escape(' | '.join(cells))} \|$")


if __name__ == "__main__":
    support.main()
