# SPDX-License-Identifier: MIT
"""Code in the documentation is code that is compiled: a block under `<!-- FILE -->` is a part of that file, line by
line, and the pages that are checked have no C++ without such a line. Examples keep to the length they promise."""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
PAGES = ("docs/training.md", "docs/writing_a_policy.md", "docs/writing_a_layer.md")
# What a user has to write to extend the library: "under 40 lines".
SHORT = ("own_criterion.cpp", "own_format.cpp", "feature_scale.hpp", "times_rows.hpp")
FEWER_LINES_THAN = 40


def snippets(page):
    """(file or None, lines) of each C++ block."""
    text = (ROOT / page).read_text()
    for match in re.finditer(r"(?:<!-- (\S+) -->\n)?```cpp\n(.*?)^```$", text, re.MULTILINE | re.DOTALL):
        yield match.group(1), match.group(2).splitlines()


def contains(lines, part):
    return any(lines[i:i + len(part)] == part for i in range(len(lines) - len(part) + 1))


def main():
    failures = []
    checked = 0
    for page in PAGES:
        for file, part in snippets(page):
            checked += 1
            if file is None:
                failures.append(f"{page}: a block does not say which file it is from: {part[0]}")
            elif not contains((ROOT / file).read_text().splitlines(), part):
                failures.append(f"{page}: a block is not as in {file}: {part[0]}")
    if checked == 0:
        failures.append("the pages have no code")
    for name in SHORT:
        lines = len((ROOT / "examples/extending" / name).read_text().splitlines())
        if lines >= FEWER_LINES_THAN:
            failures.append(f"examples/extending/{name} has {lines} lines, expected fewer than {FEWER_LINES_THAN}")
    print("\n".join(failures))
    print(f"{checked} blocks checked, {len(failures)} failures")
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()
