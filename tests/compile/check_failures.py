# SPDX-License-Identifier: MIT
"""Wrong programs do not compile, and the first thing that the compiler says is the library's sentence. Every sentence
under include/ has a program here."""
import argparse
import pathlib
import re

from compilers import compiler_or_skip, first_error, report, run_compiler

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


def judge(program, output):
    """What is wrong with what a compiler says about a wrong program, or None."""
    text = program.read_text()
    sentence = expected_sentence(program)
    if sentence not in output:
        return f"{program.name}: the compiler does not say: {sentence}\n{output}"
    if any(words not in output for words in re.findall(r"^// says: (.*)$", text, re.MULTILINE)):
        return f"{program.name}: the compiler does not name what it says:\n{output}"
    if "It is not the first error" not in text and sentence not in first_error(output):
        return f"{program.name}: the first error is not the sentence but: {first_error(output)}"
    return None


def expected_sentence(program):
    return re.search(r"^// expect: (.*)$", program.read_text(), re.MULTILINE).group(1)


def compile_together(compiler, flags, programs):
    """One unit with all programs, each in a namespace of its own. Returns by name what the compiler says about each."""
    includes = {line for program in programs for line in re.findall(r"^#include <.*>$", program.read_text(), re.MULTILINE)}
    unit = sorted(includes)
    unit += [f'namespace program_{i} {{\n#include "{program}"\n}}' for i, program in enumerate(programs)]
    all_errors = [] if "clang" not in pathlib.Path(compiler).name else ["-ferror-limit=0"]
    _, output = run_compiler(compiler, [*flags, *all_errors], "\n".join(unit) + "\n")
    return said_about(programs, output)


def said_about(programs, output):
    """Splits what a compiler says by the program that it names above (GCC) or below (Clang) an error; where it names none
    it goes on with the one before."""
    said = {program.name: "" for program in programs}
    latest, message = None, []

    def close():
        nonlocal latest, message
        named = re.search(r"/fail/(\w+\.cpp):\d", "\n".join(message))
        latest = named.group(1) if named else latest
        if latest in said:
            said[latest] += "\n".join(message) + "\n"
        message = []

    has_error = False
    for line in output.splitlines():
        is_error = re.search(r"\berror: ", line) is not None
        begins = line.startswith("In file included from") or re.search(r"^\S+: (In|At) ", line) is not None
        if has_error and (is_error or begins):
            close()
            has_error = False
        has_error |= is_error
        message.append(line)
    close()
    return said


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
    programs = sorted((here / "fail").glob("*.cpp"))
    # A compiler that reads the library once for all of them. One that is not as it should be there is compiled alone: what
    # another program has instantiated before is not instantiated, and not reported, again.
    together = compile_together(compiler, flags, programs)
    alone = [program for program in programs if judge(program, together[program.name])]
    for program in alone:
        good, output = run_compiler(compiler, [*flags, program])
        wrong = f"{program.name} compiles, expected: {expected_sentence(program)}" if good else judge(program, output)
        failures += [wrong] if wrong else []
    expected = {expected_sentence(program) for program in programs}
    for sentence in sorted(sentences_of(options.include) - expected):
        if not any(words in sentence for words in ABOUT_THE_MACHINE):
            failures.append(f"no program under fail/ provokes: {sentence}")
    print(f"{len(programs)} programs, {len(alone)} of them alone: {' '.join(program.stem for program in alone)}")
    report(failures, max(0, len(programs) + 1 - len(failures)))


if __name__ == "__main__":
    main()
