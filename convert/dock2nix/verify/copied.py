"""Where the COPY and ADD instructions of an image put their files: what two builds of one Dockerfile are compared at."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

from dock2nix.model.dockerfile import ImageReference
from dock2nix.parse.copying import STANDARD_DIRECTORIES, image_path
from dock2nix.parse.dockerfile import parse_dockerfile
from dock2nix.parse.stages import link_stages, needed_stages
from dock2nix.plan import base_environment, image_chain

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from dock2nix.catalogue.base import Catalogue
    from dock2nix.model.dockerfile import ScopedInstruction
    from dock2nix.parse.context import BuildContext

_LARGEST = 100_000


def copied_paths(
    content: bytes,
    context: BuildContext,
    catalogue: Catalogue,
    *,
    target: str = "",
    build_arguments: Mapping[str, str],
    platform: str = "",
) -> tuple[str, ...]:
    """The absolute paths of an image at which something is copied into it, sorted.

    A folder of which every distribution has one (`/etc`, `/usr/local/bin`) is never among them: what is copied into it is, file
    by file. What another stage holds is not known; both readings of such a copy are given, and a path that no image has does no
    harm.

    Args:
        content: of the Dockerfile.
        context: its build context.
        catalogue: what is known of base images.
        target: the stage that the image is made of, "" for the last.
        build_arguments: by name.
        platform: `linux/arm64` and the like, "" for linux/amd64.

    Raises:
        DockerfileError: BuildKit would refuse the Dockerfile.
        UsageError: there is no such target.
    """

    def environment(reference: ImageReference) -> Mapping[str, str]:
        return base_environment(catalogue.base_image(reference))

    stages = link_stages(
        parse_dockerfile(content, "Dockerfile").value,
        build_arguments=build_arguments,
        platform=platform or "linux/amd64",
        target=target,
        base_environment=environment,
    ).value
    chain = image_chain(stages, needed_stages(stages, target)[-1])
    base = stages[chain[0]].base
    known = catalogue.base_image(base) if isinstance(base, ImageReference) else None
    workdir = (known.config.working_dir if known else "") or "/"
    found: set[str] = set()
    for instruction in (one for at in chain for one in stages[at].instructions):
        if instruction.keyword == "WORKDIR" and instruction.arguments:
            workdir = image_path(instruction.arguments[0], workdir)
        elif instruction.keyword in {"COPY", "ADD"} and instruction.arguments:
            found.update(_targets(instruction, context, workdir))
    return tuple(sorted(found - STANDARD_DIRECTORIES))[:_LARGEST]


def _targets(instruction: ScopedInstruction, context: BuildContext, workdir: str) -> Iterator[str]:
    *sources, destination = instruction.arguments
    here = image_path(destination, workdir)
    if here not in STANDARD_DIRECTORIES and (
        instruction.flag("from") is not None or instruction.instruction.heredocs
    ):
        yield here
    for heredoc in instruction.instruction.heredocs:
        yield posixpath.join(here, heredoc.name)
    if instruction.flag("from") is not None:
        yield from (posixpath.join(here, posixpath.basename(source.rstrip("/"))) for source in sources)
        return
    copied = context.resolve_copy(
        tuple(source for source in sources if not source.startswith("<<")),
        destination,
        workdir,
        is_add=instruction.keyword == "ADD",
        parents=instruction.flag("parents") is not None,
    )
    for file in copied.files:
        yield from _folder(context, file.path, file.destination) if file.directory else (file.destination,)


def _folder(context: BuildContext, path: str, destination: str) -> Iterator[str]:
    """A folder's place; where it is one of every distribution's, the places of what is in it."""
    waiting = [(path, destination, True)]
    while waiting:
        source, place, is_folder = waiting.pop()
        if not is_folder or place not in STANDARD_DIRECTORIES:
            yield place
            continue
        for name, below in context.entries(source):
            waiting.append((posixpath.join(source, name), posixpath.join(place, name), below))
