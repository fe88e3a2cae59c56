"""Whether flake.lock is in step with flake.nix: if not, Nix would go to the network and pin something else."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from dock2nix.regex import regex
from dock2nix.verify.calls import hash_problem
from dock2nix.verify.fault import Fault
from dock2nix.verify.syntax import bindings, constant_string, is_set

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    import tree_sitter

    from dock2nix.verify.syntax import NixFile

LOCK = "flake.lock"
_GITHUB = regex(r"github:([^/?#]+)/([^/?#]+)(?:/([^?#]+))?")
_REVISION = regex(r"[0-9a-f]{40}")
_VERSIONS = (5, 6, 7)


def lock_faults(flake: NixFile, lock: str, known_hash: Callable[[str], str]) -> Iterator[Fault]:
    """How the lock differs from the inputs of flake.nix, and from what is known of the revisions that it names.

    Args:
        flake: flake.nix.
        lock: the text of flake.lock.
        known_hash: the narHash of a revision of nixpkgs, "" when it is not known.
    """
    try:
        nodes = _nodes(json.loads(lock))
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        yield _fault(f"cannot be read: {error}")
        return
    wanted = flake_inputs(flake)
    for name in sorted({*wanted, *nodes}):
        if name not in nodes:
            yield _fault(f"the input {name} of flake.nix is not locked")
        elif name not in wanted:
            yield _fault(f"{name} is locked, and is no input of flake.nix")
        else:
            yield from _input(name, wanted[name], nodes[name], known_hash)


def _nodes(lock: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """What is locked for each input of the root."""
    if lock["version"] not in _VERSIONS:
        raise ValueError(f"version {lock['version']} is not known")
    inputs = lock["nodes"][lock["root"]].get("inputs", {})
    return {
        str(name): {} if isinstance(node, list) else dict(lock["nodes"][node])
        for name, node in inputs.items()
    }


def flake_inputs(flake: NixFile) -> Mapping[str, str]:
    """The inputs of a flake.nix: name → address ("" when it is not written out)."""
    found: dict[str, str] = {}
    root = flake.root.named_children[-1] if flake.root.named_children else flake.root
    for path, value in _flattened(root, ()):
        if path[:1] == ("inputs",) and len(path) > 1 and path[1]:
            address = constant_string(value) if value is not None and path[2:] == ("url",) else None
            found[path[1]] = address or found.get(path[1], "")
    return found


def _flattened(
    node: tree_sitter.Node, above: tuple[str | None, ...]
) -> Iterator[tuple[tuple[str | None, ...], tree_sitter.Node | None]]:
    """The leaves of `inputs`, whether sets are written out or dotted."""
    for one in bindings(node) if is_set(node) else ():
        path = (*above, *one.path)
        if path[:1] == ("inputs",) and one.value is not None and is_set(one.value) and len(path) < 3:
            yield from _flattened(one.value, path)
        else:
            yield path, one.value


def _input(
    name: str, address: str, node: Mapping[str, Any], known_hash: Callable[[str], str]
) -> Iterator[Fault]:
    original, locked = node.get("original"), node.get("locked")
    if not isinstance(original, dict) or not isinstance(locked, dict):
        if address:
            yield _fault(f"nothing is locked for the input {name}")
        return
    yield from _original(name, address, original)
    if original.get("rev") and original["rev"] != locked.get("rev"):
        yield _fault(f"{name} is locked at {locked.get('rev')}, and flake.nix asks for {original['rev']}")
    digest, known = str(locked.get("narHash", "")), known_hash(str(locked.get("rev", "")))
    if problem := hash_problem(digest) if digest else "is missing":
        yield Fault(path=LOCK, code="D2N610", message=f"narHash of {name}: {problem}")
    elif known and digest != known:
        yield Fault(
            path=LOCK, code="D2N610", message=f"narHash of {name} is not that of its revision: {known}"
        )


def _original(name: str, address: str, original: Mapping[str, Any]) -> Iterator[Fault]:
    found = _GITHUB.fullmatch(address)
    if not found:
        return
    at = found[3] or ""
    asked = {"type": "github", "owner": found[1], "repo": found[2]}
    if at:
        asked["rev" if _REVISION.fullmatch(at) else "ref"] = at
    if asked != {key: value for key, value in original.items() if key != "dir"}:
        yield _fault(f"{name} was locked for another address than {address}, which flake.nix has")


def _fault(message: str) -> Fault:
    return Fault(path=LOCK, code="D2N608", message=message)
