#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""slimfit-plan and slimfit-step from outside: what they print, in JSON and as text, and what they say about mistakes.

Usage: tools_test.py PLAN STEP, the two programs.
"""
import json
import subprocess
import sys
import unittest

BYTES = ["weights", "gradients", "optimizer", "static", "dynamic", "workspace", "data", "stored", "temporary", "peak"]
MODELS = ["vit-s16", "vit-b16", "vit-b16-384", "vit-l16", "bert-base", "bert-large"]
POLICIES = ["eager", "paper", "exact", "slim", "slim_3bit", "slim_2bit"]
PLAN, STEP = sys.argv[1:3] if len(sys.argv) > 2 else ("slimfit-plan", "slimfit-step")


def run(program, *arguments):
    return subprocess.run([program, *arguments], capture_output=True, text=True, timeout=600)


def rows(*arguments):
    result = run(PLAN, "--json", *arguments)
    assert result.returncode == 0, result.stderr
    return json.loads(result.stdout)


class Plan(unittest.TestCase):
    def test_keys(self):
        (row,) = rows("--model", "vit-b16", "--policy", "slim")
        self.assertEqual(set(row), {"model", "tokens", "batch", "scalar", "policy", "rate", *BYTES,
                                    "stored_eager_float32", "stored_amp_bf16", "stored_paper_code"})
        for key in BYTES:
            self.assertIsInstance(row[key], int, key)
        self.assertEqual((row["model"], row["tokens"], row["scalar"], row["rate"]), ("vit-b16", 197, "float", 0.95))
        self.assertEqual(row["stored"], row["static"] + row["dynamic"])
        self.assertLessEqual(row["weights"] + row["optimizer"] + row["data"] + row["stored"], row["peak"])

    def test_all_models_and_policies(self):
        found = [(row["model"], row["policy"]) for row in rows("--model", "all", "--policy", "all", "--batch", "1")]
        self.assertEqual(found, [(model, policy) for model in MODELS for policy in POLICIES])

    def test_options_repeat(self):
        found = rows("--model", "bert-base", "--model", "vit-b16", "--tokens", "64", "--tokens", "128", "--batch", "1",
                     "--batch", "2", "--scalar", "all", "--policy", "slim", "--policy", "exact", "--rate", "0.5",
                     "--rate", "0.9")
        self.assertEqual(len(found), 2 ** 6)
        self.assertEqual(len({json.dumps(row) for row in found}), 2 ** 6)

    def test_more_of_anything_takes_more(self):
        small, large = rows("--model", "vit-b16", "--policy", "slim", "--batch", "4", "--batch", "8")
        self.assertLess(small["stored"], large["stored"])
        active, frozen = rows("--model", "vit-b16", "--policy", "slim", "--rate", "0.5", "--rate", "0.9")
        self.assertGreater(active["dynamic"], frozen["dynamic"])
        self.assertEqual(active["static"], frozen["static"])
        wide, narrow = rows("--model", "vit-b16", "--policy", "exact", "--scalar", "float", "--scalar", "bf16")
        self.assertAlmostEqual(wide["weights"], 2 * narrow["weights"], delta=64)  # padding

    def test_slim_keeps_less_than_the_rest(self):
        stored = {row["policy"]: row["stored"] for row in rows("--model", "vit-b16")}
        order = ["slim_2bit", "slim_3bit", "slim", "paper", "exact", "eager"]
        self.assertEqual(sorted(stored, key=stored.get), order)

    def test_table(self):
        result = run(PLAN, "--model", "bert-base", "--policy", "all")
        self.assertEqual(result.returncode, 0, result.stderr)
        for word in (*POLICIES, "AMP bf16", "temporary", "peak"):
            self.assertIn(word, result.stdout)


class Step(unittest.TestCase):
    """On the smallest model: one step takes some seconds."""

    @classmethod
    def setUpClass(cls):
        cls.results = {}
        for policy, rate in (("slim", "0.9"), ("eager", "0")):
            result = run(STEP, "--model", "vit-s16", "--policy", policy, "--rate", rate, "--batch", "1", "--steps", "2",
                         "--threads", "1", "--json")
            assert result.returncode == 0, result.stderr
            cls.results[policy] = json.loads(result.stdout)

    def test_keys(self):
        for result in self.results.values():
            self.assertEqual(set(result), {"model", "policy", "rate", "batch", "steps", "threads", "seconds",
                                           "product_seconds", "ratio", "processor_seconds", "processor_ratio", "ledger",
                                           "planned", "peak_resident"})
            self.assertEqual(set(result["ledger"]), set(BYTES))
            self.assertEqual(set(result["seconds"]), {"median", "min", "max"})
            self.assertGreater(result["product_seconds"]["min"], 0)
            self.assertGreater(result["seconds"]["min"], result["product_seconds"]["min"] * 0.5)
        self.assertEqual(self.results["slim"]["rate"], 0.9)
        self.assertEqual(self.results["slim"]["threads"], 1)

    def test_plan_equals_ledger(self):
        for result in self.results.values():
            self.assertEqual(result["ledger"], result["planned"])

    def test_plan_tool_bounds_ledger(self):
        for policy, result in self.results.items():
            (row,) = rows("--model", "vit-s16", "--policy", policy, "--rate", str(result["rate"]), "--batch", "1")
            for key in ("weights", "gradients", "workspace", "data", "stored", "temporary", "peak"):
                self.assertGreaterEqual(row[key], result["ledger"][key], (policy, key))

    def test_plan_tool_equals_ledger_where_nothing_is_chosen(self):
        (row,) = rows("--model", "vit-s16", "--policy", "eager", "--batch", "1")
        for key in ("weights", "gradients", "optimizer", "workspace", "data", "stored", "temporary", "peak"):
            self.assertEqual(row[key], self.results["eager"]["ledger"][key], key)

    def test_resident_memory_holds_the_ledger(self):
        for result in self.results.values():
            if result["peak_resident"] > 0:  # 0: the system does not say
                self.assertGreater(result["peak_resident"], result["ledger"]["weights"])


class Mistakes(unittest.TestCase):
    def expect(self, program, arguments, *words):
        result = run(program, *arguments)
        self.assertNotEqual(result.returncode, 0, arguments)
        self.assertEqual(result.stdout, "", arguments)
        for word in words:
            self.assertIn(word, result.stderr, arguments)

    def test_unknown_names(self):
        for program in (PLAN, STEP):
            self.expect(program, ["--model", "vit-b17"], "--model", "vit-b17", "vit-s16")
            self.expect(program, ["--policy", "slimmest"], "--policy", "slimmest", "slim_2bit")
            self.expect(program, ["--frobnicate"], "--frobnicate")
        self.expect(PLAN, ["--scalar", "half"], "--scalar", "half", "bf16")

    def test_values_outside_their_range(self):
        for program in (PLAN, STEP):
            self.expect(program, ["--batch", "0"], "--batch")
            self.expect(program, ["--batch", "many"], "--batch", "many")
            self.expect(program, ["--rate", "1"], "1")
            self.expect(program, ["--rate", "-0.5"], "--rate")
        self.expect(PLAN, ["--model", "bert-base", "--tokens", "513"], "tokens", "513", "512")
        self.expect(STEP, ["--steps", "0"], "--steps")

    def test_help(self):
        for program, options in ((PLAN, ["--tokens", "--scalar", *MODELS]), (STEP, ["--steps", "--threads", "vit-s16"])):
            result = run(program, "--help")
            self.assertEqual(result.returncode, 0)
            for word in ("--model", "--policy", "--rate", "--batch", "--json", *options, *POLICIES):
                self.assertIn(word, result.stdout)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1] + sys.argv[3:])
