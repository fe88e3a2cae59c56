"""`update-alternatives` of Debian, `alternatives` of Red Hat: which program a name stands for."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

from dock2nix.commands.base import Translation, writes_nowhere
from dock2nix.model.image import Symlink
from dock2nix.regex import regex

if TYPE_CHECKING:
    from dock2nix.model.shell import Invocation, Redirect
    from dock2nix.model.source import Location

PROGRAMS = frozenset({"alternatives", "update-alternatives"})
_PROGRAMS = frozenset(
    {"/bin", "/opt/bin", "/sbin", "/usr/bin", "/usr/local/bin", "/usr/local/sbin", "/usr/sbin"}
)
_PATH = regex(r"/[A-Za-z0-9_./+@:-]+")
_NAME = regex(r"[A-Za-z0-9_.+-]+")
_QUIET = frozenset({"--force", "--quiet", "--skip-auto", "--verbose"})
_ASKS = frozenset({"--auto", "--config", "--display", "--get-selections", "--list", "--query"})
_OF_PACKAGES = ("/usr/lib/jvm/", "/usr/lib64/", "/usr/share/")
_ONE = "nixpkgs' packages have their programs under these names already; there is one of each in the image"


def translate(
    invocation: Invocation, redirects: tuple[Redirect, ...], location: Location, text: str
) -> Translation | None:
    """A link for each name that is given to a program; priorities mean nothing, since there is one choice.

    Programs in folders that only a distribution's packages have (/usr/lib/jvm) are under their names in /bin already.
    """
    words = [word.value for word in invocation.arguments if word.value not in _QUIET]
    if not writes_nowhere(redirects) or not words or None in words:
        return None
    known = [word or "" for word in words]
    if known[0] in _ASKS:
        return Translation(effects=(), reason=_ONE)
    pairs = _set(known) if known[0] == "--set" else _installed(known) if known[0] == "--install" else None
    if pairs is None:
        return None
    effects = tuple(
        Symlink(path=link, target=target, location=location, text=text)
        for link, target in pairs
        if not target.startswith(_OF_PACKAGES) and link != target
    )
    return Translation(effects=effects, reason="makes links to programs" if effects else _ONE)


def _set(words: list[str]) -> list[tuple[str, str]] | None:
    """`--set NAME PATH`: where the link is stands in Debian's data; for programs that is /usr/bin."""
    if len(words) != 3 or not _NAME.fullmatch(words[1]) or not _PATH.fullmatch(words[2]):
        return None
    if posixpath.dirname(words[2]) not in _PROGRAMS and not words[2].startswith(_OF_PACKAGES):
        return None
    return [(f"/usr/bin/{words[1]}", words[2])]


def _installed(words: list[str]) -> list[tuple[str, str]] | None:
    """`--install LINK NAME PATH PRIORITY [--slave LINK NAME PATH]…`."""
    if len(words) < 5 or not words[4].lstrip("-").isdigit():
        return None
    pairs, rest = [(words[1], words[3])], words[5:]
    while rest:
        if rest[0] not in {"--slave", "--follower"} or len(rest) < 4:
            return None
        pairs.append((rest[1], rest[3]))
        rest = rest[4:]
    return pairs if all(_PATH.fullmatch(path) for pair in pairs for path in pair) else None
