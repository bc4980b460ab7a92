# SPDX-License-Identifier: MIT
"""Writes the library as a single header: slimfit/slimfit.hpp with all that it includes, each header in place of the first
line that includes it. For host and CUDA; headers of other libraries stay included.

Usage: amalgamate.py [--also HEADER]... [OUTPUT], standard output without it. --also adds a header that slimfit.hpp does not
include, e.g. slimfit/memory/chrome_trace.hpp."""
import argparse
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[1]
INCLUDE = ROOT / "include"
OWN = re.compile(r"#\s*include\s*<(slimfit/[^>]+)>")


class Amalgamation:
    def __init__(self):
        self.lines = []
        self.scopes = [set()]  # the headers that stand in each of the conditions around this place, outermost first

    def add(self, name):
        """The header `name` in place, unless it is certain to be there already. What stands under a condition may be left out
        when the whole is compiled, and is written again where it is needed; a macro keeps it from being read twice."""
        if any(name in scope for scope in self.scopes):
            return
        self.scopes[-1].add(name)
        guard = "SLIMFIT_SINGLE_" + re.sub(r"\W", "_", name.removeprefix("slimfit/")).upper()
        self.lines += [f"// ---- {name}", f"#ifndef {guard}", f"#define {guard}"]
        for line in (INCLUDE / name).read_text(encoding="utf-8").splitlines():
            words = line.strip()
            own = OWN.match(words)
            if own:
                self.add(own.group(1))
                continue
            if words in ("#pragma once", "// SPDX-License-Identifier: MIT"):
                continue
            self.follow(words)
            self.lines.append(line)
        self.lines.append(f"#endif  // {guard}")

    def follow(self, words):
        """Keeps the scopes up to date with a line."""
        if re.match(r"#\s*if", words):
            self.scopes.append(set())
        elif re.match(r"#\s*endif", words):
            self.scopes.pop()
        elif re.match(r"#\s*(else|elif)", words):
            self.scopes[-1].clear()


def version():
    text = (INCLUDE / "slimfit/core/config.hpp").read_text(encoding="utf-8")
    return re.search(r'version = "([^"]+)"', text).group(1)


def amalgamated(also):
    made = Amalgamation()
    for name in ("slimfit/slimfit.hpp", *also):
        made.add(name)
    licence = "".join(f"// {line}".rstrip() + "\n" for line in (ROOT / "LICENSE").read_text(encoding="utf-8").splitlines())
    return (f"// SPDX-License-Identifier: MIT\n// slimfit {version()} as a single header, written by scripts/amalgamate.py.\n//\n"
            f"{licence}#pragma once\n" + "\n".join(made.lines) + "\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--also", action="append", default=[])
    parser.add_argument("output", nargs="?", type=pathlib.Path)
    options = parser.parse_args()
    for name in options.also:
        if not (INCLUDE / name).is_file():
            sys.exit(f"--also is {name}, expected a header below include/, e.g. slimfit/memory/chrome_trace.hpp")
    text = amalgamated(options.also)
    if options.output is None:
        print(text, end="")
    else:
        options.output.parent.mkdir(parents=True, exist_ok=True)
        options.output.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
