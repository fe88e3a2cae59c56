"""Audits of Dockerfiles that tests write down as text."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from dock2nix.audit import audit
from dock2nix.audit.reading import read_subject
from dock2nix.catalogue.local import LocalCatalogue
from dock2nix.parse.context import BuildContext
from dock2nix.pipeline import Options, Source, convert
from dock2nix.plan import ImageSettings

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from dock2nix.audit.model import Audit


@cache
def catalogue() -> LocalCatalogue:
    return LocalCatalogue()


def audited(text: str, folder: Path, *, files: Mapping[str, str] | None = None, target: str = "") -> Audit:
    """The audit of a Dockerfile in a folder that holds these files."""
    for name, content in (files or {}).items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(content, encoding="utf-8")
    file = folder / "Dockerfile"
    source = Source(content=text.encode(), path="Dockerfile", file=file, context=folder)
    options = Options(image=ImageSettings(name="image"), target=target)
    report = convert(source, options, catalogue()).report
    subject = read_subject(
        source.content,
        source.path,
        context=BuildContext.read(folder, file),
        catalogue=catalogue(),
        report=report,
        target=target,
        build_arguments={},
    )
    return audit(subject)


def found(audit: Audit, code: str) -> list[str]:
    """The findings of a code, each as `line:column-last column severity message`."""
    return [
        f"{one.location.first_line}:{one.location.first_column}-{one.location.last_column} {one.severity} {one.message}"
        for one in audit.findings
        if one.code == code
    ]
