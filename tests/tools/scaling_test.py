#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The tables of docs/scaling.md are those that slimfit-scaling prints, and say what the page says of them.

Usage: scaling_test.py PROGRAM
"""
import pathlib
import subprocess
import sys
import unittest

PROGRAM = sys.argv.pop(1) if len(sys.argv) > 1 else "slimfit-scaling"
PAGE = pathlib.Path(__file__).resolve().parents[2] / "docs" / "scaling.md"


def cells(table):
    """Its rows without the two of the heading."""
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines()[2:]]


class Scaling(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        output = subprocess.run([PROGRAM], capture_output=True, text=True, timeout=60, check=True).stdout
        cls.tables = [table.strip() for table in output.split("\n\n")]

    def test_page(self):
        page = PAGE.read_text(encoding="utf-8")
        self.assertEqual(len(self.tables), 3)
        for table in self.tables:
            self.assertIn(f"\n{table}\n", page)

    def test_traffic(self):
        rows = cells(self.tables[0])
        self.assertEqual(len(rows), 4 * 2 * 3)
        for dense, frozen in ((rows[i + j], rows[i + j + 3]) for i in range(0, len(rows), 6) for j in range(3)):
            self.assertEqual((dense[0], dense[2]), (frozen[0], frozen[2]))
            self.assertEqual((dense[1], frozen[1]), ("0 %", "95 %"))
            # Sums of a dense step take longer than the step at 25 GB/s, those of a frozen one half of it at most.
            self.assertGreater(float(dense[6]), float(dense[5]))
            self.assertLessEqual(float(frozen[6]), 0.5 * float(frozen[5]))
            self.assertLess(float(frozen[3]), 0.08 * float(dense[3]))
        # All of ViT-B's gradients in float, seven eighths of them twice.
        self.assertAlmostEqual(float(rows[0][3]), 2 * 7 / 8 * 4 * 86.6, delta=1)

    def test_memory(self):
        for row in cells(self.tables[1]):
            self.assertTrue(all(float(each) < 24 for each in row[2:]), row)


if __name__ == "__main__":
    unittest.main(verbosity=2)
