# SPDX-License-Identifier: MIT
"""Wrong files and wrong options: an exit code other than 0, a message that names the thing and what was expected, and
results of an earlier run as they were."""
import pathlib
import struct

import support


class BadInputTest(support.ExampleTest):
    def test_data_files(self):
        images = self.data / "train-images-idx3-ubyte"
        labels = self.data / "train-labels-idx1-ubyte"
        whole, whole_labels = images.read_bytes(), labels.read_bytes()
        self.succeed("--run", "slim:75", "--epochs", "0.2")
        before = {path: path.read_bytes() for path in (self.folder / "out").iterdir()}
        wrong_images = [
            (whole[:-1], ["holds 125439 bytes of data, expected 125440"]),
            (whole[:10], ["ends within its header, expected the number of rows"]),
            (b"", ["ends within its header, expected a magic number"]),
            (whole + b"x", ["goes on after its data, expected 125440 bytes"]),
            (struct.pack(">I", 0x801) + whole[4:], ["has magic number 2049, expected 2051"]),
            (support.idx_images(160, 1, side=14), ["rows of images", "is 14, expected 28 x 28"]),
            (support.idx_images(150, 1), ["has 160 labels, expected as many as", "150"]),
        ]
        for content, names in wrong_images:
            images.write_bytes(content)
            with self.subTest(names=names):
                self.refuse(names=[self.data, *names])
        images.write_bytes(whole)
        for content, names in [(whole_labels[:-1] + b"\x0a", ["has label 10 at position 159, expected labels below 10"]),
                               (whole_labels[:-7], ["holds 153 bytes of data, expected 160"])]:
            labels.write_bytes(content)
            with self.subTest(names=names):
                self.refuse(names=[labels, *names])
        labels.write_bytes(whole_labels)
        packed = self.data / "t10k-images-idx3-ubyte.gz"
        packed.write_bytes(packed.read_bytes()[:2000])
        self.refuse(names=[packed])
        packed.unlink()
        self.refuse(names=[packed, "could not be read: No such file"])
        self.assertEqual({path: path.read_bytes() for path in (self.folder / "out").iterdir()}, before)

    def test_folders(self):
        missing = self.folder / "missing"
        self.refuse("--data", str(missing), names=["--data", missing])
        blocked = self.folder / "blocked"
        blocked.write_text("a file")
        self.refuse(names=["--out", blocked, "expected"], out="blocked")
        self.refuse("--save", str(blocked / "model.safetensors"), names=["--save", blocked, "expected"])
        self.assertEqual(blocked.read_text(), "a file")

    def test_image_folders(self):
        self.refuse("--task", "imagenet", names=["--data", self.data / "train", "train/CLASS/*.jpg"])
        for part in ("train", "val"):
            (self.data / part / "a").mkdir(parents=True)
        self.refuse("--task", "imagenet", names=[self.data / "train" / "a", "expected at least one"])
        (self.data / "train" / "a" / "1.jpg").write_text("no picture")
        self.refuse("--task", "imagenet", names=["--model", "expected"])
        self.refuse("--task", "cifar10", names=["--model", "expected"])

    def test_start(self):
        start = support.START.read_bytes()
        cut = self.folder / "cut.safetensors"
        for content in (start[:len(start) // 2], start[:5], b"", b"no safetensors at all"):
            cut.write_bytes(content)
            self.refuse("--start", str(cut), names=[cut, "expected"])
        self.refuse("--start", str(self.folder / "none"), names=["--start", self.folder / "none"])

    def test_options(self):
        self.refuse("--run", "fast:75", names=["--run", "fast", "eager", "slim"])
        self.refuse("--run", "slim:100", names=["--run", "slim:100", "below 100"])
        for text in ("slim:x", "slim:nan", "slim:-1", "slim:"):
            self.refuse("--run", text, names=["--run", text, "percent"])
        for options in (["--run", "slim:0.9"], ["--policy", "slim", "--rate", "0.9"]):
            self.refuse(*options, names=["0.9", "percent", "slim:90", "write 90"])
        for option, texts, expected in (
                ("--batch", ["0", "-4", "1000000000000", "9223372036854775808", "nan", "8.5"], "whole number from 1"),
                ("--seed", ["-1", "18446744073709551616", "one", "nan"], "whole number from 0"),
                ("--threads", ["-1", "100000", "nan"], "whole number from 0 to 1024"),
                ("--loader-threads", ["257", "-1"], "whole number from 0 to 256"),
                ("--images", ["-1", "1e30"], "whole number from 0"),
                ("--epochs", ["nan", "0", "-1", "inf"], "number above 0"),
                ("--learning-rate", ["nan", "0", "-1e-4", "inf"], "number above 0"),
                ("--weight-decay", ["nan", "-1"], "number from 0"),
                ("--measure-error", ["-1", "nan"], "whole number from 0")):
            for text in texts:
                with self.subTest(option=option, text=text):
                    self.refuse(option, text, names=[option, text, expected])
        self.refuse("--batch", "161", names=["batch size is 161", "at most the number of samples, 160"])
        self.refuse("--epochs", "-1", names=["--epochs"])
        self.refuse("--loader-threads", "-1", names=["--loader-threads"])
        self.refuse("--learning-rate", "much", names=["--learning-rate", "much"])
        self.refuse("--save-type", "F8", names=["--save-type", "F8", "F16"])
        self.refuse("--lerning-rate", "1", names=["--lerning-rate"])
        self.refuse("--learning-rate", "1e30", "--run", "eager", names=["loss is", "expected a finite number"])

    def test_help(self):
        text = self.succeed("--help")
        for option in ("data", "start", "out", "run", "images", "batch", "epochs", "learning-rate",
                       "scheduled-learning-rate", "weight-decay", "moments", "seed", "threads", "loader-threads", "merge-labels", "save", "save-type",
                       "resume"):
            self.assertIn(f"--{option}", text)
        self.assertFalse(pathlib.Path(self.folder / "out").exists())


if __name__ == "__main__":
    support.main()
