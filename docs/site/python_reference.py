# SPDX-License-Identifier: MIT
"""The reference of slimfit_torch: its public names with their signatures and docstrings, read without running it."""
import ast
import textwrap


def public_names(package):
    """What the package's __all__ names."""
    for node in ast.parse((package / "__init__.py").read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Assign) and node.targets[0].id == "__all__":
            return [each.value for each in node.value.elts]
    raise RuntimeError(f"{package}/__init__.py has no __all__")


def definitions(package):
    """By name, functions and classes of all modules."""
    found = {}
    for path in sorted(package.glob("*.py")):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
                found[node.name] = node
    return found


def signature(node):
    """A definition's first line."""
    if isinstance(node, ast.FunctionDef):
        return f"def {node.name}({ast.unparse(node.args)})"
    bases = ", ".join(ast.unparse(each) for each in node.bases)
    return f"class {node.name}" + (f"({bases})" if bases else "")


def words(node):
    """A docstring as Markdown: what is indented in it is code, or goes on a line."""
    text = ast.get_docstring(node) or ""
    parts = []
    for part in text.split("\n\n"):
        if part.startswith("    "):
            parts.append(f"```python\n{textwrap.dedent(part)}\n```")
        else:
            parts.append("\n".join(f"- {line}" if not line.startswith(" ") and is_list(part) else line
                                   for line in part.replace("<", "\\<").replace("*", "\\*").split("\n")))
    return "\n\n".join(parts)


def is_list(part):
    """Whether a paragraph lists arguments, whose lines go on indented."""
    return any(line.startswith("    ") for line in part.split("\n"))


def contents(package):
    """What stands behind the words of the page. Raises RuntimeError for names without a docstring."""
    defined = definitions(package)
    parts = []
    for name in public_names(package):
        node = defined[name]
        if not ast.get_docstring(node):
            raise RuntimeError(f"slimfit_torch.{name} has no docstring")
        parts += [f"## `{name}`", f"```python\n{signature(node)}\n```", words(node)]
        for each in node.body if isinstance(node, ast.ClassDef) else ():
            if isinstance(each, ast.FunctionDef) and (not each.name.startswith("_") or each.name == "__init__"):
                parts += [f"```python\n{signature(each)}\n```", words(each)]
    return "\n\n" + "\n\n".join(part for part in parts if part) + "\n"
