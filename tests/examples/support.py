# SPDX-License-Identifier: MIT
"""What the tests of the fine-tuning programs share: small files, the programs, a folder that goes away."""
import gzip
import json
import math
import os
import pathlib
import random
import signal
import struct
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
PROGRAM = os.environ.get("FINETUNE_VIT", "")
START = ROOT / "examples" / "programs" / "finetune_vit" / "coarse_vit.safetensors"
SKIPPED = 77  # CTest's SKIP_RETURN_CODE for these tests
INTERRUPTED = 130


def idx_images(count, seed, side=28):
    """Images whose ten classes differ in the row that is bright, and noise."""
    noise = random.Random(seed)
    body = bytearray()
    for image in range(count):
        for row in range(side):
            bright = 150 if row // 3 == image % 10 else 0
            body += bytes(bright + noise.randrange(100) for _ in range(side))
    return struct.pack(">4I", 0x803, count, side, side) + bytes(body)


def idx_labels(count):
    return struct.pack(">2I", 0x801, count) + bytes(i % 10 for i in range(count))


def write_safetensors(path, tensors):
    """Random numbers of deviation 0.1 around a mean: {name: (shape, mean)}."""
    noise = random.Random(1)
    header, body = {}, bytearray()
    for name, (shape, mean) in tensors.items():
        first, count = len(body), math.prod(shape)
        body.extend(struct.pack(f"<{count}f", *(noise.gauss(mean, 0.1) for _ in range(count))))
        header[name] = {"dtype": "F32", "shape": shape, "data_offsets": [first, len(body)]}
    text = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + body)


def read_header(path):
    """The header of a safetensors file."""
    content = pathlib.Path(path).read_bytes()
    (length,) = struct.unpack("<Q", content[:8])
    return json.loads(content[8:8 + length])


def read_schema():
    return json.loads((ROOT / "docs" / "report.schema.json").read_text(encoding="utf-8"))


class ProgramTest(unittest.TestCase):
    """A scratch folder, and runs of the program in it. Derived classes say what the `command` is."""

    def setUp(self):
        scratch = tempfile.TemporaryDirectory(prefix="slimfit.")
        self.addCleanup(scratch.cleanup)
        self.folder = pathlib.Path(scratch.name)

    def run_program(self, *options, out="out"):
        return subprocess.run(self.command(*options, out=out), capture_output=True, text=True, errors="replace",
                              timeout=300, check=False)

    def succeed(self, *options, out="out"):
        result = self.run_program(*options, out=out)
        self.assertEqual(result.returncode, 0, result.stdout + result.stderr)
        return result.stdout

    def refuse(self, *options, names, out="out"):
        """Runs, and checks that it fails with a message that contains all of `names`."""
        result = self.run_program(*options, out=out)
        self.assertNotEqual(result.returncode, 0, result.stdout)
        self.assertGreater(result.returncode, 0, "ended by a signal")
        for name in names:
            self.assertIn(str(name), result.stderr)
        self.assertLess(len(result.stderr.splitlines()), 4)

    def report(self, out="out"):
        return json.loads((self.folder / out / "report.json").read_text(encoding="utf-8"))

    def interrupt(self, *options, after, out="cut", sent=signal.SIGINT):
        """Sends a signal once a line of the output contains `after` and the next has come. Returns the header of what the
        program leaves behind."""
        with subprocess.Popen(self.command(*options, out=out), stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              text=True) as process:
            output = ""
            for line in process.stdout:
                output += line
                if after in line:
                    output += process.stdout.readline()
                    process.send_signal(sent)
                    break
            output += process.stdout.read()
            self.assertEqual(process.wait(60), INTERRUPTED, output)
        self.assertIn("--resume", output)
        self.assertFalse((self.folder / out / "report.json").exists())
        return read_header(self.folder / out / "checkpoint.safetensors")

    def check_same(self, whole="whole", cut="cut"):
        """The reports in two folders agree bit for bit but for times, and no checkpoint is left."""
        expected, actual = self.report(whole), self.report(cut)
        self.assertEqual(len(actual["runs"]), len(expected["runs"]))
        for runs in zip(expected["runs"], actual["runs"]):
            for run in runs:
                self.assertGreater(run.pop("seconds_per_step"), 0)
            self.assertEqual(runs[1], runs[0])
        self.assertEqual(actual["data"], expected["data"])
        self.assertEqual(list((self.folder / cut).glob("checkpoint*")), [])


class ExampleTest(ProgramTest):
    """finetune_vit with `data` in the folder, 160 training and 40 test images, one file of them compressed."""

    def setUp(self):
        super().setUp()
        self.data = self.folder / "data"
        self.data.mkdir()
        (self.data / "train-images-idx3-ubyte").write_bytes(idx_images(160, 1))
        (self.data / "train-labels-idx1-ubyte").write_bytes(idx_labels(160))
        (self.data / "t10k-images-idx3-ubyte.gz").write_bytes(gzip.compress(idx_images(40, 2)))
        (self.data / "t10k-labels-idx1-ubyte").write_bytes(idx_labels(40))

    def command(self, *options, out="out"):
        return [PROGRAM, "--data", str(self.data), "--start", str(START), "--batch", "16", "--threads", "1", "--out",
                str(self.folder / out), *options]


def main(name="FINETUNE_VIT"):
    """Runs the tests of the program that the environment variable `name` holds."""
    if not os.access(os.environ.get(name, ""), os.X_OK):
        sys.exit(f"set {name} to the program to test")
    unittest.main(verbosity=2)
