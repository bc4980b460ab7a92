# SPDX-License-Identifier: MIT
"""Compiles libraries with a C interface by the user's own compiler and keeps them in a folder.

A library's name is a hash of what it depends on: its text, the headers, the compiler, its options and the processor. So
whoever changes any of them gets another library, and nobody gets a stale one.
"""
import functools
import hashlib
import os
import pathlib
import platform
import shlex
import shutil
import subprocess
import tempfile

PACKAGE = pathlib.Path(__file__).resolve().parent
HELP = """slimfit needs a C++20 compiler to build a layer for this model, and found none: install one, e.g.
    Debian, Ubuntu:  apt install g++
    Fedora:          dnf install gcc-c++
    conda:           conda install -c conda-forge gxx
or name one in the environment: CXX=/usr/bin/g++-13"""


class CompilerError(RuntimeError):
    """There is no compiler, or it refused."""


def headers():
    """The folder that holds the folder slimfit: in the package, or in the repository that the package lies in."""
    for folder in (PACKAGE / "include", PACKAGE.parent.parent / "include"):
        if (folder / "slimfit" / "interop" / "layer.h").exists():
            return folder
    raise CompilerError(f"slimfit's headers are neither in {PACKAGE / 'include'} nor in "
                        f"{PACKAGE.parent.parent / 'include'}; install the package with pip")


def cache_folder():
    """Where libraries are kept: SLIMFIT_CACHE, or slimfit in the user's cache."""
    if named := os.environ.get("SLIMFIT_CACHE"):
        return pathlib.Path(named)
    base = os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache"
    return pathlib.Path(base) / "slimfit"


@functools.lru_cache(maxsize=None)
def find_compiler(named):
    """The command of the compiler, and what it says of its version. `named` is CXX, or None."""
    for name in [named] if named else ["c++", "g++", "clang++"]:
        command = shlex.split(name)
        if not command or shutil.which(command[0]) is None:
            continue
        told = subprocess.run([*command, "--version"], capture_output=True, text=True, check=False)
        if told.returncode == 0:
            return command, told.stdout
    raise CompilerError(f"CXX is {named}, which is no compiler here.\n{HELP}" if named else HELP)


@functools.lru_cache(maxsize=None)
def hash_of_headers(folder):
    """Of all files below `folder`/slimfit, names and contents."""
    digest = hashlib.sha256()
    for path in sorted((folder / "slimfit").rglob("*")):
        if path.is_file():
            digest.update(path.relative_to(folder).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()


@functools.lru_cache(maxsize=None)
def processor():
    """What -march=native depends on."""
    try:
        lines = pathlib.Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.machine() + platform.processor()
    facts = {line.split(":")[0].strip(): line for line in reversed(lines) if ":" in line}
    return "\n".join(facts.get(name, "") for name in ("model name", "flags", "Features", "CPU part"))


def options(version):
    """Of a compiler that says this of its version."""
    native = "-mcpu=native" if platform.machine() in ("aarch64", "arm64") else "-march=native"
    flags = ["-std=c++20", "-O3", native, "-fPIC", "-shared", "-fvisibility=hidden", "-fno-math-errno", "-pthread",
             "-DNDEBUG", "-DSLIMFIT_WITHOUT_CBLAS"]
    if "clang" not in version:
        flags += ["-fopenmp-simd", "-DSLIMFIT_OPENMP_SIMD"]
    return flags


def build(text, name):
    """The path of the library that `text` compiles to. `name` is a word for its file. Raises CompilerError."""
    compiler, version = find_compiler(os.environ.get("CXX"))
    include = headers()
    flags = options(version)
    digest = hashlib.sha256()
    for part in (text, hash_of_headers(include), " ".join(compiler), version, " ".join(flags), processor()):
        digest.update(part.encode() + b"\0")
    folder = cache_folder()
    library = folder / f"{name}-{digest.hexdigest()[:24]}.so"
    if library.exists():
        return library
    folder.mkdir(parents=True, exist_ok=True)
    # Others may build the same: each in a folder of its own, and the last one's file replaces the others'.
    with tempfile.TemporaryDirectory(dir=folder) as own:
        source = pathlib.Path(own) / f"{name}.cpp"
        source.write_text(text)
        built = pathlib.Path(own) / "library.so"
        command = [*compiler, *flags, f"-I{include}", str(source), "-o", str(built), "-ldl"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise CompilerError(f"slimfit: {shlex.join(command)} failed:\n{first_errors(done.stderr)}")
        os.replace(built, library)
        shutil.copyfile(source, library.with_suffix(".cpp"))
    return library


def first_errors(text, most=30):
    """What a reader of a compiler's message needs first: slimfit's own sentences, then the beginning."""
    lines = text.splitlines()
    sentences = [line for line in lines if "slimfit" in line and ("static assertion" in line or "static_assert" in line)]
    return "\n".join([*dict.fromkeys(sentences), *lines[:most]])
