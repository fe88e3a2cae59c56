"""Base images that the project builds itself: their Dockerfiles are found and put in front of the one that is converted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from dock2nix.errors import DockerfileError
from dock2nix.model.dockerfile import ImageReference
from dock2nix.model.finding import Finding, Severity
from dock2nix.parse.dockerfile import parse_dockerfile
from dock2nix.parse.siblings import find_siblings
from dock2nix.parse.splicing import local_sources, spliced, takes_files
from dock2nix.parse.stages import needed_stages

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from dock2nix.model.dockerfile import Dockerfile, Stage
    from dock2nix.parse.siblings import Sibling

_LARGEST = 2**20
_MOST_FILES = 8
_MOST_PARENTS = 8


class Joined(Struct, frozen=True, kw_only=True):
    """A Dockerfile with the stages of those that build its base images, the stage wanted, and what is to be said of it."""

    dockerfile: Dockerfile
    target: str
    findings: tuple[Finding, ...] = ()


def with_own_bases(
    dockerfile: Dockerfile,
    target: str,
    stages: tuple[Stage, ...],
    link: Callable[[Dockerfile, str], tuple[Stage, ...]],
    unknown: Callable[[ImageReference], bool],
    places: tuple[Path, Path | None],
) -> Joined:
    """Put the stages in front that build images of which nothing else is known.

    Args:
        dockerfile: the parsed file.
        target: the stage wanted, as the user names it.
        stages: its stages.
        link: links the stages of a file for a target.
        unknown: whether nothing is known of an image.
        places: the build context, and the Dockerfile's own place.
    """
    joined = Joined(dockerfile=dockerfile, target=target)
    tried: set[str] = set()
    for _ in range(_MOST_FILES):
        bases = (stages[index].base for index in needed_stages(stages, joined.target))
        strange = (base for base in bases if isinstance(base, ImageReference) and base.text not in tried)
        reference = next((base for base in strange if unknown(base)), None)
        if reference is None:
            return joined
        tried.add(reference.text)
        before, joined = joined, _joined(joined, reference, stages, link, places)
        if joined.dockerfile is not before.dockerfile:
            stages = link(joined.dockerfile, joined.target)
    return joined


def _joined(
    joined: Joined,
    reference: ImageReference,
    stages: tuple[Stage, ...],
    link: Callable[[Dockerfile, str], tuple[Stage, ...]],
    places: tuple[Path, Path | None],
) -> Joined:
    """With the stages of the Dockerfile that builds one image, when there is one."""
    context, own = places
    standing = [stage for stage in stages if stage.base == reference]
    location = standing[0].location
    root, found = context, find_siblings(reference, context, own)
    repository = None if found else _repository(context)
    if repository is not None:
        root, found = repository, find_siblings(reference, repository, own)
    if len(found) > 1:
        shown = ", ".join(one.path for one in found)
        message = f"{reference.text}: several Dockerfiles may be that of this image: {shown}"
        hint = "say which one in a compose.yaml: `image` and `build` of a service"
        return _told(joined, Finding(code="D2N255", message=message, location=location, hint=hint))
    other = _read(root, found[0]) if found else None
    if other is None:
        return joined
    sibling = found[0]
    if root is not context and takes_files(other):
        message = f"{reference.text}: {sibling.path} of this repository builds it, of files outside of the build context"
        hint = "convert that one into an image of its own, or keep the base with --keep-base"
        return _told(joined, Finding(code="D2N255", message=message, location=location, hint=hint))
    result = spliced(
        joined.dockerfile,
        other,
        stages=frozenset(stage.index for stage in standing),
        wanted=sibling.target,
        folder=_context_of(sibling, other, root),
        target=joined.target,
    )
    if result is None:
        message = f"{reference.text}: {sibling.path} builds it, but cannot stand in one file with this one (ARG, escape, target)"
        return _told(joined, Finding(code="D2N255", message=message, location=location))
    try:
        link(result.dockerfile, result.target)
    except DockerfileError as error:
        message = f"{reference.text}: {sibling.path} builds it, and cannot be read: {error}"
        return _told(joined, Finding(code="D2N255", message=message, location=location))
    message = f"{reference.text}: built by {sibling.path}, whose stages are converted with this Dockerfile"
    severity = Severity.INFO if sibling.certain else None
    hint = "" if sibling.certain else "its name says so, nothing else: see that it is the one"
    finding = Finding(
        code="D2N255", message=message, location=location, hint=hint, severity_override=severity
    )
    return Joined(dockerfile=result.dockerfile, target=result.target, findings=(*joined.findings, finding))


def _repository(context: Path) -> Path | None:
    """The root of the git repository that the build context is a part of; None when it is the context itself, or there is none."""
    folder = context.resolve()
    for one in tuple(folder.parents)[:_MOST_PARENTS]:
        if (folder / ".git").exists():
            return None
        if (one / ".git").exists():
            return one
    return None


def _told(joined: Joined, finding: Finding) -> Joined:
    return Joined(dockerfile=joined.dockerfile, target=joined.target, findings=(*joined.findings, finding))


def _read(root: Path, sibling: Sibling) -> Dockerfile | None:
    path = root / sibling.path
    try:
        if not path.is_file() or path.stat().st_size > _LARGEST:
            return None
        return parse_dockerfile(path.read_bytes(), sibling.path).value
    except (OSError, DockerfileError):
        return None


def _context_of(sibling: Sibling, dockerfile: Dockerfile, root: Path) -> str:
    """The build context of a Dockerfile: its folder, or the root when only there all is that it copies."""
    if sibling.context is not None:
        return sibling.context
    folder = sibling.path.rpartition("/")[0]
    sources = [source.lstrip("/") for source in local_sources(dockerfile)]
    inside = all((root / folder / source).exists() for source in sources)
    return folder if inside or not all((root / source).exists() for source in sources) else ""
