"""How the configurations of two images differ in what a container sees of them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from dock2nix.regex import regex
from dock2nix.verify.difference import Difference

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_STORE_HASH = regex(r"/nix/store/[0-9a-z]{32}-")
_LISTS = {"Cmd": "cmd", "Entrypoint": "entrypoint"}
_TEXTS = {"StopSignal": "stop signal", "User": "user", "WorkingDir": "workdir"}
_SETS = {"ExposedPorts": "port", "Volumes": "volume"}
# What Docker takes when nothing is said, in the spellings that mean the same.
_SAME = {"User": {"": "root", "0": "root", "0:0": "root", "root:root": "root"}, "WorkingDir": {"": "/"}}


def compare_config(ours: Mapping[str, Any], theirs: Mapping[str, Any]) -> Iterator[Difference]:
    """Each key of the OCI image configuration, and of Docker's, that containers go by.

    The order of variables does not matter, nor the hashes of store paths; what is empty is as good as absent.
    """
    yield from _members("env", environment(ours), environment(theirs))
    for key, aspect in _LISTS.items():
        yield from _one(aspect, _shown(ours.get(key)), _shown(theirs.get(key)))
    for key, aspect in _TEXTS.items():
        yield from _one(aspect, _text(key, ours.get(key)), _text(key, theirs.get(key)))
    for key, aspect in _SETS.items():
        yield from _members(aspect, _named(ours.get(key), aspect), _named(theirs.get(key), aspect))
    yield from _members("label", _texts(ours.get("Labels")), _texts(theirs.get("Labels")))
    yield from _members("healthcheck", _values(ours.get("Healthcheck")), _values(theirs.get("Healthcheck")))


def environment(config: Mapping[str, Any]) -> dict[str, str]:
    """The variables of an image; the last of several of one name counts, as in a container."""
    given = config.get("Env")
    pairs = (str(one).partition("=") for one in given) if isinstance(given, list) else ()
    return {name: value for name, _, value in pairs}


def _members(aspect: str, ours: Mapping[str, str], theirs: Mapping[str, str]) -> Iterator[Difference]:
    for name in sorted({*ours, *theirs}):
        yield from _one(aspect, _at(ours, name), _at(theirs, name), name)


def _at(values: Mapping[str, str], name: str) -> str:
    """A value; an empty one is shown as such, since none at all is another thing."""
    return (_blanked(values[name]) or "''") if name in values else ""


def _one(aspect: str, ours: str, theirs: str, subject: str = "") -> Iterator[Difference]:
    if ours != theirs:
        yield Difference(aspect=aspect, subject=subject, ours=ours, theirs=theirs)


def _blanked(text: str) -> str:
    return _STORE_HASH.sub("/nix/store/…-", text)


def _shown(value: object) -> str:
    return _blanked(json.dumps(value, ensure_ascii=False)) if value else ""


def _text(key: str, value: object) -> str:
    text = str(value or "")
    if key == "WorkingDir":
        text = text.rstrip("/")
    return _blanked(_SAME.get(key, {}).get(text, text))


def _named(value: object, aspect: str) -> dict[str, str]:
    names = map(str, value) if isinstance(value, dict) else ()
    return {f"{name}/tcp" if aspect == "port" and "/" not in name else name: "there" for name in names}


def _texts(value: object) -> dict[str, str]:
    return {str(name): str(text) for name, text in value.items()} if isinstance(value, dict) else {}


def _values(value: object) -> dict[str, str]:
    return {str(name): _shown(one) for name, one in value.items() if one} if isinstance(value, dict) else {}
