# SPDX-License-Identifier: MIT
"""What the tests of finetune_vit share: small IDX files, the program, a folder that goes away."""
import gzip
import json
import os
import pathlib
import random
import struct
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
PROGRAM = os.environ.get("FINETUNE_VIT", "")
START = ROOT / "examples" / "finetune_vit" / "coarse_vit.safetensors"
SKIPPED = 77  # CTest's SKIP_RETURN_CODE for these tests


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


def read_header(path):
    """The header of a safetensors file."""
    content = pathlib.Path(path).read_bytes()
    (length,) = struct.unpack("<Q", content[:8])
    return json.loads(content[8:8 + length])


class ExampleTest(unittest.TestCase):
    """A scratch folder with `data` in it, 160 training and 40 test images, one file of them compressed."""

    def setUp(self):
        scratch = tempfile.TemporaryDirectory(prefix="slimfit.")
        self.addCleanup(scratch.cleanup)
        self.folder = pathlib.Path(scratch.name)
        self.data = self.folder / "data"
        self.data.mkdir()
        (self.data / "train-images-idx3-ubyte").write_bytes(idx_images(160, 1))
        (self.data / "train-labels-idx1-ubyte").write_bytes(idx_labels(160))
        (self.data / "t10k-images-idx3-ubyte.gz").write_bytes(gzip.compress(idx_images(40, 2)))
        (self.data / "t10k-labels-idx1-ubyte").write_bytes(idx_labels(40))

    def command(self, *options, out="out"):
        return [PROGRAM, "--data", str(self.data), "--start", str(START), "--batch", "16", "--threads", "1", "--out",
                str(self.folder / out), *options]

    def run_program(self, *options, out="out"):
        return subprocess.run(self.command(*options, out=out), capture_output=True, text=True, timeout=300, check=False)

    def succeed(self, *options, out="out"):
        result = self.run_program(*options, out=out)
        self.assertEqual(result.returncode, 0, result.stdout + result.stderr)
        return result.stdout

    def report(self, out="out"):
        return json.loads((self.folder / out / "report.json").read_text(encoding="utf-8"))


def main():
    if not os.access(PROGRAM, os.X_OK):
        sys.exit("set FINETUNE_VIT to the program to test")
    unittest.main(verbosity=2)
