# SPDX-License-Identifier: MIT
"""report.json: its schema, its sums, the plan against the ledger, and that the page holds the same data."""
import json
import re

import jsonschema

import support

RUNS = ["eager", "eager:75", "paper:75", "slim:75", "slim:90"]


class ReportTest(support.ExampleTest):
    def test_everything(self):
        output = self.succeed("--epochs", "2", *[part for run in RUNS for part in ("--run", run)])
        report = self.report()
        schema = support.read_schema()
        jsonschema.Draft202012Validator.check_schema(schema)
        jsonschema.Draft202012Validator(schema).validate(report)
        # The schema can fail.
        for path, wrong in [(["runs", 0, "accuracy"], 1.5), (["runs", 1, "rate"], 0.75),
                            (["runs", 0, "bytes", "peak"], "much"), (["slimfit"], "")]:
            broken = json.loads(json.dumps(report))
            place = broken
            for key in path[:-1]:
                place = place[key]
            place[path[-1]] = wrong
            with self.assertRaises(jsonschema.ValidationError):
                jsonschema.Draft202012Validator(schema).validate(broken)

        self.assertEqual(len(report["runs"]), len(RUNS))
        self.assertRegex(output.splitlines()[0], r"^slimfit [0-9.]+, products by .+, on [0-9]+ threads?$")
        self.assertIn(f"products by {report['products']}, on ", output)
        self.assertEqual(report["data"], {"name": "data", "train": 160, "test": 40, "batch": 16, "steps": 20})
        self.assertEqual(report["command"][0], support.PROGRAM)
        for text, run in zip(RUNS, report["runs"]):
            with self.subTest(run=text):
                self.check_run(text, run, report)
        self.check_comparisons(report["runs"])
        self.check_page(report)
        for run in report["runs"]:
            self.assertRegex(output, rf"(?m)^{run['policy']} +{run['rate']:.0f} % .*1 / ")
        tables = output[output.index("\npolicy "):]
        self.assertLessEqual(max(len(line) for line in tables.replace(str(self.folder), "").splitlines()), 80)

    def check_run(self, text, run, report):
        policy, _, rate = text.partition(":")
        rate = int(rate or 0)
        self.assertEqual((run["policy"], run["rate"]), (policy, rate))
        self.assertEqual(run["planned"], run["bytes"])
        self.assertEqual(len(run["losses"]), 20)
        self.assertEqual(len(run["active"]), 20)
        self.assertEqual(run["units"], len(report["model"]["unit_names"]))
        for active in run["active"]:
            self.assertEqual(len(active), run["units"] - run["units"] * rate // 100)
            self.assertEqual(active, sorted(set(active)))
            self.assertLess(max(active), run["units"])
        self.assertEqual(run["accuracy"] * 40, round(run["accuracy"] * 40))
        self.assertEqual([sample["step"] for sample in run["distances"]], list(range(20)))
        for sample in run["distances"]:
            self.assertEqual(len(sample["values"]), run["units"])
            seen = {unit for active in run["active"][:sample["step"] + 1] for unit in active}
            for unit, value in enumerate(sample["values"]):
                self.assertEqual(value is not None, unit in seen)

        kept = run["bytes"]
        self.assertGreaterEqual(kept["weights"], 4 * report["model"]["parameters"])
        # What is stored is static and dynamic; they need not peak in the same step.
        self.assertLessEqual(kept["stored"], kept["static"] + kept["dynamic"])
        self.assertGreaterEqual(kept["stored"], max(kept["static"], kept["dynamic"]))
        self.assertLessEqual(kept["temporary"], kept["gradients"] + kept["workspace"])
        self.assertGreaterEqual(kept["temporary"], max(kept["gradients"], kept["workspace"]))
        self.assertLessEqual(run["peak_activations"], kept["stored"] + kept["temporary"])
        self.assertGreaterEqual(run["peak_activations"], max(kept["stored"], kept["temporary"]))
        resident = kept["weights"] + kept["optimizer"] + kept["data"]
        self.assertLessEqual(kept["peak"], resident + run["peak_activations"])
        self.assertGreaterEqual(kept["peak"], kept["weights"] + run["peak_activations"])

    def check_comparisons(self, runs):
        eager, frozen, paper, slim, _ = runs
        self.assertLess(frozen["bytes"]["dynamic"], eager["bytes"]["dynamic"])
        self.assertEqual(frozen["bytes"]["static"], eager["bytes"]["static"])
        self.assertLess(paper["bytes"]["stored"], eager["bytes"]["stored"] / 3)
        self.assertLess(slim["bytes"]["stored"], paper["bytes"]["stored"])
        # The start and the first batch are the same.
        self.assertAlmostEqual(paper["losses"][0], eager["losses"][0], places=4)
        self.assertEqual(frozen["losses"][0], eager["losses"][0])

    def check_page(self, report):
        page = (self.folder / "out" / "report.html").read_text(encoding="utf-8")
        data = re.search(r'<script type="application/json" id="report-data">(.*?)</script>', page, re.DOTALL)
        self.assertEqual(json.loads(data.group(1)), report)
        self.assertNotIn("SLIMFIT_REPORT", page)
        # Nothing is loaded from anywhere.
        self.assertNotRegex(page.replace("http://www.w3.org/2000/svg", ""), r"https?://|src=|@import|url\(")

    def test_saturation(self):
        output = self.succeed("--epochs", "2", "--run", "eager", "--run", "paper:75", "--saturation")
        eager, paper = self.report()["runs"]
        schema = support.read_schema()
        jsonschema.Draft202012Validator(schema).validate(self.report())
        self.assertEqual(eager["saturation"], [])
        self.assertEqual(paper["planned"], paper["bytes"])
        counts = {(count["name"], count["matrix"]): count for count in paper["saturation"]}
        self.assertEqual(len(counts), len(paper["saturation"]))
        rows = 20 * 16 * 17  # steps, images, tokens
        for layer in range(6):
            block = f"vit.encoder.layer.{layer}."
            for matrix in ("query", "key", "value"):
                self.assertEqual(counts[f"{block}attention.attention.{matrix}", matrix]["total"], rows * 64)
            self.assertEqual(counts[block + "intermediate.dense", "gelu"]["total"], rows * 256)
            # Kept in the steps in which the second layer's weight is active.
            name = block + "output.dense"
            index = self.report()["model"]["unit_names"].index(name + ".weight")
            active = sum(index in step for step in paper["active"])
            self.assertEqual(counts[name, "input"]["total"], active * 16 * 17 * 256)
        self.assertEqual(len(counts), 6 * 5)
        shares = sorted((count["clipped"] / count["total"] for count in counts.values()), reverse=True)
        self.assertGreater(shares[0], 0)  # GELU's inputs, in steps of one half up to 3.5
        self.assertLess(shares[0], 1)
        self.assertEqual(re.findall(r"clipped: (.*)", output)[0], "nothing is kept with a fixed range")
        line = re.findall(r"clipped: (.*)", output)[1]
        self.assertTrue(line.startswith(f"{100 * shares[0]:.2f} % of "), line)
        self.assertIn(" in vit.encoder.layer.", line)

        self.succeed("--epochs", "2", "--run", "eager", "--run", "paper:75")
        for quiet, counted in zip(self.report()["runs"], (eager, paper)):
            self.assertNotIn("saturation", quiet)
            self.assertEqual(quiet["losses"], counted["losses"])
            self.assertEqual(quiet["accuracy"], counted["accuracy"])
            self.assertLess(quiet["bytes"]["workspace"], counted["bytes"]["workspace"])
            self.assertEqual(quiet["bytes"]["stored"], counted["bytes"]["stored"])

    def test_text_that_would_end_the_script(self):
        self.succeed("--epochs", "0.2", "--run", "slim:50", out="a</script><b>")
        page = (self.folder / "a</script><b>" / "report.html").read_text(encoding="utf-8")
        self.assertEqual(page.count("</script>"), 2)


if __name__ == "__main__":
    support.main()
