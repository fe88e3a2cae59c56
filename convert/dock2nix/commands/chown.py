"""`chown` and `chgrp`: owners."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dock2nix.commands.base import Translation, option_table, paths, read_options, writes_nowhere
from dock2nix.model.image import SetOwner
from dock2nix.regex import regex

if TYPE_CHECKING:
    from dock2nix.model.shell import Invocation, Redirect
    from dock2nix.model.source import Location

PROGRAMS = frozenset({"chown", "chgrp"})
_OPTIONS = option_table(
    "-R --recursive",
    "-h --no-dereference",
    "-v --verbose",
    "-f --silent --quiet",
    "-c --changes",
    "--dereference",
    "-H",
    "-L",
    "-P",
)
_NAME = r"[A-Za-z0-9_][A-Za-z0-9_-]*\$?"
_OWNER = regex(rf"({_NAME})?(?:([:.])({_NAME})?)?")


def translate(
    invocation: Invocation, redirects: tuple[Redirect, ...], location: Location, text: str
) -> Translation | None:
    """One `SetOwner` for each file; `user:`, the user's login group, is left as it is written."""
    options = read_options(invocation.arguments, _OPTIONS)
    if options is None or len(options.operands) < 2 or not writes_nowhere(redirects):
        return None
    first, *files = options.operands
    is_group = invocation.program is not None and invocation.program.endswith("chgrp")
    owner = _owner(f":{first.value}" if is_group else first.value or "")
    changed = paths(tuple(files), invocation.directory)
    if owner is None or changed is None:
        return None
    recursive = options.has("-R")
    effects = tuple(
        SetOwner(path=path, owner=owner, recursive=recursive, location=location, text=text)
        for path in changed
    )
    return Translation(effects=effects, reason="sets owners")


def _owner(text: str) -> str | None:
    """The owner with a colon before the group (GNU still takes a dot); None for anything else."""
    found = _OWNER.fullmatch(text)
    if not found or text in {"", ":", "."}:
        return None
    user, separator, group = found.groups()
    if separator == "." and not (user and group):
        return None
    return f"{user or ''}{':' * bool(separator)}{group or ''}"
