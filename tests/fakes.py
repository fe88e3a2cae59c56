"""Stand-ins for the ports: a catalogue from plain data, files from a dictionary, command lines from one string."""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING

from dock2nix.catalogue.base import Attribute, CuratedPackage, EvidenceMatch, Provider
from dock2nix.errors import UsageError
from dock2nix.model.image import FlakeInput
from dock2nix.model.packages import AttributePath
from dock2nix.model.shell import Invocation, Word
from dock2nix.model.source import Location

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from dock2nix.model.dockerfile import ImageReference
    from dock2nix.model.image import BaseImage

HASH = "sha256-AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
_QUOTED = re.compile(r"""\"([^"]*)"|'([^']*)'""")
_WORD = re.compile(r"""(?:[^\s"']|"[^"]*"|'[^']*')+""")


def place(line: int = 1, column: int = 1, length: int = 1) -> Location:
    """A range on one line of `Dockerfile`."""
    return Location(
        path="Dockerfile",
        first_line=line,
        first_column=column,
        last_line=line,
        last_column=column + length - 1,
    )


def words(text: str) -> tuple[Word, ...]:
    """The words of a simple command on line 1; quotes are removed, a word with `$` in it is one that cannot be known."""
    return tuple(_word(match) for match in _WORD.finditer(text))


def _word(match: re.Match[str]) -> Word:
    text = match[0]
    return Word(
        text=text,
        value=None if "$" in text else _QUOTED.sub(lambda quoted: quoted[1] or quoted[2] or "", text),
        location=place(1, match.start() + 1, len(text)),
        quoted=re.search(r"[\"']", text) is not None,
        unknown="is not set" if "$" in text else "",
    )


def invocation(
    text: str, *, directory: str | None = "/", environment: Mapping[str, str | None] | None = None
) -> Invocation:
    """One run of the simple command."""
    program, *arguments = words(text)
    return Invocation(
        program=program.value, arguments=tuple(arguments), directory=directory, environment=environment or {}
    )


class FakeFiles:
    """Files of the image by absolute path."""

    def __init__(self, files: Mapping[str, str] | None = None) -> None:
        self._files = dict(files or {})

    def read(self, path: str, directory: str | None) -> str | None:
        if directory is None and not path.startswith("/"):
            return None
        return self._files.get(posixpath.normpath(posixpath.join(directory or "/", path)))


def attribute(
    path: str,
    version: str = "1.0",
    *,
    pname: str = "",
    outputs: tuple[str, ...] = ("out",),
    main_program: str = "",
    programs: tuple[str, ...] = (),
) -> Attribute:
    """An attribute of the index; `pname` is the last part of the path unless given."""
    return Attribute(
        path=AttributePath(path),
        pname=pname or path.rpartition(".")[2],
        version=version,
        outputs=outputs,
        main_program=main_program,
        programs=programs,
    )


def row(name: str, *attributes: str | tuple[str, tuple[str, ...]], **fields: object) -> CuratedPackage:
    """A row of a mapping table: attribute paths, or pairs of path and outputs."""
    pairs = tuple((entry, ()) if isinstance(entry, str) else entry for entry in attributes)
    paths = tuple((AttributePath(path), outputs) for path, outputs in pairs)
    return CuratedPackage(name=name, attributes=paths, **fields)  # type: ignore[arg-type]


class FakeCatalogue:
    """Implements `catalogue.base.Catalogue` over what a test says.

    Args:
        attributes: of the index.
        providers: `{("command", "jq"): ("jq",)}`; `jq.dev` after a space names an output (`"zlib dev"`).
        curated: rows by table.
        evidence: matches by (table, name).
        similar: names by name.
        images: base images by the text of their reference.
        no_ops: reasons by command line (`apt-get clean`) or by path.
    """

    def __init__(
        self,
        attributes: tuple[Attribute, ...] = (),
        *,
        providers: Mapping[tuple[str, str], tuple[str, ...]] | None = None,
        curated: Mapping[str, tuple[CuratedPackage, ...]] | None = None,
        evidence: Mapping[tuple[str, str], EvidenceMatch] | None = None,
        similar: Mapping[str, tuple[str, ...]] | None = None,
        images: Mapping[str, BaseImage] | None = None,
        no_ops: Mapping[str, str] | None = None,
    ) -> None:
        self._attributes: dict[str, Attribute] = {found.path: found for found in attributes}
        self._providers = dict(providers or {})
        self._curated = {
            (table, found.name): found for table, rows in (curated or {}).items() for found in rows
        }
        self._evidence = dict(evidence or {})
        self._similar = dict(similar or {})
        self._images = dict(images or {})
        self._no_ops = dict(no_ops or {})

    def pin(self, channel: str = "") -> FlakeInput:
        if channel not in {"", "nixos-23.11"}:
            raise UsageError(f"no pin for {channel}")
        return FlakeInput(
            name=channel.replace(".", "_") or "nixpkgs",
            channel=channel or "nixpkgs-unstable",
            rev="0" * 40,
            nar_hash=HASH,
            last_modified=1,
        )

    def channels(self) -> tuple[str, ...]:
        return ("nixos-23.11",)

    def attribute(self, path: str) -> Attribute | None:
        return self._attributes.get(path)

    def providers(self, kind: str, name: str) -> tuple[Provider, ...]:
        found = (text.partition(" ") for text in self._providers.get((kind, name), ()))
        return tuple(Provider(path=AttributePath(path), output=output or "out") for path, _, output in found)

    def curated(self, table: str, name: str) -> CuratedPackage | None:
        return self._curated.get((table, name))

    def evidence(self, table: str, name: str) -> EvidenceMatch | None:
        return self._evidence.get((table, name))

    def similar(self, table: str, name: str, limit: int = 3) -> tuple[str, ...]:
        del table
        return self._similar.get(name, ())[:limit]

    def base_image(self, reference: ImageReference) -> BaseImage | None:
        return self._images.get(reference.text)

    def no_op(self, program: str, arguments: tuple[str, ...], written: Collection[str] = ()) -> str | None:
        del written
        return self._no_ops.get(" ".join((program, *arguments)))

    def no_op_path(self, path: str) -> str | None:
        return self._no_ops.get(path)
