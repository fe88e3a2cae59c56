"""The options of a conversion as nix/report.json keeps them, and back again: `dock2nix check` converts as was converted."""

from __future__ import annotations

import os
from argparse import Namespace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dock2nix.errors import UsageError

if TYPE_CHECKING:
    from dock2nix.pipeline import Source

_TEXTS = ("target", "platform", "image_builder", "channel", "nixpkgs")
_SOURCES = ("auto", "nixpkgs", "lock")


def recorded_options(options: Namespace, source: Source) -> tuple[tuple[str, object], ...]:
    """What decides about content and is not as by default. Values of build arguments whose names speak of a secret are left out.

    Args:
        options: the arguments of `convert`.
        source: the Dockerfile and its context.
    """
    folder = Path(options.output or source.context)
    found: dict[str, object] = {name: getattr(options, name) for name in _TEXTS if getattr(options, name)}
    if options.python != "auto":
        found["python"] = options.python
    if options.keep_base:
        found["keep_base"] = True
    if getattr(options, "html", False):
        found["html"] = True
    if getattr(options, "pin", "index") != "index":
        found["pin"] = options.pin
    if getattr(options, "fallback", "none") != "none":
        found["fallback"] = options.fallback
    if options.build_arg:
        found["build_arguments"] = _arguments(options.build_arg)
    paths = {"dockerfile": _dockerfile(source), "context": source.context, "config": options.config}
    usual = {"dockerfile": None, "context": folder, "config": None}
    for name, path in paths.items():
        if path is not None and not _is_same(path, usual[name]):
            found |= _path(name, path, folder)
    return tuple(sorted(found.items()))


def _dockerfile(source: Source) -> Path | None:
    """The Dockerfile, when its name relative to the context does not tell where it is."""
    if source.file is None:
        return Path("-")
    return None if source.file.resolve().is_relative_to(source.context.resolve()) else source.file


def _arguments(given: list[str]) -> dict[str, str | None]:
    from dock2nix.audit.secret_words import names_a_secret  # noqa: PLC0415 - few conversions have build arguments
    from dock2nix.cli.sources import build_arguments  # noqa: PLC0415

    values = build_arguments(given)
    return {name: None if names_a_secret(name) else value for name, value in sorted(values.items())}


def _is_same(path: Path, other: Path | None) -> bool:
    return other is not None and path.resolve() == other.resolve()


def _path(name: str, path: Path, folder: Path) -> dict[str, object]:
    """A path relative to the flake; nothing when it lies elsewhere on this machine."""
    if str(path) == "-":
        return {name: "-"}
    root = _root(folder.resolve())
    if not path.resolve().is_relative_to(root):
        return {}
    return {name: Path(os.path.relpath(path.resolve(), folder.resolve())).as_posix()}


def _root(folder: Path) -> Path:
    """What belongs together: the repository, else the current folder if the flake is below it, else the flake's own."""
    for one in (folder, *folder.parents):
        if (one / ".git").exists():
            return one
    current = Path.cwd().resolve()
    return current if folder.is_relative_to(current) else folder


def as_recorded(report: dict[str, Any], folder: Path, given: Namespace) -> Namespace:
    """The arguments of the `convert` that a committed conversion was made with.

    Args:
        report: its nix/report.json.
        folder: the flake's root.
        given: the arguments of `check`: `dockerfile`, `context` and `config` where they are named, `build_arg`, `offline`.

    Raises:
        UsageError: the report names the Dockerfile as standard input, and none was given.
    """
    options = report.get("options")
    kept: dict[str, Any] = options if isinstance(options, dict) else {}
    image = report.get("image")
    named: dict[str, Any] = image if isinstance(image, dict) else {}
    context = given.context or folder / _text(kept, "context")
    texts = {name: _text(kept, name) for name in _TEXTS}
    python = _text(kept, "python")
    config = given.config or (folder / _text(kept, "config") if _text(kept, "config") else None)
    return Namespace(
        **texts,
        dockerfile=given.dockerfile or _recorded_dockerfile(report, kept, folder, context),
        context=context,
        output=folder,
        config=config,
        python=python if python in _SOURCES else "auto",
        pin="exact" if _text(kept, "pin") == "exact" else "index",
        fallback="deb" if _text(kept, "fallback") == "deb" else "none",
        build_arg=[*_recorded_arguments(kept), *given.build_arg],
        name=_text(named, "name"),
        tag=_text(named, "tag") or "latest",
        offline=given.offline,
        keep_base=kept.get("keep_base") is True,
        strict=False,
        html=kept.get("html") is True,
    )


def _text(data: dict[str, Any], name: str) -> str:
    value = data.get(name)
    return value if isinstance(value, str) else ""


def _recorded_dockerfile(report: dict[str, Any], kept: dict[str, Any], folder: Path, context: Path) -> str:
    named = _text(kept, "dockerfile")
    if named == "-":
        raise UsageError("the Dockerfile was read from standard input: name it, or give - and the same input")
    return str(folder / named if named else context / (_text(report, "dockerfile") or "Dockerfile"))


def _recorded_arguments(kept: dict[str, Any]) -> list[str]:
    """`NAME=value`; `NAME` alone, which takes the environment's, for one whose value was not kept."""
    values = kept.get("build_arguments")
    if not isinstance(values, dict):
        return []
    return [f"{name}={value}" if isinstance(value, str) else str(name) for name, value in values.items()]
