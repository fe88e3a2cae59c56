"""What people have written into generated files, and whether it already is what the Dockerfile asks for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from dock2nix.emit.expression import nix_string
from dock2nix.regex import regex
from dock2nix.report.digests import line_digests, people_edit, split_digests, split_lines, text_digest

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from dock2nix.review.compare import Change
    from dock2nix.review.items import Item
    from dock2nix.review.manifest import Manifest

_REMARK = regex(r"(?:^|\s)#.*")
_WORD = regex(r"[A-Za-z_][A-Za-z0-9_'.-]*")
_KEYS = {
    "CMD": "Cmd",
    "ENTRYPOINT": "Entrypoint",
    "WORKDIR": "WorkingDir",
    "USER": "User",
    "STOPSIGNAL": "StopSignal",
    "HEALTHCHECK": "Healthcheck",
}


class Handwork(Struct, frozen=True, kw_only=True):
    """`edited` are the files that somebody has changed, `added` the lines written by hand, `code` all lines of edited files."""

    edited: tuple[str, ...]
    added: frozenset[str]
    code: frozenset[str]

    @classmethod
    def of(cls, manifest: Manifest, files: Mapping[str, str | None]) -> Handwork:
        """Compare the files with what is remembered of them."""
        edited: list[str] = []
        added: set[str] = set()
        code: set[str] = set()
        for path, digest in manifest.digests.items():
            text = files.get(path)
            if text is None or text_digest(text) == digest:
                continue
            edited.append(path)
            if path.endswith(".nix"):
                known = frozenset(split_digests(manifest.lines.get(path, "")))
                added.update(_code(_new_lines(text, known)))
                code.update(_code(split_lines(text)))
        return cls(edited=tuple(sorted(edited)), added=frozenset(added), code=frozenset(code))

    def has_settled(self, change: Change) -> bool:
        """Whether an edited file already has what is new, and no longer has what is gone."""
        if not self.code:
            return False
        if change.new is None:
            signs = list(_signs(change.item))
            return bool(signs) and not any(_has(self.code, sign) for sign in signs)
        signs = list(_signs(change.new))
        return bool(signs) and all(_has(self.added, sign) for sign in signs)


def _new_lines(text: str, known: frozenset[str]) -> Iterator[str]:
    for line in split_lines(text):
        if line_digests(line) not in known:
            yield line


def _code(lines: Iterator[str] | list[str]) -> Iterator[str]:
    """Lines without remarks: what a remark says of a package is not the package."""
    return (bare for line in lines if (bare := _REMARK.sub("", line).strip()))


def _has(lines: frozenset[str], sign: str) -> bool:
    return any(_stands_in(sign, line) for line in lines)


def _stands_in(sign: str, line: str) -> bool:
    """References count as whole words: `pkgs.jq` is not in `pkgs.jql`."""
    return sign in line and (not _WORD.fullmatch(sign) or sign in _WORD.findall(line))


def _signs(item: Item) -> Iterator[str]:
    """What must stand in a Nix file that has a thing; nothing when that cannot be told by looking."""
    match item.kind:
        case "package":
            for path in item.attributes:
                yield _reference(path)
        case "env":
            yield nix_string(f"{item.name}={item.asked}")
        case "port" | "volume":
            yield nix_string(item.name)
        case "config" if item.name in {"WORKDIR", "USER", "STOPSIGNAL"}:
            yield f"{_KEYS[item.name]} = {nix_string(item.asked)};"


def _reference(path: str) -> str:
    """`pkgs.jq`; a member of a language's set stands as `ps.flask` in the list of its environment."""
    scope, _, name = path.rpartition(".")
    if scope.endswith(("Packages", ".pkgs")):
        return f"ps.{name}"
    source, colon, bare = path.removeprefix("inputs.").rpartition(":")
    return f"{source}.{bare}" if colon else f"pkgs.{path}"


def line_of(item: Item, files: Mapping[str, str | None]) -> tuple[str, int] | None:
    """The file of the flake, and the 1-based line in it, in which a thing of the Dockerfile stands."""
    signs = [*_signs(item), *_traces(item)]
    for path in sorted(
        files, key=lambda one: (one != "nix/packages.nix", one != "nix/build-packages.nix", one)
    ):
        text = files[path]
        if text is None or not people_edit(path) or not path.endswith(".nix"):
            continue
        for number, line in enumerate(split_lines(text), 1):
            bare = _REMARK.sub("", line)
            if any(_stands_in(sign, bare) for sign in signs) or _remarked(item, line):
                return path, number
    return None


def _traces(item: Item) -> Iterator[str]:
    if item.kind == "env":
        yield nix_string(f"{item.name}=")[:-1]
    elif item.kind == "config":
        yield f"{_KEYS[item.name]} = "
    elif item.kind == "label":
        yield f"{item.name} = "


def _remarked(item: Item, line: str) -> bool:
    """Whether the remark of a line tells the command that it is of."""
    return item.kind in {"command", "copy", "base"} and line.rstrip().endswith(f": {item.asked}")
