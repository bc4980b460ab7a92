# SPDX-License-Identifier: MIT
"""The scripts that fine-tune pretrained models, without network: what they hand to the program, and what the scripts
that lay out weights and data make of small input."""
import hashlib
import json
import pathlib
import struct
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
PROGRAMS = ROOT / "examples" / "programs"
FETCH = PROGRAMS / "fetch"
sys.path.insert(0, str(FETCH))
import download  # noqa: E402
import images  # noqa: E402
import sentences  # noqa: E402

# A program that prints its arguments.
RECORDER = f"#!{sys.executable}\nimport json, sys\nprint(json.dumps(sys.argv[1:]))\n"
BERT, VIT = "finetune_bert.sh", "finetune_pretrained_vit.sh"


class Scratch(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory(prefix="slimfit.")
        self.addCleanup(scratch.cleanup)
        self.folder = pathlib.Path(scratch.name)


class Sources(unittest.TestCase):
    def test_json_is_read_in_one_place(self):
        """By the function that limits how deep it is nested."""
        places = [path for folder in ("examples", "include") for path in (ROOT / folder).rglob("*.[ch]pp")
                  if "json::parse(" in path.read_text(encoding="utf-8")]
        self.assertEqual(places, [PROGRAMS / "support" / "json_text.hpp"])


class ShellScripts(Scratch):
    def setUp(self):
        super().setUp()
        self.program = self.folder / "program"
        self.program.write_text(RECORDER)
        self.program.chmod(0o755)

    def run_script(self, script, *options):
        return subprocess.run(["bash", PROGRAMS / script, *options], cwd=self.folder, capture_output=True, text=True,
                              timeout=60, check=False)

    def arguments(self, script, *options):
        """What the program gets, with weights and data of one's own."""
        result = self.run_script(script, "--program", "./program", "--model", "weights", "--data=texts", *options)
        self.assertEqual((result.returncode, result.stderr), (0, ""))
        return json.loads(result.stdout)

    def values(self, arguments, option):
        return [arguments[i + 1] for i, each in enumerate(arguments) if each == option]

    def test_policies_that_are_compiled(self):
        def policies_of(*options):
            result = subprocess.run(["bash", "-c", 'source "$0"; policies_of "$@"', PROGRAMS / "policies.sh", *options],
                                    capture_output=True, text=True, timeout=60, check=True)
            return result.stdout.strip().split(";")
        usual = ["eager", "paper", "slim"]
        self.assertEqual(policies_of(), usual)
        self.assertEqual(policies_of("--run", "slim:75", "--out", "exact", "--epochs", "2"), usual)
        self.assertEqual(policies_of("--run", "slim_3bit:75", "--run=exact", "--run", "exact:50"), [*usual, "slim_3bit", "exact"])
        self.assertEqual(policies_of("--run", "nonsense"), usual)  # the program says what there is

    def test_help(self):
        for script, words in ((BERT, ("all-MiniLM-L6-v2", "--rows 4000", "report-bert")),
                              (VIT, ("ViT-S/14", "--images 4000", "report-vit"))):
            for option in ("--help", "-h"):
                result = self.run_script(script, option)
                self.assertEqual(result.returncode, 0, result.stderr)
                for word in ("--model DIR", "--data DIR", "--resume", *words):
                    self.assertIn(word, result.stdout)
            # A program that is there says the rest.
            self.assertIn('["--help"]', self.run_script(script, "--program", self.program, "--help").stdout)
        self.assertEqual(list(self.folder.iterdir()), [self.program])

    def test_defaults(self):
        for script, expected in ((BERT, {"--task": "sst2", "--rows": "4000", "--max-tokens": "64", "--learning-rate": "5e-5",
                                         "--scheduled-learning-rate": "1e-4", "--out": "report-bert"}),
                                 (VIT, {"--task": "cifar10", "--images": "4000", "--test-images": "2000",
                                        "--learning-rate": "2e-5", "--scheduled-learning-rate": "2e-5", "--out": "report-vit"})):
            found = self.arguments(script)
            for option, value in {**expected, "--model": "weights", "--data": "texts", "--epochs": "3"}.items():
                self.assertEqual(self.values(found, option), [value], option)
            self.assertEqual(self.values(found, "--run"), ["eager", "eager:75", "paper:75", "slim:75"])

    def test_options_are_passed_on(self):
        for script in (BERT, VIT):
            found = self.arguments(script, "--run", "slim:90", "--resume", "--out", "a folder", "--seed=7")
            self.assertEqual(self.values(found, "--run"), ["slim:90"])
            self.assertEqual(self.values(found, "--out")[-1], "a folder")
            self.assertIn("--resume", found)
            self.assertIn("--seed=7", found)
            self.assertNotIn("--program", found)
            found = self.arguments(script, "--policy=slim", "--rate", "50")
            self.assertEqual(self.values(found, "--run"), [])
            self.assertEqual(self.values(found, "--rate"), ["50"])

    def test_tasks(self):
        # The program knows the task from a word of its own, and the last one counts.
        found = self.arguments(BERT, "--task=rte")
        self.assertEqual(self.values(found, "--task")[-1], "rte")
        self.assertEqual(self.values(found, "--rows") + self.values(found, "--max-tokens"), [])
        self.assertEqual(self.values(self.arguments(BERT, "--task", "stsb"), "--max-tokens"), ["64"])
        for script, task, missing in ((BERT, "mnli", "--data"), (VIT, "cifar100", "--model")):
            result = self.run_script(script, "--program", "./program", "--task", task)
            self.assertEqual(result.returncode, 2)
            for word in (task, missing):
                self.assertIn(word, result.stderr)

    def test_an_option_without_its_value(self):
        for option in ("--model", "--data", "--task", "--program"):
            result = self.run_script(BERT, option)
            self.assertEqual((result.returncode, result.stderr), (2, f"{option} needs a value\n"))


class Download(Scratch):
    def test_a_file_that_is_there_is_not_fetched(self):
        path = self.folder / "some-1.whl"
        path.write_bytes(b"content")
        right = hashlib.sha256(b"content").hexdigest()
        self.assertEqual(download.package("some", "1", path.name, right, self.folder), path)
        with self.assertRaises(SystemExit) as raised:
            download.package("some", "1", path.name, "0" * 64, self.folder)
        for word in (str(path), right, "0" * 64):
            self.assertIn(word, str(raised.exception))
        self.assertEqual(path.read_bytes(), b"content")

    def test_help_names_source_and_licence(self):
        for name in ("minilm", "sentences", "vit_small", "images"):
            text = subprocess.run([sys.executable, FETCH / f"{name}.py", "--help"], capture_output=True, text=True, timeout=60,
                                  check=True).stdout
            for word in ("Writes", "Source", "Licence", "Needs"):
                self.assertIn(word, text)


class Sentences(unittest.TestCase):
    LINES = ["1\t2.5\tGood &amp;  funny.", "2\t-1.25\tBad", "3\t0.4\tSo so", "4\t3\tgood & FUNNY!", "5\t-0.5\tDull"]

    def test_snippets(self):
        rows = sentences.snippets(self.LINES)
        self.assertEqual({row[3] for row in rows}, {"Good & funny.", "Bad", "So so", "Dull"})  # 4 is a copy of 1
        self.assertEqual([row[0] for row in rows], sorted(row[0] for row in rows))
        self.assertEqual(sorted(sentences.labelled(rows)), [("Bad", 0), ("Dull", 0), ("Good & funny.", 1)])

    def test_pairs(self):
        rows = [("", "7", 4.0, "a"), ("", "8", -4.0, "b"), ("", "9", 1.0, "c"), ("", "10", 1.0, "d"), ("", "11", 0.0, "e")]
        found = sentences.pairs(rows)
        self.assertEqual([pair[-3:] for pair in found], [("a", "b", "0.000"), ("c", "d", "5.000")])
        self.assertEqual(len(found[0]), len(sentences.PAIR_COLUMNS))


class Images(Scratch):
    def test_records(self):
        pixels = bytes(i % 251 for i in range(2 * 784))
        content = images.records(pixels, bytes([3, 9]))
        self.assertEqual(len(content), 2 * 3073)
        for i, label in enumerate((3, 9)):
            record = content[3073 * i:3073 * (i + 1)]
            self.assertEqual(record[0], label)
            for channel in range(3):
                for y in range(32):
                    for x in range(32):
                        inside = 2 <= y < 30 and 2 <= x < 30
                        expected = pixels[784 * i + 28 * (y - 2) + x - 2] if inside else 0
                        self.assertEqual(record[1 + 1024 * channel + 32 * y + x], expected)

    def refuse(self, *words):
        result = subprocess.run([sys.executable, FETCH / "images.py", self.folder / "out", "--source", self.folder],
                                capture_output=True, text=True, check=False)
        self.assertEqual(result.returncode, 1)
        for word in words:
            self.assertIn(word, result.stderr)
        self.assertNotIn("Traceback", result.stderr)
        self.assertFalse((self.folder / "out").exists())

    def test_wrong_files(self):
        self.refuse("train-images-idx3-ubyte", "could not be read")
        path = self.folder / "train-images-idx3-ubyte"
        path.write_bytes(struct.pack(">4I", 0x803, 2, 28, 28) + bytes(2 * 784 - 1))
        self.refuse("train-images-idx3-ubyte is not whole", "1568 bytes")
        path.write_bytes(struct.pack(">4I", 0x803, 2, 28, 28) + bytes(2 * 784))
        (self.folder / "train-labels-idx1-ubyte").write_bytes(struct.pack(">2I", 0x801, 2) + bytes(2))
        self.refuse("train has 2 images of 28 x 28 and 2 labels", "expected 50000 or more")


class ClippedTable(Scratch):
    def run_script(self, content):
        (self.folder / "report.json").write_text(content)
        return subprocess.run([sys.executable, PROGRAMS / "report" / "clipped_table.py", self.folder],
                              capture_output=True, text=True, check=False)

    def test_table(self):
        counts = [{"name": "layer.0", "matrix": "key", "clipped": 1, "total": 100},
                  {"name": "layer.1", "matrix": "key", "clipped": 30, "total": 300},
                  {"name": "layer.0", "matrix": "gelu", "clipped": 0, "total": 10}]
        result = self.run_script(json.dumps({"runs": [{"policy": "paper", "rate": 75, "saturation": counts}]}))
        self.assertEqual(result.stdout.splitlines()[2:], ["| paper | 75 % | GELU's inputs | 0.000 % | 0.00 % |  |",
                                                          "| paper | 75 % | keys | 7.750 % | 10.00 % | layer.1 |"])

    def test_without_counts(self):
        for content in ("no report", "{}", '{"runs": [{"policy": "slim", "rate": 0}]}'):
            result = self.run_script(content)
            self.assertEqual(result.returncode, 1)
            self.assertIn("--saturation", result.stderr)
            self.assertNotIn("Traceback", result.stderr)


class ErrorTable(Scratch):
    def run_script(self, content):
        (self.folder / "errors.json").write_text(content)
        return subprocess.run([sys.executable, PROGRAMS / "report" / "error_table.py", self.folder],
                              capture_output=True, text=True, check=False)

    def test_table(self):
        errors = [{"name": "vit.embeddings.cls_token", "exact": 1, "difference": 0.5},
                  {"name": "vit.encoder.layer.0.output.dense.weight", "exact": 3, "difference": 0.3},
                  {"name": "vit.encoder.layer.0.output.dense.bias", "exact": 4, "difference": 0.4},
                  {"name": "vit.encoder.layer.10.output.dense.bias", "exact": 0, "difference": 0},
                  {"name": "classifier.bias", "exact": 0, "difference": 0}]
        result = self.run_script(json.dumps({"runs": [{"policy": "paper", "rate": 75, "errors": errors}]}))
        self.assertEqual(result.stdout.splitlines(),
                         ["| parameters | `paper`, 75 % |", "| --- | ---: |", "| embeddings | 50.00 |", "| block 0 | 10.00 |",
                          "| block 10 | 0.00 |", "| head | 0.00 |", "| all | 13.87 |"])

    def test_without_errors(self):
        share = [{"policy": "paper", "rate": 0.75, "errors": [{"name": "classifier.bias", "exact": 1, "difference": 0}]}]
        self.assertIn("write 75", self.run_script(json.dumps({"runs": share})).stderr)
        for content in ("no report", "{}", '{"runs": []}', '{"runs": [{"policy": "slim", "rate": 0}]}'):
            result = self.run_script(content)
            self.assertEqual(result.returncode, 1)
            self.assertIn("--measure-error", result.stderr)
            self.assertNotIn("Traceback", result.stderr)


class Weights(Scratch):
    def run_script(self, name, *options):
        return subprocess.run([sys.executable, FETCH / name, self.folder, *options], capture_output=True, text=True, timeout=60,
                              check=False)

    def test_a_complete_folder_is_left_alone(self):
        for name, files in (("minilm.py", ("model.safetensors", "config.json", "vocab.txt", "tokenizer.json")),
                            ("vit_small.py", ("model.safetensors", "config.json"))):
            for file in files:
                (self.folder / file).write_text('{"image_size": 56}')
            result = self.run_script(name)
            self.assertEqual((result.returncode, result.stdout), (0, f"{self.folder} is there\n"), result.stderr)
            self.assertEqual({path.read_text() for path in self.folder.iterdir()}, {'{"image_size": 56}'})

    def test_size_of_images(self):
        (self.folder / "model.safetensors").write_text("weights")
        (self.folder / "config.json").write_text('{"image_size": 56}')
        self.assertIn("for images of 56 pixels, expected 224", self.run_script("vit_small.py", "--image", "224").stderr)
        self.assertIn("--image is 57, expected a positive multiple of 14", self.run_script("vit_small.py", "--image", "57").stderr)

    def test_bicubic(self):
        try:
            import dinov2_onnx
            import numpy
        except ImportError:
            self.skipTest("needs numpy, onnx and safetensors")
        numpy.testing.assert_array_equal(dinov2_onnx.bicubic(5, 5), numpy.eye(5))
        for source, target in ((37, 4), (4, 37), (37, 16)):
            matrix = dinov2_onnx.bicubic(source, target)
            numpy.testing.assert_allclose(matrix.sum(1), 1, atol=1e-12)
            numpy.testing.assert_allclose(matrix[::-1, ::-1], matrix, atol=1e-12)
        # Half way between values the weights are a / 8 and 1 / 2 - a / 8; the first row repeats the edge.
        halves = numpy.array([-3, 19, 19, -3]) / 32
        matrix = dinov2_onnx.bicubic(8, 4)
        numpy.testing.assert_allclose(matrix[1], [0, *halves, 0, 0, 0], atol=1e-12)
        numpy.testing.assert_allclose(matrix[0], [halves[0] + halves[1], halves[2], halves[3], 0, 0, 0, 0, 0], atol=1e-12)


if __name__ == "__main__":
    unittest.main(verbosity=2)
