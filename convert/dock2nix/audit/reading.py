"""From the bytes of a Dockerfile to what the rules look at."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dock2nix.audit.base import asked_at, place_in
from dock2nix.audit.downloads import all_downloads
from dock2nix.audit.model import Asked, Subject, run_of
from dock2nix.extract import extract, run_items
from dock2nix.model.dockerfile import Form
from dock2nix.parse.annotations import read_annotations
from dock2nix.parse.dockerfile import parse_dockerfile
from dock2nix.parse.shell import shell_dialect
from dock2nix.parse.stages import link_stages, needed_stages
from dock2nix.plan import base_environment, image_chain

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dock2nix.audit.model import Run
    from dock2nix.catalogue.base import Catalogue
    from dock2nix.model.dockerfile import Instruction, ScopedInstruction
    from dock2nix.model.source import Location
    from dock2nix.model.steps import ResolvedRequirement
    from dock2nix.parse.context import BuildContext
    from dock2nix.report.model import Report


def read_subject(  # noqa: PLR0913 - what a build is made of
    content: bytes,
    path: str,
    *,
    context: BuildContext,
    catalogue: Catalogue,
    report: Report,
    target: str = "",
    build_arguments: Mapping[str, str],
    platform: str = "",
) -> Subject:
    """A Dockerfile as the rules look at it.

    Args:
        content: of the Dockerfile.
        path: what to call it.
        context: its build context.
        catalogue: what is known of packages and images.
        report: of its conversion with the same target and build arguments.
        target: the stage to make an image of, "" for the last.
        build_arguments: by name.
        platform: `linux/amd64` and the like; "" for that one.

    Raises:
        DockerfileError: BuildKit would refuse the Dockerfile.
        UsageError: there is no such target.
    """
    dockerfile = parse_dockerfile(content, path).value
    stages = link_stages(
        dockerfile,
        build_arguments=build_arguments,
        platform=platform or "linux/amd64",
        target=target,
        base_environment=lambda reference: base_environment(catalogue.base_image(reference)),
    ).value
    needed = needed_stages(stages, target)
    own = {id(one) for one in dockerfile.instructions}
    scoped = tuple(
        (stage.index, one)
        for stage in stages
        for one in stage.instructions
        if id(one.instruction)
        in own  # not what an ONBUILD of an earlier stage put there: it stands elsewhere
    )
    done = extract(stages, tuple(range(len(stages))), context, catalogue).value
    runs = tuple(_run(index, one) for index, one in scoped if one.keyword == "RUN")
    steps = tuple(step for one in done for step in one.steps)
    return Subject(
        path=path,
        stages=stages,
        froms=tuple(_named(one) for one in dockerfile.instructions if one.keyword == "FROM"),
        scoped=scoped,
        runs=runs,
        downloads=all_downloads(runs, scoped),
        asked=tuple(Asked(step=step, install=install) for step in steps for install in step.installs),
        steps=steps,
        built=frozenset(needed),
        chain=image_chain(stages, needed[-1]),
        annotations=read_annotations(content, dockerfile).value,
        context=context,
        catalogue=catalogue,
        report=report,
        fates={(step.location.first_line, step.location.first_column): step for step in report.steps},
        resolved=_by_place(report),
        fetched=_by_line(report),
    )


def _by_place(report: Report) -> dict[tuple[int, int, int, str], tuple[ResolvedRequirement, ...]]:
    found: dict[tuple[int, int, int, str], list[ResolvedRequirement]] = {}
    for one in report.requirements:
        found.setdefault(asked_at(one.stage, one.requirement), []).append(one)
    return {key: tuple(group) for key, group in found.items()}


def _by_line(report: Report) -> dict[int, tuple[str, ...]]:
    found: dict[int, list[str]] = {}
    for row in report.fetched:
        if row.hash:
            found.setdefault(row.line, []).append(row.hash)
    return {line: tuple(hashes) for line, hashes in found.items()}


def _named(instruction: Instruction) -> Location:
    """Where a FROM names its image."""
    return place_in(instruction, next(iter(instruction.arguments), ""))


def _run(stage: int, instruction: ScopedInstruction) -> Run:
    """The shell commands of a RUN; none of one that no POSIX shell reads."""
    readable = instruction.instruction.form is Form.EXEC or shell_dialect(instruction.shell)
    items = run_items(instruction, "/", "linux/amd64", around={"*": None}).value if readable else ()
    return run_of(stage, instruction, items)
