# SPDX-License-Identifier: MIT
"""The reference: what Doxygen finds in the headers, a page for each folder. Pages of docs/reference have a title and a sentence;
what a folder's headers hold is put behind it: of each header the comment that it begins with, then its public names.

Written from Doxygen's XML and not by breathe, because Sphinx's own parser of C++ rejects a hundred of the declarations (constraints
and lambdas in template parameters, for example)."""
import collections
import pathlib
import re
import shutil
import subprocess
import xml.etree.ElementTree as tree

HEADERS = (".hpp", ".cuh", ".h")
WORDS = {"param": "Parameters", "templateparam": "Template parameters", "exception": "Throws", "retval": "Returns"}


def read_headers(root, output):
    """Lets Doxygen read all headers, and returns its XML. Raises RuntimeError for whatever it warns of."""
    if shutil.which("doxygen") is None:
        raise RuntimeError("the reference needs doxygen; install it, e.g. apt install doxygen")
    output.mkdir(parents=True, exist_ok=True)
    settings = (root / "docs/site/Doxyfile").read_text(encoding="utf-8") + f"OUTPUT_DIRECTORY = {output}\n"
    done = subprocess.run(["doxygen", "-"], input=settings, cwd=root, capture_output=True, text=True, check=False)
    if done.returncode != 0 or done.stderr:
        raise RuntimeError(f"doxygen found fault with comments:\n{done.stderr}")
    return output / "xml"


def opening_words(header):
    """The comment that a header begins with, as Markdown."""
    lines = []
    for line in header.read_text(encoding="utf-8").splitlines()[1:]:
        if not line.strip().startswith(("//", "/*", "*")):
            break
        lines.append(re.sub(r"^\s*(//|/\*|\*)? ?|\s*\*/$", "", line))
    parts = re.split(r"\n\s*\n", "\n".join(lines).strip())
    return "\n\n".join(f"```cpp\n{part}\n```" if part.startswith("    ") else escaped(part) for part in parts)


def escaped(text):
    """Text outside code, without what Markdown would read as markup."""
    pieces = re.split(r"(`[^`]*`)", text)
    return "".join(each if each.startswith("`") else re.sub(r"([\\<>*_|$\[\]#])", r"\\\1", each) for each in pieces)


def words(node):
    """A description of Doxygen's as Markdown."""
    if node is None:
        return ""
    text = escaped(node.text or "")
    for each in node:
        if each.tag == "computeroutput":
            text += "`" + "".join(each.itertext()) + "`"
        elif each.tag in ("programlisting", "verbatim"):
            lines = [line_of(line) for line in each.iter("codeline")]
            text += "\n\n```cpp\n" + ("\n".join(lines) or "".join(each.itertext()).strip("\n")) + "\n```\n\n"
        elif each.tag in ("itemizedlist", "orderedlist"):
            text += "\n\n" + "\n".join("- " + words(item).strip().replace("\n", "\n  ") for item in each) + "\n\n"
        elif each.tag == "parameterlist":
            text += f"\n\n{WORDS.get(each.get('kind'), 'Values')}:\n\n" + "\n".join(item_of(item) for item in each) + "\n\n"
        elif each.tag == "simplesect":
            kind = {"return": "Returns: ", "see": "See: "}.get(each.get("kind"), "")
            text += f"\n\n{kind}{words(each).strip()}\n\n"
        elif each.tag == "para":
            text += "\n\n" + words(each).strip() + "\n\n"
        elif each.tag == "linebreak":
            text += "\n"
        else:
            text += words(each)
        text += escaped(each.tail or "")
    return text


def line_of(codeline):
    """A line of code, whose spaces are elements."""
    return "".join(" " * (part.tag == "sp") + (part.text or "") + (part.tail or "") if part is not codeline else part.text or ""
                   for part in codeline.iter())


def item_of(item):
    names = ", ".join(f"`{''.join(name.itertext())}`" for name in item.iter("parametername"))
    return f"- {names}: " + " ".join(words(item.find("parameterdescription")).split())


def template_of(node):
    """`template <...>` of a declaration, or nothing."""
    found = node.find("templateparamlist")
    if found is None:
        return ""
    given = []
    for each in found:
        kind, name, default = ("".join(part.itertext()) if part is not None else "" for part in
                               (each.find("type"), each.find("declname"), each.find("defval")))
        given.append(f"{kind} {name}".strip() + (f" = {default}" if default else ""))
    return f"template <{', '.join(given)}>\n"


def plain(node):
    """The text of an element, spaces as in code."""
    text = " ".join("".join(node.itertext()).split()) if node is not None else ""
    return re.sub(r" ?([*&]+) ?(?=[\w.(]|$)", r"\1 ", re.sub(r"\bslimfit::", "", text)).strip()


def declaration(member):
    """A member as it is declared, without its body."""
    kind, name, given = member.get("kind"), member.findtext("name"), plain(member.find("argsstring"))
    kept = plain(member.find("type"))
    if kind == "enum":
        head = f"enum {'class ' * (member.get('strong') == 'yes')}{'' if '@' in name else name + ' '}"
        return head + "{ " + ", ".join(each.findtext("name") for each in member.iter("enumvalue")) + " }"
    if kind == "define":
        names = [each.findtext("defname") or "" for each in member.findall("param")]
        return f"#define {name}" + (f"({', '.join(names)})" if names else "")
    if kind == "typedef":
        return f"{template_of(member)}using {name} = {kept}"
    initial = plain(member.find("initializer"))
    if kind == "variable" and 0 < len(initial) <= 80:
        given += f" {initial}" if initial.startswith(("=", "{")) else f" = {initial}"
    return template_of(member) + f"{kept} {name}{given}".strip()


def description(node):
    parts = [words(node.find("briefdescription")), words(node.find("detaileddescription")), words(node.find("inbodydescription"))]
    return re.sub(r"\n{3,}", "\n\n", "\n\n".join(part.strip() for part in parts if part.strip()))


def member_text(member, level):
    """A public name: its declaration and what is said of it."""
    values = [f"- `{each.findtext('name')}`: {' '.join(description(each).split())}" for each in member.iter("enumvalue")
              if description(each)]
    title = "#" * level + f" `{member.findtext('name')}`\n\n" if level else ""
    return "\n\n".join(part for part in (f"{title}```cpp\n{declaration(member)}\n```", description(member), "\n".join(values)) if part)


def class_text(compound):
    """A class: what is said of it and its public members."""
    name = compound.findtext("compoundname").removeprefix("slimfit::")
    kind = compound.get("kind")
    head = plain(compound.find("initializer")) if kind == "concept" else f"{template_of(compound)}{kind} {name}"
    parts = [f"### `{name}`", f"```cpp\n{head}\n```", description(compound)]
    for section in compound.findall("sectiondef"):
        parts += [member_text(member, 0) for member in section.findall("memberdef") if member.get("prot") == "public"
                  and member.get("kind") != "friend"]
    return "\n\n".join(part for part in parts if part)


def collect(xml):
    """By header, its public names in their order: (line, text)."""
    found = collections.defaultdict(list)
    for path in sorted(xml.glob("*.xml")):
        if path.name == "index.xml" or path.name.startswith("dir_"):
            continue
        for compound in tree.parse(path).getroot().iter("compounddef"):
            kind, place = compound.get("kind"), compound.find("location")
            if kind in ("class", "struct", "union", "concept"):
                if compound.get("prot") in (None, "public") and "::detail" not in compound.findtext("compoundname"):
                    found[place.get("file")].append((int(place.get("line")), class_text(compound)))
            elif kind in ("namespace", "file"):
                for member in compound.iter("memberdef"):
                    where = member.find("location")
                    if kind == "namespace" or member.get("kind") == "define":
                        found[where.get("file")].append((int(where.get("line")), member_text(member, 3)))
    return {header: [text for _, text in sorted(set(parts))] for header, parts in found.items()}


def without_words(xml):
    """Public functions of namespaces that nothing is said of, nor of a namesake: "header: name"."""
    said = collections.defaultdict(bool)
    for path in xml.glob("namespace*.xml"):
        for member in tree.parse(path).getroot().iter("memberdef"):
            if member.get("kind") == "function":
                said[f"{member.find('location').get('file')}: {member.findtext('name')}"] |= bool(description(member))
    return sorted(name for name, is_said in said.items() if not is_said)


def contents(root, folder, names):
    """What stands behind the words of a folder's page. names: what `collect` returned."""
    parts = []
    headers = (path for path in (root / "include/slimfit" / folder).rglob("*") if path.suffix in HEADERS)
    for header in sorted(headers):
        name = header.relative_to(root / "include").as_posix()
        if header.suffix == ".h":  # C, with comments of C
            parts += [f"## `{name}`", f"```c\n{header.read_text(encoding='utf-8')}\n```"]
        else:
            parts += [f"## `{name}`", opening_words(header), *names.get(name, [])]
    return "\n\n" + "\n\n".join(parts) + "\n"


def missing_pages(root):
    """Folders that no page is for."""
    return [folder.name for folder in sorted((root / "include/slimfit").iterdir())
            if folder.is_dir() and not (root / f"docs/reference/{folder.name}.md").exists()]
