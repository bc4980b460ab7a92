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
                path.write_text("".join(f"#include <slimfit/{target}" + ("\n" if ">" in target else ">\n") for target in targets))
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

    def test_a_header_may_have_one_that_belongs_to_it(self):
        self.assertEqual(self.problems({"core/a.hpp": ["core/b.hpp"], "core/b.hpp": ["core/a.hpp>  // Belongs to a.hpp."]}),
                         [])

    def test_missing_header_and_unknown_part_are_found(self):
        problems = self.problems({"core/a.hpp": ["core/none.hpp"], "elsewhere/b.hpp": []})
        self.assertEqual(len(problems), 2)
        self.assertIn("does not exist", problems[0])
        self.assertIn("belongs to no part", problems[1])

    def test_empty_folder_is_a_problem(self):
        self.assertEqual(len(self.problems({})), 1)


if __name__ == "__main__":
    unittest.main()
