#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Counts the instructions of the innermost vector loops in functions of a program: count_loops.py PROGRAM PATTERN.

For each loop: instructions, those on 64- and 32-byte registers, divisions, and fused multiply-adds (x86).
"""
import re
import subprocess
import sys


def functions(program):
    """Name and (address, operation, operands) of the instructions of each function."""
    text = subprocess.run(["objdump", "-dC", "--no-show-raw-insn", program], capture_output=True, text=True,
                          check=True).stdout
    found, name = {}, None
    for line in text.splitlines():
        if head := re.match(r"^[0-9a-f]+ <(.*)>:$", line):
            name = head.group(1)
            found[name] = []
        elif (one := re.match(r"^\s+([0-9a-f]+):\s+(\S+)\s*(.*)$", line)) and name:
            found[name].append((int(one.group(1), 16), one.group(2), one.group(3)))
    return found


def innermost_loops(instructions):
    places = {address: i for i, (address, _, _) in enumerate(instructions)}
    loops = []
    for i, (_, operation, operands) in enumerate(instructions):
        target = re.match(r"([0-9a-f]+) <", operands)
        if operation.startswith("j") and target:
            first = places.get(int(target.group(1), 16))
            if first is not None and first <= i:
                loops.append((first, i))
    for first, last in loops:
        if not any((a, b) != (first, last) and a >= first and b <= last for a, b in loops):
            yield instructions[first:last + 1]


def main():
    program, pattern = sys.argv[1:3]
    for name, instructions in functions(program).items():
        if not re.search(pattern, name):
            continue
        for body in innermost_loops(instructions):
            wide = sum("zmm" in operands for _, _, operands in body)
            narrow = sum("ymm" in operands for _, _, operands in body)
            if wide + narrow > 2:
                print(f"{len(body):4} instructions, {wide} zmm, {narrow} ymm, "
                      f"{sum('div' in operation for _, operation, _ in body)} divisions, "
                      f"{sum(operation.startswith('vf') for _, operation, _ in body)} multiply-adds: {name[:150]}")


if __name__ == "__main__":
    main()
