"""What the add-on has put into Blender: its classes, their properties and every text of theirs."""

import ast
import inspect
import sys
from collections.abc import Iterator
from pathlib import Path

import bpy

from tests.blender.conftest import MODULE

KINDS = (
    bpy.types.Operator, bpy.types.Panel, bpy.types.Menu, bpy.types.PropertyGroup,
    bpy.types.AddonPreferences, bpy.types.UIList, bpy.types.FileHandler,
)  # fmt: skip


def classes(*kinds) -> list[type]:
    """Return the registered classes of ours."""
    found = [cls for kind in kinds or KINDS for cls in descendants(kind)]
    return [cls for cls in found if cls.__module__.startswith(MODULE) and cls.is_registered]


def descendants(kind) -> Iterator[type]:
    for cls in kind.__subclasses__():
        yield cls
        yield from descendants(cls)


def properties(cls) -> list[bpy.types.Property]:
    """Return the properties that our own code gives a class, not those of Blender's helpers."""
    rna = cls.bl_rna
    if issubclass(cls, bpy.types.Operator):
        category, name = cls.bl_idname.split(".")
        rna = getattr(getattr(bpy.ops, category), name).get_rna_type()
    ours = [base for base in cls.__mro__ if base.__module__.startswith(MODULE)]
    named = {
        name
        for base in ours
        for name, kind in inspect.get_annotations(base).items()
        if isinstance(kind, bpy.props._PropertyDeferred)
    }
    return [rna.properties[name] for name in rna.properties.keys() if name in named]


def registered_texts() -> dict[str, str]:
    """Return every label and description that Blender shows of ours, with where it comes from."""
    found = {}
    for cls in classes():
        for attribute in ("bl_label", "bl_description", "bl_category"):
            found[getattr(cls, attribute, "")] = f"{cls.__name__}.{attribute}"
        for prop in properties(cls):
            if prop.is_hidden:
                continue
            where = f"{cls.__name__}.{prop.identifier}"
            found[prop.name] = found[prop.description] = where
            for item in getattr(prop, "enum_items", ()):
                found[item.name] = found[item.description] = f"{where}, {item.identifier}"
    return {text: where for text, where in found.items() if text}


def sources() -> dict[str, ast.Module]:
    """Return the installed add-on's modules but those of the wire, by file name."""
    folder = Path(sys.modules[MODULE].__file__).parent
    return {path.name: ast.parse(path.read_text()) for path in sorted(folder.glob("*.py"))}


def written_texts() -> dict[str, str]:
    """Return every text in the code that an artist may read, with where; ``{}`` for each value.

    These are the texts that read like one: a capital, then at least two words. Of shorter ones,
    what a layout or a report is given.
    """
    found = {}
    for name, tree in sources().items():
        if name.startswith(("german", "translations")):
            continue
        ignored = docstrings(tree) | subscripts(tree)
        shown = {id(part) for node in ast.walk(tree) for part in shown_parts(node)}
        inside = {id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr)
                  for part in node.values}  # fmt: skip
        for node in ast.walk(tree):
            text = template(node)
            if text is None or id(node) in ignored or id(node) in inside:
                continue
            sentence = (text[:1].isupper() or text.startswith("{} ")) and " " in text
            if sentence or id(node) in shown:
                found[text.strip()] = f"{name}:{node.lineno}"
    return {text: where for text, where in found.items() if any(map(str.isalpha, text))}


def template(node: ast.AST) -> str | None:
    """Return a string, or an f-string with ``{}`` for its values."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        parts = (getattr(part, "value", "") if isinstance(part, ast.Constant) else "{}"
                 for part in node.values)  # fmt: skip
        return "".join(parts)
    return None


SHOWN_KEYWORDS = {"text", "heading", "placeholder"}


def shown_parts(node: ast.AST) -> list[ast.AST]:
    """Return the strings in a call that a layout shows."""
    if not isinstance(node, ast.Call):
        return []
    values = [keyword.value for keyword in node.keywords if keyword.arg in SHOWN_KEYWORDS]
    if getattr(node.func, "id", getattr(node.func, "attr", "")) in {"translated", "report"}:
        values += node.args
    return [part for value in values for part in alternatives(value)]


def alternatives(value: ast.AST) -> list[ast.AST]:
    if isinstance(value, ast.IfExp):
        return [value.body, value.orelse]
    return [value]


def docstrings(tree: ast.Module) -> set[int]:
    """Return the strings that stand alone as statements."""
    statements = (node for node in ast.walk(tree) if isinstance(node, ast.Expr))
    return {id(node.value) for node in statements}


def subscripts(tree: ast.Module) -> set[int]:
    """Return the strings that look something up, such as a socket of a node."""
    return {id(node.slice) for node in ast.walk(tree) if isinstance(node, ast.Subscript)}
