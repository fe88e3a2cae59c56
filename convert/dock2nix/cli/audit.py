"""`dock2nix audit Dockerfile`: what in a Dockerfile others can change, why it matters, what the flake does instead."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from dock2nix.audit import audit
from dock2nix.audit.reading import read_subject
from dock2nix.cli.conversions import converted
from dock2nix.cli.documents import deliver
from dock2nix.model.finding import Severity
from dock2nix.parse.context import BuildContext

if TYPE_CHECKING:
    import argparse

    from dock2nix.audit.model import Audit

_FAILING = {
    "error": {Severity.ERROR},
    "warning": {Severity.ERROR, Severity.WARNING},
    "never": set[Severity](),
}


def run(options: argparse.Namespace) -> int:
    """Print or write the findings; 1 when one is as bad as `--fail-on` says."""
    done = converted(options)
    subject = read_subject(
        done.source.content,
        done.source.path,
        context=BuildContext.read(done.source.context, done.source.file),
        catalogue=done.catalogue,
        report=done.conversion.report,
        target=done.options.target,
        build_arguments=done.options.build_arguments,
        platform=done.options.platform,
    )
    found = audit(subject)
    text = _text(found, options.format, colour=options.output is None and sys.stdout.isatty())
    deliver(text, options.output)
    return int(any(one.severity in _FAILING[options.fail_on] for one in found.findings))


def _text(found: Audit, form: str, *, colour: bool) -> str:
    # Each form is loaded when it is asked for.
    match form:
        case "markdown":
            from dock2nix.audit.markdown import audit_markdown  # noqa: PLC0415

            return audit_markdown(found)
        case "json":
            from dock2nix.audit.data import audit_json  # noqa: PLC0415

            return audit_json(found)
        case "sarif":
            from dock2nix.audit.sarif import audit_sarif  # noqa: PLC0415

            return audit_sarif(found, _artifact(found.path))
        case _:
            from dock2nix.audit.text import audit_text  # noqa: PLC0415

            return audit_text(found, colour=colour)


def _artifact(path: str) -> str:
    """The Dockerfile's path relative to the current folder; only its name when it is elsewhere, nothing of this machine."""
    if path == "-":
        return "Dockerfile"
    relative = os.path.relpath(path)
    return Path(path).name if relative.startswith("..") else Path(relative).as_posix()
