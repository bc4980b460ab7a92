# SPDX-License-Identifier: MIT
"""Ctrl-C and --resume: the report is that of the uninterrupted run, bit for bit, wherever it was interrupted."""
import support

# Long enough for an interrupt to come before the end, short enough for a test.
OPTIONS = ["--epochs", "10", "--run", "eager", "--run", "paper:75", "--saturation"]


class ResumeTest(support.ExampleTest):
    def test_in_the_first_and_again_in_the_second_run(self):
        self.succeed(*OPTIONS, out="whole")
        self.assertEqual(len(self.report("whole")["runs"][0]["losses"]), 100)
        first = self.interrupt(*OPTIONS, after="eager, 0 % frozen")
        self.assertIn("optimizer.steps", first)
        again = self.interrupt(*OPTIONS, "--resume", after="paper, 75 % frozen")
        self.assertIn('"finished":[{', again["__metadata__"]["finetune_vit"])
        self.succeed(*OPTIONS, "--resume", "--loader-threads", "2", out="cut")
        self.check_same()

    def test_other_options_are_refused_and_nothing_is_lost(self):
        self.interrupt(*OPTIONS, after="eager, 0 % frozen")
        path = self.folder / "cut" / "checkpoint.safetensors"
        before = path.read_bytes()
        for option, value in [("--seed", "2"), ("--batch", "8"), ("--epochs", "3"), ("--images", "100"),
                              ("--learning-rate", "0.5"), ("--weight-decay", "0.5"), ("--run", "paper:50")]:
            with self.subTest(option=option):
                result = self.run_program(*OPTIONS, option, value, "--resume", out="cut")
                self.assertNotEqual(result.returncode, 0)
                self.assertIn(f"--resume: {option} is ", result.stderr)
                self.assertIn("expected ", result.stderr)
                self.assertIn(str(path), result.stderr)
                self.assertEqual(path.read_bytes(), before)
        # Cut short, or of another kind.
        for content in (before[:len(before) // 2], before[:100], b"", support.START.read_bytes()):
            path.write_bytes(content)
            result = self.run_program(*OPTIONS, "--resume", out="cut")
            self.assertNotEqual(result.returncode, 0)
            self.assertIn(str(path), result.stderr)
            self.assertIn("expected", result.stderr)
            self.assertEqual(path.read_bytes(), content)
        path.write_bytes(before)
        self.succeed(*OPTIONS, "--resume", out="cut")
        self.succeed(*OPTIONS, out="whole")
        self.check_same()

    def test_nothing_to_resume(self):
        result = self.run_program(*OPTIONS, "--resume")
        self.assertNotEqual(result.returncode, 0)
        self.assertIn(f"there is no {self.folder}/out/checkpoint.safetensors, expected", result.stderr)


if __name__ == "__main__":
    support.main()
