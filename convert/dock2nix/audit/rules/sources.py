"""Git repositories that are fetched at a branch or a tag."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dock2nix.audit.fates import fate_of_command
from dock2nix.audit.gits import git_sources
from dock2nix.managers.arguments import without_password
from dock2nix.model.finding import Finding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dock2nix.audit.gits import GitSource
    from dock2nix.audit.model import Subject

CODE = "D2N515"
WHY = (
    "A branch moves with every push, and a tag can be moved by whoever may write to the repository. Only the full name of a "
    "commit says which sources are meant."
)


def find(subject: Subject) -> Iterator[Finding]:
    """One for each clone that is not taken to a commit by its full name."""
    for source in git_sources(subject):
        if not source.pinned:
            yield Finding(
                code=CODE,
                message=f"{without_password(source.url)}: {_what(source)}",
                location=source.location,
                hint=fate_of_command(subject, source.at),
            )


def _what(source: GitSource) -> str:
    if not source.ref:
        return "whatever was pushed last to the default branch is fetched"
    if source.is_release:
        return f"{source.ref} can be moved to other sources"
    return f"whatever {source.ref} stands for that day is fetched"
