"""ONBUILD of a published image: its instructions run in the stage that stands on it, before those of the stage itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from dock2nix.errors import DockerfileError
from dock2nix.model.finding import Finding, Outcome, Severity
from dock2nix.parse.bases import split_stages
from dock2nix.parse.dockerfile import parse_dockerfile

if TYPE_CHECKING:
    from dock2nix.model.dockerfile import Dockerfile, Instruction, Stage

_REFUSED = frozenset({"FROM", "MAINTAINER", "ONBUILD"})
_LARGEST = 64 * 2**10


def with_triggers(
    dockerfile: Dockerfile, stage: Stage, triggers: tuple[str, ...], image: str
) -> Outcome[Dockerfile]:
    """The file with the triggers of an image in the stage that stands on it.

    Args:
        dockerfile: the parsed file.
        stage: the stage.
        triggers: instructions as the image's configuration has them, without ONBUILD. They are text of a stranger.
        image: its name, for messages.
    """
    if not triggers:
        return Outcome(dockerfile)
    read = _read(triggers, image)
    shown = "; ".join(triggers)[:200]
    if read is None:
        message = f"{image}: its ONBUILD ({shown}) cannot be read, and is not replayed"
        return Outcome(dockerfile, (Finding(code="D2N109", message=message, location=stage.location),))
    head, groups = split_stages(dockerfile.instructions)
    replayed = tuple(
        (opening, *read, *own) if at == stage.index else (opening, *own)
        for at, (opening, *own) in enumerate(groups)
    )
    message = f"{image}: its ONBUILD is replayed: {shown}"
    finding = Finding(
        code="D2N109", message=message, location=stage.location, severity_override=Severity.INFO
    )
    done = tuple(one for group in replayed for one in group)
    return Outcome(replace(dockerfile, instructions=(*head, *done)), (finding,))


def _read(triggers: tuple[str, ...], image: str) -> tuple[Instruction, ...] | None:
    text = "".join(f"{trigger}\n" for trigger in ("FROM scratch", *triggers))
    if len(text) > _LARGEST:
        return None
    try:
        parsed = parse_dockerfile(text.encode(), f"ONBUILD of {image}").value
    except DockerfileError:
        return None
    read = parsed.instructions[1:]
    return None if any(one.keyword in _REFUSED for one in read) else read
