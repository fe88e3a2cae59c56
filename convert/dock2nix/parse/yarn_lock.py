"""yarn.lock of yarn 1: what it pins. The form is that of the package @yarnpkg/lockfile, which writes it."""

from __future__ import annotations

import base64
import json

from msgspec import Struct

from dock2nix.model.packages import is_sri
from dock2nix.regex import regex

_HEADER = "# yarn lockfile v1"
_FIELD = regex(r'  (version|resolved|integrity) "?([^"\s]*)"?')
_NAME = regex(r"((?:@[^@/]+/)?[^@/]+)@(.*)")
_SHA1 = regex(r"[0-9a-f]{40}")


class YarnEntry(Struct, frozen=True, kw_only=True):
    """One package. `asked` are the (name, specifier) that it answers. `hash` is SRI, "" when there is none; `url` has no `#`."""

    asked: tuple[tuple[str, str], ...]
    version: str
    url: str
    hash: str

    @property
    def name(self) -> str:
        return self.asked[0][0]


def read_yarn_lock(text: str) -> tuple[YarnEntry, ...] | None:
    """The packages of a lock; None when it is none of yarn 1."""
    if _HEADER not in text[:1000]:
        return None
    found: list[YarnEntry] = []
    asked: tuple[tuple[str, str], ...] = ()
    fields: dict[str, str] = {}
    for line in [*text.splitlines(), "end:"]:
        if line and line[0] not in " #":
            if asked:
                found.append(_entry(asked, fields))
            asked, fields = _asked(line.rstrip().removesuffix(":")), {}
        elif field := _FIELD.fullmatch(line):
            fields[field[1]] = field[2]
    return tuple(found)


def _asked(line: str) -> tuple[tuple[str, str], ...]:
    """`"a@^1", b@2` as names with what is asked for."""
    try:
        words = [json.loads(word) if word[:1] == '"' else word for word in line.split(", ")]
    except ValueError:
        return ()
    parts = (_NAME.fullmatch(str(word)) for word in words)
    return tuple((part[1], part[2]) for part in parts if part)


def _entry(asked: tuple[tuple[str, str], ...], fields: dict[str, str]) -> YarnEntry:
    url, _, fragment = fields.get("resolved", "").partition("#")
    sri = fields.get("integrity", "")
    if not is_sri(sri):
        sri = (
            f"sha1-{base64.b64encode(bytes.fromhex(fragment)).decode()}" if _SHA1.fullmatch(fragment) else ""
        )
    return YarnEntry(asked=asked, version=fields.get("version", ""), url=url, hash=sri)
