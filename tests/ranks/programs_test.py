# SPDX-License-Identifier: MIT
"""The programs on several ranks: the same losses, active units and metrics as on one; the same bits with fixed_tree; --resume on
another number of ranks; one message where one or all of them cannot go on.

Usage: programs_test.py MPIRUN, with the programs in FINETUNE_VIT, FINETUNE_BERT and SLIMFIT_STEP.
"""
import json
import os
import pathlib
import signal
import subprocess
import sys
import unittest

import jsonschema

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "examples"))
import bert_test  # noqa: E402
import colour_test  # noqa: E402
import support  # noqa: E402

MPIRUN = sys.argv.pop(1) if len(sys.argv) > 1 else "mpirun"
TREE = ["--sums", "fixed_tree"]


class OnRanks:
    """Programs run by `ranks` ranks."""
    ranks = 1

    def on(self, ranks):
        self.ranks = ranks
        return self

    def command(self, *options, out="out"):
        return [MPIRUN, "-np", str(self.ranks), *super().command(*options, out=out)]

    def runs(self, ranks, *options):
        """The report's runs, without what differs from command to command."""
        out = f"on_{ranks}"
        self.on(ranks).succeed(*options, out=out)
        self.assertEqual(list((self.folder / out).glob("checkpoint*")), [])
        jsonschema.Draft202012Validator(support.read_schema()).validate(self.report(out))
        runs = self.report(out)["runs"]
        for run in runs:
            self.assertGreater(run.pop("seconds_per_step"), 0)
            for key, planned in run["planned"].items():
                self.assertEqual(run["bytes"][key], planned, key)
        return runs

    def check_close(self, one, several, ranks, steps=None):
        """Losses within rounding, in all steps or the first; units and metrics equal; how much travelled."""
        for expected, actual in zip(one, several, strict=True):
            self.assertEqual(len(actual["losses"]), len(expected["losses"]))
            for step, (a, b) in enumerate(zip(expected["losses"][:steps], actual["losses"])):
                self.assertAlmostEqual(a, b, delta=1e-4 * abs(a), msg=f"step {step} on {ranks} ranks")
            self.assertEqual(actual["active"][:steps], expected["active"][:steps])
            for name, value in expected["metrics"].items():
                self.assertAlmostEqual(actual["metrics"][name], value, delta=1e-4 if steps is None else 1e-2, msg=name)
            self.assertEqual(actual["metrics"][actual["metric"]], expected["metrics"][expected["metric"]])
            self.assertNotIn("ranks", expected)
            sent = actual["ranks"]
            self.assertEqual((sent["count"], sent["steps"]), (ranks, len(actual["losses"])))
            self.assertGreater(sent["bytes"], 0)
            self.assertLess(sent["bytes"], sent["all_bytes"])
            self.assertGreater(sent["waited_seconds"], 0)

    def check_same_on_any_number(self, *options):
        """With fixed_tree: the same but for the memory and what travelled."""
        results = {}
        for ranks in (1, 2, 4):
            results[ranks] = self.runs(ranks, *TREE, *options)
            for run in results[ranks]:
                for key in ("bytes", "planned", "peak_activations", "ranks"):
                    del run[key]
        self.assertEqual(results[2], results[1])
        self.assertEqual(results[4], results[1])
        return results[1]


class ImagesOnRanks(OnRanks, support.ExampleTest):
    OPTIONS = ["--epochs", "2", "--run", "eager:75"]

    def test_losses_units_and_metrics(self):
        one = self.runs(1, *self.OPTIONS)
        for ranks in (2, 3, 4):
            self.check_close(one, self.runs(ranks, *self.OPTIONS, "--loader-threads", str(ranks % 2)), ranks)

    def test_the_same_bits(self):
        (run,) = self.check_same_on_any_number("--epochs", "2", "--run", "slim:75")
        self.assertLess(run["losses"][-1], run["losses"][0])

    def test_resumed_on_more_and_on_fewer(self):
        options = ["--epochs", "10", "--run", "slim:75"]
        expected = self.runs(1, *TREE, *options)
        # What mpirun gets of SIGUSR1 it gives to all ranks.
        self.on(2).interrupt(*TREE, *options, after="frozen", sent=signal.SIGUSR1)
        self.on(4).interrupt(*TREE, *options, "--resume", after="frozen", sent=signal.SIGUSR1)
        self.on(2).succeed(*TREE, *options, "--resume", out="cut")
        resumed = self.report("cut")["runs"]
        for run in (*expected, *resumed):
            for key in ("bytes", "planned", "peak_activations", "ranks", "seconds_per_step"):
                run.pop(key, None)
        self.assertEqual(resumed, expected)

    def test_resumed_within_rounding(self):
        options = ["--epochs", "10", "--run", "eager:75"]
        (expected,) = self.runs(1, *options)
        self.on(2).interrupt(*options, after="frozen", sent=signal.SIGUSR1)
        self.on(4).succeed(*options, "--resume", out="cut")
        (resumed,) = self.report("cut")["runs"]
        self.assertEqual(resumed["ranks"]["count"], 4)
        self.assertEqual(len(resumed["losses"]), 100)
        for a, b in zip(expected["losses"][:50], resumed["losses"]):
            self.assertAlmostEqual(a, b, delta=1e-3 * abs(a))
        # The order of sums is not to change in the middle of a run.
        self.on(2).interrupt(*options, after="frozen", sent=signal.SIGUSR1, out="other")
        result = self.on(2).run_program(*TREE, *options, "--resume", out="other")
        self.assertGreater(result.returncode, 0)
        self.assertEqual(result.stderr.count("--resume: --sums is "), 1, result.stderr)

    def test_all_ranks_have_one_problem(self):
        missing = self.folder / "missing"
        for options, words in ((["--data", str(missing)], ["--data", missing]),
                               (["--batch", "3"], ["--batch is 3, expected at least 4, a sample of each rank"]),
                               (["--batch", "200"], ["batch size is 200"]),
                               (["--measure-error", "1"], ["--measure-error is 4, expected one"]),
                               (["--resume"], ["there is no"])):
            with self.subTest(options=options):
                result = self.on(4).run_program(*self.OPTIONS, *options)
                self.assertGreater(result.returncode, 0)
                for word in words:
                    self.assertEqual(result.stderr.count(str(word)), 1, result.stderr)
        result = self.on(3).run_program(*TREE, *self.OPTIONS)
        self.assertEqual(result.stderr.count("number of ranks is 3, expected a divisor of the 8 shards"), 1, result.stderr)

    def test_only_one_has_it(self):
        """The first rank cannot write its files: the others have no problem, and would wait for it."""
        blocked = self.folder / "blocked"
        blocked.write_text("a file")
        result = self.on(3).run_program(*self.OPTIONS, out="blocked")
        self.assertGreater(result.returncode, 0)
        self.assertEqual(result.stderr.count("slimfit: --out: expected a place where files can be written"), 1, result.stderr)
        self.assertEqual(blocked.read_text(), "a file")


class PicturesOnRanks(OnRanks, colour_test.ColourTest):
    def test_damaged_picture(self):
        """Of which only one rank knows: all end, one of them says which, and all go on when it is whole again."""
        options = [*TREE, "--epochs", "4", "--run", "slim:75"]
        self.on(2).succeed(*options, out="whole")
        for kind, name in (("train", "class3/picture2"), ("val", "class9/picture1")):
            path = self.data / kind / f"{name}.JPEG"
            content = path.read_bytes()
            path.write_bytes(content[:90])
            result = self.on(2).run_program(*options, *(["--resume"] if kind == "val" else []), out="cut")
            self.assertGreater(result.returncode, 0, result.stdout)
            for words in (str(path), "could not be decoded", "--resume continues from"):
                self.assertEqual(result.stderr.count(words), 1, result.stderr)
            self.assertNotIn("another rank", result.stderr)
            path.write_bytes(content)
        self.on(4).succeed(*options, "--resume", out="cut")
        runs = [self.report(out)["runs"] for out in ("whole", "cut")]
        for run in (*runs[0], *runs[1]):
            for key in ("bytes", "planned", "peak_activations", "ranks", "seconds_per_step"):
                del run[key]
        self.assertEqual(runs[1], runs[0])


class TextsOnRanks(OnRanks, bert_test.TinyBert):
    # Not eager, whose dropout draws for padding too. Codes of few bits enlarge rounding from step to step.
    OPTIONS = ["--epochs", "2", "--run", "slim:75"]

    def test_losses_units_and_metrics(self):
        one = self.runs(1, *self.OPTIONS)
        for ranks in (2, 4):
            self.check_close(one, self.runs(ranks, *self.OPTIONS), ranks, steps=4)

    def test_the_same_bits(self):
        self.check_same_on_any_number("--epochs", "2", "--run", "slim:75")


class StepsOnRanks(unittest.TestCase):
    STEP = ["--model", "vit-s16", "--policy", "slim", "--steps", "2", "--threads", "1", "--json"]

    def measure(self, ranks, *options):
        result = subprocess.run([MPIRUN, "-np", str(ranks), os.environ["SLIMFIT_STEP"], *self.STEP, *options],
                                capture_output=True, text=True, timeout=600, check=False)
        self.assertEqual(result.returncode, 0, result.stderr)
        return json.loads(result.stdout)

    def test_two_ranks(self):
        alone, shared = (self.measure(ranks, "--batch", "4") for ranks in (1, 2))
        self.assertNotIn("ranks", alone)
        self.assertEqual(shared["ledger"], shared["planned"])
        self.assertLess(shared["ledger"]["stored"], 0.6 * alone["ledger"]["stored"])
        self.assertEqual(shared["ranks"]["count"], 2)
        self.assertLess(shared["ranks"]["bytes"], 0.2 * shared["ranks"]["all_bytes"])

    def test_too_small_a_batch(self):
        result = subprocess.run([MPIRUN, "-np", "3", os.environ["SLIMFIT_STEP"], *self.STEP, "--batch", "2"],
                                capture_output=True, text=True, timeout=600, check=False)
        self.assertGreater(result.returncode, 0)
        self.assertEqual(result.stderr.count("--batch is 2, expected at least 3"), 1, result.stderr)


if __name__ == "__main__":
    unittest.main(verbosity=2)
