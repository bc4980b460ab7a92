# SPDX-License-Identifier: MIT
"""Builds a libFuzzer target with clang++ and runs it on the committed corpus, for some seconds or on a number of
inputs; finds are an error. A long run of all targets, from the repository's root:

    for target in tests/fuzz/*_fuzz.cpp; do
      python3 tests/fuzz/run_fuzz.py --runs 1000000 $target -- -Iinclude -I. -lz -lutf8proc -ljpeg -lpng || break
    done
"""
import argparse
import pathlib
import shutil
import subprocess
import sys
import tempfile

SKIPPED = 77


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("target", type=pathlib.Path, help="tests/fuzz/NAME_fuzz.cpp")
    length = parser.add_mutually_exclusive_group()
    length.add_argument("--seconds", type=int, default=10)
    length.add_argument("--runs", type=int, help="inputs to try, however long it takes")
    parser.add_argument("flags", nargs="*")
    options = parser.parse_args()
    compiler = shutil.which("clang++")
    if compiler is None:
        print("skipped: clang++ is not installed")
        sys.exit(SKIPPED)
    with tempfile.TemporaryDirectory() as folder:
        work = pathlib.Path(folder)
        probe = subprocess.run([compiler, "-fsanitize=fuzzer,address", "-x", "c++", "-", "-o", work / "probe"],
                               input='extern "C" int LLVMFuzzerTestOneInput(char const*, unsigned long) { return 0; }',
                               capture_output=True, text=True, check=False)
        if probe.returncode != 0:
            print(f"skipped: this clang++ has no libFuzzer (Debian: libclang-rt-dev)\n{probe.stderr}")
            sys.exit(SKIPPED)
        binary = work / "fuzz"
        # Casts that overflow belong to no group of checks, and are what wrong numbers in files lead to.
        # A run of seconds would spend more of them on the compiler's optimisation than it gains.
        subprocess.run([compiler, "-std=c++20", "-gline-tables-only", "-O1" if options.runs else "-O0", "-fopenmp-simd",
                        "-fsanitize=fuzzer,address,undefined,float-cast-overflow",
                        "-fno-sanitize-recover=undefined,float-cast-overflow",
                        options.target, "-o", binary, *options.flags], check=True)
        # What the run finds on its way goes to a folder that is thrown away; the committed corpus is only read.
        found = work / "found"
        found.mkdir()
        seeds = options.target.parent / "corpus" / options.target.stem.removesuffix("_fuzz")
        length = f"-runs={options.runs}" if options.runs else f"-max_total_time={options.seconds}"
        run = subprocess.run([binary, length, "-max_len=4096", "-rss_limit_mb=2048", "-timeout=10", "-verbosity=1",
                              f"-artifact_prefix={folder}/", found, seeds], capture_output=True, text=True, check=False)
        print("\n".join(run.stderr.splitlines()[-40:]))
        for crash in work.glob("*-*"):
            if crash.is_file():
                print(f"{crash.name}: {crash.read_bytes().hex()}")
        sys.exit(run.returncode)


if __name__ == "__main__":
    main()
