# SPDX-License-Identifier: MIT
"""Packages are built from the sources without network, and a consumer is compiled and run with each: check_packages.py
debian|conan|vcpkg COMPILER. Where the tool is not installed the test says so and is skipped. vcpkg itself is not needed: its
functions are stood in for, by what its documentation says of them."""
import argparse
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
SKIPPED = 77
SOURCES = ("CMakeLists.txt", "LICENSE", "include", "cmake")


def run(*command, **options):
    result = subprocess.run([str(each) for each in command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                            check=False, **options)
    if result.returncode != 0:
        sys.exit(f"failed: {' '.join(str(each) for each in command)}\n{result.stdout}")
    return result.stdout


def require(condition, words):
    if not condition:
        sys.exit(f"expected {words}")


def need(*tools):
    for tool in tools:
        if shutil.which(tool) is None:
            print(f"skipped: {tool} is not installed")
            sys.exit(SKIPPED)


def version():
    return re.search(r'version = "([^"]+)"', (ROOT / "include/slimfit/core/config.hpp").read_text()).group(1)


def copy_sources(tree, *more):
    """The sources elsewhere: some tools write beside what they read."""
    for name in (*SOURCES, *more):
        target = tree / name
        target.parent.mkdir(parents=True, exist_ok=True)
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
        copy(ROOT / name, target)


def build_consumer(prefix, work, compiler):
    """The program that finds the package under `prefix`, and nothing else, runs."""
    run("cmake", "-S", ROOT / "packaging/conan/test_package", "-B", work / "consumer", f"-DCMAKE_PREFIX_PATH={prefix}",
        f"-DCMAKE_CXX_COMPILER={compiler}")
    run("cmake", "--build", work / "consumer")
    require("loss" in run(work / "consumer/consumer"), "the consumer to print losses")


def debian(work, compiler):
    need("dpkg-buildpackage", "dh", "cmake")
    tree = work / f"slimfit-{version()}"
    copy_sources(tree)
    shutil.copytree(ROOT / "packaging/debian", tree / "debian")
    require(f"slimfit ({version()})" in (tree / "debian/changelog").read_text().splitlines()[0],
            f"version {version()} in packaging/debian/changelog")
    # Dependencies of the build may be installed by other means than packages.
    run("dpkg-buildpackage", "-us", "-uc", "-b", "-d", cwd=tree)
    package = work / f"libslimfit-dev_{version()}_all.deb"
    require(package.is_file(), f"{package.name}")
    run("dpkg-deb", "-x", package, work / "root")
    files = [path.relative_to(work / "root").as_posix() for path in (work / "root").rglob("*") if path.is_file()]
    for path in files:
        require(path.startswith(("usr/include/slimfit/", "usr/share/")), f"nothing that depends on the architecture: {path}")
        if not path.endswith(".gz"):
            require(str(work) not in (work / "root" / path).read_text(), f"no folder of the build in {path}")
    build_consumer(work / "root/usr", work, compiler)


def conan(work, compiler):
    need("conan", "cmake")
    c_compiler = compiler.removesuffix("g++") + "gcc" if compiler.endswith("/g++") or compiler == "g++" else compiler.removesuffix("++")
    environment = {**os.environ, "CONAN_HOME": str(work / "home"), "CXX": compiler, "CC": c_compiler}
    run("conan", "profile", "detect", env=environment)
    copy_sources(work / "tree", "packaging/conan")
    made = run("conan", "create", work / "tree/packaging/conan", "--no-remote", "-s", "compiler.cppstd=20", env=environment)
    require(f"slimfit {version()}: loss" in made, f"the test package to run\n{made}")


def vcpkg(work, compiler):
    need("cmake")
    port = ROOT / "packaging/vcpkg/slimfit"
    manifest = json.loads((port / "vcpkg.json").read_text())
    require(manifest["version"] == version(), f"version {version()} in vcpkg.json")
    require(re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", manifest["name"]) and manifest["license"] == "MIT", "a name and a licence")
    run("cmake", f"-DPORT_FOLDER={port}", f"-DWORK={work}", f"-DCOMPILER={compiler}", "-P",
        ROOT / "tests/packaging/vcpkg_harness.cmake")
    packages = work / "packages"
    for name in ("share/slimfit/slimfit-config.cmake", "share/slimfit/copyright", "share/slimfit/usage",
                 "include/slimfit/slimfit.hpp"):
        require((packages / name).is_file(), name)
    for name in ("debug", "bin", "lib"):
        require(not (packages / name).exists(), f"no folder {name}")
    build_consumer(packages, work, compiler)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("kind", choices=("debian", "conan", "vcpkg"))
    parser.add_argument("compiler")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="slimfit.") as work:
        {"debian": debian, "conan": conan, "vcpkg": vcpkg}[options.kind](pathlib.Path(work), options.compiler)
    print(f"the package for {options.kind} works")


if __name__ == "__main__":
    main()
