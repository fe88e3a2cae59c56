"""Differences as terminal text, Markdown and JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dock2nix.emit.expression import nix_comment
from dock2nix.emit.json_text import json_text
from dock2nix.report.markdown import code, escape
from dock2nix.review.sections import headline, sections

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from msgspec import Struct

    from dock2nix.review.compare import Change
    from dock2nix.review.difference import Difference
    from dock2nix.review.items import Item
    from dock2nix.review.sections import Row, Section

ROWS = 28  # what fits one screen with titles and figures
COLUMNS = 110
MARK = "<!-- dock2nix diff -->"  # by which a comment is found again, to be brought up to date
_COLOURS = {"+": "32", "-": "31", "~": "33", "!": "31"}


# --- terminal ----------------------------------------------------------------------------------------------------------------


def difference_text(found: Difference, *, colour: bool = False, everything: bool = False) -> str:
    """One screen: a line with the figures, then each section with as many rows as fit.

    Args:
        found: what differs.
        colour: whether to use terminal colours.
        everything: list all, however long.
    """
    parts = sections(found)
    room = [len(one.rows) for one in parts] if everything else _room([len(one.rows) for one in parts])
    lines = [nix_comment(headline(found))]
    for part, rows in zip(parts, room, strict=True):
        lines += _section(part, rows, colour=colour, cut=not everything)
    return "".join(f"{line}\n" for line in lines)


def _room(wanted: Sequence[int]) -> list[int]:
    """How many rows each section gets: all alike, until the screen is full."""
    given = [0] * len(wanted)
    left = ROWS
    while left and any(have < want for have, want in zip(given, wanted, strict=True)):
        for at, want in enumerate(wanted):
            if given[at] < want and left:
                given[at] += 1
                left -= 1
    return given


def _section(part: Section, room: int, *, colour: bool, cut: bool) -> Iterator[str]:
    shown = part.rows[:room]
    for at, row in enumerate(shown):
        yield _line(part.title if at == 0 else "", row, colour=colour, cut=cut)
    more = len(part.rows) - len(shown)
    if more:
        yield f"{'' if shown else part.title:<9}  … and {more} more (--all lists them)"


def _line(title: str, row: Row, *, colour: bool, cut: bool) -> str:
    name, value = nix_comment(row.name), nix_comment(row.text)
    text = f"{name:<24} {value}" if value else name
    if cut and len(text) > COLUMNS - 11:
        text = text[: COLUMNS - 12] + "…"
    sign = f"\x1b[{_COLOURS[row.sign]}m{row.sign}\x1b[0m" if colour else row.sign
    return f"{title:<9}{sign} {text}".rstrip()


# --- Markdown ----------------------------------------------------------------------------------------------------------------


def differences_markdown(found: Sequence[Difference]) -> str:
    """One short comment for a pull request: a line a flake, the details folded."""
    changed = [one for one in found if not one.is_empty]
    if not changed:
        return f"{MARK}\n**dock2nix**: nothing differs.\n"
    return f"{MARK}\n" + "\n".join(map(_flake, changed))


def _flake(found: Difference) -> str:
    parts = sections(found)
    counts = "; ".join(f"{part.title} {part.counts}" for part in parts)
    tables = "\n".join(map(_table, parts))
    # Inside the summary no Markdown is read: only words of ours and numbers stand there.
    folded = f"\n<details><summary>{counts}</summary>\n\n{tables}\n</details>\n" if parts else ""
    figures = headline(found).removeprefix(f"{found.name}:")
    return f"**dock2nix** {code(found.name)}:{escape(figures)}\n{folded}"


def _table(part: Section) -> str:
    # In code nothing is a link, an address or the name of somebody to be told.
    rows = "".join(f"| {row.sign} | {code(row.name)} | {code(row.text)} |\n" for row in part.rows)
    return f"| | {part.title} | |\n|---|---|---|\n{rows}"


# --- JSON --------------------------------------------------------------------------------------------------------------------


def differences_json(found: Sequence[Difference]) -> str:
    """Indented JSON text, version 1 of its form: a list of flakes, those too in which nothing differs."""
    data = {"version": 1, "flakes": [_object(one) for one in found]}
    return json_text(_visible(data))


def _object(found: Difference) -> dict[str, Any]:
    return {
        "flake": found.name,
        "differs": not found.is_empty,
        "headline": headline(found),
        "old": _fields(found.old),
        "new": _fields(found.new),
        "inputs": [
            {
                "name": one.name,
                "old": one.old,
                "new": one.new,
                "channel": one.channel,
                "packages": [_change(change) for change in one.packages],
            }
            for one in found.bumps
        ],
        "changes": [_change(one) for one in found.changes],
        "files": _fields(found.files),
        "findings": {"raised": _told(found.raised), "settled": _told(found.settled)},
    }


def _change(one: Change) -> dict[str, Any]:
    item = one.item
    return {
        "sign": one.sign,
        "kind": item.kind,
        "name": item.name,
        "stage": item.stage,
        "line": item.line,
        "old": _item(one.old),
        "new": _item(one.new),
    }


def _item(item: Item | None) -> dict[str, Any] | None:
    if item is None:
        return None
    names = ("asked", "outcome", "attributes", "outputs", "version", "hash", "detail", "origin")
    return {name: value for name in names if (value := getattr(item, name))}


def _fields(one: Struct | None) -> dict[str, Any] | None:
    return None if one is None else {name: getattr(one, name) for name in one.__struct_fields__}


def _told(findings: Sequence[tuple[int, str, str]]) -> list[dict[str, Any]]:
    return [{"line": line, "severity": severity, "message": message} for line, severity, message in findings]


def _visible(value: Any) -> Any:  # noqa: ANN401 - JSON has no narrower type
    """The same data with texts that are safe to show on a terminal."""
    if isinstance(value, str):
        return nix_comment(value)
    if isinstance(value, dict):
        return {key: _visible(one) for key, one in value.items()}
    return [_visible(one) for one in value] if isinstance(value, (list, tuple)) else value
