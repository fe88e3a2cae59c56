"""Nix text as a syntax tree: the only importer of tree_sitter_nix. Nothing is evaluated."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from msgspec import Struct

from dock2nix.verify.fault import Fault

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import tree_sitter

_ATTRIBUTE_SETS = frozenset({"attrset_expression", "rec_attrset_expression"})


class Binding(Struct, frozen=True, kw_only=True):
    """`a.b = value;` or a name of an `inherit`, which has no value. A part of the path that is computed is None."""

    path: tuple[str | None, ...]
    value: tree_sitter.Node | None
    node: tree_sitter.Node


class NixFile(Struct, frozen=True, kw_only=True):
    """A file that parses. `path` is relative to the flake's root."""

    path: str
    source: bytes
    root: tree_sitter.Node

    def fault(self, node: tree_sitter.Node, code: str, message: str) -> Fault:
        """Something wrong where a node begins; columns count characters."""
        line, column = place(self.source, node.start_byte)
        return Fault(path=self.path, line=line, column=column, code=code, message=message)


def parse_nix(path: str, text: str) -> NixFile | Fault:
    """The tree of a file, or the first place where it is no Nix expression."""
    source = text.encode("utf-8", "surrogatepass")
    root = _parser().parse(source).root_node
    if not root.has_error:
        return NixFile(path=path, source=source, root=root)
    line, column = place(source, _first_error(root).start_byte)
    return Fault(path=path, line=line, column=column, code="D2N601", message="this is no Nix expression")


def place(source: bytes, offset: int) -> tuple[int, int]:
    """1-based line and column, in characters, of a byte."""
    start = source.rfind(b"\n", 0, offset) + 1
    return source.count(b"\n", 0, offset) + 1, len(source[start:offset].decode(errors="replace")) + 1


def text_of(node: tree_sitter.Node) -> str:
    """What stands there."""
    return (node.text or b"").decode(errors="replace")


def unwrapped(node: tree_sitter.Node) -> tree_sitter.Node:
    """What is in parentheses, if anything is."""
    while node.type == "parenthesized_expression":
        inner = node.child_by_field_name("expression")
        if inner is None:
            break
        node = inner
    return node


def dotted(node: tree_sitter.Node) -> tuple[str, ...]:
    """`pkgs.a."b c"` as its parts; () for anything that is no variable with constant attributes."""
    node = unwrapped(node)
    if node.type == "variable_expression":
        return (text_of(node),)
    base, path = node.child_by_field_name("expression"), node.child_by_field_name("attrpath")
    if node.type != "select_expression" or base is None or path is None:
        return ()
    start, names = dotted(base), attribute_names(path)
    return (*start, *(name for name in names if name)) if start and None not in names else ()


def attribute_names(path: tree_sitter.Node) -> tuple[str | None, ...]:
    """The parts of an attribute path, None for one that is computed."""
    return tuple(
        text_of(part) if part.type == "identifier" else constant_string(part)
        for part in path.children_by_field_name("attr")
    )


def constant_string(node: tree_sitter.Node) -> str | None:
    """The value of a string without interpolation (escapes as written), None for anything else."""
    node = unwrapped(node)
    if node.type != "string_expression":
        return None
    parts = node.named_children
    if any(part.type == "interpolation" for part in parts):
        return None
    return "".join(text_of(part) for part in parts)


def is_set(node: tree_sitter.Node | None) -> bool:
    """Whether it is an attribute set that is written out."""
    return node is not None and node.type in _ATTRIBUTE_SETS


def bindings(node: tree_sitter.Node) -> Iterator[Binding]:
    """What an attribute set or a `let` binds, in order."""
    for group in node.named_children:
        if group.type != "binding_set":
            continue
        for one in group.named_children:
            if one.type == "binding":
                path, value = one.child_by_field_name("attrpath"), one.child_by_field_name("expression")
                if path is not None:
                    yield Binding(path=attribute_names(path), value=value, node=one)
            elif one.type in {"inherit", "inherit_from"}:
                yield from (Binding(path=(name,), value=None, node=one) for name in _inherited(one) if name)


def bound_values(node: tree_sitter.Node) -> Mapping[str, tree_sitter.Node | None]:
    """The first names that an attribute set binds, each with its value when it is bound as a whole."""
    return {
        one.path[0]: one.value if len(one.path) == 1 else None
        for one in bindings(node)
        if one.path[0] is not None
    }


def _inherited(node: tree_sitter.Node) -> tuple[str | None, ...]:
    attrs = node.child_by_field_name("attrs")
    return attribute_names(attrs) if attrs is not None else ()


def _first_error(root: tree_sitter.Node) -> tree_sitter.Node:
    node = root
    while True:
        wrong = next((child for child in node.children if child.has_error or child.is_missing), None)
        if wrong is None or node.is_error:
            return node
        node = wrong


@cache
def _parser() -> tree_sitter.Parser:
    import tree_sitter  # noqa: PLC0415 - only when Nix text is read
    import tree_sitter_nix  # noqa: PLC0415

    return tree_sitter.Parser(tree_sitter.Language(tree_sitter_nix.language()))
