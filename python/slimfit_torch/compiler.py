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
import re
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
CUDA_HELP = """slimfit needs nvcc, of CUDA 12.4 or later, to build a layer for a model on CUDA, and found none: install it, e.g.
    Debian, Ubuntu:  apt install cuda-nvcc-13-0 libcublas-dev-13-0 cuda-cudart-dev-13-0   (NVIDIA's repository)
    conda:           conda install -c nvidia cuda-nvcc libcublas-dev cuda-cudart-dev
or name it in the environment: NVCC=/usr/local/cuda/bin/nvcc, or the folder: CUDA_HOME=/usr/local/cuda"""


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


@functools.lru_cache(maxsize=None)
def find_nvcc(named, home):
    """The command of nvcc, and what it says of its version. `named` is NVCC, `home` CUDA_HOME, or None."""
    places = [home and os.path.join(home, "bin", "nvcc"), "nvcc", "/usr/local/cuda/bin/nvcc"]
    for name in [named] if named else [place for place in places if place]:
        command = shlex.split(name)
        if not command or shutil.which(command[0]) is None:
            continue
        told = subprocess.run([*command, "--version"], capture_output=True, text=True, check=False)
        if told.returncode == 0:
            return [shutil.which(command[0]), *command[1:]], told.stdout
    raise CompilerError(f"NVCC is {named}, which is no nvcc here.\n{CUDA_HELP}" if named else CUDA_HELP)


@functools.lru_cache(maxsize=None)
def known_architectures(nvcc):
    """Numbers of the architectures that this nvcc (a tuple, its command) compiles for, e.g. 80 and 90."""
    told = subprocess.run([*nvcc, "--list-gpu-arch"], capture_output=True, text=True, check=False).stdout
    return sorted(int(name) for name in re.findall(r"^compute_(\d+)$", told, re.MULTILINE))


def target(capability, known):
    """nvcc's option for a device of this capability, e.g. (9, 0), where nvcc knows these numbers of architectures: machine
    code for it, or, of a newer device, code that its driver compiles. None: code that the driver of any device compiles
    that slimfit runs on. Raises CompilerError."""
    number = 80 if capability is None else 10 * capability[0] + capability[1]
    older = [each for each in known if each <= number]
    if number < 80 or not older:
        raise CompilerError(f"slimfit: a CUDA device of capability {number / 10} with an nvcc that knows {known}, expected "
                            f"8.0 or more, and an nvcc that knows it or an older one")
    virtual = f"compute_{older[-1]}"
    code = f"[sm_{number},{virtual}]" if capability is not None and older[-1] == number else virtual
    return f"-gencode=arch={virtual},code={code}"


def cuda_options(nvcc, capability):
    """nvcc's options. The program's CUDA runtime and cuBLASLt are used where it has them, else the toolkit's."""
    libraries = pathlib.Path(nvcc[0]).resolve().parent.parent / "lib64"
    return ["-std=c++20", "-O3", target(capability, known_architectures(tuple(nvcc))), "-cudart", "shared", "-shared",
            "-Xcompiler=-fPIC,-fvisibility=hidden,-pthread", "-diag-suppress=445", "-DNDEBUG", "-DSLIMFIT_WITHOUT_CBLAS",
            f"-Xlinker=-rpath={libraries}", "-lcublasLt"]


def build(text, name, device="host", capability=None):
    """The path of the library that `text` compiles to. `name` is a word for its file. device: "host", or "cuda", of this
    capability, e.g. (9, 0); None: of any that slimfit runs on. Raises CompilerError."""
    compiler, version = find_compiler(os.environ.get("CXX"))
    include = headers()
    if device == "cuda":
        host = compiler
        compiler, of_nvcc = find_nvcc(os.environ.get("NVCC"), os.environ.get("CUDA_HOME"))
        flags = [*cuda_options(compiler, capability), f"-ccbin={shutil.which(host[0])}"]
        depends = of_nvcc + version
    else:
        flags = options(version)
        depends = version + processor()
    digest = hashlib.sha256()
    for part in (text, hash_of_headers(include), " ".join(compiler), " ".join(flags), depends):
        digest.update(part.encode() + b"\0")
    folder = cache_folder()
    library = folder / f"{name}-{digest.hexdigest()[:24]}.so"
    if library.exists():
        return library
    folder.mkdir(parents=True, exist_ok=True)
    # Others may build the same: each in a folder of its own, and the last one's file replaces the others'.
    with tempfile.TemporaryDirectory(dir=folder) as own:
        source = pathlib.Path(own) / f"{name}.{'cu' if device == 'cuda' else 'cpp'}"
        source.write_text(text)
        built = pathlib.Path(own) / "library.so"
        command = [*compiler, *flags, f"-I{include}", str(source), "-o", str(built), "-ldl"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise CompilerError(f"slimfit: {shlex.join(command)} failed:\n{first_errors(done.stderr)}")
        os.replace(built, library)
        shutil.copyfile(source, library.with_suffix(source.suffix))
    return library


def first_errors(text, most=30):
    """What a reader of a compiler's message needs first: slimfit's own sentences, then the beginning."""
    lines = text.splitlines()
    sentences = [line for line in lines if "slimfit" in line and ("static assertion" in line or "static_assert" in line)]
    return "\n".join([*dict.fromkeys(sentences), *lines[:most]])
