#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""slimfit-plan and slimfit-step from outside: what they print, in JSON and as text, and what they say about mistakes.

Usage: tools_test.py PLAN STEP, the two programs.
"""
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time
import unittest

BYTES = ["weights", "gradients", "optimizer", "static", "dynamic", "workspace", "data", "stored", "temporary", "peak"]
MODELS = ["vit-s16", "vit-b16", "vit-b16-384", "vit-l16", "bert-base", "bert-large"]
POLICIES = ["eager", "paper", "paper_published", "exact", "exact_half_recomputed", "exact_recomputed", "slim_8bit", "slim", "slim_3bit",
            "slim_2bit", "slim_recomputed", "slim_offloaded"]
PLAN, STEP = sys.argv[1:3] if len(sys.argv) > 2 else ("slimfit-plan", "slimfit-step")


def run(program, *arguments):
    return subprocess.run([program, *arguments], capture_output=True, text=True, timeout=600)


def rows(*arguments):
    result = run(PLAN, "--json", *arguments)
    assert result.returncode == 0, result.stderr
    return json.loads(result.stdout)


class Plan(unittest.TestCase):
    def test_keys(self):
        (row,) = rows("--model", "vit-s16", "--policy", "slim")
        self.assertEqual(set(row), {"model", "tokens", "batch", "scalar", "policy", "rate", "moments", "ranks", *BYTES, "offloaded",
                                    "stored_eager_float32", "stored_amp_bf16", "stored_paper_code"})
        for key in BYTES:
            self.assertIsInstance(row[key], int, key)
        self.assertEqual((row["model"], row["tokens"], row["scalar"], row["rate"]), ("vit-s16", 197, "float", 95))
        self.assertEqual(row["stored"], row["static"] + row["dynamic"])
        self.assertLessEqual(row["weights"] + row["optimizer"] + row["data"] + row["stored"], row["peak"])

    def test_all_models_and_policies(self):
        found = [(row["model"], row["policy"]) for row in rows("--model", "all", "--policy", "all", "--batch", "1")]
        models = [model for model in MODELS if (model, POLICIES[0]) in found]  # those that it was compiled for
        self.assertLessEqual({"vit-s16", "bert-base"}, set(models))
        self.assertEqual(found, [(model, policy) for model in models for policy in POLICIES])

    def test_without_a_model(self):
        compiled = [row["model"] for row in rows("--model", "all", "--policy", "slim", "--batch", "1")]
        (row,) = rows("--policy", "slim", "--batch", "1")
        self.assertEqual(row["model"], "vit-b16" if "vit-b16" in compiled else compiled[0])

    def test_large_batches(self):
        found = rows("--model", "vit-s16", "--batch", "1000000")
        self.assertEqual([row["policy"] for row in found], POLICIES)

    def test_options_repeat(self):
        found = rows("--model", "bert-base", "--model", "vit-s16", "--tokens", "64", "--tokens", "128", "--batch", "1",
                     "--batch", "2", "--scalar", "all", "--policy", "slim", "--policy", "exact", "--rate", "50",
                     "--rate", "90")
        self.assertEqual(len(found), 2 ** 6)
        self.assertEqual(len({json.dumps(row) for row in found}), 2 ** 6)

    def test_more_of_anything_takes_more(self):
        small, large = rows("--model", "vit-s16", "--policy", "slim", "--batch", "4", "--batch", "8")
        self.assertLess(small["stored"], large["stored"])
        active, frozen = rows("--model", "vit-s16", "--policy", "slim", "--rate", "50", "--rate", "90")
        self.assertGreater(active["dynamic"], frozen["dynamic"])
        self.assertEqual(active["static"], frozen["static"])
        wide, narrow = rows("--model", "vit-s16", "--policy", "exact", "--scalar", "float", "--scalar", "bf16")
        self.assertAlmostEqual(wide["weights"], 2 * narrow["weights"], delta=64)  # padding

    def test_moments(self):
        optimizer = {row["moments"]: row["optimizer"] for row in rows("--model", "vit-s16", "--policy", "slim", "--moments", "all")}
        self.assertEqual(list(optimizer), ["float32", "8bit", "float32-dropped", "8bit-dropped"])
        self.assertLess(optimizer["8bit"], 0.27 * optimizer["float32"])
        self.assertLess(optimizer["float32-dropped"], 0.35 * optimizer["float32"])
        self.assertLess(optimizer["8bit-dropped"], optimizer["float32-dropped"])

    def test_ranks(self):
        # A bucket of 512 KiB, and five more for the largest gradient; in bf16 sums are rounded in memory of their own.
        for scalar, exchange in (("float", 6 * (512 << 10)), ("bf16", 6 * (768 << 10))):
            arguments = ["--model", "vit-s16", "--policy", "slim", "--scalar", scalar]
            (part,) = rows(*arguments, "--batch", "4")
            (rank,) = rows(*arguments, "--batch", "30", "--ranks", "8")
            self.assertEqual((rank["batch"], rank["ranks"], part["ranks"]), (4, 8, 1))  # of 4 or 3
            for key in set(BYTES) - {"gradients", "temporary", "peak"}:
                self.assertEqual(rank[key], part[key], key)
            for key in ("gradients", "temporary", "peak"):
                self.assertEqual(rank[key], part[key] + exchange, key)
            (step,) = rows(*arguments, "--batch", "30", "--ranks", "8", "--holders")
            self.assertEqual(sum(each["bytes"] for each in step["holders"]), step["peak"])
            self.assertLessEqual(step["peak"], rank["peak"])
        result = run(PLAN, "--model", "vit-s16", "--policy", "slim", "--batch", "8", "--ranks", "2")
        self.assertIn("Of one of 2 ranks", result.stdout)
        result = run(PLAN, "--model", "vit-s16", "--batch", "4", "--ranks", "8")
        self.assertNotEqual(result.returncode, 0)
        self.assertIn("--batch is 4, expected at least 8", result.stderr)

    def test_slim_keeps_less_than_the_rest(self):
        stored = {row["policy"]: row["stored"] for row in rows("--model", "vit-s16")}
        order = ["slim_recomputed", "slim_offloaded", "exact_recomputed", "slim_2bit", "slim_3bit", "slim", "slim_8bit", "paper",
                 "paper_published", "exact_half_recomputed", "exact", "eager"]
        self.assertEqual(sorted(stored, key=stored.get), order)

    def test_table(self):
        result = run(PLAN, "--model", "bert-base", "--policy", "all")
        self.assertEqual(result.returncode, 0, result.stderr)
        for word in (*POLICIES, "AMP bf16", "temporary", "peak"):
            self.assertIn(word, result.stdout)


def check_trace(test, path, peaks):
    """A Chrome trace whose slices are nested and whose counters reach the peaks."""
    events = json.loads(path.read_text())["traceEvents"]
    most, depth, last, names = {}, 0, 0, set()
    for event in events:
        test.assertGreaterEqual(event["ts"], last)
        last = event["ts"]
        if event["ph"] == "B":
            depth += 1
            names.add(event["name"])
        elif event["ph"] == "E":
            depth -= 1
        elif event["ph"] == "C":
            most[event["name"]] = max(most.get(event["name"], 0), event["args"]["bytes"])
        test.assertGreaterEqual(depth, 0)
    test.assertEqual(depth, 0)
    test.assertLessEqual({"forward", "backward", "block 0", "block 11", "attention", "MLP"}, names)
    for key, bytes_ in peaks.items():
        test.assertEqual(most[key], bytes_, key)


class OwnModel(unittest.TestCase):
    """Sizes and policies that the tool was not compiled for."""

    VIT = ["--hidden", "384", "--heads", "6", "--mlp", "1536"]

    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="slimfit.")
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.environment = {**os.environ, "XDG_CACHE_HOME": str(self.folder / "cache")}

    def plan(self, *arguments, **environment):
        return subprocess.run([PLAN, *arguments], capture_output=True, text=True, timeout=600,
                              env={**self.environment, **environment})

    def rows(self, *arguments):
        result = self.plan("--json", *arguments)
        self.assertEqual(result.returncode, 0, result.stderr)
        return json.loads(result.stdout)

    def without_names(self, row):
        return {key: value for key, value in row.items() if key not in ("model", "policy")}

    def test_sizes_of_a_known_model_give_its_plan(self):
        more = ["--batch", "4", "--moments", "8bit-dropped", "--rate", "80", "--ranks", "2"]
        (own,) = self.rows(*self.VIT, *more)
        (known,) = rows("--model", "vit-s16", "--policy", "slim", *more)
        self.assertEqual((own["model"], own["policy"]), ("own", "slim"))
        self.assertEqual(self.without_names(own), self.without_names(known))
        # The same program answers other questions.
        again = self.plan("--json", *self.VIT, "--batch", "8", "--xray", "--holders")
        self.assertEqual(again.returncode, 0, again.stderr)
        self.assertNotIn("compiling", again.stderr)
        (own,) = json.loads(again.stdout)
        (known,) = rows("--model", "vit-s16", "--policy", "slim", "--batch", "8", "--xray", "--holders")
        self.assertEqual(self.without_names(own), self.without_names(known))

    def test_bert_and_a_header(self):
        header = self.folder / "my policy's.hpp"
        header.write_text("#include <slimfit/policy/presets.hpp>\nstruct my_policy : slimfit::policy::exact {};\n")
        arguments = ["--positions", "512", "--tokens", "64", "--scalar", "bf16", "--policy-header", str(header)]
        (own,) = self.rows(*arguments, "--policy", "my_policy")
        (known,) = rows("--model", "bert-base", "--tokens", "64", "--scalar", "bf16", "--policy", "exact")
        for key in ("stored", "static", "dynamic", "weights", "rate"):
            self.assertEqual(own[key], known[key], key)
        # Another policy under the same name, and a model by name.
        os.utime(header)
        header.write_text("#include <slimfit/policy/presets.hpp>\nstruct my_policy : slimfit::policy::eager {};\n")
        os.utime(header, (time.time() + 2, time.time() + 2))
        (own,) = self.rows("--model", "vit-s16", "--policy-header", str(header), "--policy", "my_policy")
        (known,) = rows("--model", "vit-s16", "--policy", "eager")
        self.assertEqual(self.without_names(own), self.without_names(known))

    def test_mistakes(self):
        for arguments, words in (
                (["--hidden", "100", "--heads", "3"], "slimfit: vit_shape: hidden must be a multiple of heads, e.g. 768 of 12"),
                (["--image", "32", "--vocabulary", "10"], "--image"),
                (["--model", "vit-s16", "--heads", "3"], "--model"),
                (["--policy", "my_policy"], "or with --policy-header a type of that header"),
                (["--hidden", "384", "--budget", "8GiB"], "slimfit::fit"),
                (["--policy-header", "nowhere.hpp", "--policy", "my_policy"], "nowhere.hpp, expected a file that exists")):
            result = self.plan(*arguments)
            self.assertNotEqual(result.returncode, 0, arguments)
            self.assertIn(words, result.stderr)
        result = self.plan(*self.VIT, CXX="no-such-compiler")
        self.assertNotEqual(result.returncode, 0)
        self.assertIn("compiler: is no-such-compiler, which is not there", result.stderr)
        self.assertIn("CXX", result.stderr)


class PlannedStep(unittest.TestCase):
    """--xray, --holders, --trace."""

    def test_kept_and_holders_add_up(self):
        for model in ("vit-s16", "bert-base"):
            for step in rows("--model", model, "--batch", "2", "--xray", "--holders"):
                self.assertEqual(sum(each["bytes"] for each in step["kept"]), step["stored"])
                self.assertEqual(sum(each["bytes"] for each in step["holders"]), step["peak"])
                for each in step["kept"]:
                    self.assertLessEqual(set(each["units"]), set(step["active"]))
                places = {each["where"] for each in step["kept"]}
                blocks = {f"block {i}" for i in range(12)}
                self.assertEqual(places, {*({"offloaded blocks"} if step["policy"] == "slim_offloaded" else blocks), "head"})
                (row,) = rows("--model", model, "--batch", "2", "--policy", step["policy"])
                self.assertLessEqual(step["peak"], row["peak"])

    def test_text(self):
        result = run(PLAN, "--model", "vit-s16", "--batch", "1", "--policy", "slim", "--xray", "--holders=4")
        self.assertEqual(result.returncode, 0, result.stderr)
        xray, holders = result.stdout.split("held at the peak by")
        self.assertRegex(xray, r"block 3 +GELU +derivative, 4 bits +\d+ +[\d.]+  always\n")
        self.assertIn("input of MLP's second linear", xray)
        self.assertEqual(len(holders.splitlines()), 1 + 4 + 2)
        self.assertIn("others", holders)

    def test_trace(self):
        with tempfile.TemporaryDirectory(prefix="slimfit.") as folder:
            path = pathlib.Path(folder) / "trace.json"
            options = ["--model", "vit-s16", "--batch", "1", "--policy", "slim", "--trace", str(path)]
            (step,) = rows(*options)
            check_trace(self, path, {"total": step["peak"]})
            result = run(PLAN, *options[:4], "--trace", str(path))
            self.assertNotEqual(result.returncode, 0)
            self.assertIn("expected one", result.stderr)


class Budget(unittest.TestCase):
    # Combinations of choices that are presets, too.
    PRESETS = {"exact": "exact", "50 % of blocks recomputed": "exact_half_recomputed",
               "100 % of blocks recomputed": "exact_recomputed"}

    def choice(self, *options):
        (answer,) = rows("--model", "vit-s16", *options)
        return answer

    def test_best_that_fits(self):
        answer = self.choice("--batch", "8", "--budget", "480MiB")
        errors = [row["step_error"] for row in answer["candidates"]]
        self.assertEqual(errors, sorted(errors))
        fitting = [row for row in answer["candidates"] if row["peak"] <= 480 << 20]
        self.assertEqual(answer["chosen"], fitting[0])
        self.assertEqual(answer["remedies"], [])
        self.assertEqual(self.choice("--batch", "8", "--budget", str(answer["chosen"]["peak"]))["chosen"], answer["chosen"])
        tighter = self.choice("--batch", "8", "--budget", str(answer["chosen"]["peak"] - 1))["chosen"]
        self.assertGreater((tighter["step_error"], tighter["time"]), (answer["chosen"]["step_error"], answer["chosen"]["time"]))
        presets = [row for row in answer["candidates"] if row["policy"] in self.PRESETS]
        self.assertEqual(len(presets), len(self.PRESETS) * 5)
        for row in presets:
            (planned,) = rows("--model", "vit-s16", "--batch", "8", "--policy", self.PRESETS[row["policy"]], "--rate",
                              str(row["rate"]))
            self.assertEqual(row["peak"], planned["peak"])

    def test_combinations(self):
        every = self.choice("--batch", "8", "--budget", "64GiB")["candidates"]
        self.assertEqual(len({(row["policy"], row["rate"]) for row in every}), len(every))
        coded = [row for row in every if row["rate"] == 0 and "blocks" not in row["policy"]]
        self.assertEqual(coded[0]["policy"], "exact")
        for better, smaller in zip(coded, coded[1:]):  # each step of the ladder saves memory
            self.assertLess(better["gradient_error"], smaller["gradient_error"])
            self.assertGreater(better["peak"], smaller["peak"])
        self.assertIn("slimfit::policy::changed<slimfit::policy::exact, slimfit::policy::coded_norms<8>", coded[-1]["type"])

    def test_time(self):
        every = self.choice("--batch", "8", "--budget", "64GiB")["candidates"]
        quick = self.choice("--batch", "8", "--budget", "64GiB", "--time", "0.9")
        self.assertEqual(quick["candidates"], [row for row in every if row["time"] <= 0.9])
        self.assertEqual(quick["chosen"], quick["candidates"][0])
        result = run(PLAN, "--model", "vit-s16", "--budget", "64GiB", "--time", "0.01")
        self.assertNotEqual(result.returncode, 0)
        self.assertRegex(result.stderr, r"--time is 0\.01, expected at least 0\.\d\d")

    def test_nothing_fits(self):
        answer = self.choice("--batch", "64", "--budget", "300MiB")
        self.assertIsNone(answer["chosen"])
        self.assertEqual(len(answer["remedies"]), 3)
        self.assertEqual([each["fits"] for each in answer["remedies"]],
                         sorted((each["fits"] for each in answer["remedies"]), reverse=True))
        batch = int(answer["remedies"][0]["change"].split()[2])
        smallest = min(answer["candidates"], key=lambda row: row["peak"])

        def peak(*options):
            (row,) = (row for row in self.choice("--budget", "300MiB", *options)["candidates"]
                      if (row["policy"], row["rate"]) == (smallest["policy"], smallest["rate"]))
            return row["peak"]

        self.assertLessEqual(peak("--batch", str(batch)), 300 << 20)
        self.assertGreater(peak("--batch", str(batch + 1)), 300 << 20)
        remedies = {each["change"]: each["peak"] for each in answer["remedies"]}
        self.assertEqual(remedies["weights and dense activations in bf16"], peak("--batch", "64", "--scalar", "bf16"))
        self.assertEqual(remedies["moments in 8 bits (moments::bits8)"], peak("--batch", "64", "--moments", "8bit"))

    def test_text(self):
        result = run(PLAN, "--model", "vit-s16", "--batch", "64", "--budget", "300MiB")
        self.assertRegex(result.stdout, r"None fits\. The smallest, norms .* recomputed .* % frozen, takes [\d.]+ MiB too much")
        result = run(PLAN, "--model", "vit-s16", "--batch", "4", "--budget", "64GiB")
        self.assertRegex(result.stdout, r"(?m)^exact .* chosen$")
        self.assertIn("In C++:\n  slimfit::policy::changed<slimfit::policy::exact>", result.stdout)


class Step(unittest.TestCase):
    """On the smallest model: one step takes some seconds."""

    @classmethod
    def setUpClass(cls):
        cls.results = {}
        for policy, rate in (("slim", "90"), ("eager", "0")):
            result = run(STEP, "--model", "vit-s16", "--policy", policy, "--rate", rate, "--batch", "1", "--steps", "2",
                         "--threads", "1", "--json")
            assert result.returncode == 0, result.stderr
            cls.results[policy] = json.loads(result.stdout)

    def test_keys(self):
        for result in self.results.values():
            self.assertEqual(set(result), {"model", "policy", "backend", "scalar", "rate", "batch", "steps", "threads",
                                           "hold", "seconds", "sequences_per_second", "product_seconds", "ratio",
                                           "processor_seconds", "processor_ratio", "ledger", "planned", "peak_resident",
                                           "first_step", "products"})
            self.assertEqual((result["backend"], result["scalar"], result["hold"]), ("host", "float", False))
            self.assertAlmostEqual(result["sequences_per_second"] * result["seconds"]["median"], result["batch"])
            self.assertEqual(set(result["ledger"]), {*BYTES, "offloaded"})
            self.assertEqual(set(result["seconds"]), {"median", "min", "max"})
            self.assertGreater(result["product_seconds"]["min"], 0)
            self.assertGreater(result["seconds"]["min"], result["product_seconds"]["min"] * 0.5)
        self.assertEqual(self.results["slim"]["rate"], 90)
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

    def test_held_units(self):
        result = run(STEP, "--model", "vit-s16", "--policy", "slim", "--batch", "1", "--steps", "2", "--threads", "1",
                     "--hold", "--json")
        self.assertEqual(result.returncode, 0, result.stderr)
        measured = json.loads(result.stdout)
        self.assertTrue(measured["hold"])
        self.assertEqual(measured["ledger"], measured["planned"])
        self.assertEqual(measured["ledger"], measured["first_step"]["ledger"])  # none gets its moments later

    def test_recorded_step(self):
        with tempfile.TemporaryDirectory(prefix="slimfit.") as folder:
            path = pathlib.Path(folder) / "trace.json"
            result = run(STEP, "--model", "vit-s16", "--policy", "eager", "--batch", "1", "--steps", "1", "--threads", "1",
                         "--json", "--holders", "--trace", str(path))
            self.assertEqual(result.returncode, 0, result.stderr)
            measured = json.loads(result.stdout)
            ledger = measured["ledger"]
            self.assertEqual(sum(each["bytes"] for each in measured["holders"]), ledger["peak"])
            peaks = {key: ledger[key] for key in BYTES if key not in ("stored", "temporary", "peak")}
            check_trace(self, path, {"total": ledger["peak"], **peaks})

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
            self.expect(program, ["--policy", "slimmest"], "--policy", "slimmest", "eager", "slim")
            self.expect(program, ["--frobnicate"], "--frobnicate")
            self.expect(program, ["--scalar", "half"], "--scalar", "half", "bf16")
        self.expect(STEP, ["--backend", "tpu"], "--backend", "tpu", "cuda")

    def test_what_was_not_compiled(self):
        step = ["--model", "vit-s16", "--batch", "1", "--steps", "1"]
        for option, value, setting in (("--backend", "cuda", "-DSLIMFIT_CUDA=ON"), ("--scalar", "bf16", "-DSLIMFIT_SCALARS=")):
            with self.subTest(option):
                result = run(STEP, *step, option, value)
                if result.returncode == 0 or "cudaError" in result.stderr:  # the latter where there is no device
                    self.skipTest(f"{option} {value} was compiled")
                self.expect(STEP, [*step, option, value], option, value, setting)

    def test_graph(self):
        step = ["--model", "vit-s16", "--graph"]
        self.expect(STEP, step, "--backend", "host", "cuda", "--graph")
        self.expect(STEP, [*step, "--holders"], "--graph", "--holders")

    def test_values_outside_their_range(self):
        for program in (PLAN, STEP):
            self.expect(program, ["--batch", "0"], "--batch")
            self.expect(program, ["--batch", "many"], "--batch", "many")
            for text in ("100", "-50", "nan", "half"):
                self.expect(program, ["--rate", text], "--rate", text, "percent", "below 100")
            self.expect(program, ["--rate", "0.9"], "--rate", "0.9", "percent", "slim:90", "write 90")
            for text in ("-1", "1.5", "1000000000000", "9223372036854775807", "99999999999999999999999", "nan"):
                self.expect(program, ["--batch", text], "--batch", text, "whole number from 1 to 1000000")
            self.expect(program, ["--holders=-3"], "--holders", "-3", "whole number")
        self.expect(PLAN, ["--model", "bert-base", "--tokens", "513"], "tokens", "513", "512")
        self.expect(STEP, ["--steps", "0"], "--steps")
        for threads in ("-1", "1000000", "two"):
            self.expect(STEP, ["--threads", threads], "--threads", threads, "whole number from 0 to 1024")
        for budget in ("0", "lots", "-1", "nan", "8QiB", "9000PiB", "1e400"):
            self.expect(PLAN, ["--budget", budget], "--budget", budget, "amount of memory")
        for time in ("nan", "-1", "0", "inf"):
            self.expect(PLAN, ["--budget", "8GiB", "--time", time], "--time", time, "number above 0")
        for program in (PLAN, STEP):
            self.expect(program, ["--model", "vit-s16", "--policy", "slim", "--batch", "1", "--trace", "/no/such/folder/file"],
                        "/no/such/folder/file")

    def test_help(self):
        for program, options in ((PLAN, ["--tokens", "--scalar", "vit-s16", *POLICIES]),
                                 (STEP, ["--steps", "--threads", "--backend", "--scalar", "--graph", "vit-s16", "eager", "slim"])):
            result = run(program, "--help")
            self.assertEqual(result.returncode, 0)
            for word in ("--model", "--policy", "--rate", "--batch", "--json", *options):
                self.assertIn(word, result.stdout)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1] + sys.argv[3:])
