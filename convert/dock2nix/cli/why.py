"""`dock2nix why apt:libpq5`: the decision on one name, its evidence, the other candidates, and the row that changes it."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dock2nix.catalogue.local import LocalCatalogue
from dock2nix.catalogue.overrides import FILE_NAME
from dock2nix.cli.why_package import MANAGERS_BY_KIND, explain_package
from dock2nix.emit.expression import nix_comment
from dock2nix.emit.json_text import json_text
from dock2nix.errors import UsageError
from dock2nix.managers.base import Setting
from dock2nix.model.packages import AttributePath

if TYPE_CHECKING:
    import argparse

    from dock2nix.cli.answers import Answer

_WIDTH = 12


def run(options: argparse.Namespace) -> int:
    """Print what is known of one name; 1 when that is nothing."""
    kind, colon, name = options.package.partition(":")
    if not colon or not name or kind not in {*MANAGERS_BY_KIND, "command", "image"}:
        kinds = ", ".join((*sorted(MANAGERS_BY_KIND), "command", "image"))
        raise UsageError(f"{options.package}: expected KIND:NAME with one of {kinds}")
    catalogue = LocalCatalogue(_overrides(options.config))
    answer = _answer(kind, name, catalogue, options)
    sys.stdout.write(_json(options.package, answer) if options.json else _text(options.package, answer))
    return 0 if answer.known else 1


def _answer(kind: str, name: str, catalogue: LocalCatalogue, options: argparse.Namespace) -> Answer:
    # Each is loaded when it is asked for: what they look at takes longer to load than to look at.
    if kind == "image":
        from dock2nix.cli.why_image import explain_image  # noqa: PLC0415

        return explain_image(name, catalogue)
    if kind == "command":
        from dock2nix.cli.why_command import explain_command  # noqa: PLC0415

        return explain_command(name, catalogue)
    return explain_package(kind, name, catalogue, _setting(options.interpreter, catalogue))


def _overrides(given: Path | None) -> Path | None:
    """The user's own rows: the file given, else dock2nix.toml in the current folder when there is one."""
    if given is not None and not given.is_file():
        raise UsageError(f"{given}: no such file")
    beside = Path(FILE_NAME)
    return given or (beside if beside.is_file() else None)


def _setting(interpreter: str, catalogue: LocalCatalogue) -> Setting:
    if not interpreter:
        return Setting()
    try:
        path = AttributePath(interpreter)
    except ValueError as error:
        raise UsageError(f"--interpreter {interpreter}: expected an attribute such as python312") from error
    language = "nodejs" if path.startswith("nodejs") else "python"
    if catalogue.attribute(path) is None:
        near = ", ".join(catalogue.similar("", path))
        raise UsageError(f"--interpreter {interpreter}: the index has no such attribute; near are {near}")
    return Setting(interpreter=path, language=language)


def _json(subject: str, answer: Answer) -> str:
    row = {"file": FILE_NAME, "table": answer.row.table, "text": answer.row.text}
    candidates = [
        {"attribute": one.path, "version": one.version, "why": one.why} for one in answer.candidates
    ]
    data: dict[str, Any] = {"package": subject, **answer.data, "candidates": candidates, "row": row}
    return json_text(data)


def _text(subject: str, answer: Answer) -> str:
    lines = [nix_comment(subject)]
    for label, text in answer.facts:
        first, *rest = text.split("\n")
        lines.append(f"  {label:<{_WIDTH}}{nix_comment(first)}")
        lines += [f"  {'':<{_WIDTH}}{nix_comment(line)}" for line in rest]
    shown = [f"{one.shown}: {one.why}" for one in answer.candidates]
    lines += [f"  {label:<{_WIDTH}}{nix_comment(text)}" for label, text in _labelled("others", shown)]
    lines += ["", f"To change it, in {FILE_NAME}:", ""]
    lines += [f"  {line}" for line in answer.row.shown.splitlines()]
    return "\n".join(lines) + "\n"


def _labelled(label: str, texts: list[str]) -> list[tuple[str, str]]:
    return [(label if at == 0 else "", text) for at, text in enumerate(texts)]
