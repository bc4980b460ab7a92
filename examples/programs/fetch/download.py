# SPDX-License-Identifier: MIT
"""Gets one file of a package index with pip, once, and writes files whole or not at all: what the scripts beside it share."""
import argparse
import hashlib
import os
import pathlib
import subprocess
import sys

CACHE = pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache") / "slimfit-data"


def package(name, version, filename, sha256, cache):
    """Path of a package's file in the folder `cache`. pip, as it is configured, downloads it if it is not there."""
    path = pathlib.Path(cache) / filename
    if not path.is_file():
        path.parent.mkdir(parents=True, exist_ok=True)
        form = "--only-binary" if filename.endswith(".whl") else "--no-binary"
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps", form, name,
                   "--dest", str(path.parent), f"{name}=={version}"]
        print(f"downloading {filename} to {path.parent}", flush=True)
        if subprocess.run(command, check=False).returncode != 0 or not path.is_file():
            sys.exit(f"{path} is missing, expected pip to download it; the command was: {' '.join(command)}")
    found = hashlib.sha256(path.read_bytes()).hexdigest()
    if found != sha256:
        sys.exit(f"{path} has SHA-256 {found}, expected {sha256}; remove the file and try again")
    return path


def write(path, content):
    """Writes bytes or text under a temporary name first, so that an interruption leaves no half file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(path.name + ".tmp")
    part.write_bytes(content if isinstance(content, bytes) else content.encode())
    part.replace(path)


def are_there(folder, names):
    """Whether a folder has all files. Says so, as there is nothing to do then."""
    complete = all((folder / name).is_file() for name in names)
    if complete:
        print(f"{folder} is there")
    return complete


def parser(description):
    """A command line with the folder to write."""
    made = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    made.add_argument("folder", type=pathlib.Path, help="folder to write; where it is complete, it is left alone")
    return made


def add_cache(made):
    made.add_argument("--cache", type=pathlib.Path, default=CACHE, help="folder of downloads (%(default)s)")
