"""What the names and paths in Nix text refer to: what nothing defines, and what a pure flake must not reach for."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

from msgspec import Struct

from dock2nix.paths import normal_path
from dock2nix.verify.syntax import attribute_names, constant_string, text_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    import tree_sitter

    from dock2nix.verify.fault import Fault
    from dock2nix.verify.syntax import NixFile

Scope = frozenset[str] | None
"""The names that are defined; None behind a `with`, where no one can tell."""

# Nix's own names that a generated flake makes use of. What fetches or reads the machine (fetchTarball, getEnv) is not among them.
_GLOBALS = frozenset(
    {
        "abort",
        "baseNameOf",
        "builtins",
        "dirOf",
        "false",
        "import",
        "placeholder",
        "isNull",
        "map",
        "null",
        "removeAttrs",
        "throw",
        "toString",
        "true",
    }
)
_IMPURE_BUILTINS = frozenset(
    {
        "currentSystem",
        "currentTime",
        "exec",
        "fetchClosure",
        "fetchGit",
        "fetchMercurial",
        "fetchTarball",
        "fetchTree",
        "fetchurl",
        "findFile",
        "getEnv",
        "getFlake",
        "importNative",
        "nixPath",
        "storePath",
    }
)
_READERS = frozenset(
    {"filterSource", "hashFile", "path", "pathExists", "readDir", "readFile", "readFileType"}
)
_PATHS = frozenset({"path_expression", "hpath_expression", "spath_expression", "uri_expression"})
_OPENERS = frozenset({"let_expression", "rec_attrset_expression"})


class Use(Struct, frozen=True):
    """A node with the names that are defined where it stands."""

    node: tree_sitter.Node
    scope: Scope


def all_nodes(file: NixFile) -> list[Use]:
    """Every node of a file that means something, with its scope. Deep nesting does not exhaust the stack."""
    found: list[Use] = []
    waiting = [Use(file.root, _GLOBALS)]
    while waiting:
        use = waiting.pop()
        found.append(use)
        waiting += _inner(use)
    return found


def _inner(use: Use) -> list[Use]:
    node, scope = use.node, use.scope
    kind = node.type
    if kind == "function_expression":
        return _same(node, _with(scope, _parameters(node)))
    if kind in _OPENERS:
        return _opened(node, scope)
    if kind == "with_expression":
        body = node.child_by_field_name("body")
        return [Use(child, None if child == body else scope) for child in node.named_children]
    return _same(node, scope)


def _same(node: tree_sitter.Node, scope: Scope) -> list[Use]:
    return [Use(child, scope) for child in node.named_children]


def _with(scope: Scope, names: frozenset[str]) -> Scope:
    return None if scope is None else scope | names


def _opened(node: tree_sitter.Node, scope: Scope) -> list[Use]:
    """A `let` or a recursive set: its names are known in it, but what is inherited into it comes from outside."""
    groups = [child for child in node.named_children if child.type == "binding_set"]
    members = [member for group in groups for member in group.named_children]
    inside = _with(scope, frozenset(name for member in members for name in _bound(member)))
    rest = [child for child in node.named_children if child.type != "binding_set"]
    return [Use(one, scope if one.type == "inherit" else inside) for one in (*members, *rest)]


def _bound(member: tree_sitter.Node) -> Iterator[str]:
    path = member.child_by_field_name("attrpath")
    if path is not None:
        yield from (name for name in attribute_names(path)[:1] if name)
    attrs = member.child_by_field_name("attrs")
    if attrs is not None:
        yield from (name for name in attribute_names(attrs) if name)


def _parameters(node: tree_sitter.Node) -> frozenset[str]:
    names = [node.child_by_field_name("universal")]
    formals = node.child_by_field_name("formals")
    names += [one.child_by_field_name("name") for one in formals.named_children] if formals else []
    return frozenset(text_of(name) for name in names if name is not None)


def name_faults(file: NixFile, uses: list[Use]) -> Iterator[Fault]:
    """Names that nothing defines, and functions that make the result depend on the machine or on the day."""
    for use in uses:
        if use.node.type == "variable_expression":
            yield from _unknown(file, use.node, text_of(use.node), use.scope)
        elif use.node.type == "inherit":
            attrs = use.node.child_by_field_name("attrs")
            for name in attribute_names(attrs) if attrs is not None else ():
                yield from _unknown(file, use.node, name or "", use.scope)
        elif use.node.type == "select_expression":
            yield from _builtin(file, use.node)


def _unknown(file: NixFile, node: tree_sitter.Node, name: str, scope: Scope) -> Iterator[Fault]:
    if scope is not None and name and name not in scope:
        yield file.fault(node, "D2N602", f"nothing defines {name}")


def _builtin(file: NixFile, node: tree_sitter.Node) -> Iterator[Fault]:
    base, path = node.child_by_field_name("expression"), node.child_by_field_name("attrpath")
    if base is None or path is None or text_of(base) != "builtins":
        return
    name = attribute_names(path)[0]
    if name is None or name in _IMPURE_BUILTINS:
        yield file.fault(node, "D2N603", f"builtins.{name or '…'} makes the result depend on the machine")
    elif name in _READERS and not _reads_a_path(node):
        yield file.fault(node, "D2N603", f"builtins.{name} may read only a file that is named beside it")


def _reads_a_path(node: tree_sitter.Node) -> bool:
    """Whether a function that reads files is given a path of the flake, and not text that is a path."""
    call = node.parent
    argument = (
        call.child_by_field_name("argument") if call is not None and call.type == "apply_expression" else None
    )
    return argument is not None and argument.type == "path_expression"


def path_faults(file: NixFile, uses: list[Use], known: frozenset[str]) -> Iterator[Fault]:
    """Paths that lead out of the flake, and Nix files of it that are imported and not there.

    Args:
        file: the file.
        uses: its nodes.
        known: the files of the flake that are known to exist, relative to its root.
    """
    for use in uses:
        node = use.node
        if node.type not in _PATHS:
            continue
        written = text_of(node)
        target = relative_target(file.path, node)
        if target is None:
            yield file.fault(node, "D2N603", f"{written} is outside of the flake")
        elif target.endswith(".nix") and written.startswith("./") and target not in known:
            yield file.fault(node, "D2N604", f"{written}: there is no such file")


def relative_target(path: str, node: tree_sitter.Node) -> str | None:
    """What a path literal means, relative to the flake's root ("." : the root); None when it is outside of it.

    Args:
        path: the file in which it stands, relative to the root.
        node: the literal.
    """
    written = text_of(node)
    if node.type != "path_expression" or not written.startswith("."):
        return None
    target = normal_path(posixpath.join(posixpath.dirname(path), written))
    return None if target == ".." or target.startswith("../") else target


def import_faults(file: NixFile, uses: list[Use]) -> Iterator[Fault]:
    """Imports of text that is a path or an address, which Nix would follow out of the flake."""
    for use in uses:
        node = use.node
        function = node.child_by_field_name("function") if node.type == "apply_expression" else None
        if function is None or text_of(function) != "import":
            continue
        argument = node.child_by_field_name("argument")
        if argument is not None and constant_string(argument) is not None:
            yield file.fault(node, "D2N603", f"{text_of(argument)[:60]} is imported by name")
