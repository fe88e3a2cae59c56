"""Packages that are installed in whatever version there is on the day of the build."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dock2nix.audit.base import listed
from dock2nix.audit.fates import fate_of_command, fate_of_packages
from dock2nix.audit.versions import TOOL_MANAGERS, is_pinned, unpinned_tools
from dock2nix.model.finding import Finding
from dock2nix.model.packages import Action

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dock2nix.audit.model import Subject
    from dock2nix.model.packages import Requirement
    from dock2nix.model.steps import Step

CODE = "D2N511"
WHY = (
    "Without an exact version the build takes what the archive or registry holds that day: two builds of the same commit "
    "differ, and a release that was taken over or withdrawn gets in without anybody's consent."
)


def find(subject: Subject) -> Iterator[Finding]:
    """One for each command that installs packages without exact versions, at the first of them."""
    for step in subject.steps:
        installs = (one for one in step.installs if one.action is Action.INSTALL)
        yield from _install(subject, step, tuple(one for install in installs for one in install.requirements))
    for run in subject.runs:
        for command in run.commands:
            for word, name in unpinned_tools(command):
                message = f"{name}: the newest version there is gets installed"
                fate = fate_of_command(subject, command.shell.location)
                yield Finding(code=CODE, message=message, location=word.location, hint=fate)


def _install(subject: Subject, step: Step, requirements: tuple[Requirement, ...]) -> Iterator[Finding]:
    # those of programs are told word by word
    asked = (one for one in requirements if not one.dev and one.manager not in TOOL_MANAGERS)
    loose = [one for one in asked if not is_pinned(one)]
    if loose:
        names = tuple(dict.fromkeys(map(_shown, loose)))
        what = "is installed without an exact version" if len(names) == 1 else "have no exact version"
        yield Finding(
            code=CODE,
            message=f"{loose[0].manager} {listed(names)}: {what}",
            location=loose[0].location,
            hint=fate_of_packages(subject, step),
        )


def _shown(requirement: Requirement) -> str:
    name = f"{requirement.name or requirement.url}{requirement.specifier}"
    return f"{name} ({requirement.origin})" if requirement.origin else name
