"""The hashes in Nix text: where each stands, what it is of, and text with others in their places."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct, field

from dock2nix.emit.expression import attribute_name, nix_string
from dock2nix.regex import regex
from dock2nix.verify.syntax import (
    NixFile,
    attribute_names,
    bindings,
    bound_values,
    constant_string,
    dotted,
    is_set,
    parse_nix,
    place,
    text_of,
    unwrapped,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    import tree_sitter

SRI = regex(r"sha(?:1|256|512)-[A-Za-z0-9+/]+={0,2}")
_LIBRARY_ONLY = "let\n  inherit (pkgs) lib;\nin\n"
_COMMIT = regex(r"(?:[0-9a-f]{40})?")
# What fetches one address; everything else fetches what many addresses give, under one hash.
OF_ONE_ADDRESS = frozenset(
    {"fetchurl", "fetchzip", "fetchgit", "fetchFromGitHub", "fetchFromGitLab", "fetchPypi"}
)
_NAMES = frozenset({"hash", "sha256", "vendorHash", "mvnHash", "npmDepsHash", "cargoHash", "outputHash"})
_TABLES = frozenset({"outputHashes"})
_FAKE = frozenset({"fakeHash", "fakeSha256", "fakeSha512"})
_STATE = regex(rb"[^\n]*?;[ ]*#[ ]for[ ]([0-9a-f]{16})[ ]*(?=\n|\Z)")


class HashPlace(Struct, frozen=True, kw_only=True):
    """A hash of something that is fetched, in a file; `hash` is SRI, "" while it is not known.

    `start` and `end` are bytes of the value, `line` is 1-based. `attribute` tells it from the others of its file
    (`cargoLock.outputHashes."foo-1.0"`). `of` is the digest of what asks for the content that stands in the comment behind it, ""
    when there is none. `function` is what it is an argument of, without `pkgs.`; `arguments` are those that are constant.
    """

    path: str
    line: int
    start: int
    end: int
    attribute: str
    of: str
    hash: str
    function: str
    arguments: Mapping[str, str] = field(default_factory=dict)
    rev: tuple[int, int] = (0, 0)

    @property
    def single(self) -> bool:
        """Whether it is of what one address gives."""
        return self.function in OF_ONE_ADDRESS

    @property
    def key(self) -> tuple[str, str, str]:
        """What a hash that is known already is found by."""
        return self.path, self.attribute, self.of


def hash_places(files: Mapping[str, str]) -> tuple[HashPlace, ...]:
    """The constant hashes in Nix files, in order; a file that is no Nix expression has none.

    Args:
        files: relative path → text; others than `.nix` are left alone.
    """
    trees = (parse_nix(path, text) for path, text in sorted(files.items()) if _is_worth_it(path, text))
    return tuple(one for tree in trees if isinstance(tree, NixFile) for one in _places(tree))


def with_hashes(text: str, hashes: Iterable[tuple[HashPlace, str]]) -> str:
    """A text with other hashes.

    Args:
        text: the one that the places are of.
        hashes: places with what is to stand there, SRI; behind a space, the commit that is to be `rev`.

    Raises:
        ValueError: something is no hash.
    """
    source = text.encode("utf-8", "surrogatepass")
    changes: list[tuple[int, int, str]] = []
    for one, new in hashes:
        sri, _, commit = new.partition(" ")
        if not SRI.fullmatch(sri) or not _COMMIT.fullmatch(commit):
            raise ValueError(f"no hash: {new[:100]}")
        changes.append((one.start, one.end, sri))
        if commit and one.rev != (0, 0):
            changes.append((*one.rev, commit))
    for start, end, value in sorted(changes, reverse=True):
        source = source[:start] + nix_string(value).encode() + source[end:]
    return source.decode("utf-8", "surrogatepass")


def fill_in(files: Mapping[str, str], known: Mapping[tuple[str, str, str], str]) -> dict[str, str]:
    """Files in which the hashes that are missing and known from an earlier conversion are filled in.

    Args:
        files: relative path → text.
        known: hashes by `HashPlace.key`.
    """
    done = dict(files)
    for path in sorted({path for path, _, _ in known} & set(files)):
        places = [one for one in hash_places({path: files[path]}) if not one.hash and one.key in known]
        text = with_hashes(files[path], [(one, known[one.key]) for one in places])
        # `lib` was there for the hashes that were missing
        done[path] = text if "lib." in text else text.replace(_LIBRARY_ONLY, "", 1)
    return done


def _is_worth_it(path: str, text: str) -> bool:
    return path.endswith(".nix") and ("fake" in text or "sha" in text or "ash" in text)


def _places(file: NixFile) -> Iterator[HashPlace]:
    waiting = [file.root]
    while waiting:
        node = waiting.pop()
        waiting += reversed(node.named_children)
        if node.type == "binding" and (found := _place(file, node)):
            yield found


def _place(file: NixFile, node: tree_sitter.Node) -> HashPlace | None:
    path, value = node.child_by_field_name("attrpath"), node.child_by_field_name("expression")
    names = _path_of(node)
    if path is None or value is None or not names:
        return None
    if names[-1] not in _NAMES and not (len(names) > 1 and names[-2] in _TABLES):
        return None
    known = _hash_of(value)
    if known is None:
        return None
    call = _call_around(node)
    return HashPlace(
        path=file.path,
        line=place(file.source, value.start_byte)[0],
        start=value.start_byte,
        end=value.end_byte,
        attribute=".".join(map(attribute_name, names)),
        of=_state(file, node),
        hash=known,
        function=call[0],
        arguments=call[1],
        rev=call[2],
    )


def _hash_of(value: tree_sitter.Node) -> str | None:
    """The hash that stands there, "" for one that is not known; None for what is no constant."""
    text = constant_string(value)
    if text is not None:
        return text if not text or SRI.fullmatch(text) else None
    return "" if not _FAKE.isdisjoint(dotted(value)[-1:]) else None


def _path_of(node: tree_sitter.Node) -> tuple[str, ...]:
    """The names of a binding and of those that it stands in; () when one is computed."""
    names: tuple[str, ...] = ()
    at: tree_sitter.Node | None = node
    while at is not None:
        path = at.child_by_field_name("attrpath") if at.type == "binding" else None
        found = attribute_names(path) if path is not None else ()
        if None in found:
            return ()
        names = (*(name for name in found if name), *names)
        at = at.parent
    return names


def _call_around(node: tree_sitter.Node) -> tuple[str, Mapping[str, str], tuple[int, int]]:
    """The function that the innermost call gets the binding in, by its last name, its constant arguments, and where `rev` stands."""
    inner: tree_sitter.Node | None = node
    while inner is not None and inner.type != "apply_expression":
        inner = inner.parent
    function = inner.child_by_field_name("function") if inner is not None else None
    argument = inner.child_by_field_name("argument") if inner is not None else None
    if function is None or argument is None:
        return "", {}, (0, 0)
    argument, names = unwrapped(argument), dotted(function)
    if not names or not is_set(argument):
        return names[-1] if names else "", {}, (0, 0)
    rev = bound_values(argument).get("rev")
    return names[-1], _constants(argument), (rev.start_byte, rev.end_byte) if rev is not None else (0, 0)


def _constants(argument: tree_sitter.Node) -> Mapping[str, str]:
    """The arguments: those that are written out, and the names of the others."""
    found: dict[str, str] = {}
    for one in bindings(argument):
        name = ".".join(part or "?" for part in one.path)
        text = constant_string(one.value) if one.value is not None else None
        if text is None and one.value is not None and text_of(one.value) in {"true", "false"}:
            text = text_of(one.value)
        found[name if text is not None else f"{name}?"] = text or ""
    return found


def _state(file: NixFile, node: tree_sitter.Node) -> str:
    """What the comment behind a binding, or behind one that it stands in, says that the hash is for."""
    at: tree_sitter.Node | None = node
    while at is not None and at.type != "apply_expression":
        found = _STATE.match(file.source, at.end_byte - 1) if at.type == "binding" else None
        if found:
            return str(found[1], "ascii")
        at = at.parent
    return ""
