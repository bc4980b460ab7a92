#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The library's headers include downwards only, and the script that says so finds what it should."""
import pathlib
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "scripts"))
import check_layers  # noqa: E402


class CheckLayers(unittest.TestCase):
    def problems(self, headers):
        with tempfile.TemporaryDirectory() as folder:
            for name, targets in headers.items():
                path = pathlib.Path(folder, "slimfit", name)
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text("".join(f"#include <slimfit/{target}>\n" for target in targets))
            return check_layers.problems_in(pathlib.Path(folder))

    def test_library(self):
        self.assertEqual(check_layers.problems_in(ROOT / "include"), [])

    def test_downwards_is_right(self):
        self.assertEqual(self.problems({"core/a.hpp": [], "layers/b.hpp": ["core/a.hpp"]}), [])

    def test_upwards_is_found(self):
        problems = self.problems({"core/a.hpp": ["layers/b.hpp"], "layers/b.hpp": []})
        self.assertEqual(problems, ["core/a.hpp (core): includes layers/b.hpp (layers), which is above it"])

    def test_circle_is_found(self):
        problems = self.problems({"core/a.hpp": ["core/b.hpp"], "core/b.hpp": ["core/a.hpp"]})
        self.assertEqual(problems, ["a circle: core/a.hpp -> core/b.hpp -> core/a.hpp"])

    def test_folders_of_one_layer_are_apart(self):
        problems = self.problems({"stash/a.hpp": ["optim/b.hpp"], "optim/b.hpp": []})
        self.assertEqual(problems, ["stash/a.hpp (stash): includes optim/b.hpp (optim), which is beside it"])

    def test_an_umbrella_belongs_to_its_folder(self):
        self.assertEqual(self.problems({"stash.hpp": ["stash/a.hpp"], "stash/a.hpp": []}), [])
        self.assertEqual(len(self.problems({"stash.hpp": ["layers/a.hpp"], "layers/a.hpp": []})), 1)

    def test_an_umbrella_holds_its_folder(self):
        problems = self.problems({"stash.hpp": ["stash/a.hpp"], "stash/a.hpp": [], "stash/b.hpp": [], "stash/cuda/c.hpp": []})
        self.assertEqual(problems, ["stash.hpp: lacks stash/b.hpp"])

    def test_missing_header_and_unknown_folder_are_found(self):
        problems = self.problems({"core/a.hpp": ["core/none.hpp"], "elsewhere/b.hpp": []})
        self.assertEqual(len(problems), 2)
        self.assertIn("does not exist", problems[0])
        self.assertIn("its folder is no layer", problems[1])

    def test_empty_folder_is_a_problem(self):
        self.assertEqual(len(self.problems({})), 1)


if __name__ == "__main__":
    unittest.main()
