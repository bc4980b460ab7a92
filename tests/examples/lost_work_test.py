# SPDX-License-Identifier: MIT
"""Whatever ends finetune_bert, what it has learnt is not lost: signals, kills, full disks, folders that go away, names that
are no UTF-8. What it goes on with is what it was, or it says what is not; and what has diverged is not passed off as good."""
import json
import os
import pathlib
import resource
import shutil
import signal
import struct
import subprocess
import time

import bert_test
import support

OPTIONS = ["--epochs", "30", "--run", "eager", "--run", "slim:75"]
FIRST, SECOND = "eager, 0 % frozen", "slim, 75 % frozen"


def rewrite_header(path, change):
    """Gives a safetensors file another header."""
    content = path.read_bytes()
    (length,) = struct.unpack("<Q", content[:8])
    header = json.loads(content[8:8 + length])
    change(header)
    text = json.dumps(header, separators=(",", ":")).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + content[8 + length:])


def wait_for_training(process):
    """Reads the output until a run begins."""
    for line in process.stdout:
        if " steps of " in str(line):
            return


def catches(process, number):
    """Whether a running program has a handler for a signal."""
    for line in pathlib.Path(f"/proc/{process.pid}/status").read_text(encoding="utf-8").splitlines():
        if line.startswith("SigCgt:"):
            return bool(int(line.split()[1], 16) >> (number - 1) & 1)
    return False


class LostWorkTest(bert_test.TinyBert):
    whole_report = b""

    def setUp(self):
        super().setUp()
        self.newest = self.folder / "cut" / "checkpoint.safetensors"
        self.previous = self.folder / "cut" / "checkpoint.previous.safetensors"

    def run_whole(self):
        """Puts the report of a run that nothing interrupts in `whole`."""
        if not LostWorkTest.whole_report:
            self.succeed(*OPTIONS, out="whole")
            LostWorkTest.whole_report = (self.folder / "whole" / "report.json").read_bytes()
        else:
            (self.folder / "whole").mkdir()
            (self.folder / "whole" / "report.json").write_bytes(LostWorkTest.whole_report)

    def resume(self, *options, **how):
        return subprocess.run(self.command(*OPTIONS, *options, "--resume", out="cut"), capture_output=True, text=True,
                              timeout=300, check=False, **how)

    def kill(self, *options):
        """Kills a run once it has written two checkpoints, in the middle of whatever it does."""
        with subprocess.Popen(self.command(*options, out="cut"), stdout=subprocess.DEVNULL) as process:
            while not self.previous.exists():
                self.assertIsNone(process.poll())
                time.sleep(0.002)
            process.kill()

    def test_signals(self):
        self.run_whole()
        for sent in (signal.SIGTERM, signal.SIGHUP, signal.SIGXFSZ):
            with self.subTest(signal=sent.name):
                self.interrupt(*OPTIONS, after=FIRST, sent=sent)
                self.succeed(*OPTIONS, "--resume", out="cut")
                self.check_same()
                shutil.rmtree(self.folder / "cut")

    def test_sent_twice_at_once(self):
        # As `timeout` does, to the process and to its group.
        with subprocess.Popen(self.command("--epochs", "2000", "--run", "eager", out="cut"), stdout=subprocess.PIPE,
                              text=True) as process:
            wait_for_training(process)
            for sent in (signal.SIGTERM, signal.SIGTERM, signal.SIGINT, signal.SIGINT):
                process.send_signal(sent)
            self.assertEqual(process.wait(60), support.INTERRUPTED)

    def test_killed(self):
        self.run_whole()
        self.kill(*OPTIONS)
        abandoned = self.folder / "cut" / "checkpoint.safetensors.aB3dE6.tmp"
        abandoned.write_bytes(b"half a checkpoint")
        self.assertEqual(self.resume().returncode, 0)
        self.check_same()  # no temporary file is left either
        # The newer of two is damaged.
        self.kill(*OPTIONS)
        content = bytearray(self.newest.read_bytes())
        content[len(content) // 2] ^= 1
        self.newest.write_bytes(content)
        result = self.resume()
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertIn(f"{self.newest}: tensor ", result.stderr)
        self.assertIn(f"--resume goes on with the checkpoint before, {self.previous}", result.stderr)
        self.check_same()

    def test_minutes(self):
        """A checkpoint is due by the clock too, not by epochs alone."""
        with subprocess.Popen(self.command("--epochs", "100000", "--batch", "40", "--checkpoint-every", "0.001",
                                           "--run", "eager", out="cut"), stdout=subprocess.DEVNULL) as process:
            seen = set()
            while len(seen) < 3:
                self.assertIsNone(process.poll())
                if self.newest.exists():
                    seen.add(self.newest.stat().st_ino)
                time.sleep(0.002)
            process.kill()
        for minutes in ("-1", "x"):
            self.refuse("--checkpoint-every", minutes, names=["--checkpoint-every"])

    def test_damage_is_named(self):
        self.interrupt(*OPTIONS, after=FIRST)
        self.previous.unlink(missing_ok=True)
        whole = self.newest.read_bytes()
        (length,) = struct.unpack("<Q", whole[:8])
        for at in (0, 5, 9, 100, length // 2, 8 + length - 1, 8 + length, (8 + length + len(whole)) // 2, len(whole) - 1):
            with self.subTest(at=at):
                damaged = bytearray(whole)
                damaged[at] ^= 2
                self.newest.write_bytes(damaged)
                result = self.resume()
                self.assertEqual(result.returncode, 1)
                self.assertIn(str(self.newest), result.stderr)
                self.assertRegex(result.stderr, "header|metadata|tensor")
                self.assertEqual(self.newest.read_bytes(), bytes(damaged))

    def test_other_data(self):
        self.run_whole()
        self.interrupt(*OPTIONS, after=FIRST)
        for name, change, words in [
                ("train", lambda lines: [*lines[:5], lines[6], lines[5], *lines[7:]], "checksum of training rows"),
                ("train", lambda lines: lines[:-1], "count of training rows is 39, expected 40"),
                ("dev", lambda lines: [*lines[:3], lines[3].replace("word", "word2", 1), *lines[4:]],
                 "checksum of test rows"),
                ("dev", lambda lines: [*lines, lines[-1]], "count of test rows is 13, expected 12")]:
            path = self.data / "sst2" / f"{name}.tsv"
            before = path.read_text(encoding="utf-8")
            path.write_text("\n".join(change(before.splitlines())) + "\n", encoding="utf-8")
            result = self.resume()
            self.assertEqual(result.returncode, 1)
            self.assertIn(f"--resume: the data in {self.data / 'sst2'} changed", result.stderr)
            self.assertIn(words, result.stderr)
            path.write_text(before, encoding="utf-8")
        self.assertEqual(self.resume().returncode, 0)
        self.check_same()

    def test_elsewhere(self):
        self.interrupt(*OPTIONS, after=FIRST)
        origin = support.read_header(self.newest)["__metadata__"]
        self.assertEqual(origin["slimfit.origin backend"], "host")
        self.assertTrue(origin["slimfit.origin products"])
        if "core " not in origin["slimfit.origin products"]:
            self.skipTest("the BLAS does not say for what processor it computes")
        core = "Nehalem" if "Nehalem" not in origin["slimfit.origin products"] else "Haswell"
        result = self.resume("--threads", "2", env={**os.environ, "OPENBLAS_CORETYPE": core, "BLIS_ARCH_TYPE": core.lower()})
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertRegex(result.stderr, "products was .* and is .*: the last bits of results may differ")

    def test_old_checkpoint(self):
        usual = ("--optimizer", "usual")  # all that there was
        self.succeed(*OPTIONS, *usual, out="whole")
        self.interrupt(*OPTIONS, *usual, after=FIRST)

        def without(header):
            strings = header["__metadata__"]
            for key in [key for key in strings if key.startswith("slimfit.")]:
                del strings[key]
            state = json.loads(strings["finetune_bert"])
            del state["contents"], state["start_weights"], state["options"]["optimizer"], state["options"]["new-classifier"]
            # Rates were shares.
            state["options"]["run"] = [[policy, rate / 100] for policy, rate in state["options"]["run"]]
            for run in [state["current"], *state["finished"]]:
                run["rate"] /= 100
            strings["finetune_bert"] = json.dumps(state)
        rewrite_header(self.newest, without)
        for option, message in [(("--optimizer", "published"), '--optimizer is "published", expected "usual"'),
                                ((*usual, "--new-classifier"), "--new-classifier is true, expected false")]:
            self.assertIn(message, self.resume(*option).stderr)
        result = self.resume(*usual)
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertIn("has no checksums", result.stderr)
        self.check_same()

    def test_save_onto_the_start(self):
        options = ["--epochs", "3", "--run", "eager", "--run", "eager", "--run", "slim:75"]
        self.succeed(*options, "--save", str(self.folder / "elsewhere"), out="whole")
        start = self.folder / "start"
        shutil.copytree(self.model, start)
        link = self.folder / "link"
        link.symlink_to(start)
        self.succeed(*options, "--model", str(link), "--save", str(start))
        self.check_same(cut="out")
        for name in ("model.safetensors", "config.json"):
            self.assertEqual((start / name).read_bytes(), (self.folder / "elsewhere" / name).read_bytes())

    def test_another_start(self):
        """Runs after the interrupted one would not start from where those before did."""
        self.interrupt(*OPTIONS, after=FIRST)
        weights = self.model / "model.safetensors"
        before = weights.read_bytes()
        weights.write_bytes(before[:-4] + struct.pack("<f", 0.5))
        result = self.resume()
        self.assertEqual(result.returncode, 1)
        self.assertIn("the weights that runs start from changed", result.stderr)
        weights.write_bytes(before)
        self.interrupt(*OPTIONS, "--resume", after=SECOND)
        weights.write_bytes(before[:-4] + struct.pack("<f", 0.5))  # the last run needs them no more
        self.assertEqual(self.resume().returncode, 0)

    def test_started_anew(self):
        """`--resume` goes on with the command that was started last, not with one before it."""
        options = ["--epochs", "2000", "--run", "eager"]
        with subprocess.Popen(self.command(*options, out="cut"), stdout=subprocess.PIPE) as process:
            wait_for_training(process)
            process.send_signal(signal.SIGINT)
            self.assertEqual(process.wait(60), support.INTERRUPTED)
        state = json.loads(support.read_header(self.newest)["__metadata__"]["finetune_bert"])
        self.assertTrue(state["start_weights"])
        old = self.newest.read_bytes()
        replaced = self.folder / "cut" / "checkpoint.replaced.safetensors"
        with subprocess.Popen(self.command(*options, out="cut"), stdout=subprocess.PIPE) as process:
            wait_for_training(process)
            self.assertEqual(replaced.read_bytes(), old)
            process.kill()
        for path in (self.newest, self.previous):
            self.assertFalse(path.exists() and path.read_bytes() == old)
        self.succeed("--epochs", "1", "--run", "eager", out="cut")
        self.assertEqual(list((self.folder / "cut").glob("checkpoint*")), [])

    def test_signals_while_data_are_read(self):
        """There is nothing to save yet: the program ends."""
        path = self.data / "sst2" / "train.tsv"
        path.write_text("sentence\tlabel\n" + "a charming film\t1\n" * 3_000_000)  # which takes seconds to read
        for sent in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2, signal.SIGPIPE):
            with self.subTest(signal=sent.name), subprocess.Popen(self.command(*OPTIONS),
                                                                  stdout=subprocess.DEVNULL) as process:
                while not catches(process, signal.SIGPIPE):  # the last that it learns to
                    self.assertIsNone(process.poll())
                    time.sleep(0.002)
                process.send_signal(sent)
                self.assertEqual(process.wait(60), -sent)

    def test_full_disk(self):
        limit = 450_000  # enough for reports, not for checkpoints

        def limited(*options):
            return subprocess.run(
                self.command(*options), capture_output=True, text=True, timeout=300, check=False,
                preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit)))
        result = limited("--epochs", "2", "--run", "eager")
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertIn("no checkpoint could be written: ", result.stderr)
        self.assertIn("File too large", result.stderr)
        self.assertEqual({path.name for path in (self.folder / "out").iterdir()}, {"report.html", "report.json"})
        limit = 1000
        result = limited("--epochs", "2", "--run", "eager", "--save", str(self.folder / "saved"))
        self.assertEqual(result.returncode, 1)
        self.assertIn("File too large", result.stderr)
        self.assertEqual(list((self.folder / "saved").iterdir()), [])

    def test_a_folder_that_goes_away(self):
        self.succeed(*OPTIONS, "--save", str(self.folder / "whole" / "model"), out="whole")
        saved = self.folder / "saved"
        options = [*OPTIONS, "--save", str(saved)]
        with subprocess.Popen(self.command(*options, out="cut"), stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              text=True) as process:
            wait_for_training(process)
            saved.rmdir()
            saved.write_text("a file", encoding="utf-8")
            errors = process.communicate()[1]
        self.assertEqual(process.returncode, 1)
        self.assertIn(str(saved), errors)
        self.assertIn(f"the same command with --resume continues from {self.newest}", errors)
        saved.unlink()
        self.succeed(*options, "--resume", out="cut")
        self.check_same()
        self.assertEqual((saved / "model.safetensors").read_bytes(),
                         (self.folder / "whole" / "model" / "model.safetensors").read_bytes())
        # What cannot be written in the end is known before.
        for blocked in (saved / "config.json", self.folder / "out" / "report.html"):
            blocked.unlink(missing_ok=True)
            blocked.mkdir(parents=True)
        self.refuse("--save", str(saved), names=["--save", saved / "config.json", "is a folder"], out="other")
        self.refuse(names=["--out", "report.html", "is a folder"])
        (self.folder / "out" / "errors.json").mkdir()
        self.refuse("--measure-error", "1", names=["--out", "errors.json", "is a folder"])

    def test_names_that_are_not_utf8(self):
        odd = pathlib.Path(os.fsdecode(os.fsencode(self.folder) + b"/caf\xe9"))
        odd.mkdir()
        for folder in (self.model, self.data):
            shutil.copytree(folder, odd / folder.name)
        self.model, self.data, self.folder = odd / self.model.name, odd / self.data.name, odd
        options = [*OPTIONS, "--save", str(odd / "saved")]
        self.succeed(*options, out="whole")
        with subprocess.Popen(self.command(*options, out="cut"), stdout=subprocess.PIPE) as process:
            wait_for_training(process)
            process.send_signal(signal.SIGTERM)
            process.stdout.read()
        self.assertEqual(process.returncode, support.INTERRUPTED)
        result = subprocess.run(self.command(*options, "--resume", out="cut"), capture_output=True, check=False)
        self.assertEqual(result.returncode, 0, result.stderr)
        self.check_same()
        self.assertIn("caf\ufffd", " ".join(self.report("cut")["command"]))

    def test_diverged(self):
        squad = self.data / "squad2"
        squad.mkdir()
        for name, seed in (("train", 1), ("dev", 2)):
            (squad / f"{name}-v2.0.json").write_text(bert_test.squad(24, seed), encoding="utf-8")
        for task, epochs in [("sst2", "0.01"), ("mnli", "0.01"), ("stsb", "0.01"), ("squad2", "1")]:  # one step or more
            with self.subTest(task=task):
                self.refuse("--task", task, "--data", str(self.data / task), "--max-tokens", "64", "--stride", "8", "--epochs",
                            epochs, "--run", "slim:75", "--scheduled-learning-rate", "1e20", "--save",
                            str(self.folder / "saved"), names=["expected a finite number"])
                self.assertEqual(list((self.folder / "saved").iterdir()), [])
                self.assertFalse((self.folder / "out" / "report.json").exists())
        self.refuse(*OPTIONS, "--scheduled-learning-rate", "1e20",
                    names=["expected a finite number", "there is a checkpoint of before that, "])


if __name__ == "__main__":
    support.main("FINETUNE_BERT")
