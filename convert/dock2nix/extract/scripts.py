"""The offline fallback: parts of a RUN that have no translation and need no network run as they stand where the image is made.

A part may become a script when everything in it is known to need no network: programs of `mappings/offline.toml`, and copied
scripts that run nothing else. What a script does to files is not known afterwards, only where.
"""

from __future__ import annotations

import shlex
from bisect import bisect_right
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import force_setattr

from dock2nix.extract.offline import BUILTINS, Survey
from dock2nix.model.image import MakeDirectory, RunScript
from dock2nix.model.shell import ShellCommand
from dock2nix.parse.copying import STANDARD_DIRECTORIES
from dock2nix.regex import regex

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from dock2nix.extract.verdicts import Scene
    from dock2nix.model.shell import ShellItem
    from dock2nix.model.source import Location
    from dock2nix.parse.shell import Piece

_Place = tuple[int, int]  # 1-based line and column

LONGEST_SCRIPT = 20_000
_NEVER_MADE = frozenset({"/", "/dev", "/proc", "/sys"})
_READS = regex(r"\$\{?[#!]?([A-Za-z_][A-Za-z0-9_]*)")
_ASSIGNS = regex(
    r"(?:^|(?<=[\s;&|({`]))(?:([A-Za-z_][A-Za-z0-9_]*)(?:\[[^\]]{0,40}\])?\+?=|(?:for|read(?:\s+-[A-Za-z]+)*)\s+([A-Za-z_][A-Za-z0-9_]*))"
)
_LONE_ASSIGNMENT = regex(r"[A-Za-z_][A-Za-z0-9_]*\+?=", 0)
_BRINGS_VARIABLES = regex(r"(?:^|[\s;&|({`])(?:\.|source|eval)\s")
_SETTINGS = frozenset({"set", "shopt", "umask"})
_DECLARES = frozenset({"declare", "export", "local", "readonly", "typeset", "unset"})
_ERREXIT = regex(r"-[a-z]*e[a-z]*")
_STORED = regex(r"@[A-Za-z_][A-Za-z0-9_.'-]*@")
_OWN_NAME = regex(r"\$\{?(?:0|BASH_SOURCE)(?![0-9A-Za-z_])")
_ECHO = regex(r"(?:^|[\s;&|({`])echo\s")


class RunText(Struct, frozen=True, kw_only=True):
    """The text of a RUN of which parts may become scripts.

    `shell` are the words that it is given to, `environment` what ENV and ARG set, `dash`: /bin/sh is one whose `echo` knows
    backslashes, which the shell of the Nix image does not. `file`: it is one, and may ask for its own name.
    """

    pieces: tuple[Piece, ...]
    shell: tuple[str, ...]
    environment: Mapping[str, str | None]
    dash: bool = False
    file: bool = False
    functions: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        """The names of the functions that it defines; every piece is asked about them."""
        names = (
            one.text.split("(")[0].removeprefix("function ").strip() for one in self.pieces if one.function
        )
        force_setattr(self, "functions", frozenset(names) - {""})


class Part(Struct, frozen=True, kw_only=True):
    """Items `first` up to before `last` of a RUN, which stand in the piece `piece` of its text (None: in no one piece)."""

    first: int
    last: int
    piece: int | None = None


def parts_of(items: tuple[ShellItem, ...], text: RunText | None) -> tuple[Part, ...]:
    """The items of a RUN by the piece of its text that they stand in.

    Args:
        items: of the RUN, in order.
        text: its pieces; None when nothing of it may become a script.
    """
    spans = _spans(text) if text is not None else ()
    places = [_piece_at(item.location, spans) for item in items]
    if text is None or not items or None in places or places != sorted(place or 0 for place in places):
        return (Part(first=0, last=len(items)),)
    starts = [at for at in range(len(items)) if at == 0 or places[at] != places[at - 1]]
    ends = [*starts[1:], len(items)]
    return tuple(
        Part(first=start, last=end, piece=places[start]) for start, end in zip(starts, ends, strict=True)
    )


def _spans(text: RunText) -> tuple[tuple[_Place, _Place], ...]:
    """Where the pieces begin and end: ascending, since they stand one behind the other."""
    wholes = (piece.source.locate(0, len(piece.text)) for piece in text.pieces)
    return tuple(
        ((whole.first_line, whole.first_column), (whole.last_line, whole.last_column)) for whole in wholes
    )


def _piece_at(place: Location, spans: tuple[tuple[_Place, _Place], ...]) -> int | None:
    wanted = (place.first_line, place.first_column)
    at = bisect_right(spans, wanted, key=lambda span: span[0]) - 1
    return at if at >= 0 and wanted <= spans[at][1] else None


def script_of(items: tuple[ShellItem, ...], at: int, text: RunText, scene: Scene) -> RunScript | None:
    """The piece of a RUN as a script; None when it may need the network, or what it needs is not known to be there.

    Args:
        items: those of the piece.
        at: which piece.
        text: all of the RUN.
        scene: where it stands.
    """
    piece = text.pieces[at]
    survey = Survey(scene, stored=_stored(text))
    first = items[0]
    if not (isinstance(first, ShellCommand) and first.invocations) or not _can_stand_alone(piece, text):
        return None
    directory = first.invocations[0].directory
    if directory is None or not scene.known.is_directory(directory):
        return None
    if not all(survey.admits(item) for item in items):
        return None
    before = _state_before(at, text, first.invocations[0].environment)
    does_something = set(survey.programs) - BUILTINS or survey.folders
    if before is None or not does_something:
        return None
    whole = piece.source.locate(0, len(piece.text))
    survey.works_in(directory)
    return RunScript(
        shell=text.shell,
        script=piece.text,
        before=before,
        directory=directory,
        environment=tuple(
            sorted((name, value) for name, value in text.environment.items() if value is not None)
        ),
        user=scene.user,
        programs=tuple(sorted(survey.programs.keys() - BUILTINS)),
        folders=tuple(sorted(survey.folders)),
        may_fail=not piece.required and not _stops_at_failure(at, text),
        location=whole,
        text=_short(piece.text),
    )


def _stored(text: RunText) -> frozenset[str]:
    """The variables that hold a path in the store (`@temurin-bin-21@`), and those that are made of them."""
    found = {name for name, value in text.environment.items() if value and _STORED.search(value)}
    for piece in text.pieces if found else ():
        if found & _read(piece.text) - {"PATH"}:
            found |= _assigned(piece.text)
    return frozenset(found)


def standard_folders(script: RunScript) -> tuple[MakeDirectory, ...]:
    """The folders of any distribution that a script names: a Nix image has only those that something puts files into."""
    named = sorted({script.directory, *script.folders} & STANDARD_DIRECTORIES - _NEVER_MADE)
    return tuple(MakeDirectory(path=path, location=script.location, text=script.text) for path in named)


def _can_stand_alone(piece: Piece, text: RunText) -> bool:
    """Whether the text of a piece is all that it consists of, and means the same in the shell of the image."""
    written = piece.text
    if piece.background or piece.function or len(written) > LONGEST_SCRIPT or "\0" in written:
        return False
    if "<<" in written.replace("<<<", ""):
        return False
    if text.dash and "\\" in written and _ECHO.search(written):
        return False
    if text.file and _OWN_NAME.search(written):
        return False
    return not any(name in written for name in text.functions)


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= 100 else line[:99] + "…"


# --- the shell's state -------------------------------------------------------------------------------------------------------


def _state_before(at: int, text: RunText, shown: Mapping[str, str | None]) -> tuple[str, ...] | None:
    """Lines that set what the pieces in front of one set and it may use; None when that cannot be said."""
    needed = _read(text.pieces[at].text)
    lines: list[str] = []
    for earlier in reversed(text.pieces[:at]):
        if _is_state(earlier):
            if not _matters(earlier, needed, text):
                continue
            if "$(" in earlier.text or "`" in earlier.text or (text.file and _OWN_NAME.search(earlier.text)):
                known = _known_values(earlier, shown)
                if known is None:
                    return None
                lines += known
                continue
            lines.append(" ".join(earlier.text.split("\n")))
            needed |= _read(earlier.text)
        elif names := _assigned(earlier.text) & needed:
            values = _as_assignments(names, shown)
            if values is None:
                return None
            lines += values
            needed -= names
        elif _BRINGS_VARIABLES.search(earlier.text) and not needed <= text.environment.keys():
            return None
    return tuple(reversed(lines))


def _is_state(piece: Piece) -> bool:
    """Whether a piece does nothing but change the shell's variables or settings."""
    words = piece.words
    return bool(words) and (
        words[0] in _SETTINGS | _DECLARES or all(_LONE_ASSIGNMENT.match(word) for word in words)
    )


def _matters(piece: Piece, needed: set[str], text: RunText) -> bool:
    """Whether it may matter for what runs later: settings, what programs see, and variables that the text names."""
    return piece.words[0] in _SETTINGS | {"export", "unset"} or bool(
        _assigned(piece.text) & (needed | text.environment.keys())
    )


def _known_values(piece: Piece, shown: Mapping[str, str | None]) -> list[str] | None:
    values = _as_assignments(_assigned(piece.text), shown)
    return [f"export {value}" for value in values] if values and piece.words[0] == "export" else values


def _as_assignments(names: set[str], shown: Mapping[str, str | None]) -> list[str] | None:
    values = {name: shown.get(name) for name in sorted(names)}
    if not values or None in values.values():
        return None
    return [f"{name}={shlex.quote(value or '')}" for name, value in values.items()]


def _read(text: str) -> set[str]:
    return {found[1] for found in _READS.finditer(text)} | {"PATH"}


def _assigned(text: str) -> set[str]:
    return {found[1] or found[2] for found in _ASSIGNS.finditer(text)}


def _stops_at_failure(at: int, text: RunText) -> bool:
    """Whether `set -e` is in force, by the shell's own options or by an earlier piece."""
    words: Iterator[str] = (
        word for piece in text.pieces[:at] if piece.words[:1] == ("set",) for word in piece.words[1:]
    )
    options = (*text.shell[1:-1], *(word for word in text.shell[-1:]), *words)
    return any(_ERREXIT.fullmatch(word) or word == "errexit" for word in options)
