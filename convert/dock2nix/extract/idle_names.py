"""Names of packages that nobody knows before the build and that mean nothing under Nix."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from msgspec.structs import replace

from dock2nix.model.packages import Action
from dock2nix.regex import regex

if TYPE_CHECKING:
    from dock2nix.model.packages import InstallStep, UnknownWord

# Programs that tell which libraries files link to: `$(scanelf --needed …)`, `$(find … -exec ldd '{}' ';' | …)`.
_TELLS_LIBRARIES = regex(r"\$\(\s*(?:ldd|scanelf|find\s[^|]*-exec\s+(?:ldd|scanelf))\b.*", re.DOTALL)
_LINKED = "the libraries that files in the image link to; Nix brings them along with these"
_KEPT = "which packages it removes is known only when it runs: they stay in the image"


def without_idle_names(install: InstallStep) -> InstallStep:
    """The installation less the unknown names that need not be known, with a remark on each.

    A package of a library that built files link to comes with these files. A package that is removed by an unknown name stays.
    """
    idle = tuple((word, reason) for word in install.unknown if (reason := _why_idle(word, install)))
    if not idle:
        return install
    left = tuple(word for word in install.unknown if not _why_idle(word, install))
    remarks = tuple(("D2N224", f"{word.text}: {reason}", "") for word, reason in idle)
    nothing = not (left or install.requirements or install.manifests)
    return replace(
        install,
        unknown=left,
        problems=(*install.problems, *remarks),
        action=Action.NOTHING if nothing else install.action,
        reason=idle[0][1] if nothing else install.reason,
    )


def _why_idle(word: UnknownWord, install: InstallStep) -> str:
    if install.action is Action.REMOVE:
        return _KEPT
    return _LINKED if install.action is Action.INSTALL and _TELLS_LIBRARIES.match(word.reason) else ""
