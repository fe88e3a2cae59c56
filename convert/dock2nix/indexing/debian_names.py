"""What nixpkgs may call a package that Debian has under some name."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from dock2nix.indexing.ranking import plain

if TYPE_CHECKING:
    from collections.abc import Iterator

_ROLES = re.compile(
    r"-(?:dev|dbg|doc|bin|utils|tools|common|data|core|client|runtime|cli|minimal|base|headers|nox|all|full|daemon|server)$"
)
_ABI = re.compile(r"[0-9.]+(?:-[0-9.]+)?(?:t64|v5|debian\d|gf|c2a?|ldbl|c102|g|abi\d+)?$")
_PART_NUMBER = re.compile(r"-\d+$")
_LANGUAGE_PREFIX = re.compile(
    r"(?:python3?|ruby|node|php[0-9.]*|golang|fonts?|r-cran|gir1\.2|gstreamer1\.0|lua|ocaml)-(.+)"
)
_PERL = re.compile(r"lib(.+)-perl")


def base_name(name: str) -> str:
    """A Debian package name without the endings that say which part of the source it is."""
    shorter = _ROLES.sub("", name)
    return base_name(shorter) if shorter != name else name


def _forms(name: str) -> Iterator[str]:
    yield name
    base = base_name(name)
    yield base
    yield _PART_NUMBER.sub("", base)
    yield _ABI.sub("", base)
    if base.startswith("lib"):
        yield base[3:]
        yield _PART_NUMBER.sub("", base[3:])
        yield _ABI.sub("", base[3:]).rstrip("-")
    for pattern in (_LANGUAGE_PREFIX, _PERL):
        found = pattern.fullmatch(base)
        if found is not None:
            yield found[1]
            yield _ABI.sub("", found[1])


def name_forms(*names: str) -> frozenset[str]:
    """All forms, without punctuation, under which nixpkgs may know a package of that name."""
    return frozenset(plain(form) for name in names for form in _forms(name)) - {""}
