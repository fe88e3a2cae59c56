"""nix/debs.json: which .deb files the image has, as Nix and the next conversion read it."""

from __future__ import annotations

import json

import msgspec

from dock2nix.model.debs import DebLock
from dock2nix.model.packages import AttributePath, SriHash
from dock2nix.regex import regex

_VERSION = 1
_NAME = regex(r"[A-Za-z_][A-Za-z0-9_-]*")  # what is printed bare


def write_lock(lock: DebLock) -> str:
    """The text of the file; the same for the same lock."""
    data = {
        "version": _VERSION,
        **msgspec.to_builtins(lock, builtin_types=(AttributePath, SriHash), enc_hook=str),
    }
    return json.dumps(_plain(data), indent=2, ensure_ascii=False) + "\n"


def _plain(value: object) -> object:
    """Without what is empty: most files have little to tell."""
    if isinstance(value, dict):
        return {name: _plain(one) for name, one in value.items() if one not in ("", [], ())}
    return [_plain(one) for one in value] if isinstance(value, (list, tuple)) else value


def read_lock(text: str) -> DebLock | None:
    """The lock in a text; None for one that is of no form known here."""
    try:
        data = json.loads(text)
        if not isinstance(data, dict) or data.pop("version", 0) != _VERSION:
            return None
        lock = msgspec.convert(data, DebLock, dec_hook=_checked)
    except (ValueError, RecursionError, msgspec.ValidationError):
        return None
    printed = [output for _, output in lock.libraries] + [one.source for one in lock.further]
    printed += [lock.distribution, lock.release]
    return lock if all(_NAME.fullmatch(one) for one in printed if one) else None


def _checked(kind: type, value: object) -> object:
    """Values that check themselves."""
    if isinstance(value, str) and kind in {AttributePath, SriHash}:
        return kind(value)
    raise NotImplementedError(f"{kind.__name__} is not read here")
