# SPDX-License-Identifier: MIT
"""Wrong programs do not compile, and the first thing that the compiler says is the library's sentence. Every sentence
under include/ has a program here."""
import argparse
import pathlib
import re
import tempfile

from compilers import compiler_or_skip, first_error, precompiled, report, run_compiler

# Sentences that no program on this machine can provoke.
ABOUT_THE_MACHINE = ("little-endian machine",)


def sentences_of(include):
    """The sentences of the library's static assertions."""
    found = set()
    for header in include.rglob("*.hpp"):
        for assertion in re.findall(r"static_assert\((?:.|\n)*?\);\n", header.read_text()):
            text = re.search(r'("slimfit: (?:[^"\\]|\\.|"\s*")*)"\s*\);$', assertion)
            if text:
                found.add("".join(re.findall(r'"((?:[^"\\]|\\.)*)', re.sub(r'"\s*"', "", text.group(1)))))
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("compiler")
    parser.add_argument("include", type=pathlib.Path)
    parser.add_argument("flags", nargs="*")
    options = parser.parse_args()
    compiler = compiler_or_skip(options.compiler)
    here = pathlib.Path(__file__).parent
    flags = [f"-I{options.include}", *options.flags, "-fsyntax-only"]
    failures = []
    good, output = run_compiler(compiler, [*flags, here / "good.cpp"])
    if not good:
        failures.append(f"good.cpp does not compile:\n{output}")
    expected = set()
    programs = sorted((here / "fail").glob("*.cpp"))
    folder = tempfile.TemporaryDirectory()
    flags += precompiled(compiler, flags[:-1], "#include <slimfit/slimfit.hpp>\n", folder.name)
    for program in programs:
        text = program.read_text()
        sentence = re.search(r"^// expect: (.*)$", text, re.MULTILINE).group(1)
        expected.add(sentence)
        good, output = run_compiler(compiler, [*flags, program])
        if good:
            failures.append(f"{program.name} compiles, expected: {sentence}")
        elif sentence not in output:
            failures.append(f"{program.name}: the compiler does not say: {sentence}\n{output}")
        elif any(words not in output for words in re.findall(r"^// says: (.*)$", text, re.MULTILINE)):
            failures.append(f"{program.name}: the compiler does not name what it says:\n{output}")
        elif "It is not the first error" not in text and sentence not in first_error(output):
            failures.append(f"{program.name}: the first error is not the sentence but: {first_error(output)}")
    for sentence in sorted(sentences_of(options.include) - expected):
        if not any(words in sentence for words in ABOUT_THE_MACHINE):
            failures.append(f"no program under fail/ provokes: {sentence}")
    report(failures, max(0, len(programs) + 1 - len(failures)))


if __name__ == "__main__":
    main()
