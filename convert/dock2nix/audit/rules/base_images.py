"""Base images that are named by a tag, or by nothing at all."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dock2nix.audit.base import place_of
from dock2nix.audit.fates import fate_of_base, fate_of_command
from dock2nix.model.dockerfile import ImageReference
from dock2nix.model.finding import Finding
from dock2nix.parse.mounts import mount_fields
from dock2nix.parse.stages import source_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dock2nix.audit.model import Subject
    from dock2nix.model.dockerfile import ScopedInstruction
    from dock2nix.model.source import Location

CODE = "D2N510"
WHY = (
    "A tag is a name that its owner can give to another image at any time: the same Dockerfile builds on other files "
    "tomorrow, and nothing notices. Only a digest (@sha256:…) says which image is meant."
)


def find(subject: Subject) -> Iterator[Finding]:
    """One for each FROM, COPY --from and RUN --mount=from that names an image without its digest."""
    for stage in subject.stages:
        if isinstance(stage.base, ImageReference) and not stage.base.digest:
            yield _finding(stage.base, subject.froms[stage.index], fate_of_base(subject, stage.index))
    for _, instruction in subject.scoped:
        for name in image_sources(instruction):
            source = source_of(name, subject.stages)
            if isinstance(source, ImageReference) and not source.digest:
                yield _finding(
                    source, place_of(instruction, name), fate_of_command(subject, instruction.location)
                )


def image_sources(instruction: ScopedInstruction) -> tuple[str, ...]:
    """The names behind `COPY --from=` and `RUN --mount=from=`: of stages or images."""
    if instruction.keyword == "COPY":
        return tuple(name for name in (instruction.flag("from"),) if name)
    if instruction.keyword == "RUN":
        mounts = (flag.partition("=")[2] for flag in instruction.flags if flag.startswith("--mount="))
        return tuple(
            value for mount in mounts for key, value in mount_fields(mount) if key == "from" and value
        )
    return ()


def _finding(reference: ImageReference, location: Location, fate: str) -> Finding:
    if not reference.tag or reference.tag == "latest":
        message = f"{reference.text}: whatever image was pushed last is built upon"
    else:
        message = f"{reference.text}: the tag can move to another image"
    return Finding(code=CODE, message=message, location=location, hint=fate)
