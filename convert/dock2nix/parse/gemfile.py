"""Gemfile: which groups its gems are in, as far as that is written plainly. It is Ruby, and never run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from dock2nix.regex import regex

if TYPE_CHECKING:
    from collections.abc import Mapping

_GEM = regex(r"""gem[ (]\s*(["'])([A-Za-z0-9_.-]+)\1\s*(?:,(.*?))?\)?""")
_GROUP = regex(r"group[ (](.*)\sdo")
_BLOCK = regex(r"(?:platforms?|source|git|path|github|install_if)\b.*\bdo")
_PLAIN = regex(r"(?:source|ruby|git_source)\b.*|#.*|")
_OPTION = regex(
    r"""(?::groups?\s*=>|\bgroups?:)\s*(?:\[([^\]]*)\]|%[iw]\[([^\]]*)\]|(:?["']?[A-Za-z_]\w*["']?))"""
)
_NAME = regex(r"[A-Za-z_]\w*")
_OPTIONAL = regex(r",?\s*(?::optional\s*=>|optional:)\s*true")
# A comment behind code: `#` in a string has a quote behind it.
_COMMENT = regex(r"\s#[^\"']*$")


class GemGroups(Struct, frozen=True, kw_only=True):
    """The groups of the gems that a Gemfile names, and the groups that are only installed when they are asked for."""

    groups: Mapping[str, frozenset[str]]
    optional: frozenset[str] = frozenset()


def read_gemfile(text: str) -> GemGroups | None:
    """The groups of the gems.

    Args:
        text: of the Gemfile.

    Returns:
        None when something in it has to be run to be known.
    """
    groups: dict[str, set[str]] = {}
    optional: set[str] = set()
    opened: list[frozenset[str]] = []
    for line in _statements(text):
        if found := _GEM.fullmatch(line):
            option = _OPTION.search(found[3] or "")
            own = _names(next(part for part in option.groups() if part)) if option else frozenset()
            if not option and "group" in (found[3] or ""):
                return None
            around = frozenset(name for names in opened for name in names)
            groups.setdefault(found[2], set()).update(own | around or {"default"})
        elif found := _GROUP.fullmatch(line):
            names = _names(_OPTIONAL.sub("", found[1]))
            opened.append(names)
            optional |= names if _OPTIONAL.search(found[1]) else set()
        elif _BLOCK.fullmatch(line):
            opened.append(frozenset())
        elif line == "end" and opened:
            opened.pop()
        elif not _PLAIN.fullmatch(line):
            return None
    found_all = {name: frozenset(names) for name, names in groups.items()}
    return GemGroups(groups=found_all, optional=frozenset(optional)) if not opened else None


def _statements(text: str) -> list[str]:
    """The lines without comments, each with those that go on with it."""
    joined: list[str] = []
    for raw in text.splitlines():
        line = "" if raw.lstrip().startswith("#") else _COMMENT.sub("", raw).strip()
        if line and joined and joined[-1].endswith(","):
            joined[-1] = f"{joined[-1]} {line}"
        elif line:
            joined.append(line)
    return joined


def _names(text: str) -> frozenset[str]:
    return frozenset(found[0] for found in _NAME.finditer(text))
