"""Data as JSON text for files and terminals."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from dock2nix.emit.expression import HIDDEN, utf16
from dock2nix.regex import regex

if TYPE_CHECKING:
    import re

_HIDDEN = regex(f"[{HIDDEN}]")


def json_text(data: object, *, indent: int | None = 2, sort_keys: bool = False) -> str:
    """JSON (RFC 8259) that a terminal and a reviewer can be shown: what neither would see as it is stands as escapes.

    Args:
        data: dictionaries, lists, text and numbers.
        indent: blanks a level; None writes one line.
        sort_keys: whether the keys of objects are sorted.

    Returns:
        The text, with a line end.
    """
    raw = msgspec.json.encode(data, order="sorted" if sort_keys else None, enc_hook=_plain)
    text = (msgspec.json.format(raw, indent=indent) if indent is not None else raw).decode()
    # Outside strings JSON has none of these characters.
    return _HIDDEN.sub(_escaped, text) + "\n"


def _plain(value: object) -> str:
    if isinstance(value, str):  # a kind of text of our own
        return str(value)
    raise TypeError(f"no JSON for {type(value).__name__}")


def _escaped(found: re.Match[str]) -> str:
    return "".join(f"\\u{unit:04x}" for unit in utf16(found[0]))
