"""What a setup.py says of its requirements in so many words, read from its syntax tree and never run.

Only what cannot come out otherwise counts: one call of `setup`, every argument of it named, the requirements written as a list of
texts - in the call, or in a variable that nothing else touches.
"""

from __future__ import annotations

import ast
import warnings
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

# What setup() itself knows. Any other argument is a plug-in's, which may bring requirements (`pbr`).
_KEYWORDS = """
    author author_email classifiers cffi_modules cmdclass data_files description download_url eager_resources entry_points
    exclude_package_data ext_modules ext_package extras_require headers include_dirs include_package_data install_requires
    keywords libraries licence license license_file license_files long_description long_description_content_type maintainer
    maintainer_email name namespace_packages obsoletes options package_data package_dir packages platform platforms
    project_urls provides py_modules python_requires requires rust_extensions scripts setup_requires test_loader test_runner
    test_suite tests_require url use_2to3 use_scm_version version zip_safe
"""
_KNOWN = frozenset(_KEYWORDS.split())

Requirements = tuple[tuple[str, ...], dict[str, tuple[str, ...]]]


class _Computed(Exception):  # noqa: N818 - an answer: only running it would tell
    """The value is not written down."""


def literal_requirements(text: str) -> Requirements | None:
    """The requirements of a setup.py, and those of each extra (PEP 508 texts, the keys as setuptools takes them).

    Args:
        text: the file.

    Returns:
        None when only running it would tell.

    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(text)
        (call,) = (node for node in ast.walk(tree) if isinstance(node, ast.Call) and _called(node) == "setup")
        given = {word.arg: word.value for word in call.keywords}
        if call.args or not given.keys() <= _KNOWN or not _is_plain(tree):
            return None
        requires = _texts(tree, given.get("install_requires"))
        return requires, _extras(tree, given.get("extras_require"))
    except (SyntaxError, ValueError, RecursionError, MemoryError, _Computed):
        return None


def literal_identity(text: str) -> tuple[str, str]:
    """The name and the version that a setup.py writes down as plain texts; "" for what it computes.

    Args:
        text: the file.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return "", ""
    calls = (node for node in ast.walk(tree) if isinstance(node, ast.Call) and _called(node) == "setup")
    given = {word.arg: word.value for call in calls for word in call.keywords}
    name, version = (given.get(key) for key in ("name", "version"))
    return _constant(name), _constant(version)


def _constant(node: ast.expr | None) -> str:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""


def _called(call: ast.Call) -> str:
    match call.func:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
    return ""


def _is_plain(tree: ast.Module) -> bool:
    """`setup` is what was imported by that name: the file neither defines nor assigns it, nor runs other files."""
    for node in ast.walk(tree):
        match node:
            case (
                ast.FunctionDef(name="setup")
                | ast.ClassDef(name="setup")
                | ast.Name(id="setup", ctx=ast.Store())
            ):
                return False
            case ast.Name(id="exec" | "execfile" | "globals" | "locals"):
                return False
    return True


def _extras(tree: ast.Module, node: ast.expr | None) -> dict[str, tuple[str, ...]]:
    value = _value(tree, node)
    if value is None:
        return {}
    if not isinstance(value, ast.Dict):
        raise _Computed
    found = {}
    for key, texts in zip(value.keys, value.values, strict=True):
        if not (isinstance(key, ast.Constant) and isinstance(key.value, str)):
            raise _Computed
        found[key.value] = _texts(tree, texts)
    return found


def _texts(tree: ast.Module, node: ast.expr | None) -> tuple[str, ...]:
    value = _value(tree, node)
    match value:
        case None:
            return ()
        case ast.List(elts=items) | ast.Tuple(elts=items):
            return tuple(_text(item) for item in items)
        case ast.Constant(value=str() as text):
            return tuple(line.strip() for line in text.splitlines() if line.strip())
    raise _Computed


def _text(node: ast.expr) -> str:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value.strip()
    raise _Computed


def _value(tree: ast.Module, node: ast.expr | None) -> ast.expr | None:
    """The expression, or the one that a variable stands for which is assigned once and used here alone."""
    if not isinstance(node, ast.Name):
        return node
    uses = [one for one in ast.walk(tree) if isinstance(one, ast.Name) and one.id == node.id]
    values = list(_assigned(tree, node.id))
    if len(uses) != 2 or len(values) != 1:
        raise _Computed
    return values[0]


def _assigned(tree: ast.Module, name: str) -> Iterator[ast.expr]:
    """What the file's own statements, none under a condition, assign to a variable."""
    for statement in tree.body:
        match statement:
            case ast.Assign(targets=[ast.Name(id=found)], value=value) if found == name:
                yield value
