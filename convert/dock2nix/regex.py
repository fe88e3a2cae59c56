"""Regular expressions that are compiled when they are first used."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from typing import AnyStr


def regex(source: AnyStr, flags: int = 0) -> re.Pattern[AnyStr]:
    """What `re.compile` gives, compiled at its first use.

    There are some three hundred of them, and a run uses a third: compiling all takes a tenth of a conversion's time.

    Args:
        source: the expression.
        flags: those of `re`.

    Raises:
        re.error: at the first use, when it is not a regular expression; a test compiles all of them.
    """
    return cast("re.Pattern[AnyStr]", LazyPattern(source, flags))


class LazyPattern:
    """Takes over each method of the compiled pattern when it is first asked for: later calls go there directly."""

    def __init__(self, source: str | bytes, flags: int) -> None:
        self._source = source
        self._flags = flags

    def __getattr__(self, name: str) -> object:
        found: object = getattr(re.compile(self._source, self._flags), name)
        setattr(self, name, found)
        return found
