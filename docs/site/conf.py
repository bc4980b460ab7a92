# SPDX-License-Identifier: MIT
"""The site: README and the pages of docs/ as they are; what they need beside that to be one is put in here."""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "docs/site"))
import python_reference
import reference

project = "slimfit"
copyright = "2026, the slimfit authors"
release = re.search(r'version = "([^"]+)"', (ROOT / "include/slimfit/core/config.hpp").read_text(encoding="utf-8")).group(1)
extensions = ["myst_parser"]
root_doc = "README"
include_patterns = ["README.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md", "docs/*.md", "docs/reference/*.md", "examples/README.md",
                    "python/README.md"]
exclude_patterns = ["docs/README.md"]  # the list of pages, which the site has at its side
html_theme = "furo"
html_title = f"slimfit {release}"
myst_heading_anchors = 4
# Headings of pages may skip a level.
suppress_warnings = ["myst.header"]

SECTIONS = {
    "To begin with": ["docs/training", "docs/glossary", "docs/method", "docs/recipes", "examples/README"],
    "Of your own": ["docs/writing_a_policy", "docs/writing_a_layer", "docs/own_benchmarks"],
    "Memory": ["docs/memory", "docs/memory_tables", "docs/seeing", "docs/optimizer"],
    "Models and data": ["docs/pretrained", "docs/pretrained_examples", "docs/data", "docs/results"],
    "PyTorch": ["docs/pytorch", "docs/pytorch_examples", "python/README"],
    "CUDA and performance": ["docs/cuda", "docs/attention", "docs/kernels", "docs/device", "docs/benchmarks", "docs/scaling"],
    "Reference": [f"docs/reference/{name}" for name in (
        "policy", "freezing", "train", "plan", "models", "huggingface", "layers", "pass", "stash", "format", "optim", "backend",
        "rows", "kernels", "memory", "io", "core", "interop", "communication", "mpi", "nccl", "benchmark", "slimfit_torch")],
    "The project": ["docs/building", "docs/architecture", "CONTRIBUTING", "CHANGELOG", "SECURITY"],
}


def toctrees():
    """One list of pages for each section; a page that is in none follows at the end, so that none is lost."""
    listed = {name for names in SECTIONS.values() for name in names}
    others = sorted(path.relative_to(ROOT).with_suffix("").as_posix() for path in (ROOT / "docs").glob("*.md"))
    sections = {**SECTIONS, "More": [name for name in others if name not in listed and name != "docs/README"]}
    text = ""
    for caption, names in sections.items():
        there = [name for name in names if (ROOT / f"{name}.md").is_file()]
        if there:
            text += f"\n\n```{{toctree}}\n:hidden:\n:caption: {caption}\n\n" + "\n".join(there) + "\n```\n"
    return text


def adapt(app, name, source):
    text = source[0]
    folder = (ROOT / name).parent

    def link(match):
        """Folders, and the list of pages, are no pages: links to them become their names, or lead to the first page."""
        words, target = match.group(1), match.group(2).split("#")[0]
        place = (folder / target).resolve()
        if place == ROOT / "docs/README.md" or place.is_dir():
            return words
        return match.group(0)

    text = re.sub(r"(?<!!)\[([^\]\n]*)\]\(((?!https?:|#)[^)\s]+)\)", link, text)
    if folder == ROOT / "docs/reference":
        own = pathlib.Path(name).name
        text += (python_reference.contents(ROOT / "python/slimfit_torch") if own == "slimfit_torch"
                 else reference.contents(ROOT, own, app.slimfit_names))
    source[0] = text + (toctrees() if name == root_doc else "")


def read_headers(app):
    """What the pages of the reference are written from."""
    xml = reference.read_headers(ROOT, pathlib.Path(app.doctreedir) / "doxygen")
    app.slimfit_names = reference.collect(xml)
    if silent := reference.without_words(xml):
        raise RuntimeError("public functions without a comment:\n" + "\n".join(silent))
    if missing := reference.missing_pages(ROOT):
        raise RuntimeError(f"docs/reference has no page for {', '.join(missing)}")


def setup(app):
    app.connect("builder-inited", read_headers)
    app.connect("source-read", adapt)
