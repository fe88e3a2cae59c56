"""The bundled package index: what the indexed nixpkgs holds, read from the small files in `mappings/index/`.

A table is a file of sorted records, cut into blocks so that one look-up reads little: the eight bytes of `MAGIC`, the length of
the directory (32 bits, little-endian), the directory, the blocks one behind the other. Directory and blocks are zlib streams;
a line of the directory is the first key of a block, a tab and the block's compressed length; a line of a block is a key and
its fields, separated by tabs, sorted by the bytes of the key. The tables:

- `attributes`: attribute path; version, pname, outputs, main program, programs - or `@` and the path that it is an alias of.
  A key that ends in `.*` is another spelling of a package set: `python3Packages.*` is `@python313Packages`; `@` alone is the
  top level, where names may differ in case.
- `providers`: `kind:name`; attributes, best first, each `path` or `path^output` when that is not `out`.
- `evidence-apt`: package name; attribute path, outputs, score in hundredths, evidence. A score below 45 is an attribute of another
  version than the package's.
- `names`: a package set, "" for the top level; the names in it.
"""

from __future__ import annotations

import os
import zlib
from bisect import bisect_right
from functools import cached_property, lru_cache
from heapq import nsmallest
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dock2nix.catalogue.base import Attribute, EvidenceMatch, Provider
from dock2nix.errors import Dock2nixError, UsageError
from dock2nix.folders import data_folder
from dock2nix.model.packages import AttributePath

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dock2nix.model.image import FlakeInput

MAGIC = b"D2NTAB1\n"
_BLOCKS = 64  # of a table that are kept: a conversion asks for the same few again and again
_LONGEST_NAME = 100
_LONGEST_PATH = 200


class Table:
    """One table file, opened at the first look-up.

    Raises:
        Dock2nixError: at a look-up, when the file is missing or is not a table.

    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._block = lru_cache(_BLOCKS)(self._read_block)

    @cached_property
    def _directory(self) -> tuple[list[bytes], list[int]]:
        """First keys of the blocks, and where the blocks begin (one more than there are: the end)."""
        try:
            with self._path.open("rb") as file:
                head = file.read(12)
                if head[:8] != MAGIC:
                    raise Dock2nixError(f"{self._path}: not a table of the package index")
                length = int.from_bytes(head[8:], "little")
                lines = zlib.decompress(file.read(length)).splitlines()
        except (OSError, zlib.error) as error:
            raise Dock2nixError(f"{self._path}: cannot be read: {error}") from error
        keys, starts = [], [12 + length]
        for line in lines:
            key, _, size = line.rpartition(b"\t")
            keys.append(key)
            starts.append(starts[-1] + int(size))
        return keys, starts

    def _read_block(self, number: int) -> bytes:
        starts = self._directory[1]
        with self._path.open("rb") as file:
            file.seek(starts[number])
            return zlib.decompress(file.read(starts[number + 1] - starts[number]))

    def get(self, key: str) -> list[str] | None:
        """The fields of the record with that key, None when there is none."""
        wanted = key.encode("utf-8", "surrogatepass")
        number = bisect_right(self._directory[0], wanted) - 1
        if number < 0 or b"\t" in wanted or b"\n" in wanted:
            return None
        block = b"\n" + self._block(number)
        start = block.find(b"\n" + wanted + b"\t")
        if start < 0:
            return None
        start += len(wanted) + 2
        return block[start : block.index(b"\n", start)].decode().split("\t")

    def keys(self) -> list[str]:
        """All keys, in order. Reads the whole file."""
        blocks = (self._block(number) for number in range(len(self._directory[0])))
        return [line.partition(b"\t")[0].decode() for block in blocks for line in block.splitlines()]


class PackageIndex:
    """Answers from `mappings/index/` and `mappings/pins.toml`; nothing is read before it is asked for."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._tables: dict[str, Table] = {}
        self._answers: dict[tuple[str, int], tuple[str, ...]] = {}
        self._near: dict[str, _Names] = {}

    @classmethod
    def open(cls, folder: Path | None = None) -> PackageIndex:
        """The index in `folder` (its `index/` and `pins.toml`); when None the one chosen by the user, else the bundled one.

        Raises:
            UsageError: $DOCK2NIX_INDEX names a folder without an index.

        """
        return cls(folder or _chosen_folder())

    def _table(self, name: str) -> Table:
        if name not in self._tables:
            self._tables[name] = Table(self._folder / "index" / f"{name}.table")
        return self._tables[name]

    # --- attributes -------------------------------------------------------------------------------------------------

    def _record(self, path: str) -> tuple[str, list[str]] | None:
        """(canonical path, fields) with aliases followed."""
        if len(path) > _LONGEST_PATH:
            return None
        fields = self._table("attributes").get(path)
        if fields is None:
            return self._in_other_spelling(path)
        if fields[0].startswith("@"):
            return self._record(fields[0][1:])
        return path, fields

    def _in_other_spelling(self, path: str) -> tuple[str, list[str]] | None:
        """Look in the package set that the path's set is another name of."""
        cut = path.rfind(".")
        while cut > 0:
            alias = self._table("attributes").get(path[:cut] + ".*")
            if alias is not None:
                name, scope = path[cut + 1 :], alias[0][1:]
                if scope:
                    return self._record(f"{scope}.{name}")
                return self._record(name) or (self._record(name.lower()) if name != name.lower() else None)
            cut = path.rfind(".", 0, cut)
        return None

    def attribute(self, path: str) -> Attribute | None:
        """What is known of an attribute.

        Args:
            path: its path under `pkgs`; other spellings (`nodejs_24`, `python3Packages.flask`, `xorg.libX11`) are found.

        Returns:
            The attribute under its canonical path, None when the index does not have it.

        """
        found = self._record(path)
        if found is None:
            return None
        canonical, (version, pname, outputs, main_program, programs) = found
        return Attribute(
            path=AttributePath(canonical),
            pname=pname or canonical.rpartition(".")[2],
            version=version,
            outputs=tuple(outputs.split()) or ("out",),
            main_program=main_program,
            programs=tuple(programs.split()),
        )

    # --- what provides it -------------------------------------------------------------------------------------------

    def providers(self, kind: str, name: str) -> tuple[Provider, ...]:
        """The attributes that have something, best first.

        Args:
            kind: `command`, `soname` (`libpq.so.5`, or `libpq.so` for any version), `pkgconfig`, `header`, `python`
                (normalized distribution name), `perl` (`DBD::Pg`), `ruby`, `node`, `php` or `font` (file name).
            name: its name.

        Returns:
            At most eight attributes with the output that holds it; () for none.

        """
        fields = self._table("providers").get(f"{kind}:{name}")
        words = (word.partition("^") for word in fields[0].split()) if fields else ()
        return tuple(Provider(path=AttributePath(path), output=output or "out") for path, _, output in words)

    def evidence(self, table: str, name: str) -> EvidenceMatch | None:
        """The attribute whose files are those of a distribution's package.

        Args:
            table: the distribution's package manager; there is a table for `apt`.
            name: the package's name.

        Returns:
            The match, None when there is no table or no attribute holds those files.

        """
        if not (self._folder / "index" / f"evidence-{table}.table").is_file():
            return None
        fields = self._table(f"evidence-{table}").get(name)
        if fields is None:
            return None
        path, outputs, score, text = fields
        return EvidenceMatch(
            path=AttributePath(path), outputs=tuple(outputs.split()), score=int(score) / 100, evidence=text
        )

    # --- near names -------------------------------------------------------------------------------------------------

    def similar(self, name: str, limit: int = 3) -> tuple[str, ...]:
        """Attribute paths with a name near to `name`, best first.

        Args:
            name: a name at top level, or in a package set (`python313Packages.reqests`).
            limit: how many at most.

        Returns:
            Attribute paths; () when nothing is near.

        """
        if (name, limit) not in self._answers:
            self._answers[name, limit] = self._similar(name, limit)
        return self._answers[name, limit]

    def _similar(self, name: str, limit: int) -> tuple[str, ...]:
        scope, dot, leaf = name.rpartition(".")
        if not leaf or len(leaf) > _LONGEST_NAME:
            return ()
        return tuple(f"{scope}{dot}{near}" for near in self._names_in(scope or "*").nearest(leaf, limit))

    def _names_in(self, scope: str) -> _Names:
        if scope not in self._near:
            fields = self._table("names").get(scope)
            self._near[scope] = _Names(fields[0].split() if fields else [])
        return self._near[scope]

    # --- pins -------------------------------------------------------------------------------------------------------

    @cached_property
    def _pins(self) -> dict[str, Any]:
        import tomli  # noqa: PLC0415 - only runs that write a flake need it

        with (self._folder / "pins.toml").open("rb") as file:
            return tomli.load(file)

    def channels(self) -> tuple[str, ...]:
        """The names of all pinned channels, the index's own among them, sorted."""
        return tuple(sorted(self._pins["channels"]))

    def pin(self, channel: str = "") -> FlakeInput:
        """The pinned nixpkgs of a channel.

        Args:
            channel: `nixos-23.11` …; "" for the nixpkgs that the index describes.

        Returns:
            The flake input: named `nixpkgs` for the index's own, else after the channel (`nixos-23_11`).

        Raises:
            UsageError: the channel is not among the pins.

        """
        from dock2nix.model.image import FlakeInput  # noqa: PLC0415 - costs 14 ms, and a look-up does not need it

        indexed = self._pins["index"]
        channel = channel or indexed
        row = self._pins["channels"].get(channel)
        if row is None:
            raise UsageError(f"no such channel: {channel} (known: {', '.join(self.channels())})")
        return FlakeInput(
            name="nixpkgs" if channel == indexed else channel.replace(".", "_"),
            channel=channel,
            rev=row["rev"],
            nar_hash=row["narHash"],
            last_modified=row["lastModified"],
        )

    def info(self) -> dict[str, Any]:
        """What the index is made of: sources with their hashes, and how much it holds."""
        import json  # noqa: PLC0415 - not needed to convert

        about: dict[str, Any] = json.loads((self._folder / "index" / "about.json").read_text("utf-8"))
        return about


def _chosen_folder() -> Path:
    """The folder that $DOCK2NIX_INDEX names (`dock2nix index update` makes such folders), else that of the bundled index."""
    named = os.environ.get("DOCK2NIX_INDEX", "")
    if not named:
        return data_folder("mappings")
    folder = Path(named)
    if not (folder / "index" / "about.json").is_file() or not (folder / "pins.toml").is_file():
        raise UsageError(f"DOCK2NIX_INDEX: no package index in {named}; `dock2nix index update` makes one")
    return folder


def _pieces(name: str) -> set[str]:
    """Three-letter pieces of a name, its ends marked."""
    padded = f"^{name}$"
    return {padded[at : at + 3] for at in range(len(padded) - 2)}


def _edits(left: str, right: str) -> int:
    """Insertions, deletions, replacements and swaps of neighbours that make one name of the other."""
    before: list[int] = []
    last = list(range(len(right) + 1))
    for at, letter in enumerate(left, 1):
        row = [at]
        for to, other in enumerate(right, 1):
            cost = min(last[to] + 1, row[to - 1] + 1, last[to - 1] + (letter != other))
            if at > 1 and to > 1 and letter == right[to - 2] and left[at - 2] == other:
                cost = min(cost, before[to - 2] + 1)
            row.append(cost)
        before, last = last, row
    return last[-1]


def _nearness(wanted: str, pieces: set[str], name: str, theirs: set[str]) -> float:
    """From 0 to 1: the share of common three-letter pieces; more when it takes one or two edits only."""
    share = 2 * len(pieces & theirs) / (len(pieces) + len(theirs))
    if abs(len(name) - len(wanted)) <= 2 and len(set(wanted) ^ set(name)) <= 2:
        return max(share, 1 - _edits(wanted, name) / (len(wanted) + 1))
    return share


class _Names:
    """The names of one scope, made ready for several searches: a Dockerfile may have many unknown names."""

    def __init__(self, names: list[str]) -> None:
        self._names = names
        self._text = "\n".join(names).lower().replace("_", "-")
        self._plain = self._text.split("\n")
        self._by_letter: dict[str, list[int]] = {}
        self._parts: dict[int, set[str]] = {}

    def _beginning(self, letter: str) -> list[int]:
        if letter not in self._by_letter:
            self._by_letter[letter] = [at for at, name in enumerate(self._plain) if name.startswith(letter)]
        return self._by_letter[letter]

    def _pieces_of(self, at: int) -> set[str]:
        if at not in self._parts:
            self._parts[at] = _pieces(self._plain[at])
        return self._parts[at]

    def nearest(self, wanted: str, limit: int) -> list[str]:
        """Names that begin like `wanted` or share a word with it, the nearest first."""
        low = wanted.lower().replace("_", "-")
        words = {word for word in low.split("-") if len(word) > 2} | {low}
        pieces = _pieces(low)
        candidates = set(self._beginning(low[:1])).union(*(self._holding(word) for word in words))
        ranked = (
            (-near, len(self._names[at]), self._names[at])
            for at in candidates
            if (near := _nearness(low, pieces, self._plain[at], self._pieces_of(at))) >= 0.45
        )
        return [name for _, _, name in nsmallest(limit, ranked)]

    def _holding(self, word: str) -> Iterator[int]:
        at, counted, found = 0, 0, self._text.find(word)
        while found >= 0:
            at += self._text.count("\n", counted, found)
            yield at
            counted = self._text.find("\n", found)
            found = self._text.find(word, counted) if counted >= 0 else -1
