"""npm's settings, as far as they decide which packages of a lock are installed: options, environment and .npmrc."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from msgspec import Struct

from dock2nix.regex import regex

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_OPTION = regex(r"--?([A-Za-z][A-Za-z-]*)(?:[= ](.*))?", re.DOTALL)
_PREFIX = "npm_config_"
_OFF = frozenset({"false", "no", "0", "null"})
_SHORT = {"P": "production", "f": "force", "prod": "production", "w": "workspace"}
_SEVERAL = frozenset({"omit", "include", "workspace"})
_KINDS = ("dev", "optional", "peer")


class NpmSettings(Struct, frozen=True, kw_only=True):
    """`omit` are the kinds of packages that are left out; `flags` the options to pass on to another npm.

    `scripts`: install scripts run. `lock`: the lock file counts. `part`: only workspaces are installed.
    """

    omit: tuple[str, ...] = ()
    flags: tuple[str, ...] = ()
    scripts: bool = True
    lock: bool = True
    part: bool = False


def npm_settings(
    options: tuple[str, ...], environment: Mapping[str, str | None], npmrc: str = ""
) -> NpmSettings:
    """What npm would make of its configuration (`npm help config`, definitions of @npmcli/config).

    Args:
        options: of the command line, as written: `--omit=dev`, `--only production`.
        environment: the variables the command runs with; NODE_ENV and npm_config_… count.
        npmrc: the text of the project's .npmrc.
    """
    layers = (_file(npmrc), _variables(environment), _written(options))
    values: dict[str, tuple[str, ...]] = {}
    for layer in layers:
        values |= _gathered(layer)
    return NpmSettings(
        omit=_omitted(values, in_production=environment.get("NODE_ENV") == "production"),
        flags=tuple(f"--{name}" for name in ("force", "legacy-peer-deps") if _is_on(values, name)),
        scripts=not _is_on(values, "ignore-scripts"),
        lock=_is_on(values, "package-lock", default=True) and _is_on(values, "shrinkwrap", default=True),
        part="workspace" in values or _is_on(values, "workspaces"),
    )


def _written(options: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    for option in options:
        found = _OPTION.fullmatch(option)
        if found:
            name, value = _SHORT.get(found[1], found[1]), found[2]
            negated = name.startswith("no-") and value is None
            yield (
                (name.removeprefix("no-"), "false") if negated else (name, "true" if value is None else value)
            )


def _variables(environment: Mapping[str, str | None]) -> Iterator[tuple[str, str]]:
    for name, value in sorted(environment.items()):
        if name.lower().startswith(_PREFIX) and value:
            yield name[len(_PREFIX) :].lower().replace("_", "-"), value


def _file(text: str) -> Iterator[tuple[str, str]]:
    """The lines `name = value` and `name[] = value` of an .npmrc; a name alone is switched on (npm's package `ini`)."""
    for line in text.splitlines():
        name, equals, value = (part.strip() for part in line.partition("="))
        if name and name[0] not in "#;[":
            yield name.removesuffix("[]"), value.strip("\"'") if equals else "true"


def _gathered(layer: Iterator[tuple[str, str]]) -> dict[str, tuple[str, ...]]:
    """The values of one layer: of most settings the last one counts, of a few all."""
    values: dict[str, list[str]] = {}
    for name, value in layer:
        if name in _SEVERAL:
            values.setdefault(name, []).append(value)
        else:
            values[name] = [value]
    return {name: tuple(found) for name, found in values.items()}


def _is_on(values: Mapping[str, tuple[str, ...]], name: str, *, default: bool = False) -> bool:
    found = values.get(name)
    return default if found is None else found[-1] not in _OFF


def _omitted(values: Mapping[str, tuple[str, ...]], *, in_production: bool) -> tuple[str, ...]:
    """`omit` less `include`, with the older options that say the same in other words."""
    omit = set(values.get("omit", ("dev",) if in_production else ()))
    include = set(values.get("include", ()))
    if values.get("only", ("",))[-1].startswith("prod"):
        omit.add("dev")
    if "production" in values:
        (omit if _is_on(values, "production") else include).add("dev")
    if _is_on(values, "dev") or values.get("also", ("",))[-1].startswith("dev"):
        include.add("dev")
    if "optional" in values:
        (include if _is_on(values, "optional") else omit).add("optional")
    return tuple(kind for kind in _KINDS if kind in omit - include)
