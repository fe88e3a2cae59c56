"""Which of a distribution's wheels fits an interpreter and a system best (PEP 425, 427, 600)."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from dock2nix.locking.base import CPUS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from dock2nix.locking.base import LockRequest

_OLDEST_GLIBC = {"x86_64": 5, "aarch64": 17}
_OLD_NAMES = {17: "manylinux2014", 12: "manylinux2010", 5: "manylinux1"}


def best_wheel(names: Sequence[str], request: LockRequest, system: str) -> str | None:
    """The file name that pip would choose for CPython on this system; None when none fits.

    Args:
        names: file names of wheels of one distribution in one version.
        request: for the version of Python and of the C library.
        system: `x86_64-linux` or `aarch64-linux`.
    """
    ranks = _ranks(request.python, request.glibc, CPUS[system])
    rated = [(rank, name) for name in names if (rank := _rank(name, ranks)) is not None]
    return min(rated)[1] if rated else None


def _rank(name: str, ranks: dict[str, int]) -> tuple[int, tuple[int, str]] | None:
    """How far down its best tag stands, then the highest build number first; None when no tag fits."""
    from packaging.utils import InvalidWheelFilename, parse_wheel_filename  # noqa: PLC0415 - slow to import

    try:
        _, _, build, tags = parse_wheel_filename(name)
    except InvalidWheelFilename:
        return None
    found = [ranks[text] for tag in tags if (text := str(tag)) in ranks]
    number, rest = build or (0, "")
    return (min(found), (-number, rest)) if found else None


@cache
def _ranks(python: str, glibc: str, cpu: str) -> dict[str, int]:
    """The tags that fit, best first, with their places."""
    from packaging import tags  # noqa: PLC0415 - slow to import

    major, minor = (int(part) for part in python.split(".")[:2])
    abi = f"cp{major}{minor}"
    abis = [f"{abi}m", abi] if (major, minor) < (3, 8) else [abi]
    platforms = list(_platforms(glibc, cpu))
    ordered = [
        *tags.cpython_tags((major, minor), abis=abis, platforms=platforms),
        *tags.compatible_tags((major, minor), interpreter=abi, platforms=platforms),
    ]
    return {str(tag): place for place, tag in reversed(list(enumerate(ordered)))}


def _platforms(glibc: str, cpu: str) -> Iterator[str]:
    """PEP 600's platform tags from the newest C library down, with the older names of some."""
    newest = int(glibc.partition("_")[2])
    for minor in range(newest, _OLDEST_GLIBC[cpu] - 1, -1):
        yield f"manylinux_2_{minor}_{cpu}"
        if minor in _OLD_NAMES and (cpu == "x86_64" or minor == 17):
            yield f"{_OLD_NAMES[minor]}_{cpu}"
    yield f"linux_{cpu}"
