# SPDX-License-Identifier: MIT
"""Code in the documentation is code that is compiled: a block under `<!-- FILE -->` is a part of that file, line by line but
for its indentation, and no page has C++ without such a line. tests/docs/pages.cpp has the short blocks; it is compiled here,
with nvcc for CUDA where nvcc is given. Examples keep to the length they promise."""
import argparse
import pathlib
import re
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[2]
SHORT_BLOCKS = "tests/docs/pages.cpp"
# What a user has to write to extend the library: "under 40 lines".
SHORT = ("own_criterion.cpp", "own_format.cpp", "extending/feature_scale.hpp", "own_layer.cpp", "extending/gated_mlp.hpp")
FEWER_LINES_THAN = 40
# Every program directly in examples/.
PROGRAMS_HAVE_FEWER_LINES_THAN = 80
# Compiled for CUDA here; tests/cuda/extending_test.cu runs the others beside the host.
ON_CUDA = ("training_run.cpp",)


def snippets(page):
    """(file or None, lines) of each C++ block."""
    text = page.read_text()
    for match in re.finditer(r"(?:<!-- (\S+) -->\n)?```cpp\n(.*?)^```$", text, re.MULTILINE | re.DOTALL):
        yield match.group(1), match.group(2).splitlines()


def contains(lines, part):
    lines, part = [each.strip() for each in lines], [each.strip() for each in part]
    return any(lines[i:i + len(part)] == part for i in range(len(lines) - len(part) + 1))


def check_pages():
    """Returns the number of blocks, and what is wrong."""
    failures = []
    checked = 0
    readme = ROOT / "README.md"
    for page in [*sorted((ROOT / "docs").glob("*.md")), readme]:
        for file, part in snippets(page):
            checked += 1
            if file is None and page == readme:
                continue  # its program is compiled by tests/compile/check_readme.py
            if file is None:
                failures.append(f"{page.name}: a block does not say which file it is from: {part[0]}")
            elif not contains((ROOT / file).read_text().splitlines(), part):
                failures.append(f"{page.name}: a block is not as in {file}: {part[0]}")
    return checked, failures if checked else ["the pages have no code"]


def check_lengths():
    examples = ROOT / "examples"
    limits = {path: PROGRAMS_HAVE_FEWER_LINES_THAN for path in examples.glob("*.c*")}
    limits |= {examples / name: FEWER_LINES_THAN for name in SHORT}
    lengths = {path: len(path.read_text().splitlines()) for path in limits}
    return [f"{path.relative_to(ROOT)} has {lengths[path]} lines, expected fewer than {limit}"
            for path, limit in limits.items() if lengths[path] >= limit]


def program_of_readme():
    """The README's program as a part of another; the memory that it asserts is the host's."""
    lines = next(part for _, part in snippets(ROOT / "README.md"))
    kept = [each for each in lines if not each.startswith(("#include", "static_assert"))]
    return "\n".join(["namespace readme {", *kept, "}", ""]).replace("int main()", "void program()")


def check_short_blocks(compiler, flags):
    own = ["-fsyntax-only", "-fopenmp", "-Wall", "-Wextra", "-Werror", "-x", "c++", "-"]
    text = f'#include "{ROOT / SHORT_BLOCKS}"\n'
    if pathlib.Path(compiler).name == "nvcc":
        own = ["-ptx", "-arch=sm_80", "-Werror", "all-warnings", "-x", "cu", "-", "-o", "/dev/null"]
        text = f'#include "{ROOT}/examples/extending/noise.hpp"\n' + text + program_of_readme() + "".join(
            f'namespace example_{i} {{\n#include "{ROOT}/examples/{name}"\n}}\n' for i, name in enumerate(ON_CUDA))
    command = [compiler, "-std=c++20", f"-I{ROOT}/include", f"-I{ROOT}", *flags, *own]
    result = subprocess.run(command, input=text, capture_output=True,
                            text=True, check=False)
    return [] if result.returncode == 0 else [f"{compiler} does not compile the blocks:\n{result.stdout}{result.stderr}"]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("compiler")
    parser.add_argument("flags", nargs="*")
    options = parser.parse_args()
    checked, failures = check_pages()
    failures += check_lengths() + check_short_blocks(options.compiler, options.flags)
    print("\n".join(failures))
    print(f"{checked} blocks checked, {len(failures)} failures")
    return 1 if failures else 0


if __name__ == "__main__":
    raise SystemExit(main())
