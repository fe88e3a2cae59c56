"""How many of the things that come from outside are pinned, in the Dockerfile and in the flake."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dock2nix.audit.fates import fetched_for, step_at
from dock2nix.audit.gits import git_sources
from dock2nix.audit.model import Input, Pinning
from dock2nix.audit.rules.base_images import image_sources
from dock2nix.audit.versions import is_pinned
from dock2nix.managers.arguments import without_password
from dock2nix.model.dockerfile import ImageReference
from dock2nix.model.packages import Action
from dock2nix.model.steps import CommandOutcome, RequirementOutcome
from dock2nix.parse.stages import source_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dock2nix.audit.model import Subject
    from dock2nix.model.packages import Requirement
    from dock2nix.model.source import Location


def pinned_inputs(subject: Subject) -> tuple[Input, ...]:
    """The inputs of the stages that the image is built from: images, packages, downloads, repositories, locked projects.

    An image is pinned by its digest, a package by an exact version or a hash, a download by a checksum that is compared, a
    repository by a full commit, a project by a lock file. In the flake pinned is what Nix fetches by its hash, alone or as part of
    a pinned nixpkgs.
    """
    found = (*_images(subject), *_packages(subject), *_downloads(subject), *_projects(subject))
    return tuple(sorted(dict.fromkeys(found), key=lambda one: (one.line, one.kind, one.name)))


def _images(subject: Subject) -> Iterator[Input]:
    for stage in subject.stages:
        if stage.index in subject.built and isinstance(stage.base, ImageReference):
            known = subject.report.stages[stage.index].outcome != "unresolved"
            yield Input(
                kind="image",
                name=stage.base.text,
                line=stage.location.first_line,
                pinned=bool(stage.base.digest),
                flake=Pinning.PINNED if known else Pinning.OPEN,
            )
    for index, instruction in subject.scoped:
        for name in image_sources(instruction) if index in subject.built else ():
            source = source_of(name, subject.stages)
            if isinstance(source, ImageReference):
                yield Input(
                    kind="image",
                    name=source.text,
                    line=instruction.location.first_line,
                    pinned=bool(source.digest),
                    flake=_of_step(subject, instruction.location, done=Pinning.PINNED),
                )


def _packages(subject: Subject) -> Iterator[Input]:
    fates = {
        RequirementOutcome.UNRESOLVED: Pinning.OPEN,
        RequirementOutcome.NOT_NEEDED: Pinning.GONE,
    }
    for one in subject.report.requirements:
        asked = one.requirement
        yield Input(
            kind="package",
            name=_package_name(asked),
            line=asked.location.first_line,
            pinned=is_pinned(asked),
            flake=fates.get(one.outcome, Pinning.PINNED),
        )
    for step in subject.report.steps:
        for install in step.installs:
            for word in install.unknown if install.action is Action.INSTALL else ():
                yield Input(
                    kind="package",
                    name=f"{install.manager} {word.text}",
                    line=word.location.first_line,
                    pinned=False,
                    flake=Pinning.OPEN,
                )


def _package_name(asked: Requirement) -> str:
    """The manager and what it is asked for, as it would be written for it (`npm left@1.0.0`, `apt curl=7.88.1-10`)."""
    between = "@" if asked.manager == "npm" and asked.specifier[:1] not in {"", "@"} else ""
    return f"{asked.manager} {asked.name or without_password(asked.url)}{between}{asked.specifier}"


def _downloads(subject: Subject) -> Iterator[Input]:
    for one in subject.downloads:
        if one.stage in subject.built:
            yield Input(
                kind="download",
                name=without_password(one.url),
                line=one.location.first_line,
                pinned=one.verified,
                flake=_of_download(subject, one.at),
            )
    for git in git_sources(subject):
        if git.stage in subject.built:
            yield Input(
                kind="repository",
                name=without_password(git.url),
                line=git.location.first_line,
                pinned=git.pinned,
                flake=_of_download(subject, git.at),
            )


def _projects(subject: Subject) -> Iterator[Input]:
    """Projects whose packages are those of a file: pinned by a lock, loose by a manifest alone."""
    for step in subject.report.steps:
        for install in step.installs:
            roles = {one.role for one in install.manifests}
            if install.action is Action.INSTALL and roles & {"project", "lock"} and not install.requirements:
                yield Input(
                    kind="project",
                    name=step.text,
                    line=step.location.first_line,
                    pinned="lock" in roles,
                    flake=_of_step(subject, step.location, done=Pinning.PINNED),
                )


def _of_download(subject: Subject, location: Location) -> Pinning:
    """A download that the flake fetches is pinned; one whose command was translated or left out otherwise is not needed."""
    done = Pinning.PINNED if fetched_for(subject, location) else Pinning.GONE
    return _of_step(subject, location, done=done)


def _of_step(subject: Subject, location: Location, *, done: Pinning) -> Pinning:
    step = step_at(subject, location)
    if step is None or step.outcome in {CommandOutcome.UNRESOLVED, CommandOutcome.SCRIPT}:
        return Pinning.OPEN
    return Pinning.GONE if step.outcome is CommandOutcome.NOT_NEEDED else done
